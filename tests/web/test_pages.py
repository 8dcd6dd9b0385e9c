"""The shoppers' pages over HTTP: what they say, in which language, how they are cached, and what they keep of whom."""

from __future__ import annotations

import gzip
import io
import re
from typing import Any

from PIL import Image

from lookmatch_serving.api.parts import parts_of
from lookmatch_serving.embedded import Services
from lookmatch_serving.server import create_app
from lookmatch_serving.settings import Settings
from lookmatch_serving.shoppers.interactions import InteractionKind
from lookmatch_serving.shoppers.preferences import Evidence, InferredPreference, PreferenceKind
from lookmatch_serving.shoppers.store import replace_inferred_preferences
from tests.serving.search_fixtures import colour_pipeline, dressed_look
from tests.web.conftest import HOSTILE, PRODUCT, Shop, stock_shop

BROWSER = {"Accept": "text/html,*/*;q=0.8"}


def test_the_feed_says_what_each_look_is_made_of_and_keeps_references_apart(shop: Shop) -> None:
    client = shop.app.test_client()
    feed = client.get("/").text
    assert feed.count("data-sheet") == 2
    assert "Top · Bottom · Shoes" in feed
    assert "2 of 3 pieces matched" in feed
    assert "look-3" in client.get("/references").text
    listed = client.get("/v1/looks?kind=reference").get_json()["looks"]
    assert [(look["look_id"], look["kind"]) for look in listed] == [("look-3", "reference")]
    assert client.get(f"/images/looks/{listed[0]['image_digest']}/160.webp").status_code == 200
    assert client.get("/?market=JP").text.count("data-sheet") == 0
    assert client.get("/?page_size=1", headers={"HX-Request": "true"}).text.count("<li") == 2  # a look and "more"
    token = re.search(r"page_token=([\w-]+)", client.get("/?page_size=1").text)
    assert token
    assert client.get(f"/?page_token={token.group(1)}").text.count("data-sheet") == 1


def test_a_piece_is_tapped_by_its_outline_and_by_its_box_where_only_that_is_known(shop: Shop) -> None:
    text = shop.app.test_client().get("/looks/look-1").text
    top = text[text.index('<a href="#inner_topwear"') :]
    assert re.match(r'<a [^>]+>\s*<path class="box" d="M[\d. ]+(L[\d. ]+){3}Z"/>', top)
    assert text.count('<rect class="box') == 2


def test_a_layer_without_a_good_match_says_so(shop: Shop) -> None:
    text = shop.app.test_client().get("/looks/look-1").text
    shoes = text[text.index('id="footwear"') :]
    assert "No good match" in shoes
    assert "No product in this market matches this piece." in shoes
    assert "Exact match" in text


def test_a_reference_lists_its_products_directly_below_the_picture(shop: Shop) -> None:
    text = shop.app.test_client().get("/references/look-3").text
    assert text.index("<img") < text.index("What this outfit is made of") < text.index("/products/")
    assert "data-sheet" not in text


def test_filters_by_size_and_price_are_hard_and_concern_their_own_layers(shop: Shop) -> None:
    text = shop.app.test_client().get("/looks/look-1?tops=L&max=1500").text
    shown = set(re.findall(r"/products/v%3AIN%3A([\w-]+)", text))
    assert shown == {"red-2", "blue-1"}  # in size L for at most 1,500; jeans of any size for at most 1,500
    assert 'value="L" checked' in text
    assert 'value="1500"' in text


def test_the_product_page_tells_price_stock_sizes_variants_likes_and_age(shop: Shop) -> None:
    text = shop.app.test_client().get("/products/v:IN:blue-1").text
    assert "₹999" in text
    assert "₹1,499" in text
    assert "Vega &amp; Co" in text
    assert "Similar products" in text
    assert re.search(r'<time datetime="[^"]+">\d+ \w+ \d{4}, \d\d:\d\d IST</time>', text)
    first = shop.app.test_client().get(f"/products/{PRODUCT}").text
    assert "Also offered as" in first
    assert "2 left" in first
    assert "Sold out" in first
    assert "≈ 38" in first  # M in Europe, by the chart
    assert "estimates" in first
    assert 'rel="sponsored nofollow noopener"' in first
    assert shop.app.test_client().get("/products/v:IN:gone-1").text.count("Sold out") >= 1


