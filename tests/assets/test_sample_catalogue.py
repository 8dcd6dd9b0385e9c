from __future__ import annotations

import csv
import hashlib
import io
import json
import subprocess
import sys
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from lookmatch_assets.synthetic.assortment import (
    NEAR_DUPLICATES_PER_VENDOR,
    PRODUCTS_PER_VENDOR,
    catalogue_products,
    products_of,
)
from lookmatch_assets.synthetic.attributes import Layer
from lookmatch_assets.synthetic.catalogue import DAMAGED_RECORDS, UNMAPPED_CATEGORY, feed_records, truth, write_feeds
from lookmatch_assets.synthetic.formats import Record, encoded
from lookmatch_assets.synthetic.looks import attribute_distance, nearest_products, sample_looks, write_looks
from lookmatch_assets.synthetic.photos import photo_of, write_photos
from lookmatch_assets.synthetic.vendors import HOSHIZORA, MERIDIAN, NORTHLANE, VENDORS, Vendor

RECORDS_SHA256 = {
    "meridian": "4186d18e3674ba553e56af17937e9f041a3b3f7bd3943b0f8941c232a4c4e7b3",
    "northlane": "f58f933fca7e90e6bcf3fd7739790c8ecf402e4d053a78ba0cb8a872492492df",
    "hoshizora": "a364175bc5402ea08a29825253c266f780e200d4708db8ff08a94528e2b924af",
}


def rows(vendor: Vendor) -> list[dict[str, str]]:
    text = encoded(feed_records(vendor), vendor.format).decode("utf-8" if vendor is NORTHLANE else "cp932")
    return list(csv.DictReader(io.StringIO(text, newline=""), delimiter="\t" if vendor is NORTHLANE else ","))


@pytest.mark.parametrize("vendor", VENDORS, ids=lambda vendor: vendor.name)
def test_a_feed_is_the_same_bytes_on_every_machine(vendor: Vendor) -> None:
    content = encoded(feed_records(vendor), vendor.format)
    assert hashlib.sha256(content).hexdigest() == RECORDS_SHA256[vendor.name]


@pytest.mark.parametrize("vendor", VENDORS, ids=lambda vendor: vendor.name)
def test_every_vendor_lists_its_products_once_with_stock_and_prices(vendor: Vendor) -> None:
    products = products_of(vendor)
    assert len({product.product_id for product in products}) == len(products) == PRODUCTS_PER_VENDOR
    assert all(product.price > 0 for product in products)
    assert all(product.sale_price is None or 0 < product.sale_price < product.price for product in products)
    assert any(product.sale_price for product in products)
    sold_out = sum(not product.available for product in products)
    assert 4 <= sold_out <= 40
    assert {product.attributes.layer for product in products} == set(Layer)


@pytest.mark.parametrize("vendor", VENDORS, ids=lambda vendor: vendor.name)
def test_garments_repeat_only_as_near_duplicates(vendor: Vendor) -> None:
    products = products_of(vendor)
    repeated = Counter(product.attributes for product in products)
    assert sum(count - 1 for count in repeated.values()) == NEAR_DUPLICATES_PER_VENDOR
    copies = [product for product in products if product.retouched]
    assert len(copies) == NEAR_DUPLICATES_PER_VENDOR
    for copy in copies:
        original = next(one for one in products if one.image_seed == copy.image_seed and not one.retouched)
        assert original.title != copy.title


def test_a_near_duplicate_photo_looks_like_its_original_but_is_not_the_same_file() -> None:
    products = products_of(MERIDIAN)
    copy = next(product for product in products if product.retouched)
    original = next(one for one in products if one.image_seed == copy.image_seed and not one.retouched)
    ours, theirs = (np.asarray(photo_of(one).resize((36, 48)), dtype=float) for one in (copy, original))
    difference = np.abs(ours - theirs).mean()
    assert 0 < difference < 25


def test_the_style_feed_is_nested_json_with_sizes_and_stock() -> None:
    lines = encoded(feed_records(MERIDIAN), MERIDIAN.format).decode("utf-8").splitlines()
    assert len(lines) == PRODUCTS_PER_VENDOR + 2
    record = json.loads(lines[0])
    assert record["discountedPrice"] <= record["price"]
    assert record["articleType"]["typeName"]
    assert all({"value", "skuId", "inventoryCount", "available"} <= set(option) for option in record["styleOptions"])


def test_the_merchant_feed_states_price_with_currency() -> None:
    records = rows(NORTHLANE)
    assert len(records) == PRODUCTS_PER_VENDOR + 2
    number, currency = records[0]["price"].split()
    assert float(number) > 0
    assert currency == "USD"
    assert {record["availability"] for record in records} == {"in_stock", "out_of_stock"}
    groups = Counter(record["item_group_id"] for record in records)
    assert sum(count == 2 for count in groups.values()) == NEAR_DUPLICATES_PER_VENDOR


