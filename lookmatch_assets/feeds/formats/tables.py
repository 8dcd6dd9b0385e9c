"""Formats that are tables: Google Merchant text feeds and Japanese shops' CSV exports. Their columns are mappings, not code."""

from __future__ import annotations

import csv
import io
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from lookmatch_assets.feeds.codes import Code, RecordError
from lookmatch_assets.feeds.formats.base import (
    RawRecord,
    ReadOptions,
    currency_of,
    picture_beside,
    refuse_unreadable,
    unreadable,
)
from lookmatch_assets.feeds.formats.mapping import Mapping, read_mapping
from lookmatch_assets.feeds.money import Money, parse_money, tax_of
from lookmatch_assets.feeds.record import (
    Availability,
    FeedRecord,
    SizeStock,
    clean_description,
    clean_image_url,
    clean_link,
    clean_text,
    clean_title,
    parse_time,
    valid_subject,
)
from lookmatch_serving.errors import InvalidInputError
from lookmatch_serving.settings import Market

ENCODINGS = ("utf-8-sig", "cp932", "euc_jp")
"""Tried in this order, strictly: valid UTF-8 is hardly ever anything else, and EUC-JP hardly ever cp932 that knows the header."""

MAX_FILE_BYTES = 4 * 2**30
_CELL_CHARACTERS = 64 * 2**20
_SAMPLE_BYTES = 1 << 20
_SIZES = 200
_TEXTS = (
    "group_id", "brand", "category", "category_path", "gender", "age_group", "colour", "pattern", "sleeve", "material", "usage",
    "size_system",
)  # fmt: skip


@dataclass(frozen=True)
class TableFormat:
    """A table with a header row.

    Attributes:
        name: of the format; its mapping is ``vendors/<name>.yaml``.
        mapping_folder: where this installation keeps vendors' own mappings.
    """

    name: str
    mapping_folder: Path | None = None
    has_prices: bool = True

    def read(self, path: Path, options: ReadOptions) -> Iterator[RawRecord]:
        """Read a file row by row; see ``FeedFormat.read``."""
        mapping = read_mapping(self.name, options.vendor, self.mapping_folder)
        changed_at = datetime.fromtimestamp(path.stat().st_mtime, UTC)
        csv.field_size_limit(_CELL_CHARACTERS)
        with _open_decoded(path, mapping) as text:
            header = text.readline()
            columns = next(csv.reader([header], delimiter=_delimiter(mapping, header)), [])
            columns = [column.strip() for column in columns]
            if not any(name in columns for name in mapping.columns["vendor_product_id"]):
                accepted = " or ".join(mapping.columns["vendor_product_id"])
                raise InvalidInputError("path", f"{path.name}: {columns[:8]}", f"the header needs a column {accepted}")
            rows = csv.reader(text, delimiter=_delimiter(mapping, header))
            for number, row in enumerate(rows):
                if options.limit is not None and number >= options.limit:
                    return
                if row:
                    yield _raw(row, columns, mapping, path.parent, changed_at)

    def parse(self, raw: RawRecord, market: Market, vendor: str) -> FeedRecord:
        """Read a row; see ``FeedFormat.parse``."""
        row = refuse_unreadable(raw.data)
        mapping = read_mapping(self.name, vendor, self.mapping_folder)
        price, sale = _prices(row, mapping, market)
        texts = {field: clean_text(mapping.value(row, field)) for field in _TEXTS}
        texts["size_system"] = texts["size_system"] or mapping.size_system
        return FeedRecord(
            vendor_product_id=valid_subject(mapping.value(row, "vendor_product_id"), mapping.column(row, "vendor_product_id")),
            title=clean_title(mapping.value(row, "title"), mapping.column(row, "title")),
            description=clean_description(mapping.value(row, "description")),
            sizes=_sizes(row, mapping),
            image_url=clean_image_url(raw.image_url or mapping.value(row, "image_url"), mapping.column(row, "image_url")),
            additional_image_urls=_more_images(row, mapping),
            product_url=clean_link(mapping.value(row, "product_url")),
            price_minor=price.minor,
            currency=price.currency,
            sale_price_minor=sale.minor if sale else None,
            tax_included=_tax(row, mapping, price),
            availability=_availability(row, mapping),
            updated_at=parse_time(mapping.value(row, "updated_at"), mapping.column(row, "updated_at")),
            **texts,
        )