def test_a_new_price_is_on_the_page_at_once_although_pages_are_held(shop: Shop) -> None:
    client = shop.app.test_client()
    before = client.get(f"/products/{PRODUCT}")
    assert client.get(f"/products/{PRODUCT}", headers={"If-None-Match": before.headers["ETag"]}).status_code == 304
    shop.execute("UPDATE catalog.offers SET price_minor = 77700 WHERE product_id = %s", PRODUCT)
    after = client.get(f"/products/{PRODUCT}", headers={"If-None-Match": before.headers["ETag"]})
    assert after.status_code == 200
    assert "₹777" in after.text


def test_pages_are_compressed_varied_and_guarded(shop: Shop) -> None:
    client = shop.app.test_client()
    answer = client.get("/", headers={"Accept-Encoding": "gzip"})
    assert "Every look, shoppable." in gzip.decompress(answer.data).decode()
    assert {"Accept-Encoding", "Accept-Language", "Cookie"} <= set(answer.headers["Vary"].split(", "))
    for path in ("/", "/looks/look-1", f"/products/{PRODUCT}", "/preferences", "/console/login", "/nothing"):
        headers = client.get(path, headers=BROWSER).headers
        policy = headers["Content-Security-Policy"]
        assert "default-src 'none'" in policy
        assert "script-src 'self';" in policy
        assert "unsafe" not in policy
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert headers["X-Frame-Options"] == "DENY"
        assert "camera=()" in headers["Permissions-Policy"]


def test_the_language_is_the_browsers_the_settings_or_the_shoppers_choice(shop: Shop) -> None:
    client = shop.app.test_client()
    japanese = {"Accept-Language": "ja,en;q=0.5"}
    assert '<html lang="ja">' in client.get("/", headers=japanese).text
    assert "どのコーデも、買える。" in client.get("/", headers=japanese).text
    switched = client.get("/products/v:IN:blue-1?query=&lang=ja", headers=BROWSER)
    assert (switched.status_code, switched.headers["Location"]) == (303, "/products/v:IN:blue-1?query=")
    page = client.get("/products/v:IN:blue-1").text
    assert '<html lang="ja">' in page
    assert "₹999" in page
    assert '<span lang="en">blue jeans</span>' in page  # the vendor's words stay
    assert client.get("/?lang=en&next=https://evil.example").headers["Location"] == "/?next=https%3A//evil.example"


def test_texts_of_products_carry_their_language(shop: Shop) -> None:
    shop.execute("UPDATE catalog.products SET title = '赤いTシャツ', brand = 'नील' WHERE product_id = %s", PRODUCT)
    text = shop.app.test_client().get(f"/products/{PRODUCT}").text
    assert '<span lang="ja">赤いTシャツ</span>' in text
    assert '<span lang="hi">नील</span>' in text


def test_an_upload_by_a_plain_form_is_answered_on_a_page_of_its_own(shop: Shop) -> None:
    client = shop.app.test_client()
    picture = {"market": "IN", "image": (io.BytesIO(dressed_look()), "<script>alert(1)</script>.png")}
    sent = client.post("/looks", data=picture, headers=BROWSER)
    assert sent.status_code == 303
    page = client.get(sent.headers["Location"], headers=BROWSER)
    assert "Shop your look" in page.text
    assert "alert(1)" not in page.text
    assert page.headers["Cache-Control"] == "private, no-store"
    assert client.get(sent.headers["Location"] + "/picture").mimetype == "image/jpeg"
    filtered = client.get(sent.headers["Location"] + "?tops=L", headers=BROWSER).text
    assert set(re.findall(r"v%3AIN%3A(red-\d)", filtered)) == {"red-2", "red-4", "red-6"}
    assert client.get("/looks/uploads/" + "x" * 32, headers=BROWSER).status_code == 404


