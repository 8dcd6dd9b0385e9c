"""Every format from file to index: good records are searchable, each bad one waits with a code and a fix, counts add up."""

from __future__ import annotations

import json
import os
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg.rows import dict_row

from lookmatch_assets.defs.instance import run_partitions
from lookmatch_assets.explanation.facts import read_facts
from lookmatch_assets.explanation.product import explain
from lookmatch_assets.feeds.codes import RecordError
from lookmatch_assets.feeds.consumer import consume_until_empty
from lookmatch_assets.feeds.formats import ReadOptions, detect_format, load_format
from lookmatch_assets.feeds.landing import Counts
from lookmatch_assets.feeds.publisher import FeedFile, publish_feed
from lookmatch_assets.feeds.record import FeedRecord, parse_period, parse_time
from lookmatch_serving.embedded import Services
from lookmatch_serving.errors import ConfigurationError, InvalidInputError
from lookmatch_serving.settings import Market, Settings
from tests.assets.feed_files import FEEDS, Written
from tests.assets.landing import draw

REAL_STYLES = Path(os.environ.get("LOOKMATCH_DATA", "/nowhere")) / "myntra-styles"


@pytest.fixture
def stores(database_url: str, redis_url: str) -> Services:
    return Services(database_url, redis_url)


def written(vendor: str, folder: Path) -> Written:
    """A vendor's feed with the pictures of its products beside it."""
    folder.mkdir(parents=True)
    feed = FEEDS[vendor][2](folder)
    pictures = folder / "images" if vendor == "styles-csv" else folder
    for number, subject in enumerate([*feed.good, "B4", "B6"]):
        draw(pictures / f"{subject}.png", seed=hash_of(vendor) + number)
    return feed


def hash_of(text: str) -> int:
    return sum(ord(letter) * 7**place for place, letter in enumerate(text)) % 10**6 * 100


def test_each_format_is_told_by_its_content(tmp_path: Path):
    for vendor, (_, name, _) in FEEDS.items():
        feed = written(vendor, tmp_path / vendor)
        assert detect_format(feed.path, vendor) == name, vendor
    (tmp_path / "a.bin").write_bytes(b"\x00\x01\x02")
    with pytest.raises(InvalidInputError, match="no known format"):
        detect_format(tmp_path / "a.bin", "v")


def test_of_every_format_good_records_are_searchable_and_bad_ones_wait_with_a_fix(
    settings: Settings, stores: Services, tmp_path: Path
):
    feeds = {vendor: written(vendor, tmp_path / vendor) for vendor in FEEDS}
    for vendor, (market, name, _) in FEEDS.items():
        report = publish_feed(settings, stores, FeedFile(vendor, market, name, feeds[vendor].path))
        counts = consume_until_empty(settings, stores)
        feed = feeds[vendor]
        assert report.packets == counts.received == counts.landed + counts.quarantined + counts.duplicate, vendor
        assert (counts.landed, counts.quarantined, counts.duplicate) == (len(feed.good), len(feed.refused), feed.duplicates), (
            vendor
        )
    today = datetime.now(UTC).date()
    run_partitions(settings, stores, [(Market.USA, today), (Market.JAPAN, today)], lambda line: None)
    with psycopg.connect(stores.database_url, row_factory=dict_row) as connection:
        for vendor, (market, _, _) in FEEDS.items():
            rows = connection.execute(
                "SELECT subject, code, message, resolution FROM landing.quarantine WHERE vendor = %s", [vendor]
            ).fetchall()
            found = sorted((row["subject"] or "", row["code"]) for row in rows)
            assert found == sorted((subject or "", code) for subject, code in feeds[vendor].refused), vendor
            assert all(row["message"] and row["resolution"] for row in rows)
            for subject in feeds[vendor].good:
                told = explain(read_facts(connection, f"{vendor}:{market}:{subject}"))
                assert told.searchable, (vendor, subject, [step for step in told.steps if step.ok is False])
        title = connection.execute(
            "SELECT DISTINCT title FROM catalog.products WHERE product_id LIKE '%:US:A1' AND vendor <> 'styles-csv'"
        ).fetchall()
        assert title == [{"title": "Blue shirt & tie"}]
        for vendor in ("utf8", "utf8-bom", "cp932", "euc-jp"):
            query = "SELECT sizes, currency, price_minor, tax_included, sizes_in_stock FROM catalog.offers WHERE product_id = %s"
            offer: Any = connection.execute(query, [f"{vendor}:JP:A1"]).fetchone()
            assert [one["size"] for one in offer["sizes"]] == ["9号", "フリーサイズ", "26.5cm"]
            assert (offer["currency"], offer["price_minor"], offer["tax_included"]) == ("JPY", 1200, True)
        times = connection.execute(
            "SELECT DISTINCT event_time FROM landing.packets WHERE vendor = 'cp932' AND subject = 'A3'"
        ).fetchall()
        assert times == [{"event_time": datetime(2026, 3, 1, 0, 30, tzinfo=UTC)}]  # 9:30 in Tokyo