def _open_decoded(path: Path, mapping: Mapping) -> io.TextIOWrapper:
    """The file as text in the first of ``ENCODINGS`` that decodes its beginning and knows its header."""
    if not path.is_file():
        raise InvalidInputError("path", str(path), "a file is accepted for this format")
    if path.stat().st_size > MAX_FILE_BYTES:
        raise InvalidInputError("path", path.name, f"at most {MAX_FILE_BYTES} bytes are accepted")
    with path.open("rb") as file:
        sample = file.read(_SAMPLE_BYTES)
    whole_lines = sample[: sample.rfind(b"\n") + 1] or sample
    for encoding in ENCODINGS:
        try:
            header = whole_lines.decode(encoding).split("\n", 1)[0]
        except UnicodeDecodeError:
            continue
        if any(name in header for name in mapping.columns["vendor_product_id"]):
            return path.open(encoding=encoding, errors="replace", newline="")
    wanted = f"{', '.join(ENCODINGS)} text whose header has {mapping.columns['vendor_product_id'][0]}"
    raise InvalidInputError("path", path.name, f"{wanted} is accepted")


def _delimiter(mapping: Mapping, header: str) -> str:
    return mapping.delimiter or ("\t" if header.count("\t") >= header.count(",") else ",")


def _raw(row: list[str], columns: list[str], mapping: Mapping, folder: Path, changed_at: datetime) -> RawRecord:
    if len(row) != len(columns):
        reason = f"{len(row)} columns, the header has {len(columns)}"
        return unreadable("\t".join(row), reason, changed_at)
    data: dict[str, Any] = dict(zip(columns, row, strict=True))
    moment = changed_at
    own = mapping.value(data, "updated_at")
    if own:
        try:
            moment = parse_time(own, "updated_at") or changed_at
        except RecordError:
            moment = changed_at  # parse refuses the record for it
    picture = picture_beside(mapping.value(data, "image_url"), folder)
    return RawRecord(data, mapping.value(data, "vendor_product_id"), picture, moment)


def _prices(row: dict[str, Any], mapping: Mapping, market: Market) -> tuple[Money, Money | None]:
    text = mapping.value(row, "price")
    column = mapping.column(row, "price")
    if text is None:
        raise RecordError(Code.MISSING_PRICE, column, text, "empty")
    price = parse_money(text, column, currency_of(market))
    sale_text = mapping.value(row, "sale_price")
    if sale_text is None:
        return price, None
    sale_column = mapping.column(row, "sale_price")
    sale = parse_money(sale_text, sale_column, price.currency)
    if sale.currency != price.currency:
        raise RecordError(Code.INVALID_PRICE, sale_column, sale_text, f"not in {price.currency}, the currency of the price")
    return price, sale


def _tax(row: dict[str, Any], mapping: Mapping, price: Money) -> bool | None:
    if price.tax_included is not None:
        return price.tax_included
    by_header = tax_of(unicodedata.normalize("NFKC", mapping.column(row, "price")))
    return by_header if by_header is not None else mapping.tax_included


def _availability(row: dict[str, Any], mapping: Mapping) -> Availability:
    word = mapping.value(row, "availability")
    found = mapping.availability.get(word.casefold()) or mapping.availability.get(word) if word else None
    if found is None:
        accepted = ", ".join(mapping.availability)
        raise RecordError(Code.INVALID_AVAILABILITY, mapping.column(row, "availability"), word, f"accepted are {accepted}")
    return found


def _sizes(row: dict[str, Any], mapping: Mapping) -> list[SizeStock]:
    text = mapping.value(row, "sizes")
    if text is None:
        return []
    sizes = [size for part in text.split(mapping.size_separator) if (size := clean_text(part))][:_SIZES]
    counts = (mapping.value(row, "stocks") or "").split(mapping.size_separator)
    if counts == [""]:
        return [SizeStock(size=size) for size in sizes]
    column = mapping.column(row, "stocks")
    if len(counts) != len(sizes) or not all(count.strip().isdecimal() and len(count) < 10 for count in counts):
        reason = f"not one whole number for each of {len(sizes)} sizes"
        raise RecordError(Code.MALFORMED_RECORD, column, mapping.value(row, "stocks"), reason)
    return [SizeStock(size=size, stock=int(count)) for size, count in zip(sizes, counts, strict=True)]


def _more_images(row: dict[str, Any], mapping: Mapping) -> list[str]:
    text = mapping.value(row, "additional_image_urls") or ""
    urls = [url.strip() for url in text.split(mapping.list_separator)]
    return [url for url in urls if url.startswith(("http://", "https://"))][:20]
