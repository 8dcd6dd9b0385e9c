"""What a record of named fields says, by its mapping: rows of tables, items of XML feeds and JSON objects alike."""

from __future__ import annotations

import re
from collections import defaultdict
from datetime import datetime
from pathlib import Path
from typing import Any

from lookmatch_assets.feeds.codes import Code, RecordError
from lookmatch_assets.feeds.currency_symbols import codes_of
from lookmatch_assets.feeds.formats.base import RawRecord, currency_of, picture_beside, refuse_unreadable
from lookmatch_assets.feeds.formats.mapping import Located, Mapping
from lookmatch_assets.feeds.money import Money, not_zero, parse_money, sale_below, tax_of
from lookmatch_assets.feeds.record import (
    TITLE_CHARACTERS,
    Availability,
    FeedRecord,
    SizeStock,
    addresses_of,
    clean_address,
    clean_description,
    clean_image_url,
    clean_link,
    clean_text,
    clean_title,
    parse_period,
    parse_time,
    valid_subject,
)
from lookmatch_serving.settings import Market

_SIZES = 200
_MORE_IMAGES = 20
_TEXTS = (
    "group_id", "brand", "category", "category_path", "gender", "age_group", "colour", "pattern", "sleeve", "material", "usage",
    "size_system",
)  # fmt: skip
_STOCK_SEPARATOR = "/"
_LETTER_SIZES = re.compile(r"(?:\d?X{0,5}[SL]|M)(?:\s*,\s*(?:\d?X{0,5}[SL]|M))+", re.IGNORECASE)
_NOWHERE = Located("", None, None)

Row = dict[str, Located]
"""A field -> what the record holds for it."""


def raw_of(record: dict[str, Any], mapping: Mapping, folder: Path, changed_at: datetime) -> RawRecord:
    """A record as it is published: with its id, its own time if it says one, and its picture if that lies beside the feed."""
    moment = changed_at
    own = mapping.value(record, "updated_at")
    if own:
        try:
            moment = parse_time(own, "updated_at", mapping.zone, mapping.time_format) or changed_at
        except RecordError:
            moment = changed_at  # parse refuses the record for it
    picture = picture_beside(next(iter(addresses_of(mapping.found(record, "image_url"))), None), folder)
    return RawRecord(record, mapping.value(record, "vendor_product_id"), picture, moment)


def parse_mapped(raw: RawRecord, mapping: Mapping, market: Market) -> FeedRecord:
    """Read a record by its mapping.

    Raises:
        RecordError: it cannot be accepted.
    """
    row = defaultdict(lambda: _NOWHERE, mapping.located(refuse_unreadable(raw.data)))
    price, sale = _prices(row, mapping, market)
    texts = {field: clean_text(text) if (text := row[field].text) else None for field in _TEXTS}
    texts["size_system"] = texts["size_system"] or mapping.size_system
    period = row["sale_period"]
    sale_from, sale_until = parse_period(period.text, period.column, mapping.zone, mapping.time_format) if sale else (None, None)
    pictures = addresses_of(row["image_url"].found)
    return FeedRecord(
        vendor_product_id=valid_subject(row["vendor_product_id"].text, row["vendor_product_id"].column),
        title=clean_title(row["title"].text, row["title"].column),
        description=clean_description(row["description"].text),
        sizes=_sizes(row, mapping),
        image_url=clean_image_url(raw.image_url or next(iter(pictures), None), row["image_url"].column),
        additional_image_urls=_more_images(pictures[1:], row["additional_image_urls"], mapping),
        product_url=clean_link(row["product_url"].text),
        price_minor=price.minor,
        currency=price.currency,
        sale_price_minor=sale.minor if sale else None,
        sale_from=sale_from,
        sale_until=sale_until,
        tax_included=_tax(row["price"], mapping, price),
        availability=_availability(row["availability"], mapping),
        updated_at=parse_time(row["updated_at"].text, row["updated_at"].column, mapping.zone, mapping.time_format),
        **texts,
    )


def _prices(row: Row, mapping: Mapping, market: Market) -> tuple[Money, Money | None]:
    column, found, text = row["price"]
    if text is None:
        raise RecordError(Code.MISSING_PRICE, column, found, "empty")
    own = (row["currency"].text or currency_of(market)).upper()
    price = not_zero(parse_money(text, column, own), mapping.zero_prices, column, text)
    sale = row["sale_price"]
    if sale.text is None or codes_of(sale.text):
        return price, None  # a template's currency without the amount
    return price, sale_below(price, parse_money(sale.text, sale.column, price.currency), sale.column, sale.text)


def _tax(price_text: Located, mapping: Mapping, price: Money) -> bool | None:
    if price.tax_included is not None:
        return price.tax_included
    by_header = tax_of(price_text.column)
    return by_header if by_header is not None else mapping.tax_included


def _availability(said: Located, mapping: Mapping) -> Availability:
    word = str(said.found).lower() if isinstance(said.found, bool) else said.text
    found = mapping.availability.get(word.casefold()) if word else None
    if found is None:
        raise RecordError(Code.INVALID_AVAILABILITY, said.column, word, f"accepted are {', '.join(mapping.availability)}")
    return found


def _sizes(row: Row, mapping: Mapping) -> list[SizeStock]:
    counts = _parts(row["stocks"], mapping.size_separator or _STOCK_SEPARATOR)
    sizes = _listed_sizes(row["sizes"], len(counts), mapping)[:_SIZES]
    if not sizes or not counts:
        return [SizeStock(size=size) for size in sizes]
    if len(counts) != len(sizes) or not all(count.isdecimal() and len(count) < 10 for count in counts):
        reason = f"not one whole number for each of {len(sizes)} sizes"
        raise RecordError(Code.MALFORMED_RECORD, row["stocks"].column, "/".join(counts), reason)
    return [SizeStock(size=size, stock=int(count)) for size, count in zip(sizes, counts, strict=True)]


def _listed_sizes(said: Located, counts: int, mapping: Mapping) -> list[str]:
    if mapping.size_separator or isinstance(said.found, list):
        return _parts(said, mapping.size_separator)
    if counts > 1:
        sizes = _parts(said, _STOCK_SEPARATOR)
        return sizes if len(sizes) == counts else _parts(said)
    listed = said.text is not None and len(said.text) <= TITLE_CHARACTERS and _LETTER_SIZES.fullmatch(said.text)
    return _parts(said, ",") if listed else _parts(said)


def _more_images(beside_the_first: list[str], said: Located, mapping: Mapping) -> list[str]:
    more = addresses_of(said.found) if mapping.list_separator is None else _parts(said, mapping.list_separator)
    urls = [clean_address(url) for url in (*beside_the_first, *more)]
    return [url for url in urls if url.startswith(("http://", "https://"))][:_MORE_IMAGES]


def _parts(said: Located, separator: str | None = None) -> list[str]:
    """The texts of a list, or of a cell that holds several where there is a separator."""
    if isinstance(said.found, list):
        parts = [str(item) for item in said.found if isinstance(item, str | int | float) and not isinstance(item, bool)]
    else:
        whole = said.text or ""
        parts = whole.split(separator) if separator else [whole]
    return [text for part in parts if (text := clean_text(part))]
