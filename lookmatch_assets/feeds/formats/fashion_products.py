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
from lookmatch_assets.feeds.formats.base import RawRecord, ReadOptions, refuse_unreadable, unreadable
from lookmatch_assets.feeds.formats.decoding import UTF_8, Encoding, encoding_by_mark, sample_of
from lookmatch_assets.feeds.formats.rows import MAX_ROW_CHARACTERS, Row, RowShape, rows_of
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
        encoding = encoding_by_mark(sample_of(table)) or Encoding(UTF_8)
        with Pictures(table.parent, options.workspace, options.extract) as pictures, encoding.open(table) as text:
            columns = _columns(text.readline(MAX_ROW_CHARACTERS))
            if "id" not in columns or _NAME not in columns:
                raise InvalidInputError("path", f"{table.name}: {columns[:8]}", f"the header needs id and {_NAME}")
            shape = RowShape(len(columns), columns.index("id"))
            for row in islice(rows_of(text, ",", shape), options.limit):
                yield _raw(row, columns, shape, encoding, pictures, changed_at)

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


def _columns(line: str) -> list[str]:
    try:
        return [name.strip() for name in next(csv.reader([line.lstrip("\ufeff")]), [])]
    except csv.Error:
        return []


def _raw(
    row: Row, columns: list[str], shape: RowShape, encoding: Encoding, pictures: Pictures, changed_at: datetime
) -> RawRecord:
    cells, fault, code = row.cells, row.fault, row.code
    if len(cells) > len(columns) and columns[-1] == _NAME:
        cells = [*cells[: len(columns) - 1], ",".join(cells[len(columns) - 1 :])]  # the name holds commas that nobody quoted
    if fault is None and len(cells) != len(columns):
        fault = f"{len(cells)} columns, the header has {len(columns)}"
    if fault is None and encoding.undecoded(row.text):
        fault, code = f"holds bytes that are not {encoding.name}", Code.INVALID_ENCODING
    if fault is not None:
        return unreadable(row.text, fault, changed_at, subject=shape.subject(cells), code=code)
    data = dict(zip(columns, cells, strict=True))
    subject = data["id"].strip() or None
    return RawRecord(data, subject, pictures.url_of(subject) if subject else None, changed_at)
