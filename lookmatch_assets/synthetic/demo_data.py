"""What the demo runs on: the drawn sample catalogue, or a folder of real records with looks composed from records kept out."""

from __future__ import annotations

import csv
import io
import itertools
import tarfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from PIL import Image

from lookmatch_assets.calibration.composed_looks import ComposedLook, StyleRecord, compose_look, plan_outfits
from lookmatch_assets.synthetic.catalogue import write_feeds
from lookmatch_assets.synthetic.looks import write_looks
from lookmatch_serving.errors import InvalidInputError
from lookmatch_serving.settings import Market

KEPT_OUT = 500
"""Records at the end of a real catalogue that the looks are composed of; a limit below them keeps them out of the catalogue."""

REFERENCE_EVERY = 4
"""Every so manieth sample look is a reference image; a market has four looks."""

REAL_LOOKS = 6
REAL_VENDOR = "fashion-archive"
_FORMATS = {"style_json": "myntra-style", "merchant_tsv": "google-merchant", "japanese_csv": "japanese-csv"}


@dataclass(frozen=True)
class DemoFeed:
    """One feed to publish. ``limit`` is the most records to take of it, None for all."""

    vendor: str
    market: Market
    format: str
    path: Path
    limit: int | None = None


@dataclass(frozen=True)
class DemoLook:
    """A picture of a look, where its products shall be sold, and whether it is a reference image."""

    path: Path
    market: Market
    reference: bool = False


@dataclass(frozen=True)
class DemoData:
    """Feeds and looks, and one line on what they are."""

    feeds: list[DemoFeed]
    looks: list[DemoLook]
    summary: str


def write_sample_data(folder: Path) -> DemoData:
    """Draw the sample catalogue and looks into a folder; what is there already is kept.

    Args:
        folder: made when absent.
    """
    catalogue = write_feeds(folder / "feeds")
    looks = write_looks(folder / "looks")
    feeds = [DemoFeed(f.vendor, Market(f.market), _FORMATS[f.format], f.path) for f in catalogue.feeds]
    shown = [
        DemoLook(folder / "looks" / look.image, Market(look.market), reference=number % REFERENCE_EVERY == 0)
        for number, look in enumerate(looks, start=1)
    ]
    records = sum(f.records for f in catalogue.feeds)
    return DemoData(feeds, shown, f"{records} records of {len(feeds)} vendors in their own formats, {len(shown)} looks")


def write_real_data(data: Path, folder: Path, limit: int | None) -> DemoData:
    """Compose looks of the last records of a ``styles.csv`` and name the rest as the feed.

    Args:
        data: folder with ``styles.csv`` and the pictures, as ``<id>.jpg`` in a folder ``images`` or in ``images-*.tar``.
        folder: where the looks are written.
        limit: most records to ingest; None takes all, those that the looks are composed of too.

    Raises:
        InvalidInputError: the folder holds no such catalogue.
    """
    records = read_style_records(data)
    taken = min(limit or len(records), len(records))
    folder.mkdir(parents=True, exist_ok=True)
    looks = []
    composed_looks = itertools.islice(compose_looks(data, records[-KEPT_OUT:]), REAL_LOOKS)
    for number, composed in enumerate(composed_looks, start=1):
        path = folder / f"real-look-{number:02d}.jpg"
        composed.image.save(path, quality=92)
        looks.append(DemoLook(path, Market.INDIA))
    if not looks:
        raise InvalidInputError("data", str(data), "pictures of the records in styles.csv, in images/ or images-*.tar")
    feed = DemoFeed(REAL_VENDOR, Market.INDIA, "fashion-products", data, taken)
    held = "kept out" if taken <= len(records) - KEPT_OUT else "of the catalogue itself; a LIMIT keeps the last ones out"
    return DemoData([feed], looks, f"{taken} of {len(records)} records, {len(looks)} looks composed of records {held}")


def read_style_records(data: Path) -> list[StyleRecord]:
    """The rows of a ``styles.csv``, in its order.

    Raises:
        InvalidInputError: the folder holds none.
    """
    table = data / "styles.csv"
    if not table.is_file():
        raise InvalidInputError("data", str(data), "a folder with styles.csv and pictures named <id>.jpg")
    with table.open(encoding="utf-8", newline="") as file:
        return [StyleRecord(r["id"], r["articleType"], r["gender"], r["baseColour"]) for r in csv.DictReader(file)]


def compose_looks(data: Path, records: list[StyleRecord]) -> Iterator[ComposedLook]:
    """Looks composed of records whose pictures lie in the folder; each record is used once."""
    photos = _photos(data, {record.product_id for record in records})
    for outfit in plan_outfits(record for record in records if record.product_id in photos):
        yield compose_look(outfit, {layer: photos[record.product_id] for layer, record in outfit.items()})


def _photos(data: Path, wanted: set[str]) -> dict[str, Image.Image]:
    found: dict[str, Image.Image] = {}
    for product_id in wanted:
        path = data / "images" / f"{product_id}.jpg"
        if path.is_file():
            found[product_id] = Image.open(path).convert("RGB")
    for archive in sorted(data.glob("images-*.tar")):
        with tarfile.open(archive) as tar:
            for member in tar:
                product_id = Path(member.name).stem
                file = tar.extractfile(member) if product_id in wanted and member.isfile() else None
                if file is not None:
                    found[product_id] = Image.open(io.BytesIO(file.read())).convert("RGB")
    return found
