"""Exports of the shop systems that vendors have, told by their content and read by mapping files."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from lookmatch_assets.feeds.codes import RecordError
from lookmatch_assets.feeds.formats import FORMAT_NAMES, ReadOptions, detect_format, load_format
from lookmatch_assets.feeds.formats.detecting import JSON_SHAPES, TABLE_SHAPES
from lookmatch_assets.feeds.formats.mapping import read_mapping
from lookmatch_assets.feeds.formats.paths import at_path
from lookmatch_assets.feeds.record import FeedRecord, parse_time
from lookmatch_serving.errors import ConfigurationError
from lookmatch_serving.settings import Market

SAMPLES = Path(__file__).parent / "cases" / "vendors"
IN_JAPAN = ("rakuten-csv", "yahoo-shopping-csv")
OWN_OF_RAKUTEN = """format: rakuten-csv
picture_template: https://image.rakuten.co.jp/norder/cabinet{}
link_template: https://item.rakuten.co.jp/norder/{}/
"""
WHAT_IS_SAID = {
    "shopify-json": [
        ("7001", "Linen Shirt", "Norder", "Shirts", "White", ["S", "M"], 7000, 4900, "in_stock", 1),
        ("7002", "Canvas Tote", "Norder", "Bags", None, [], 2500, None, "out_of_stock", 0),
    ],
    "shopify-csv": [
        ("wool-coat", "Wool Coat", "Norder", "Coats", "Camel", ["S:7", "M:0"], 24000, 18900, "in_stock", 2),
        ("gift-scarf", "Gift Scarf", "Norder", "Scarves", None, [], 1500, None, "in_stock", 0),
    ],
    "woocommerce-json": [
        ("501", "Denim Jacket", "Norder", "Jackets", "Blue", ["S", "M", "L"], 8000, 6000, "in_stock", 1),
        ("502", "Pleated Skirt", None, "Skirts", None, [], 4200, None, "backorder", 0),
    ],
    "woocommerce-csv": [
        ("44", "Hoodie", "Norder", "Men > Hoodies", "Red, Blue", ["M", "L"], 4500, None, "in_stock", 1),
        ("45", "Cap", None, "Hats", None, ["S/M", "L/XL"], 1800, 1200, "out_of_stock", 0),
    ],
    "rakuten-csv": [
        ("knit-01", "ウールニット", "ノルダー", None, "ネイビー", ["M:2", "L:0"], 8980, 5980, "in_stock", 1),
        ("bag-02", "トートバッグ", None, None, None, [], 3300, None, "out_of_stock", 0),
    ],
    "yahoo-shopping-csv": [
        ("dress-1", "リネンワンピース", None, "レディース > ワンピース", None, [], 9900, 7900, "in_stock", 1),
        ("shirt-2", "オックスシャツ", None, "メンズ > シャツ", None, [], 6600, 4400, "in_stock", 0),
    ],
    "facebook-csv": [
        ("FB-1", "Striped Tee", "Norder", None, "Navy/White", ["M"], 1900, 1250, "in_stock", 0),
        ("FB-2", "Made to order belt", "Norder", None, "Brown", [], 4500, None, "backorder", 0),
    ],
    "amazon-flat-file": [
        ("POLO-M", "Polo Shirt Forest M", "Norder", "shirt", "Green", ["M"], 3990, 2990, "in_stock", 2),
        ("POLO-L", "Polo Shirt Forest L", "Norder", "shirt", "Green", ["L"], 2990, 2490, "out_of_stock", 0),
    ],
    "google-merchant-api": [
        ("GM-1", "Trail Sneaker", "Norder", "Sneakers", "Grey", ["38"], 8999, 5900, "in_stock", 1),
        ("GM-2", "Cap", None, None, None, [], 2480, None, "out_of_stock", 0),
    ],
    "google-content-api": [("GC-1", "Silk Blouse", "Norder", "Blouses", "Ivory", ["S"], 12000, 9900, "in_stock", 0)],
}


@pytest.fixture
def mappings(tmp_path: Path) -> Path:
    (tmp_path / "norder.yaml").write_text(OWN_OF_RAKUTEN, encoding="utf-8")
    return tmp_path


def sample_of(name: str) -> Path:
    return next(SAMPLES.glob(f"{name}.*"))


def read(path: Path, name: str, folder: Path, market: Market = Market.USA) -> list[FeedRecord]:
    found = load_format(name, folder)
    vendor = "norder" if name == "rakuten-csv" else "other"
    return [found.parse(raw, market, vendor) for raw in found.read(path, ReadOptions(folder, vendor))]


def told(record: FeedRecord) -> tuple[Any, ...]:
    sizes = [one.size if one.stock is None else f"{one.size}:{one.stock}" for one in record.sizes]
    return (
        record.vendor_product_id, record.title, record.brand, record.category, record.colour, sizes, record.price_minor,
        record.sale_price_minor, str(record.availability), len(record.additional_image_urls),
    )  # fmt: skip


def test_every_shape_has_a_sample() -> None:
    assert set(WHAT_IS_SAID) == {*TABLE_SHAPES, *JSON_SHAPES} <= set(FORMAT_NAMES)


@pytest.mark.parametrize("name", WHAT_IS_SAID)
def test_an_export_is_told_by_its_content_and_read(name: str, mappings: Path) -> None:
    path = sample_of(name)
    assert detect_format(path, "other", mappings) == name
    market = Market.JAPAN if name in IN_JAPAN else Market.USA
    records = read(path, name, mappings, market)
    assert [told(record) for record in records] == WHAT_IS_SAID[name]
    assert all(record.image_url.startswith("https://") for record in records)


def test_a_record_carries_the_rest_that_its_export_says(mappings: Path) -> None:
    coat = read(sample_of("shopify-csv"), "shopify-csv", mappings)[0]
    assert (coat.gender, coat.age_group) == ("female", "adult")
    assert coat.description == 'Warm, "double" faced.'
    assert coat.additional_image_urls == ["https://cdn.shop.example/coat-2.jpg", "https://cdn.shop.example/coat-3.jpg"]
    jacket = read(sample_of("woocommerce-json"), "woocommerce-json", mappings)[0]
    assert jacket.product_url == "https://shop.example/product/denim-jacket/"
    assert (jacket.sale_from, jacket.sale_until) == (parse_time("2026-03-01", ""), parse_time("2026-03-31T22:59:59", ""))
    dress = read(sample_of("yahoo-shopping-csv"), "yahoo-shopping-csv", mappings, Market.JAPAN)[0]
    assert (dress.sale_from, dress.sale_until) == (parse_time("2026-02-28T15:00", ""), parse_time("2026-03-31T14:00", ""))
    assert dress.tax_included is True
    polo = read(sample_of("amazon-flat-file"), "amazon-flat-file", mappings)
    assert [(one.group_id, one.gender) for one in polo] == [("POLO", "mens")] * 2
    sneaker = read(sample_of("google-merchant-api"), "google-merchant-api", mappings)[0]
    assert (sneaker.group_id, sneaker.gender, sneaker.size_system, sneaker.currency) == ("TRAIL", "FEMALE", "EU", "USD")
    knit = read(sample_of("rakuten-csv"), "rakuten-csv", mappings, Market.JAPAN)[0]
    assert knit.product_url == "https://item.rakuten.co.jp/norder/knit-01/"
    assert knit.image_url == "https://image.rakuten.co.jp/norder/cabinet/knit/a.jpg"


def test_a_picture_named_without_an_address_is_refused_until_the_vendor_says_where_it_lies(mappings: Path) -> None:
    found = load_format("rakuten-csv", mappings)
    raw = next(iter(found.read(sample_of("rakuten-csv"), ReadOptions(mappings, "other"))))
    with pytest.raises(RecordError, match="picture_template") as refused:
        found.parse(raw, Market.JAPAN, "other")
    assert str(refused.value.code) == "missing_image"


def test_a_template_without_a_place_for_the_name_is_a_fault_of_the_mapping(tmp_path: Path) -> None:
    (tmp_path / "shop.yaml").write_text("format: rakuten-csv\nlink_template: https://shop.example/\n", encoding="utf-8")
    with pytest.raises(ConfigurationError, match="link_template"):
        read_mapping("rakuten-csv", "shop", tmp_path)


def test_variants_far_from_their_product_join_it_and_a_broken_row_costs_itself_alone(tmp_path: Path) -> None:
    lines = sample_of("woocommerce-csv").read_text(encoding="utf-8").splitlines()
    path = tmp_path / "woo.csv"
    path.write_text("\n".join([*lines[:1], lines[4], lines[2], '47,simple,"X', *lines[1:2], lines[3]]), encoding="utf-8")
    raws = list(load_format("woocommerce-csv").read(path, ReadOptions(tmp_path, "other")))
    assert [(raw.subject, "unreadable" in raw.data) for raw in raws] == [("47", True), ("44", False), ("45", False)]
    hoodie = load_format("woocommerce-csv").parse(raws[1], Market.USA, "other")
    assert told(hoodie) == (*WHAT_IS_SAID["woocommerce-csv"][0][:5], ["L", "M"], *WHAT_IS_SAID["woocommerce-csv"][0][6:])


def test_a_limit_counts_products_and_what_is_not_for_sale_is_not_counted(tmp_path: Path) -> None:
    options = ReadOptions(tmp_path, "other", limit=2)
    subjects = [raw.subject for raw in load_format("shopify-csv").read(sample_of("shopify-csv"), options)]
    assert subjects == ["wool-coat", "gift-scarf"]


@pytest.mark.parametrize(
    ("header", "row", "market", "name"),
    [
        (
            "SKU,Product Name,Brand Name,Colour,Selling Price,MRP,Main Image URL,In Stock,Product Link",
            "A1,Shirt,Norder,Blue,700,1000,https://shop.example/1.jpg,in stock,https://shop.example/a1", Market.INDIA,
            "google-merchant",
        ),
        (
            "型番,品名,ブランド名称,色名,税込価格,定価,メイン画像,在庫状態,商品リンク",
            "A1,Shirt,Norder,Blue,700,1000,https://shop.example/1.jpg,在庫あり,https://shop.example/a1", Market.JAPAN,
            "japanese-csv",
        ),
    ],
)  # fmt: skip
def test_columns_are_known_by_their_other_names(header: str, row: str, market: Market, name: str, tmp_path: Path) -> None:
    path = tmp_path / "feed.csv"
    path.write_text(f"{header}\n{row}\n", encoding="utf-8")
    assert detect_format(path, "other", tmp_path) == name
    (record,) = read(path, name, tmp_path, market)
    assert (record.vendor_product_id, record.title, record.brand, record.colour) == ("A1", "Shirt", "Norder", "Blue")
    full, paid = (1000, 700) if market is Market.JAPAN else (100000, 70000)
    assert (record.price_minor, record.sale_price_minor, record.product_url) == (full, paid, "https://shop.example/a1")


RECORD = {
    "price": "1", "a.b": "dotted", "options": [{"name": "Color", "values": ["Red"]}, {"name": "SIZE", "values": ["S", "M"]}],
    "variants": [{"price": "2", "qty": ""}, {"price": "3", "qty": 4}], "img1": "x", "img2": "", "img3": "z",
}  # fmt: skip


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("price", "1"),
        ("a.b", "dotted"),
        ("variants.1.price", "3"),
        ("variants.7.price", None),
        ("variants.*.price", ["2", "3"]),
        ("variants.*.qty", [4]),
        ("options.*.values", ["Red", "S", "M"]),
        ("options.name=Size,サイズ.values", ["S", "M"]),
        ("options.name=Fit.values", None),
        ("img*", ["x", "z"]),
        ("variants.*.price where options.1.name = size", ["2", "3"]),
        ("variants.*.price where options.0.name = size", None),
        ("price where img1", "1"),
        ("price where img2", None),
    ],
)
def test_paths_lead_into_records(path: str, expected: object) -> None:
    assert at_path(RECORD, path) == expected


@pytest.mark.parametrize(("text", "expected"), [("2026110112", "2026-11-01T12:00"), ("20261101", "2026-11-01T00:00")])
def test_digits_alone_are_not_read_by_a_format_that_they_do_not_fill(text: str, expected: str) -> None:
    assert parse_time(text, "date", time_format="%Y%m%d%H") == parse_time(expected, "date")
