"""Trying a feed or a page: by address through the guarded fetcher or on disk, keeping nothing."""

from __future__ import annotations

import functools
import json
import threading
from collections.abc import Iterator
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from click.testing import CliRunner

from lookmatch_assets.cli.feed import feed
from lookmatch_assets.feeds.trial import SHOWN_PRODUCTS, try_feed
from lookmatch_serving.errors import InvalidInputError, UpstreamError

SHOP = Path(__file__).parent / "cases" / "vendors"
PAGE = """<!doctype html><html><head><title>Shop</title><script type="application/ld+json">
{"@context": "https://schema.org", "@type": "Product", "sku": "LD-1", "name": "Linen Dress", "image": "img/dress.jpg",
 "brand": {"@type": "Brand", "name": "Norder"}, "color": "Blue", "category": "Dresses", "url": "https://shop.example/dress",
 "offers": {"@type": "Offer", "price": "79.50", "priceCurrency": "USD", "availability": "https://schema.org/InStock"}}
</script></head><body></body></html>
"""


class _Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *args: object) -> None:
        pass


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[str]:
    """A shop's server with a page and a feed of 12 good and 2 bad records."""
    folder = tmp_path / "shop"
    folder.mkdir()
    (folder / "dress.html").write_text(PAGE, encoding="utf-8")
    rows = [f"T{number},Tee {number},{number}.00 USD,in stock,https://shop.example/{number}.jpg" for number in range(1, 13)]
    bad = ["B1,Tee,soon,in stock,https://shop.example/b.jpg", "B2,Tee,9.00 USD,in stock,"]
    (folder / "feed.csv").write_text("\n".join(["id,title,price,availability,image_link", *bad, *rows]), encoding="utf-8")
    server = ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(_Quiet, directory=str(folder)))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


def test_a_page_by_its_address_shows_its_product_with_whole_addresses(shop: str, monkeypatch: pytest.MonkeyPatch) -> None:
    trial = try_feed(f"{shop}/dress.html?from=mail", "US", "trial", allow_private_addresses=True)
    assert trial.format == "schema-org"
    (product,) = trial.products
    assert (product.id, product.title, product.brand, product.colour) == ("LD-1", "Linen Dress", "Norder", "Blue")
    assert (product.price, product.price_before, product.availability) == ("$79.50", None, "in_stock")
    assert product.image_url == f"{shop}/img/dress.jpg"
    assert product.product_url == "https://shop.example/dress"


def test_a_feed_by_its_address_is_examined_whole_and_ten_products_are_shown(shop: str) -> None:
    trial = try_feed(f"{shop}/feed.csv", "US", "trial", allow_private_addresses=True)
    assert (trial.format, trial.report.records, trial.report.accepted, trial.report.refused) == ("google-merchant", 14, 12, 2)
    assert [product.id for product in trial.products] == [f"T{number}" for number in range(1, SHOWN_PRODUCTS + 1)]
    assert {issue.code for issue in trial.report.issues if issue.severity == "error"} == {"invalid_price", "missing_image"}


def test_the_fetcher_guards_addresses_and_what_is_missing_is_told(shop: str, tmp_path: Path) -> None:
    with pytest.raises(InvalidInputError, match="not a public address"):
        try_feed(f"{shop}/feed.csv", "US", "trial")
    with pytest.raises(InvalidInputError, match="404"):
        try_feed(f"{shop}/none.csv", "US", "trial", allow_private_addresses=True)
    with pytest.raises(UpstreamError):
        try_feed("http://127.0.0.1:9/feed.csv", "US", "trial", allow_private_addresses=True)
    with pytest.raises(InvalidInputError, match="file or folder that exists"):
        try_feed(str(tmp_path / "none.csv"), "US", "trial")
    (tmp_path / "poem.txt").write_text("Roses are red\n")
    with pytest.raises(InvalidInputError, match="no known format"):
        try_feed(str(tmp_path / "poem.txt"), "US", "trial")


def test_a_sale_is_shown_while_it_holds(tmp_path: Path) -> None:
    rows = [
        "S1,Tee,20.00 USD,10.00 USD,2020-01-01/2999-01-01,in stock,https://shop.example/1.jpg",
        "S2,Tee,20.00 USD,10.00 USD,2020-01-01/2020-02-01,in stock,https://shop.example/2.jpg",
    ]
    header = "id,title,price,sale_price,sale_price_effective_date,availability,image_link"
    (tmp_path / "feed.csv").write_text("\n".join([header, *rows]))
    shown = try_feed(str(tmp_path / "feed.csv"), "US", "trial").products
    assert [(one.price, one.price_before) for one in shown] == [("$10.00", "$20.00"), ("$20.00", None)]


def test_the_command_tells_issues_before_products_and_ends_with_1_when_nothing_would_be_shown(
    shop: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LOOKMATCH_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("LOOKMATCH_ALLOW_PRIVATE_ADDRESSES", "true")
    run = CliRunner().invoke(feed, ["try", f"{shop}/feed.csv", "--market", "US"], terminal_width=200)
    assert run.exit_code == 0, run.output
    assert run.output.index("google-merchant") < run.output.index("error invalid_price") < run.output.index("As shoppers")
    assert not (tmp_path / "home" / "feeds").exists()
    told = json.loads(CliRunner().invoke(feed, ["try", str(SHOP / "shopify-json.json"), "--market", "US", "--json"]).output)
    assert (told["format"], [one["id"] for one in told["products"]]) == ("shopify-json", ["7001", "7002"])
    (tmp_path / "bad.csv").write_text("id,title,price,availability,image_link\nA,Tee,soon,in stock,https://shop.example/a.jpg\n")
    assert CliRunner().invoke(feed, ["try", str(tmp_path / "bad.csv"), "--market", "US"]).exit_code == 1
