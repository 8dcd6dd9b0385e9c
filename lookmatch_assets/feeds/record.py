"""The record that every vendor format is read into, before anything is standardised."""

from __future__ import annotations

import html
import re
import unicodedata
from collections.abc import Callable
from datetime import UTC, datetime, tzinfo
from email.utils import parsedate_to_datetime
from enum import StrEnum
from typing import Annotated, NamedTuple

from pydantic import BaseModel, ConfigDict, Field

from lookmatch_assets.feeds.codes import Code, RecordError
from lookmatch_serving.settings import Market

TITLE_CHARACTERS = 500
DESCRIPTION_CHARACTERS = 5_000
_URL_CHARACTERS = 2_048
_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._~+/-]{0,127}")
_VENDOR = re.compile(r"[a-z0-9][a-z0-9_-]{0,62}")
_INVISIBLE = re.compile(r"<(script|style)\b.{0,2000}?</\1\s*>", re.IGNORECASE | re.DOTALL)
_TAG = re.compile(r"</?[A-Za-z][^<>]*>|<!--[^<>]*-->")
_SPACE = re.compile(r"[\s\x00-\x1f\x7f]+")
_YEAR_FIRST = re.compile(
    r"(\d{4})[-/.年]\s?(\d{1,2})[-/.月]\s?(\d{1,2})日?(?:[ T]*(\d{1,2})[:時](\d{1,2})分?(?:[:](\d{1,2}))?秒?)?"
)
_PERIOD = re.compile(r"(?<=\S{8})\s*/\s*(?=\d{4}-)|\s+/\s+|(?<=\S)/$|^/")
_TIME_CHARACTERS = 64
_MILLISECONDS_ABOVE = 10**11

CURRENCY_OF_MARKET = {Market.INDIA: "INR", Market.USA: "USD", Market.JAPAN: "JPY"}


class Availability(StrEnum):
    """What ``catalog.offers`` accepts."""

    IN_STOCK = "in_stock"
    OUT_OF_STOCK = "out_of_stock"
    PREORDER = "preorder"
    BACKORDER = "backorder"


ShortText = Annotated[str, Field(max_length=TITLE_CHARACTERS)]
"""What vocabularies and indexes read: an index takes 2,700 bytes, and looking up a megabyte holds up the products beside it."""


class SizeStock(BaseModel):
    """One size of a product; stock in pieces, None when the vendor does not say."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    size: ShortText
    stock: int | None = Field(default=None, ge=0)


class FeedRecord(BaseModel):
    """What a vendor says of a product: texts in the vendor's own words, money in minor units.

    Attributes:
        price_minor: minor units of ``currency``; None only from formats that carry no prices.
        availability: of the product as a whole; ``in_stock`` from a format that does not say.
        sale_from: when the sale price begins to hold; None when it holds already.
        sale_until: when it ends; None when the vendor does not say.
        updated_at: when the vendor says it changed; None when it does not say.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    vendor_product_id: str
    group_id: ShortText | None = None
    title: str
    description: str | None = None
    brand: ShortText | None = None
    category: ShortText | None = None
    category_path: Annotated[str, Field(max_length=4 * TITLE_CHARACTERS)] | None = None
    gender: ShortText | None = None
    age_group: ShortText | None = None
    colour: ShortText | None = None
    pattern: ShortText | None = None
    sleeve: ShortText | None = None
    material: ShortText | None = None
    usage: ShortText | None = None
    sizes: list[SizeStock] = []
    size_system: ShortText | None = None
    image_url: str
    additional_image_urls: list[str] = []
    product_url: str | None = None
    price_minor: int | None = Field(default=None, ge=0)
    currency: str | None = None
    sale_price_minor: int | None = Field(default=None, ge=0)
    sale_from: datetime | None = None
    sale_until: datetime | None = None
    tax_included: bool | None = None
    availability: Availability
    updated_at: datetime | None = None


class ProductKey(NamedTuple):
    """What names a product across vendors and markets."""

    vendor: str
    market: Market
    subject: str

    @property
    def product_id(self) -> str:
        """For example ``meridian:IN:10234``."""
        return f"{self.vendor}:{self.market}:{self.subject}"


def product_id(vendor: str, market: str, subject: str) -> str:
    """The product's id everywhere: ``<vendor>:<market>:<vendor's id>``.

    Raises:
        RecordError: a part is missing or holds characters that are not safe in a URL path or a file name.
    """
    return ProductKey(valid_vendor(vendor), valid_market(market), valid_subject(subject)).product_id


def valid_vendor(vendor: str) -> str:
    """Check a vendor's name.

    Raises:
        RecordError: ``malformed_packet``.
    """
    if not _VENDOR.fullmatch(vendor):
        reason = "lower-case letters, digits, _ and - are accepted, 63 at most"
        raise RecordError(Code.MALFORMED_PACKET, "vendor", vendor, reason)
    return vendor


def valid_market(market: str) -> Market:
    """Check a market's code.

    Raises:
        RecordError: ``unknown_market``.
    """
    try:
        return Market(market)
    except ValueError:
        raise RecordError(Code.UNKNOWN_MARKET, "market", market, f"{', '.join(Market)} are accepted") from None


def valid_subject(subject: str | None, field: str = "id") -> str:
    """Check a vendor's product id.

    Raises:
        RecordError: ``missing_id`` or ``invalid_id``.
    """
    if subject is None or not subject.strip():
        raise RecordError(Code.MISSING_ID, field, subject, "empty")
    if not _ID.fullmatch(subject) or ".." in subject:
        raise RecordError(Code.INVALID_ID, field, subject, "holds characters that are not accepted, or is longer than 128")
    return subject


