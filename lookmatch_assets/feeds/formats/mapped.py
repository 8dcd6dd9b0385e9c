"""What a record of named fields says, by its mapping: rows of tables, items of XML feeds and JSON objects alike."""

from __future__ import annotations

import unicodedata
from datetime import datetime
from pathlib import Path
from typing import Any

from lookmatch_assets.feeds.codes import Code, RecordError
from lookmatch_assets.feeds.formats.base import RawRecord, currency_of, picture_beside, refuse_unreadable
from lookmatch_assets.feeds.formats.mapping import Mapping
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


def raw_of(record: dict[str, Any], mapping: Mapping, folder: Path, changed_at: datetime) -> RawRecord:
    """A record as it is published: with its id, its own time if it says one, and its picture if that lies beside the feed."""
    moment = changed_at
    own = mapping.value(record, "updated_at")
    if own:
        try:
            moment = parse_time(own, "updated_at", mapping.zone, mapping.time_format) or changed_at
        except RecordError:
            moment = changed_at  # parse refuses the record for it
    picture = picture_beside(mapping.value(record, "image_url"), folder)
    return RawRecord(record, mapping.value(record, "vendor_product_id"), picture, moment)


def parse_mapped(raw: RawRecord, mapping: Mapping, market: Market) -> FeedRecord:
    """Read a record by its mapping.

    Raises:
        RecordError: it cannot be accepted.
    """
    row = refuse_unreadable(raw.data)
    price, sale = _prices(row, mapping, market)
    texts = {field: clean_text(mapping.value(row, field)) for field in _TEXTS}
    texts["size_system"] = texts["size_system"] or mapping.size_system
    period = (mapping.value(row, "sale_period"), mapping.column(row, "sale_period"), mapping.zone, mapping.time_format)
    sale_from, sale_until = parse_period(*period) if sale else (None, None)
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
        sale_from=sale_from,
        sale_until=sale_until,
        tax_included=_tax(row, mapping, price),
        availability=_availability(row, mapping),
        updated_at=parse_time(
            mapping.value(row, "updated_at"), mapping.column(row, "updated_at"), mapping.zone, mapping.time_format
        ),
        **texts,
    )


def _prices(row: dict[str, Any], mapping: Mapping, market: Market) -> tuple[Money, Money | None]:
    text = mapping.value(row, "price")
    column = mapping.column(row, "price")
    if text is None:
        raise RecordError(Code.MISSING_PRICE, column, mapping.found(row, "price"), "empty")
    price = parse_money(text, column, mapping.value(row, "currency") or currency_of(market))
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
    value = mapping.found(row, "availability")
    word = str(value).lower() if isinstance(value, bool) else mapping.value(row, "availability")
    found = mapping.availability.get(word.casefold()) if word else None
    if found is None:
        accepted = ", ".join(mapping.availability)
        raise RecordError(Code.INVALID_AVAILABILITY, mapping.column(row, "availability"), word, f"accepted are {accepted}")
    return found


def _sizes(row: dict[str, Any], mapping: Mapping) -> list[SizeStock]:
    sizes = _parts(row, mapping, "sizes", mapping.size_separator)[:_SIZES]
    counts = _parts(row, mapping, "stocks", mapping.size_separator)
    if not sizes or not counts:
        return [SizeStock(size=size) for size in sizes]
    if len(counts) != len(sizes) or not all(count.isdecimal() and len(count) < 10 for count in counts):
        reason = f"not one whole number for each of {len(sizes)} sizes"
        raise RecordError(Code.MALFORMED_RECORD, mapping.column(row, "stocks"), "/".join(counts), reason)
    return [SizeStock(size=size, stock=int(count)) for size, count in zip(sizes, counts, strict=True)]


def _more_images(row: dict[str, Any], mapping: Mapping) -> list[str]:
    urls = _parts(row, mapping, "additional_image_urls", mapping.list_separator)
    return [url for url in urls if url.startswith(("http://", "https://"))][:_MORE_IMAGES]


def _parts(row: dict[str, Any], mapping: Mapping, field: str, separator: str) -> list[str]:
    """The texts of a list, or of a cell that holds several."""
    value = mapping.found(row, field)
    if isinstance(value, list):
        parts = [item for item in value if isinstance(item, str | int | float) and not isinstance(item, bool)]
    else:
        parts = list((mapping.value(row, field) or "").split(separator))
    return [text for part in parts if (text := clean_text(part))]