def parsed(name: str, path: Path, market: Market = Market.USA, mapping: Path | None = None) -> list[FeedRecord | RecordError]:
    feed_format = load_format(name, mapping)
    found: list[FeedRecord | RecordError] = []
    for raw in feed_format.read(path, ReadOptions(path.parent, "v")):
        try:
            found.append(feed_format.parse(raw, market, "v"))
        except RecordError as error:
            found.append(error)
    return found


def record(value: FeedRecord | RecordError) -> FeedRecord:
    assert isinstance(value, FeedRecord), value
    return value


def test_google_merchant_says_sales_with_their_period_and_both_spellings_of_availability(tmp_path: Path):
    items = (
        "<item><g:id>1</g:id><g:item_group_id>G</g:item_group_id><title>Plain</title><g:title>Shirt</g:title><g:price>15.00 GBP"
        "</g:price><g:sale_price>12.00 GBP</g:sale_price><g:sale_price_effective_date>2026-02-24T11:07+0100/2026-02-28T23:07+0100"
        "</g:sale_price_effective_date><g:availability>in stock</g:availability><g:image_link>https://a.example/1.jpg"
        "</g:image_link><g:additional_image_link>https://a.example/2.jpg</g:additional_image_link><g:additional_image_link>"
        "https://a.example/3.jpg</g:additional_image_link></item>"
        "<item><g:id>2</g:id><title>Shirt</title><g:price>15 GBP</g:price><g:availability>out_of_stock</g:availability>"
        "<g:image_link>https://a.example/1.jpg</g:image_link></item>"
    )
    path = tmp_path / "a.xml"
    path.write_text(f"<rss><channel>{items}</channel></rss>")  # the namespace is not declared, as many shops forget
    first, second = map(record, parsed("google-merchant", path))
    assert (first.price_minor, first.currency, first.sale_price_minor, first.title, first.group_id) == (
        1500,
        "GBP",
        1200,
        "Shirt",
        "G",
    )
    assert first.sale_from == datetime(2026, 2, 24, 10, 7, tzinfo=UTC)
    assert first.sale_until == datetime(2026, 2, 28, 22, 7, tzinfo=UTC)
    assert first.additional_image_urls == ["https://a.example/2.jpg", "https://a.example/3.jpg"]
    assert (str(first.availability), str(second.availability)) == ("in_stock", "out_of_stock")


def test_a_declared_encoding_is_read_and_utf_16_by_its_mark(tmp_path: Path):
    item = "<item><id>1</id><title>Café</title><price>1 USD</price><availability>in_stock</availability><image_link>https://a.example/1</image_link></item>"
    for name, encoding in (("latin", "iso-8859-1"), ("wide", "utf-16")):
        path = tmp_path / f"{name}.xml"
        path.write_bytes(f'<?xml version="1.0" encoding="{encoding}"?><rss>{item}</rss>'.encode(encoding))
        assert record(parsed("google-merchant", path)[0]).title == "Café"


def test_schema_org_prices_sizes_and_stock(tmp_path: Path):
    product = {
        "@context": "https://schema.org",
        "@type": ["Product"],
        "sku": "1",
        "name": "Shirt",
        "category": "Apparel > Shirts",
        "image": {"@type": "ImageObject", "contentUrl": "https://a.example/1.jpg"},
        "size": {"@type": "SizeSpecification", "name": "9号", "sizeSystem": "https://schema.org/WearableSizeSystemJP"},
        "offers": {
            "@type": "Offer",
            "price": "9800",
            "priceCurrency": "JPY",
            "availability": "http://schema.org/LimitedAvailability",
            "priceValidUntil": "2026-04-01",
            "inventoryLevel": {"@type": "QuantitativeValue", "value": 3},
            "priceSpecification": {"priceType": "https://schema.org/ListPrice", "price": 12800, "valueAddedTaxIncluded": True},
        },
    }
    path = tmp_path / "a.json"
    path.write_text(json.dumps(product))
    found = record(parsed("schema-org", path, Market.JAPAN)[0])
    assert (found.price_minor, found.sale_price_minor, found.currency, found.tax_included) == (12800, 9800, "JPY", True)
    assert ([size.model_dump() for size in found.sizes], found.size_system) == ([{"size": "9号", "stock": 3}], "JP")
    assert (found.category, found.sale_until) == ("Shirts", datetime(2026, 4, 2, tzinfo=UTC))