def test_progress_is_told_as_it_happens_and_ends_with_the_products(shop: Shop) -> None:
    client = shop.app.test_client()
    picture = {"market": "IN", "image": (io.BytesIO(dressed_look()), "a.png")}
    panel = client.post("/looks", data=picture, headers={"HX-Request": "true"}).text
    address = re.search(r'sse-connect="([^"]+)"', panel)
    assert address
    told = client.get(address.group(1))
    assert told.mimetype == "text/event-stream"
    events = [block for block in told.text.split("\n\n") if block.startswith("event:")]
    names = [block.splitlines()[0] for block in events]
    assert set(names[:-1]) == {"event: progress"}
    assert names[-1] == "event: done"
    assert len(names) > 6
    assert 'class="now"' in events[0]
    assert "Top · Bottom · Shoes" in events[2]
    assert "data-location" in events[-1]


def test_a_picture_that_is_none_is_refused_as_a_page_and_as_a_panel(shop: Shop) -> None:
    client = shop.app.test_client()
    for headers in (BROWSER, {"HX-Request": "true"}):
        answer = client.post("/looks", data={"market": "IN", "image": (io.BytesIO(b"text"), "a.png")}, headers=headers)
        assert (answer.status_code, answer.mimetype) == (422, "text/html")
        assert "That could not be used" in answer.text
    assert client.post("/looks", data={"market": "IN"}, headers=BROWSER).status_code == 422


def test_hostile_text_of_a_vendor_is_text_on_every_page(shop: Shop) -> None:
    shop.execute("UPDATE catalog.products SET title = %s, brand = %s, description = %s", HOSTILE, HOSTILE, HOSTILE)
    sizes = '[{"size": "<b>M</b>", "stock": 1}]'
    shop.execute("UPDATE catalog.offers SET sizes = %s, sizes_in_stock = '{<b>M</b>}'", sizes)
    client = shop.app.test_client()
    paths = ["/looks/look-1", "/looks/look-1?tops=%3Cscript%3E", "/references/look-3", f"/products/{PRODUCT}"]
    for path in [*paths, f"/console/products/{PRODUCT}", "/console/products?q=alert"]:
        text = client.get(path, headers=BROWSER).text
        assert "<script>alert" not in text
        assert "<img src=x" not in text
        assert "<b>M</b>" not in text
        assert "{{ 7*7 }}" in text or "tops=" in path
        assert 'href="javascript:' not in text


def test_preferences_are_shown_with_their_reason_overridden_switched_off_and_erased(shop: Shop) -> None:
    client = shop.app.test_client()
    assert "this browser has no name" in client.get("/preferences").text
    assert client.get_cookie("shopper") is None
    client.get(f"/buy/{PRODUCT}?size=M")
    (click,) = shop.rows("SELECT shopper_id, occurred_at FROM shoppers.interactions")
    evidence = Evidence(
        counts={InteractionKind.CLICK: 3}, first_event_at=click["occurred_at"], last_event_at=click["occurred_at"], weight=3
    )
    brand = InferredPreference(
        preference_id="brand:acme", market="IN", kind=PreferenceKind.BRAND, brand="Acme", weight=0.9, evidence=evidence
    )  # fmt: skip
    import psycopg
    from psycopg.rows import dict_row

    with psycopg.connect(shop.database_url, row_factory=dict_row) as connection:
        replace_inferred_preferences(connection, brand.market, {click["shopper_id"]: [brand]})
    page = client.get("/preferences")
    assert page.headers["Cache-Control"] == "private, no-store"
    assert "Acme" in page.text
    assert "3 visits to shops" in page.text
    token = form_token(page.text)
    form = {"shown": "brand:acme", "brands": "Vega, Orion", "size_topwear": "M", "max_INR": "2500", "use_inferred": "1"}
    for wrong in ({}, {"token": "0" * 64}):
        assert client.post("/preferences", data={**form, **wrong}, headers=BROWSER).status_code == 403
    cross = {**BROWSER, "Sec-Fetch-Site": "cross-site"}
    assert client.post("/preferences", data={**form, "token": token}, headers=cross).status_code == 403
    assert client.post("/preferences", data={**form, "token": token}).status_code == 303
    (kept,) = shop.rows("SELECT preferences FROM shoppers.explicit_preferences")
    said: dict[str, Any] = kept["preferences"]
    assert said["brands"] == ["Vega", "Orion"]
    assert said["switched_off"] == ["brand:acme"]
    assert said["price"] == [{"min": None, "max": 2500.0, "currency": "INR"}]
    assert [(one["size"], one["group"]) for one in said["sizes"]] == [("M", "topwear")]
    assert client.post("/preferences/erase", data={"token": token}).status_code == 303
    assert client.get_cookie("shopper") is None
    for table in ("interactions", "explicit_preferences", "inferred_preferences"):
        assert shop.rows(f"SELECT count(*) AS n FROM shoppers.{table}")[0]["n"] == 0


