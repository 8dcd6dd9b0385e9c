"""The console: who may open it, and what it shows."""

from __future__ import annotations

import psycopg
from psycopg.rows import dict_row

from lookmatch_serving.api.keys import Scope, create_key, revoke_key
from lookmatch_serving.api.parts import install_parts, parts_of
from lookmatch_serving.web.console.login import _own_path
from tests.web.conftest import PRODUCT, Shop
from tests.web.test_pages import form_token

BROWSER = {"Accept": "text/html"}


def require_keys(shop: Shop) -> None:
    from dataclasses import replace

    parts = parts_of(shop.app)
    install_parts(shop.app, replace(parts, settings=parts.settings.model_copy(update={"require_api_key": True})))


def test_without_keys_only_the_machine_itself_may_open_the_console(shop: Shop) -> None:
    client = shop.app.test_client()
    assert client.get("/console/").status_code == 200
    assert client.get("/console/", base_url="http://127.0.0.1:8000").status_code == 200
    for headers in ({"X-Forwarded-For": "10.0.0.1"}, {"Forwarded": "for=10.0.0.1"}, {"Via": "1.1 proxy"}):
        assert client.get("/console/", headers=headers).status_code == 303
    assert client.get("/console/", base_url="http://evil.example").status_code == 303
    assert client.get("/console/", environ_base={"REMOTE_ADDR": "10.1.2.3"}).status_code == 303
    elsewhere = client.get("/console/queries", environ_base={"REMOTE_ADDR": "10.1.2.3"})
    assert elsewhere.headers["Location"] == "/console/login?next=/console/queries"


def test_with_keys_an_admin_key_opens_a_session_until_it_is_revoked(shop: Shop) -> None:
    require_keys(shop)
    with psycopg.connect(shop.database_url, row_factory=dict_row, autocommit=True) as connection:
        admin, text = create_key(connection, "console", [Scope.ADMIN])
        _, other = create_key(connection, "app", [Scope.SEARCH])
        client, own = shop.app.test_client(), {"Sec-Fetch-Site": "same-origin"}
        assert client.get("/console/").status_code == 303
        assert client.post("/console/login", data={"key": text}).status_code == 403
        for wrong in (other, text + "x", ""):
            assert client.post("/console/login", data={"key": wrong}, headers=own).status_code == 403
        sent = client.post("/console/login", data={"key": text, "next": "/console/queries"}, headers=own)
        assert (sent.status_code, sent.headers["Location"]) == (303, "/console/queries")
        assert all(word in sent.headers["Set-Cookie"] for word in ("HttpOnly", "SameSite=Strict", "Path=/console"))
        assert text not in sent.headers["Set-Cookie"]
        page = client.get("/console/")
        assert page.status_code == 200
        assert client.post("/console/logout", data={"token": "0" * 64}, headers=own).status_code == 403
        revoke_key(connection, admin.key_id)
        assert client.get("/console/").status_code == 303
    assert client.post("/console/logout", data={"token": form_token(page.text)}, headers=own).status_code == 303


def test_the_login_leads_on_within_the_console_alone() -> None:
    for path in ("https://evil.example", "//evil.example", "/console/../..//evil", "/", "/console/\\evil", "javascript:x"):
        assert _own_path(path) == "/console/"
    assert _own_path("/console/coverage") == "/console/coverage"


def test_it_shows_what_came_in_what_waits_and_what_lacks(shop: Shop) -> None:
    shop.execute(
        "INSERT INTO landing.packets (source, id, type, subject, market, vendor, format, product_id, event_time, record)"
        " VALUES ('v/IN', 'one', 'lookmatch.product.upserted', 'red-1', 'IN', 'v', 'json-lines', %s, now(), %s)",
        PRODUCT,
        '{"title": "as it came"}',
    )
    shop.execute(
        "INSERT INTO landing.quarantine (stage, source, packet_id, market, vendor, product_id, code, field, value, message,"
        " resolution) VALUES ('packet', 'v/IN', 'two', 'IN', 'v', %s, 'invalid_price', 'price', 'abc<b>', 'no price', 'mend it')",
        PRODUCT,
    )
    client = shop.app.test_client()
    overview = client.get("/console/").text
    assert "invalid_price" in overview
    assert "9" in overview
    assert "abc&lt;b&gt;" in client.get("/console/quarantine?vendor=v&market=IN&code=invalid_price").text
    assert "Nothing waits." in client.get("/console/quarantine?vendor=other").text
    gaps = client.get("/console/coverage").text
    assert "boots" in gaps
    assert "Men&#39;s black boots, solid." in client.get("/console/coverage?market=IN&layer=footwear&category=boots").text
    assert "Men&#39;s black boots" not in client.get("/console/coverage?market=JP").text
    found = client.get("/console/products?q=red t").text
    assert f"/console/products/{PRODUCT.replace(':', '%3A')}" in found
    history = client.get(f"/console/products/{PRODUCT}").text
    assert "as it came" in history
    assert "mend it" in history
    assert client.get("/console/products/v:IN:none", headers=BROWSER).status_code == 404
    assert "No study yet." in client.get("/console/studies").text


def test_a_query_is_replayed_and_compared(shop: Shop) -> None:
    client = shop.app.test_client()
    client.get("/looks/look-1?tops=M")
    assert "look-1" in client.get("/console/queries").text
    query = shop.rows("SELECT query_id FROM looks.queries WHERE request ->> 'look_id' = 'look-1' LIMIT 1")[0]["query_id"]
    before = client.get(f"/console/queries/{query}").text
    assert "Ask again" in before
    shop.execute("UPDATE catalog.products SET removed = true WHERE product_id = %s", PRODUCT)
    again = client.post(f"/console/queries/{query}/replay", headers={"Sec-Fetch-Site": "same-origin"}).text
    assert "Then and now" in again
    assert client.post(f"/console/queries/{query}/replay", headers={"Origin": "https://evil.example"}).status_code == 403


def test_links_lead_to_dagster_where_its_address_is_known(shop: Shop) -> None:
    from dataclasses import replace

    assert "Dagster" not in shop.app.test_client().get("/console/").text
    parts = parts_of(shop.app)
    settings = parts.settings.model_copy(update={"dagster_url": "http://127.0.0.1:3000"})
    install_parts(shop.app, replace(parts, settings=settings))
    assert 'href="http://127.0.0.1:3000/assets/feed_health"' in shop.app.test_client().get("/console/").text
