"""The record that every vendor format is read into, before anything is standardised."""

from __future__ import annotations

import html
import re
import unicodedata
from collections.abc import Callable
from datetime import UTC, datetime, timedelta, tzinfo
from email.utils import parsedate_to_datetime
from enum import StrEnum
from typing import Annotated, NamedTuple
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field

from lookmatch_assets.feeds.codes import Code, RecordError
from lookmatch_serving.settings import Market

TITLE_CHARACTERS = 500
DESCRIPTION_CHARACTERS = 5_000
_URL_CHARACTERS = 2_048
_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._~+/-]{0,127}")
_VENDOR = re.compile(r"[a-z0-9][a-z0-9_-]{0,62}")
_INVISIBLE = [
    (re.compile(rf"<{tag}\b.*?</{tag}[^<>]*>", re.IGNORECASE | re.DOTALL), re.compile(rf"</{tag}[^<>]*>", re.IGNORECASE))
    for tag in ("script", "style")
]
"""Of elements that no reader sees: the whole element, and its end."""
_TAG = re.compile(r"</?[A-Za-z][^<>]*>|<!--[^<>]*-->")
_IMPOSSIBLE_CHARACTER = re.compile(r"&#(?:\d{8,}|[xX][0-9a-fA-F]{7,});?")
_ENTITY = re.compile(r"&(?:#\d{1,7}|#[xX][0-9a-fA-F]{1,6}|amp|quot|apos|lt|gt);")
_NEXT_ADDRESS = re.compile(r"(?<![\s,;|])[\s,;|]++(?=(?:https?:)?//)", re.IGNORECASE)
_NEXT_PICTURE = re.compile(r"(?<=\.jpg|\.png|\.gif)[\s,;|]+|(?<=\.jpeg|\.webp|\.avif|\.heic)[\s,;|]+", re.IGNORECASE)
_SPACE = re.compile(r"[\s\x00-\x1f\x7f]+")
_YEAR_FIRST = re.compile(
    r"(\d{4})[-/.年]\s?(\d{1,2})[-/.月]\s?(\d{1,2})日?(?:[ T]*(\d{1,2})[:時](\d{1,2})分?(?:[:](\d{1,2}))?秒?)?"
)
_DAY = re.compile(r"\d{4}[-/.年]\s?\d{1,2}[-/.月]\s?\d{1,2}日?|\d{8}")
_DIGITS_ALONE = re.compile(r"(?:%[a-zA-Z])+")
_HOURS = re.compile(r"%[HIcXT]")
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
        text = _unescaped(_TAG.sub(" ", _without_invisible(_unescaped(text))))
    if text.isprintable() and "  " not in text:
        return text.strip() or None
    return _SPACE.sub(" ", text).strip() or None


def _unescaped(text: str) -> str:
    return html.unescape(_IMPOSSIBLE_CHARACTER.sub("�", text)) if "&" in text else text


def _without_invisible(text: str) -> str:
    """The text without scripts and styles. Only up to the last end of one is looked at, so that each search for an end ends."""
    for element, end in _INVISIBLE:
        ends = [found.end() for found in end.finditer(text)]
        if ends:
            text = element.sub(" ", text[: ends[-1]]) + text[ends[-1] :]
    return text


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
    url = clean_address(value)
    if not url.startswith(("http://", "https://", "file://")) or not _can_be_taken_apart(url):
        raise RecordError(Code.MISSING_IMAGE, field, url, "no picture; an http, https or file address is accepted")
    if len(url) > _URL_CHARACTERS:
        raise RecordError(Code.TOO_LARGE, field, url, f"{len(url)} characters; {_URL_CHARACTERS} are accepted")
    return url


def clean_link(value: object) -> str | None:
    """The address of the shop's page; None unless it is a whole http or https address."""
    url = clean_address(value)
    whole = url.startswith(("http://", "https://")) and len(url) <= _URL_CHARACTERS and url.isprintable()
    return url if whole and _can_be_taken_apart(url) else None


def clean_address(value: object) -> str:
    """An address as it is meant: entities of markup read, the scheme in lower case, https where it begins with ``//``."""
    url = str(value).strip() if value is not None else ""
    if "&" in url:
        url = _ENTITY.sub(lambda found: html.unescape(found.group()), url.replace("&amp;amp;", "&amp;"))
    if url.startswith("//"):
        return "https:" + url
    scheme, mark, rest = url.partition("://")
    return scheme.lower() + mark + rest if mark and not scheme.islower() and len(scheme) <= len("https") else url