def test_a_first_preference_needs_a_form_of_our_own_page(shop: Shop) -> None:
    client = shop.app.test_client()
    form = {"brands": "Vega"}
    assert client.post("/preferences", data=form, headers=BROWSER).status_code == 403
    assert client.post("/preferences", data=form, headers={"Origin": "https://evil.example"}).status_code == 403
    assert client.post("/preferences", data=form, headers={"Sec-Fetch-Site": "same-origin"}).status_code == 303
    assert client.get_cookie("shopper") is not None


def test_a_look_at_a_product_is_kept_only_of_who_has_a_name(shop: Shop) -> None:
    client = shop.app.test_client()
    client.get(f"/products/{PRODUCT}")
    assert shop.rows("SELECT count(*) AS n FROM shoppers.interactions")[0]["n"] == 0
    client.get(f"/buy/{PRODUCT}")
    client.get("/products/v:IN:blue-1")
    client.get("/products/v:IN:blue-2", headers={"Sec-Purpose": "prefetch"})
    kinds = shop.rows("SELECT kind, product_id FROM shoppers.interactions ORDER BY occurred_at")
    assert [(row["kind"], row["product_id"]) for row in kinds] == [("click", PRODUCT), ("view", "v:IN:blue-1")]


def test_pictures_are_resized_cached_for_good_and_named_by_their_bytes(shop: Shop) -> None:
    client = shop.app.test_client()
    path = re.search(r"/images/looks/[0-9a-f]{64}/320\.webp", client.get("/").text)
    assert path
    answer = client.get(path.group())
    with Image.open(io.BytesIO(answer.data)) as made:
        assert (made.format, made.width) == ("WEBP", 300)  # the look's own width
    assert "immutable" in answer.headers["Cache-Control"]
    assert "max-age=31536000" in answer.headers["Cache-Control"]
    assert client.get(path.group(), headers={"If-None-Match": answer.headers["ETag"]}).status_code == 304
    assert client.get(path.group().replace("320", "321")).status_code == 404
    assert client.get("/images/products/" + "0" * 64 + "/320.webp").status_code == 404


def form_token(text: str) -> str:
    found = re.search(r'name="token" value="([0-9a-f]{64})"', text)
    assert found
    return found.group(1)


def test_without_valkey_pages_are_read_and_an_upload_says_that_it_must_wait(settings: Settings, database_url: str) -> None:
    stock_shop(settings, database_url, "http://127.0.0.1:1")
    services = Services(database_url, "redis://127.0.0.1:1")
    app = create_app(settings, services, colour_pipeline(settings, services))
    client = app.test_client()
    assert client.get("/").status_code == 200
    assert client.get(f"/products/{PRODUCT}").status_code == 200
    picture = {"market": "IN", "image": (io.BytesIO(dressed_look()), "a.png")}
    answer = client.post("/looks", data=picture, headers=BROWSER)
    assert (answer.status_code, answer.mimetype) == (503, "text/html")
    assert "Just a moment" in answer.text
    parts_of(app).close()