def test_a_vendor_is_onboarded_by_a_mapping_file(tmp_path: Path):
    (tmp_path / "v.yaml").write_text(
        "format: json-lines\ncolumns:\n  vendor_product_id: [ref]\n  title: [texts.en.title]\n  price: [money.0.value]\n"
        "  currency: [money.0.unit]\n  image_url: [media.0]\n  availability: [state]\n  updated_at: [when]\n"
        "availability: {On Shelf: in_stock}\ntimezone: Asia/Kolkata\ntime_format: '%d/%m/%Y %H:%M'\n"
    )
    line = {
        "ref": 7,
        "texts": {"en": {"title": "Shirt"}},
        "money": [{"value": 649, "unit": "INR"}],
        "media": ["https://a.example/1"],
    }
    path = tmp_path / "feed.json"
    path.write_text(json.dumps({**line, "state": "on shelf", "when": "03/04/2026 05:30"}))
    found = record(parsed("json-lines", path, Market.INDIA, tmp_path)[0])
    assert (found.vendor_product_id, found.price_minor, found.title) == ("7", 64_900, "Shirt")
    assert found.updated_at == datetime(2026, 4, 3, tzinfo=UTC)
    assert detect_format(path, "v", tmp_path) == "json-lines"


@pytest.mark.parametrize("line", ["timezone: Mars/Olympus", "encodings: [klingon]", "columns: {colour_of_hat: [x]}"])
def test_a_wrong_mapping_file_names_what_is_wrong(tmp_path: Path, line: str):
    (tmp_path / "v.yaml").write_text(f"format: json-lines\n{line}\n")
    (tmp_path / "a.json").write_text("{}")
    with pytest.raises(ConfigurationError, match=r"Mars/Olympus|klingon|colour_of_hat"):
        parsed("json-lines", tmp_path / "a.json", mapping=tmp_path)


@pytest.mark.parametrize(
    "text",
    [
        "2026-03-01T09:30:00Z",
        "Sun, 01 Mar 2026 18:30:00 +0900",
        "2026/3/1 9:30",
        "2026年3月1日 9時30分",
        "1772357400",
        "1772357400000",
    ],
)
def test_times_in_the_styles_that_vendors_use(text: str):
    assert parse_time(text, "t") == datetime(2026, 3, 1, 9, 30, tzinfo=UTC)


@pytest.mark.parametrize("text", ["03/04/2026", "yesterday", "2026-13-01", "99999999999999999", "٣"])
def test_times_that_could_be_two_days_or_none_are_refused(text: str):
    with pytest.raises(RecordError, match="invalid_time"):
        parse_time(text, "t")


def test_periods_need_two_times_in_order():
    assert parse_period("2026/3/1 9:30 / 2026/3/2 9:30", "p")[1] == datetime(2026, 3, 2, 9, 30, tzinfo=UTC)
    assert parse_period("2026-03-01T00:00Z/", "p") == (datetime(2026, 3, 1, tzinfo=UTC), None)
    for wrong in ("2026-03-01", "2026-03-02T00:00Z/2026-03-01T00:00Z"):
        with pytest.raises(RecordError, match="invalid_time"):
            parse_period(wrong, "p")


def test_a_sale_price_holds_only_in_its_period(database_url: str):
    rows = {
        "now": ("-1 day", "1 day", 500),
        "over": (None, "-1 minute", 900),
        "later": ("1 minute", None, 900),
        "always": (None, None, 500),
    }
    with psycopg.connect(database_url) as connection:
        for name, (start, end, expected) in rows.items():
            paid: Any = connection.execute(
                "INSERT INTO catalog.offers AS o (product_id, market, vendor, currency, price_minor, sale_price_minor, sale_from,"
                " sale_until, availability, sizes, sizes_in_stock, event_time) VALUES (%s, 'US', 'v', 'USD', 900, 500,"
                " now() + %s::interval, now() + %s::interval, 'in_stock', '[]', '{}', now())"
                " RETURNING catalog.price_in_effect(o)",
                [name, start, end],
            ).fetchone()
            assert paid[0] == expected, name


@pytest.mark.real_data
@pytest.mark.skipif(not REAL_STYLES.is_dir(), reason="LOOKMATCH_DATA names no folder with myntra-styles")
def test_the_real_style_records_say_price_discount_sizes_and_stock_as_their_json_does(settings: Settings, stores: Services):
    published = publish_feed(settings, stores, FeedFile("myntra", "IN", "myntra-style", REAL_STYLES)).packets
    assert consume_until_empty(settings, stores) == Counts(published, published, 0, 0, published)
    with psycopg.connect(stores.database_url, row_factory=dict_row) as connection:
        offers = {row["product_id"]: row for row in connection.execute("SELECT * FROM catalog.offers")}
    files = sorted(REAL_STYLES.glob("*.json"))
    assert len(offers) == len(files) == published
    for file in files:
        style = json.loads(file.read_text())["data"]
        offer = offers[f"myntra:IN:{style['id']}"]
        discounted = style["discountedPrice"] if style["discountedPrice"] < style["price"] else None
        sizes = {o["value"]: o["inventoryCount"] if o["available"] else 0 for o in style["styleOptions"] if o.get("active", True)}
        assert offer["price_minor"] == style["price"] * 100
        assert offer["sale_price_minor"] == (None if discounted is None else discounted * 100)
        assert {size["size"]: size["stock"] for size in offer["sizes"]} == sizes
        assert set(offer["sizes_in_stock"]) == {size for size, stock in sizes.items() if stock > 0}
        assert offer["availability"] == ("in_stock" if any(sizes.values()) else "out_of_stock")