def clean_text(value: object) -> str | None:
    """Text without markup, control characters and surrounding space; None when nothing is left."""
    if value is None or isinstance(value, dict | list):
        return None
    text = str(value)
    if "<" in text or "&" in text:
        text = html.unescape(_TAG.sub(" ", _INVISIBLE.sub(" ", html.unescape(text))))
    if text.isprintable() and "  " not in text:
        return text.strip() or None
    return _SPACE.sub(" ", text).strip() or None


def clean_title(value: object, field: str) -> str:
    """A title without markup.

    Raises:
        RecordError: ``missing_title`` or ``too_large``.
    """
    raw = "" if value is None else str(value)
    if len(raw) > 10 * TITLE_CHARACTERS:
        raise RecordError(Code.TOO_LARGE, field, raw, f"{len(raw)} characters; {TITLE_CHARACTERS} are accepted")
    title = clean_text(raw)
    if title is None:
        raise RecordError(Code.MISSING_TITLE, field, raw, "empty")
    if len(title) > TITLE_CHARACTERS:
        raise RecordError(Code.TOO_LARGE, field, title, f"{len(title)} characters; {TITLE_CHARACTERS} are accepted")
    return title


def clean_description(value: object) -> str | None:
    """A description without markup, cut to ``DESCRIPTION_CHARACTERS``; the packet's ``data`` keeps it whole."""
    raw = None if value is None else str(value)[: 4 * DESCRIPTION_CHARACTERS]
    text = clean_text(raw)
    return text[:DESCRIPTION_CHARACTERS] if text else None


def clean_image_url(value: object, field: str) -> str:
    """The address of a picture: http, https or file.

    Raises:
        RecordError: ``missing_image`` or ``too_large``.
    """
    url = str(value).strip() if value is not None else ""
    if not url.startswith(("http://", "https://", "file://")):
        raise RecordError(Code.MISSING_IMAGE, field, url, "no picture; an http, https or file address is accepted")
    if len(url) > _URL_CHARACTERS:
        raise RecordError(Code.TOO_LARGE, field, url, f"{len(url)} characters; {_URL_CHARACTERS} are accepted")
    return url


def clean_link(value: object) -> str | None:
    """The address of the shop's page; None unless it is a whole http or https address."""
    url = str(value).strip() if value is not None else ""
    return url if url.startswith(("http://", "https://")) and len(url) <= _URL_CHARACTERS and url.isprintable() else None


def parse_time(value: object, field: str, zone: tzinfo = UTC, time_format: str | None = None) -> datetime | None:
    """A time in UTC; None when empty.

    ISO 8601, RFC 2822 (``Sun, 01 Mar 2026 09:30:00 +0900``), year-first dates (``2026/3/1 9:30``, ``2026年3月1日``) and Unix
    seconds or milliseconds are accepted. Dates that begin with the day or the month are not: nothing tells 03/04 from 04/03, so
    a vendor that writes them names its ``time_format``.

    Args:
        value: what the vendor wrote, text or number.
        field: the vendor's name of it, for the error.
        zone: of times without an offset.
        time_format: of ``datetime.strptime``, tried first.

    Raises:
        RecordError: ``invalid_time``.
    """
    text = unicodedata.normalize("NFKC", str(value)).strip() if value is not None else ""
    if not text:
        return None
    for read in (_of_format(time_format), _of_number, datetime.fromisoformat, _of_year_first, parsedate_to_datetime):
        try:
            moment = read(text[:_TIME_CHARACTERS])
            return (moment if moment.tzinfo else moment.replace(tzinfo=zone)).astimezone(UTC)
        except (ValueError, OverflowError, IndexError, TypeError):
            continue
    raise RecordError(Code.INVALID_TIME, field, text, "not a time; ISO 8601 is accepted")


def parse_period(
    value: object, field: str, zone: tzinfo = UTC, time_format: str | None = None
) -> tuple[datetime | None, datetime | None]:
    """The beginning and the end of a period ``<time>/<time>``, each None where it is left out.

    Raises:
        RecordError: ``invalid_time``: not two times, or the end is before the beginning.
    """
    text = str(value).strip() if value is not None else ""
    if not text:
        return None, None
    parts = [part.strip() for part in _PERIOD.split(text)]
    if len(parts) != 2:
        raise RecordError(Code.INVALID_TIME, field, text, "not a period; <time>/<time> is accepted")
    start, end = (parse_time(part, field, zone, time_format) for part in parts)
    if start and end and end < start:
        raise RecordError(Code.INVALID_TIME, field, text, "ends before it begins")
    return start, end


def _of_format(time_format: str | None) -> Callable[[str], datetime]:
    def read(text: str) -> datetime:
        if time_format is None:
            raise ValueError(text)
        return datetime.strptime(text, time_format)

    return read


def _of_number(text: str) -> datetime:
    if not re.fullmatch(r"\d{9,13}(\.\d+)?", text):
        raise ValueError(text)
    seconds = float(text)
    return datetime.fromtimestamp(seconds / 1000 if seconds > _MILLISECONDS_ABOVE else seconds, UTC)


def _of_year_first(text: str) -> datetime:
    found = _YEAR_FIRST.fullmatch(text)
    if not found:
        raise ValueError(text)
    return datetime(*(int(part) for part in found.groups() if part is not None))  # type: ignore[arg-type]
