"""A folder with ``styles.csv`` and one picture a product, in a folder ``images/`` or in ``images-*.tar`` archives.

The records say no price, size, brand or stock. Nothing of that is made up: they land without an offer and count as in stock,
and the brand stays empty although names often begin with it, since nothing says where it ends.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path

from lookmatch_assets.feeds.codes import Code
from lookmatch_assets.feeds.formats.archives import Pictures
from lookmatch_assets.feeds.formats.base import UNDECODED, RawRecord, ReadOptions, refuse_unreadable, unreadable
from lookmatch_assets.feeds.record import Availability, FeedRecord, clean_image_url, clean_text, clean_title, valid_subject
from lookmatch_serving.errors import InvalidInputError
from lookmatch_serving.settings import Market

_NAME = "productDisplayName"


@dataclass(frozen=True)
class FashionProductsFormat:
    """``styles.csv`` and pictures."""

    name: str = "fashion-products"

    def read(self, path: Path, options: ReadOptions) -> Iterator[RawRecord]:
        """Read the folder, taking pictures out of archives as they are needed; see ``FeedFormat.read``."""
        table = path / "styles.csv" if path.is_dir() else path
        if not table.is_file():
            raise InvalidInputError("path", str(path), "a folder with styles.csv is accepted")
        changed_at = datetime.fromtimestamp(table.stat().st_mtime, UTC)
        with (
            Pictures(table.parent, options.workspace, options.extract) as pictures,
            table.open(encoding="utf-8-sig", errors="surrogateescape", newline="") as text,
        ):
            rows = csv.reader(text)
            columns = next(rows, [])
            if "id" not in columns or _NAME not in columns:
                raise InvalidInputError("path", f"{table.name}: {columns[:8]}", f"the header needs id and {_NAME}")
            for row in islice(rows, options.limit):
                yield _raw(row, columns, pictures, changed_at)

    def parse(self, raw: RawRecord, market: Market, vendor: str) -> FeedRecord:
        """Read a row; see ``FeedFormat.parse``."""
        row = refuse_unreadable(raw.data)
        levels = [clean_text(row.get(level)) for level in ("masterCategory", "subCategory", "articleType")]
        return FeedRecord(
            vendor_product_id=valid_subject(str(row.get("id") or "").strip()),
            title=clean_title(row.get(_NAME), _NAME),
            category=levels[-1],
            category_path=" > ".join(level for level in levels if level) or None,
            gender=clean_text(row.get("gender")),
            colour=clean_text(row.get("baseColour")),
            usage=clean_text(row.get("usage")),
            image_url=clean_image_url(raw.image_url, "image"),
            availability=Availability.IN_STOCK,
        )


def _raw(row: list[str], columns: list[str], pictures: Pictures, changed_at: datetime) -> RawRecord:
    if len(row) > len(columns) and columns[-1] == _NAME:
        row = [*row[: len(columns) - 1], ",".join(row[len(columns) - 1 :])]  # the name holds commas that nobody quoted
    if len(row) != len(columns):
        return unreadable(",".join(row), f"{len(row)} columns, the header has {len(columns)}", changed_at)
    data = dict(zip(columns, row, strict=True))
    subject = data["id"].strip() or None
    if UNDECODED.search("".join(row)):
        subject = None if UNDECODED.search(data["id"]) else subject
        reason = "holds bytes that are not UTF-8"
        return unreadable(",".join(row), reason, changed_at, subject=subject, code=Code.INVALID_ENCODING)
    return RawRecord(data, subject, pictures.url_of(subject) if subject else None, changed_at)
