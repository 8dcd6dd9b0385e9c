"""What a record of named fields says, by its mapping: rows of tables, items of XML feeds and JSON objects alike."""

from __future__ import annotations

import re
from collections import defaultdict
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any
from urllib.parse import quote

from lookmatch_assets.feeds.codes import Code, RecordError
from lookmatch_assets.feeds.currency_symbols import codes_of
from lookmatch_assets.feeds.formats.base import RawRecord, currency_of, picture_beside, refuse_unreadable
from lookmatch_assets.feeds.formats.mapping import Located, Mapping
from lookmatch_assets.feeds.formats.paths import first_text, is_filled
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
    parse_end,
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
_WHOLE = re.compile(r"-?\d{1,9}")
_MICROS = 1_000_000
_BEST_FIRST = (Availability.IN_STOCK, Availability.PREORDER, Availability.BACKORDER, Availability.OUT_OF_STOCK)

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
    named = next(iter(addresses_of(mapping.found(record, "image_url"))), None)
    picture = None if mapping.picture_template else picture_beside(named, folder)
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
    texts["category"] = _category(texts["category"], mapping)
    sale_from, sale_until = _period(row, mapping) if sale else (None, None)
    pictures = [_in_template(name, mapping.picture_template) for name in addresses_of(row["image_url"].found)]
    return FeedRecord(
        vendor_product_id=valid_subject(row["vendor_product_id"].text, row["vendor_product_id"].column),
        title=clean_title(row["title"].text, row["title"].column),
        description=clean_description(row["description"].text),
        sizes=_sizes(row, mapping),
        image_url=_picture(raw.image_url or next(iter(pictures), None), row["image_url"]),
        additional_image_urls=_more_images(pictures, row["additional_image_urls"], mapping),
        product_url=clean_link(_in_template(row["product_url"].text, mapping.link_template)),
        price_minor=price.minor,
        currency=price.currency,
        sale_price_minor=sale.minor if sale else None,
        sale_from=sale_from,
        sale_until=sale_until,
        tax_included=_tax(row["price"], mapping, price),
        availability=_availability(row, mapping),
        updated_at=parse_time(row["updated_at"].text, row["updated_at"].column, mapping.zone, mapping.time_format),
        **texts,
    )


def _prices(row: Row, mapping: Mapping, market: Market) -> tuple[Money, Money | None]:
    column, found, text = row["price"]
    if text is None:
        raise RecordError(Code.MISSING_PRICE, column, found, "empty")
    own = (row["currency"].text or currency_of(market)).upper()
    price = not_zero(_money(row["price"], own, mapping), mapping.zero_prices, column, text)
    sale, listed = row["sale_price"], row["list_price"]
    if sale.text is not None and not codes_of(sale.text):  # a template may give the currency without the amount
        return price, sale_below(price, _money(sale, price.currency, mapping), sale.column, sale.text)
    if listed.text is not None:
        before = _money(listed, price.currency, mapping)
        if sale_below(before, price, column, text):
            return before, price
    return price, None


def _money(said: Located, currency: str, mapping: Mapping) -> Money:
    text = said.text or ""
    if mapping.prices_in_micros:
        if not text.lstrip("-").isdecimal():
            raise RecordError(Code.INVALID_PRICE, said.column, text, "not a whole number of millionths")
        text = f"{Decimal(text) / _MICROS:f}"
    return parse_money(text, said.column, currency)


def _period(row: Row, mapping: Mapping) -> tuple[datetime | None, datetime | None]:
    """When the sale price holds, from one cell or from two."""
    whole, start, end = row["sale_period"], row["sale_from"], row["sale_until"]
    if whole.text is not None:
        return parse_period(whole.text, whole.column, mapping.zone, mapping.time_format)
    begins = parse_time(start.text, start.column, mapping.zone, mapping.time_format)
    ends = parse_end(end.text, end.column, mapping.zone, mapping.time_format)
    if begins and ends and ends < begins:
        raise RecordError(Code.INVALID_TIME, end.column, end.text, "before the sale begins")
    return begins, ends


def _picture(address: str | None, said: Located) -> str:
    if address and "//" not in address:
        reason = "a name without an address; picture_template in the vendor's mapping says where it lies"
        raise RecordError(Code.MISSING_IMAGE, said.column, address, reason)
    return clean_image_url(address, said.column)


