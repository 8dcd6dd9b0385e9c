"""Reasons for which a record or a packet is refused, and what to do about each."""

from __future__ import annotations

from enum import StrEnum

from lookmatch_serving.errors import PermanentError

SHOWN_VALUE_CHARACTERS = 500


class Code(StrEnum):
    """Quarantine codes; they are part of the contract with vendors and never change their meaning."""

    MISSING_ID = "missing_id"
    INVALID_ID = "invalid_id"
    MISSING_TITLE = "missing_title"
    MISSING_IMAGE = "missing_image"
    MISSING_PRICE = "missing_price"
    INVALID_PRICE = "invalid_price"
    UNKNOWN_CURRENCY = "unknown_currency"
    INVALID_AVAILABILITY = "invalid_availability"
    INVALID_TIME = "invalid_time"
    INVALID_ENCODING = "invalid_encoding"
    MALFORMED_RECORD = "malformed_record"
    MALFORMED_PACKET = "malformed_packet"
    UNKNOWN_MARKET = "unknown_market"
    UNKNOWN_FORMAT = "unknown_format"
    TOO_LARGE = "too_large"
    POISON = "poison"


RESOLUTIONS: dict[Code, str] = {
    Code.MISSING_ID: "Give every product an id that stays the same from feed to feed.",
    Code.INVALID_ID: "Use letters, digits and . _ ~ + / - only, at most 128 of them, starting with a letter or digit.",
    Code.MISSING_TITLE: "Give the product a title of at most 500 characters.",
    Code.MISSING_IMAGE: "Name at least one picture of the product, or put its file beside the record.",
    Code.MISSING_PRICE: "Give the product a price, for example '49.99 USD'.",
    Code.INVALID_PRICE: "Send one amount above zero with no more decimals than its currency has, for example '49.99 USD'.",
    Code.UNKNOWN_CURRENCY: "Name the currency by its ISO 4217 code, for example INR, USD or JPY.",
    Code.INVALID_AVAILABILITY: "Send in_stock, out_of_stock, preorder or backorder, or map the vendor's word in its file.",
    Code.INVALID_TIME: "Send times as ISO 8601 with an offset, for example 2026-03-01T09:30:00Z, or map their time_format.",
    Code.INVALID_ENCODING: "Write the whole feed in one encoding, best UTF-8, and name it truly where the feed names one.",
    Code.MALFORMED_RECORD: "Compare the record with its format: quotes, separators, number of columns, JSON syntax and encoding.",
    Code.MALFORMED_PACKET: "Send CloudEvents 1.0 JSON in the entry's field 'packet', with the lookmatch attributes.",
    Code.UNKNOWN_MARKET: "Send one of the served markets: IN, US or JP.",
    Code.UNKNOWN_FORMAT: "Name a format that this installation reads, or add a mapping file for it.",
    Code.TOO_LARGE: "Shorten the value; the whole record is in the vendor's feed, since what is kept here may be cut.",
    Code.POISON: "The packet failed every consumer that took it; look for its id in their logs, mend the cause and replay it.",
}


class RecordError(PermanentError):
    """A record cannot be accepted.

    Attributes:
        code: why.
        field: the attribute that is wrong, by the vendor's name where known.
        value: what was sent, cut to ``SHOWN_VALUE_CHARACTERS``.
        message: what is wrong, with what would be accepted.
        resolution: what to do about it.
    """

    def __init__(self, code: Code, field: str | None, value: object, reason: str) -> None:
        shown = "" if value is None else str(value).replace("\x00", "�")
        self.code = code
        self.field = field
        self.value = shown if len(shown) <= SHOWN_VALUE_CHARACTERS else shown[: SHOWN_VALUE_CHARACTERS - 1] + "…"
        self.message = f"{field}: {reason}" if field else reason
        self.resolution = RESOLUTIONS[code]
        super().__init__(f"{code}: {self.message}")