def test_the_japanese_feed_decodes_from_cp932_with_yen_and_local_sizes() -> None:
    records = rows(HOSHIZORA)
    assert len(records) == PRODUCTS_PER_VENDOR + 2
    assert all(record["販売価格(税込)"].startswith("￥") for record in records)
    sizes = " ".join(record["サイズ"] for record in records)
    assert "フリーサイズ" in sizes
    assert "26.5cm" in sizes
    assert all(len(record["サイズ"].split("/")) == len(record["サイズ別在庫数"].split("/")) for record in records)


def test_damaged_records_sit_where_they_are_listed() -> None:
    faults: dict[str, Callable[[Record], bool]] = {
        "meridian": lambda record: record["id"] is None or "never-sent" in str(record["styleImages"]),
        "northlane": lambda record: record["price"].startswith("-") or record["price"].endswith("XQD"),
        "hoshizora": lambda record: record["商品番号"] == "" or record["カテゴリ"] == UNMAPPED_CATEGORY,
    }
    for vendor in VENDORS:
        broken = [number for number, record in enumerate(feed_records(vendor)) if faults[vendor.name](record)]
        assert broken == [damaged.position for damaged in DAMAGED_RECORDS if damaged.vendor == vendor.name]
    codes = {damaged.expected_code for damaged in DAMAGED_RECORDS}
    assert codes == {"missing_id", "invalid_price", "unknown_currency", "image_missing", None}


def test_the_truth_covers_sound_products_only() -> None:
    known = truth()
    assert len(known) == len(catalogue_products()) == 3 * PRODUCTS_PER_VENDOR
    assert not {f"{damaged.vendor}/{damaged.product_id}" for damaged in DAMAGED_RECORDS} & set(known)


def test_feeds_are_written_with_photos_and_progress_once(tmp_path: Path) -> None:
    first_few = products_of(MERIDIAN)[:5]
    seen: list[tuple[int, int]] = []
    assert write_photos(tmp_path, first_few, progress=lambda done, total: seen.append((done, total)), workers=1)
    assert seen[-1] == (5, 5)
    with Image.open(tmp_path / first_few[0].image) as photo:
        assert photo.size == (360, 480)
    assert not write_photos(tmp_path, first_few, workers=1)
    (tmp_path / first_few[0].image).unlink()
    assert write_photos(tmp_path, first_few, workers=1)
    assert (tmp_path / first_few[0].image).is_file()


def test_feeds_can_be_written_without_photos(tmp_path: Path) -> None:
    written = write_feeds(tmp_path, photos=False)
    assert [(feed.vendor, feed.market, feed.records) for feed in written.feeds] == [
        ("meridian", "IN", 202),
        ("northlane", "US", 202),
        ("hoshizora", "JP", 202),
    ]
    assert all(feed.path.is_file() for feed in written.feeds)
    assert written.truth.is_file()
    assert not list(tmp_path.rglob("*.jpg"))


def test_each_layer_of_each_look_has_a_few_nearest_products_in_its_market() -> None:
    stock = {vendor.market: products_of(vendor) for vendor in VENDORS}
    looks = sample_looks()
    assert len(looks) == 12
    assert len({look.look_id for look in looks}) == 12
    assert Counter(look.market for look in looks) == {"IN": 4, "US": 4, "JP": 4}
    for look in looks:
        assert 2 <= len(look.garments) <= 5
        for garment in look.garments.values():
            nearest, distance = nearest_products(garment, stock[look.market])
            assert 1 <= len(nearest) <= 6
            assert distance == 0


def test_attribute_distance_is_zero_for_the_same_symmetric_and_far_between_layers() -> None:
    garments = [product.attributes for product in products_of(NORTHLANE)[:60]]
    for first in garments:
        assert attribute_distance(first, first) == 0
        for second in garments:
            assert attribute_distance(first, second) == attribute_distance(second, first)
            assert (attribute_distance(first, second) >= 100) == (first.layer is not second.layer)


def test_written_looks_keep_the_truth_apart(tmp_path: Path) -> None:
    looks = write_looks(tmp_path)
    shown = json.loads((tmp_path / "looks.json").read_text())
    known = json.loads((tmp_path / "looks_truth.json").read_text())
    assert [set(entry) for entry in shown] == [{"look_id", "market", "image"}] * len(looks)
    for entry, truth_entry in zip(shown, known, strict=True):
        with Image.open(tmp_path / entry["image"]) as picture:
            assert picture.size == (768, 1024)
        for layer in truth_entry["layers"].values():
            left, top, right, bottom = layer["box"]
            assert right - left >= 24
            assert bottom - top >= 24
            assert layer["nearest"]


def test_importing_the_sample_loads_no_orchestrator_and_no_model_library() -> None:
    code = (
        "import sys, lookmatch_assets.synthetic.catalogue, lookmatch_assets.synthetic.looks; "
        "print([name for name in ('dagster', 'torch', 'dbt') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