def _in_template(name: str | None, template: str | None) -> str:
    """The address that a name stands for, where it is none itself and there is a template."""
    if not name or template is None or "//" in name[: len("https://")]:
        return name or ""
    return template.replace("{}", quote(name, safe="/"))


def _category(text: str | None, mapping: Mapping) -> str | None:
    """A category with its levels between ``>``; of several the most precise."""
    if text and mapping.category_list_separator:
        text = max(text.split(mapping.category_list_separator), key=lambda one: one.count(mapping.category_separator)).strip()
    return text.replace(mapping.category_separator, " > ") if text and mapping.category_separator != ">" else text


def _tax(price_text: Located, mapping: Mapping, price: Money) -> bool | None:
    if price.tax_included is not None:
        return price.tax_included
    by_header = tax_of(price_text.column)
    return by_header if by_header is not None else mapping.tax_included


def _availability(row: Row, mapping: Mapping) -> Availability:
    """What the record says, of several variants the best; else what its quantity shows, else what the mapping assumes."""
    said = row["availability"]
    words = [str(one).lower() if isinstance(one, bool) else first_text(one) for one in _as_list(said.found)]
    told = [mapping.availability.get(word.casefold()) for word in words if word]
    found = [one for one in told if one is not None]
    if found:
        return min(found, key=_BEST_FIRST.index)
    if not told:
        counts = [_pieces(row["quantity"], one) for one in _as_list(row["quantity"].found) if is_filled(one)]
        if counts:
            return Availability.IN_STOCK if any(count > 0 for count in counts) else Availability.OUT_OF_STOCK
        if mapping.availability_unsaid is not None:
            return mapping.availability_unsaid
    word = next((word for word in words if word), None)
    raise RecordError(Code.INVALID_AVAILABILITY, said.column, word, f"accepted are {', '.join(mapping.availability)}")


def _pieces(said: Located, value: Any) -> int:
    text = (first_text(value) or "").replace(",", "")
    if not _WHOLE.fullmatch(text):
        raise RecordError(Code.INVALID_AVAILABILITY, said.column, value, "not a whole number of pieces")
    return int(text)


def _as_list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _sizes(row: Row, mapping: Mapping) -> list[SizeStock]:
    counts = _parts(row["stocks"], mapping.size_separator or _STOCK_SEPARATOR)
    sizes = _listed_sizes(row["sizes"], len(counts), mapping)[:_SIZES]
    if not sizes or not counts:
        return [SizeStock(size=size) for size in dict.fromkeys(sizes)]
    if len(counts) != len(sizes) or not all(_WHOLE.fullmatch(count) for count in counts):
        reason = f"not one whole number for each of {len(sizes)} sizes"
        raise RecordError(Code.MALFORMED_RECORD, row["stocks"].column, "/".join(counts), reason)
    pieces: dict[str, int] = {}
    for size, count in zip(sizes, counts, strict=True):  # a size may come in several colours, and be sold out below zero
        pieces[size] = pieces.get(size, 0) + max(0, int(count))
    return [SizeStock(size=size, stock=stock) for size, stock in pieces.items()]


def _listed_sizes(said: Located, counts: int, mapping: Mapping) -> list[str]:
    if mapping.size_separator or isinstance(said.found, list):
        return _parts(said, mapping.size_separator)
    if counts > 1:
        sizes = _parts(said, _STOCK_SEPARATOR)
        return sizes if len(sizes) == counts else _parts(said)
    listed = said.text is not None and len(said.text) <= TITLE_CHARACTERS and _LETTER_SIZES.fullmatch(said.text)
    return _parts(said, ",") if listed else _parts(said)


def _more_images(pictures: list[str], said: Located, mapping: Mapping) -> list[str]:
    """What is shown beside the first picture."""
    more = addresses_of(said.found) if mapping.list_separator is None else _parts(said, mapping.list_separator)
    more = [_in_template(url, mapping.picture_template) for url in more]
    urls = dict.fromkeys(clean_address(url) for url in (*pictures, *more))
    return [url for url in list(urls)[len(pictures[:1]) :] if url.startswith(("http://", "https://"))][:_MORE_IMAGES]


def _parts(said: Located, separator: str | None = None) -> list[str]:
    """The texts of a list, or of a cell that holds several where there is a separator."""
    if isinstance(said.found, list):
        parts = [str(item) for item in said.found if isinstance(item, str | int | float) and not isinstance(item, bool)]
    else:
        whole = said.text or ""
        parts = whole.split(separator) if separator else [whole]
    return [text for part in parts if (text := clean_text(part))]
