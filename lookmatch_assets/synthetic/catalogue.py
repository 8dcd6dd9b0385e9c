"""Writes the sample catalogue: three vendors' feeds with photos, some damaged records, and the truth for tests."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from random import Random

from lookmatch_assets.synthetic.assortment import Product, product_of, products_of
from lookmatch_assets.synthetic.attributes import Colour, GarmentAttributes, GarmentType, Gender, Pattern, Sleeve, Usage
from lookmatch_assets.synthetic.formats import RECORD_WRITERS, Record, encoded
from lookmatch_assets.synthetic.photos import Progress, write_photos
from lookmatch_assets.synthetic.vendors import HOSHIZORA, MERIDIAN, NORTHLANE, VENDORS, Vendor

UNMAPPED_CATEGORY = "不思議な小物"
"""The category word that no vocabulary knows; its product is kept as unmapped, not quarantined."""

TRUTH_FILE = "truth.json"
"""Product key `vendor/product_id` -> attributes, for tests and evaluation; no pipeline step reads it."""


@dataclass(frozen=True)
class DamagedRecord:
    """A record that is broken on purpose.

    Attributes:
        vendor: Name of the vendor whose feed holds it.
        product_id: The id in the record; empty where the id is what is missing.
        expected_code: The code it is quarantined with, or None where it must be kept.
        position: Its place in the feed, from 0, header not counted.
    """

    vendor: str
    product_id: str
    expected_code: str | None
    position: int


DAMAGED_RECORDS: tuple[DamagedRecord, ...] = (
    DamagedRecord("meridian", "", "missing_id", 40),
    DamagedRecord("meridian", "710902", "image_missing", 90),
    DamagedRecord("northlane", "NL-10901", "invalid_price", 55),
    DamagedRecord("northlane", "NL-10902", "unknown_currency", 120),
    DamagedRecord("hoshizora", "", "missing_id", 30),
    DamagedRecord("hoshizora", "HZ-A0902", None, 150),
)
"""The damaged records, in feed order; `image_missing` shows only when the image is read."""


@dataclass(frozen=True)
class WrittenFeed:
    """A feed on disk: whose it is, its market, format and path, and how many records it holds."""

    vendor: str
    market: str
    format: str
    path: Path
    records: int


@dataclass(frozen=True)
class WrittenCatalogue:
    """All that `write_feeds` wrote."""

    feeds: tuple[WrittenFeed, ...]
    truth: Path


def _spare(vendor: Vendor, number: int) -> Product:
    """A sound product beyond the catalogue, to damage."""
    shirt = GarmentAttributes(
        GarmentType.SHIRT,
        Colour.PURPLE,
        Pattern.SOLID,
        Sleeve.LONG,
        (Gender.MEN, Gender.WOMEN)[number % 2],
        Usage.CASUAL,
    )
    return product_of(vendor, number, shirt, Random(number))


def _without_id(key: str) -> Callable[[Record], None]:
    """Damage: blank the id."""

    def damage(record: Record) -> None:
        record[key] = None if key == "id" else ""

    return damage


def _setting(key: str, value: object) -> Callable[[Record], None]:
    """Damage: put a wrong value into a field."""

    def damage(record: Record) -> None:
        record[key] = value

    return damage


def _damages() -> Mapping[Vendor, tuple[tuple[Product, Callable[[Record], None]], ...]]:
    """The spare products and what is broken about each, in the order of `DAMAGED_RECORDS`."""
    missing_photo = {"default": {"imageURL": "images/never-sent.jpg", "imageType": "default"}}
    return {
        MERIDIAN: (
            (_spare(MERIDIAN, 901), _without_id("id")),
            (_spare(MERIDIAN, 902), _setting("styleImages", missing_photo)),
        ),
        NORTHLANE: (
            (_spare(NORTHLANE, 901), _setting("price", "-12.00 USD")),
            (_spare(NORTHLANE, 902), _setting("price", "39.99 XQD")),
        ),
        HOSHIZORA: (
            (_spare(HOSHIZORA, 901), _without_id("商品番号")),
            (_spare(HOSHIZORA, 902), _setting("カテゴリ", UNMAPPED_CATEGORY)),
        ),
    }


def feed_records(vendor: Vendor) -> list[Record]:
    """All records of a vendor's feed, damaged ones included."""
    write = RECORD_WRITERS[vendor.format]
    records = [write(product) for product in products_of(vendor)]
    expected = [damaged for damaged in DAMAGED_RECORDS if damaged.vendor == vendor.name]
    for damaged, (product, damage) in zip(expected, _damages()[vendor], strict=True):
        record = write(product)
        damage(record)
        records.insert(damaged.position, record)
    return records


def _pictured(vendor: Vendor) -> list[Product]:
    """The products that get a photo: all sound ones, and the spare ones but the one whose photo is missing."""
    spares = [product for product, _ in _damages()[vendor]]
    absent = {damaged.product_id for damaged in DAMAGED_RECORDS if damaged.expected_code == "image_missing"}
    return products_of(vendor) + [spare for spare in spares if spare.product_id not in absent]


def truth() -> dict[str, dict[str, str | None]]:
    """The attributes of every sound product by `vendor/product_id`."""
    return {
        f"{vendor.name}/{product.product_id}": asdict(product.attributes) for vendor in VENDORS for product in products_of(vendor)
    }


def write_feeds(
    folder: Path,
    *,
    progress: Progress | None = None,
    workers: int | None = None,
    vendors: Sequence[Vendor] = VENDORS,
    photos: bool = True,
) -> WrittenCatalogue:
    """Write the catalogue: `<vendor>/<feed file>`, `<vendor>/images/<product id>.jpg` and the truth.

    Records are the same bytes on every machine. Photos are drawn once and kept while they are up to date.

    Args:
        folder: Where to write; made when absent.
        progress: Called with the photos written so far and the total over all vendors.
        workers: Processes that draw; 1 draws in this one, None takes as many as there are cores.
        vendors: Whose feeds to write.
        photos: Whether to write photos too.
    """
    feeds: list[WrittenFeed] = []
    total = sum(len(_pictured(vendor)) for vendor in vendors)
    before = 0
    for vendor in vendors:
        home = folder / vendor.name
        home.mkdir(parents=True, exist_ok=True)
        records = feed_records(vendor)
        path = home / vendor.feed_file
        path.write_bytes(encoded(records, vendor.format))
        feeds.append(WrittenFeed(vendor.name, vendor.market, vendor.format, path, len(records)))
        if photos:
            pictured = _pictured(vendor)
            write_photos(home, pictured, progress=_shifted(progress, before, total), workers=workers)
            before += len(pictured)
    truth_path = folder / TRUTH_FILE
    truth_path.write_text(json.dumps(truth(), ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    return WrittenCatalogue(tuple(feeds), truth_path)


def _shifted(progress: Progress | None, before: int, total: int) -> Progress | None:
    """Report one vendor's progress as part of the whole."""
    if progress is None:
        return None
    report = progress
    return lambda done, _: report(before + done, total)