def addresses_of(value: object) -> list[str]:
    """The addresses or file names of pictures that a cell or a list holds, in their order.

    A cell is split where an address begins behind a comma, a semicolon, a stroke or a space, and file names behind a picture's
    suffix: commas within an address are part of it.
    """
    if isinstance(value, list):
        return [address for item in value if isinstance(item, str) for address in addresses_of(item)]
    text = value.strip() if isinstance(value, str) else ""
    if len(text) > 50 * _URL_CHARACTERS:
        return [text]  # no list of pictures; it is refused as an address
    apart = _NEXT_ADDRESS if "//" in text[: len("https://")] else _NEXT_PICTURE
    return [part.strip() for part in apart.split(text) if part.strip()]


def _can_be_taken_apart(url: str) -> bool:
    try:
        return bool(url.isascii() and "[" not in url) or bool(urlsplit(url).scheme)
    except ValueError:
        return False


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
    text = str(value).strip() if value is not None else ""
    if not text:
        return None
    if len(text) > _TIME_CHARACTERS:
        raise RecordError(Code.INVALID_TIME, field, text, f"{len(text)} characters, which no time has; ISO 8601 is accepted")
    text = unicodedata.normalize("NFKC", text)
    for read in (_of_format(time_format), _of_number, datetime.fromisoformat, _of_year_first, parsedate_to_datetime):
        try:
            moment = read(text)
            return (moment if moment.tzinfo else moment.replace(tzinfo=zone)).astimezone(UTC)
        except (ValueError, OverflowError, IndexError, TypeError):
            continue
    raise RecordError(Code.INVALID_TIME, field, text, "not a time; ISO 8601 is accepted")


def parse_end(value: object, field: str, zone: tzinfo = UTC, time_format: str | None = None) -> datetime | None:
    """When something ends, in UTC; None when empty. A day without a time is meant to its end: the next day's first moment.

    Raises:
        RecordError: ``invalid_time``.
    """
    moment = parse_time(value, field, zone, time_format)
    if moment is None or not _is_day(unicodedata.normalize("NFKC", str(value)).strip(), time_format):
        return moment
    day = moment.astimezone(zone).replace(tzinfo=None)
    try:
        return (day + timedelta(days=1)).replace(tzinfo=zone).astimezone(UTC)
    except OverflowError:  # 9999-12-31, which stands for no end
        return moment


def parse_period(
    value: object, field: str, zone: tzinfo = UTC, time_format: str | None = None
) -> tuple[datetime | None, datetime | None]:
    """The beginning and the end of a period ``<time>/<time>``, each None where it is left out; see ``parse_end``.

    Raises:
        RecordError: ``invalid_time``: not two times, or the end is before the beginning.
    """
    text = str(value).strip() if value is not None else ""
    if not text:
        return None, None
    parts = _two_parts(text) if len(text) <= 2 * _TIME_CHARACTERS else None
    if parts is None:
        raise RecordError(Code.INVALID_TIME, field, text, "not a period; <time>/<time> is accepted")
    start, end = parse_time(parts[0], field, zone, time_format), parse_end(parts[1], field, zone, time_format)
    if start and end and end < start:
        raise RecordError(Code.INVALID_TIME, field, text, "ends before it begins")
    return start, end


def _two_parts(text: str) -> tuple[str, str] | None:
    """What stands before and behind the stroke of a period, which is not one of those within its dates."""
    if text.startswith("/"):
        return "", text[1:]
    if text.endswith("/"):
        return text[:-1], ""
    spaced = re.split(r"\s/\s", text)
    if len(spaced) == 2:
        return spaced[0], spaced[1]
    parts = text.split("/")
    middle = len(parts) // 2
    return ("/".join(parts[:middle]), "/".join(parts[middle:])) if len(parts) % 2 == 0 else None


def _is_day(text: str, time_format: str | None) -> bool:
    if _DAY.fullmatch(text):
        return True
    try:
        return bool(time_format and not _HOURS.search(time_format) and datetime.strptime(text, time_format))
    except ValueError:
        return False


def _of_format(time_format: str | None) -> Callable[[str], datetime]:
    def read(text: str) -> datetime:
        if time_format is None:
            raise ValueError(text)
        moment = datetime.strptime(text, time_format)
        if _DIGITS_ALONE.fullmatch(time_format) and moment.strftime(time_format) != text:
            raise ValueError(text)  # strptime reads 20261101 by %Y%m%d%H as the tenth of January, 1 o'clock
        return moment

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
