"""Where "buy now" leads: to the product's own retailer with the partner's parameters, and nowhere else."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import parse_qs, quote, urlsplit

import pytest

from lookmatch_serving.errors import ConfigurationError
from lookmatch_serving.shop.links import authority_of
from lookmatch_serving.shop.retailers import read_retailers
from tests.web.conftest import PRODUCT, Shop

SHOP = "shop.example"
REFUSED = [
    "javascript:alert(1)",
    "JaVaScRiPt:alert(1)",
    "data:text/html,<script>alert(1)</script>",
    "vbscript:msgbox(1)",
    "file:///etc/passwd",
    "ftp://shop.example/p",
    "//shop.example/p",
    "/p/1",
    "shop.example/p",
    "https:shop.example/p",
    "https:/shop.example/p",
    "https:///shop.example/p",
    "https://",
    "",
    "https://evil.example/p",
    "https://shop.example.evil.example/p",
    "https://evil-shop.example/p",
    "https://notshop.example/p",
    "https://shop.example@evil.example/p",
    "https://user:password@shop.example/p",
    "https://evil.example\\@shop.example/p",
    "https://shop.example\\.evil.example/p",
    "https://shop.example:8443/p",
    "https://shop.example:443@evil.example/p",
    "https://evil.example#@shop.example/p",
    "https://evil.example?@shop.example/p",
    "https://shop.example%2eevil.example/p",
    "https://shop.example%00.evil.example/p",
    "https://shop.exаmple/p",  # a Cyrillic a
    "https://shop.example\t.evil.example/p",
    "\thttps://shop.example/p",
    "https://shop.example/p\r\nSet-Cookie: a=b",
    "https://shop.example/p<script>",
    "https://[::1]/p",
    "https://127.0.0.1/p",
    "http://0x7f000001/p",
    "https://shop.example./p",
    "https://shop.example/" + "a" * 5000,
]
ACCEPTED = [
    "https://shop.example/p/1",
    "http://shop.example/p/1?colour=red&size=M",
    "https://SHOP.example/p/1",
    "https://shop.example:443/p/1",
    "https://shop.example/商品/1?色=赤",
    "https://shop.example/p?next=https://evil.example/",
    "https://shop.example",
]


def use_hosts(shop: Shop, *hosts: str) -> None:
    retailers = shop.app.extensions["lookmatch_page_state"].links._retailers
    retailers["v"] = retailers["v"].model_copy(update={"hosts": list(hosts), "parameters": {}})


def test_an_address_that_is_not_plainly_the_vendors_is_refused(shop: Shop) -> None:
    client = shop.app.test_client()
    use_hosts(shop, SHOP)
    assert len(REFUSED) > 30
    for address in REFUSED:
        shop.execute("UPDATE catalog.products SET product_url = %s WHERE product_id = %s", address, PRODUCT)
        answer = client.get(f"/buy/{PRODUCT}", headers={"Accept": "text/html"})
        assert answer.status_code == 404, address
        assert "Location" not in answer.headers
        assert "/buy/" not in client.get(f"/products/{PRODUCT}").text
    assert shop.rows("SELECT count(*) AS n FROM shoppers.interactions")[0]["n"] == 0


def test_addresses_of_the_vendor_are_followed_as_they_are(shop: Shop) -> None:
    use_hosts(shop, SHOP)
    for address in ACCEPTED:
        assert authority_of(address) == SHOP
        shop.execute("UPDATE catalog.products SET product_url = %s WHERE product_id = %s", address, PRODUCT)
        target = shop.app.test_client().get(f"/buy/{PRODUCT}").headers["Location"]
        assert target.isascii()
        assert urlsplit(target).hostname == SHOP


PATHS = [
    "/buy/https://evil.example",
    "/buy//evil.example",
    "/buy/%2f%2fevil.example",
    "/buy/..%2f..%2fevil.example",
    f"/buy/{PRODUCT}/..",
    "/buy/javascript:alert(1)",
    "/buy/%00",
    "/buy/%0d%0aLocation:%20https://evil.example",
]


def test_no_address_of_a_request_is_followed(shop: Shop) -> None:
    client = shop.app.test_client()
    for path in PATHS:
        answer = client.get(path, headers={"Accept": "text/html"})
        assert answer.status_code in {308, 404}, path
        assert "evil" not in urlsplit(answer.headers.get("Location", "")).netloc
    for name in ("url", "next", "to", "product_url", "redirect", "size", "query"):
        answer = client.get(f"/buy/{PRODUCT}?{name}={quote('https://evil.example/')}")
        assert answer.headers["Location"].startswith(shop.retailer.address + "/p/"), name
        assert "evil" not in answer.headers["Location"]


def test_a_click_is_counted_once_and_carries_the_partners_parameters(shop: Shop) -> None:
    client = shop.app.test_client()
    answer = client.get(f"/buy/{PRODUCT}?size=M")
    assert answer.status_code == 302
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.headers["X-Robots-Tag"] == "noindex, nofollow"
    target = urlsplit(answer.headers["Location"])
    (click,) = shop.rows("SELECT * FROM shoppers.interactions")
    assert parse_qs(target.query) == {"ref": ["feed"], "aff": ["lm-1"], "sub": [click["event_id"]]}
    assert (click["kind"], click["product_id"], click["market"], click["size"]) == ("click", PRODUCT, "IN", "M")
    cookie = answer.headers["Set-Cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=Lax" in cookie
    assert cookie.split("=")[1].split(";")[0] not in click["shopper_id"]
    client.get(f"/buy/{PRODUCT}")
    assert len({row["shopper_id"] for row in shop.rows("SELECT shopper_id FROM shoppers.interactions")}) == 1


def test_robots_and_prefetches_are_neither_counted_nor_sent_on(shop: Shop) -> None:
    client = shop.app.test_client()
    robot = {"User-Agent": "Mozilla/5.0 (compatible; ExampleBot/2.1)"}
    for headers, status in [(robot, 403), ({"Sec-Purpose": "prefetch"}, 204), ({"Purpose": "prefetch"}, 204)]:
        answer = client.get(f"/buy/{PRODUCT}", headers=headers)
        assert answer.status_code == status
        assert "Location" not in answer.headers
        assert "Set-Cookie" not in answer.headers
    assert client.head(f"/buy/{PRODUCT}").status_code == 204
    assert shop.rows("SELECT count(*) AS n FROM shoppers.interactions")[0]["n"] == 0
    assert "Disallow: /buy/" in client.get("/robots.txt").text


def test_who_asks_not_to_be_followed_is_sent_on_without_a_name(shop: Shop) -> None:
    answer = shop.app.test_client().get(f"/buy/{PRODUCT}", headers={"Sec-GPC": "1"})
    assert answer.status_code == 302
    assert "Set-Cookie" not in answer.headers
    assert shop.rows("SELECT count(*) AS n FROM shoppers.interactions")[0]["n"] == 0
    assert (
        'lookmatch_sent_to_retailer_total{outcome="not_followed",vendor="v"} 1.0' in shop.app.test_client().get("/metrics").text
    )


def test_hosts_of_a_vendor_that_no_file_names_are_those_most_of_its_products_link_to(shop: Shop) -> None:
    shop.app.extensions["lookmatch_page_state"].links._retailers.clear()
    odd = "https://evil.example/p"
    shop.execute("UPDATE catalog.products SET product_url = 'https://shop.example/p' WHERE product_id <> %s", PRODUCT)
    for number in range(12):
        shop.execute(
            "INSERT INTO catalog.products SELECT (jsonb_populate_record(p, jsonb_build_object('product_id', %s::text))).*"
            " FROM catalog.products AS p WHERE product_id = 'v:IN:red-2'",
            f"v:IN:more-{number}",
        )
    shop.execute("UPDATE catalog.products SET product_url = %s WHERE product_id = %s", odd, PRODUCT)
    client = shop.app.test_client()
    assert client.get(f"/buy/{PRODUCT}").status_code == 404
    assert client.get("/buy/v:IN:red-2").headers["Location"] == "https://shop.example/p"


def test_a_network_address_is_given_the_link_escaped(shop: Shop) -> None:
    shelf = shop.app.extensions["lookmatch_page_state"]
    deep = "https://go.network.example/c?m=7&id={product_id}&to={url}"
    shelf.links._retailers["v"] = shelf.links._retailers["v"].model_copy(update={"deep_link": deep})
    target = urlsplit(shop.app.test_client().get(f"/buy/{PRODUCT}").headers["Location"])
    assert target.netloc == "go.network.example"
    asked = parse_qs(target.query)
    assert asked["id"] == [PRODUCT]
    assert asked["to"][0].startswith(shop.retailer.address + "/p/")


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("v: {hosts: ['https://shop.example']}", "v.hosts.0"),
        ("v: {parameters: {sub: '{user}'}}", "v.parameters.sub"),
        ("v: {parameters: {sub: '{click_id.__class__}'}}", "v.parameters.sub"),
        ("v: {deep_link: 'https://go.example/?x=1'}", "v.deep_link"),
        ("v: {deep_link: 'javascript:{url}'}", "v.deep_link"),
        ("v: {colour: red}", "v.colour"),
        ("v: [", "cannot be read"),
    ],
)
def test_a_wrong_retailers_file_is_refused_naming_the_place(tmp_path: Path, text: str, named: str) -> None:
    (tmp_path / "retailers.yaml").write_text(text)
    with pytest.raises(ConfigurationError, match=r"retailers\.yaml") as caught:
        read_retailers(tmp_path)
    assert named in str(caught.value)
