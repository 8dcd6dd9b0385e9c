"""The packet: a CloudEvents 1.0 JSON envelope around a vendor's untouched record.

Extension attributes: ``lookmatchvendor``, ``lookmatchmarket``, ``lookmatchformat``; ``lookmatchimage``, the address of the
picture where the record itself names it only relative to its feed; and ``lookmatchlisted``, when the feed that lists the record
was written, where that is later than ``time``. A packet without ``subject`` is one whose record has no id; it is published all
the same, so that the consumer quarantines it where everybody looks.
"""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any, NoReturn

from cloudevents.core.exceptions import CloudEventValidationError
from cloudevents.core.formats.json import JSONFormat
from cloudevents.core.v1.event import CloudEvent
from pydantic_core import from_json

from lookmatch_assets.feeds.codes import Code, RecordError
from lookmatch_assets.feeds.formats.base import unreadable

UPSERTED = "lookmatch.product.upserted"
REMOVED = "lookmatch.product.removed"
MAX_PACKET_BYTES = 1_048_576
UNREADABLE_SOURCE = "urn:lookmatch:unreadable"

_FORMAT = JSONFormat()
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_CONTEXT_CHARACTERS = 512
LONE_SURROGATE_OR_NUL = re.compile(rb"\\u(0000|[dD][89a-fA-F])")
"""What a JSON text may hold and jsonb may not; whole surrogate pairs are found too."""


@dataclass(frozen=True)
class Packet:
    """A packet whose envelope is sound; its record is not looked at yet.

    Attributes:
        source: URI reference of the sender.
        id: unique within ``source``.
        type: ``UPSERTED`` or ``REMOVED``.
        subject: the vendor's product id; None when the record has none.
        time: when the product changed, in UTC.
        image_url: picture that comes with the record, which then wins over the record's own.
        data: the vendor's record; None for a removal.
        listed_at: when the feed that lists the record was written, in UTC, where that is later than ``time``; else None.
    """

    source: str
    id: str
    type: str
    subject: str | None
    vendor: str
    market: str
    format: str
    time: datetime
    image_url: str | None = None
    data: Any = None
    listed_at: datetime | None = None

    @property
    def said_at(self) -> datetime:
        """As of when the packet speaks: the time of the feed that lists the record, else its own."""
        return self.listed_at or self.time


def source_of(vendor: str, market: str) -> str:
    """The CloudEvents source of a vendor's feed in a market."""
    return f"/feeds/{vendor}/{market}"


def content_digest(packet: Packet) -> str:
    """40 hex digits of what a packet says about its product, whenever it says it."""
    said = [packet.vendor, packet.market, packet.format, packet.type, packet.subject, packet.image_url, packet.data]
    text = json.dumps(said, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()[:40]


def packet_id(packet: Packet) -> str:
    """The id of a packet of ours: what it says, as of when, and when the feed that says it was written.

    A feed read twice has the same ids; what is said again after something else was has a new one. Times are in microseconds since
    1970, in hex.
    """
    times = [packet.time] if packet.listed_at is None else [packet.time, packet.listed_at]
    return ".".join([content_digest(packet), *(f"{(time - _EPOCH) // _MICROSECOND:x}" for time in times)])


def write_packet(packet: Packet) -> bytes:
    """The packet as CloudEvents JSON."""
    attributes: dict[str, Any] = {
        "specversion": "1.0",
        "id": packet.id,
        "source": packet.source,
        "type": packet.type,
        "time": packet.time,
        "datacontenttype": "application/json",
        "lookmatchvendor": packet.vendor,
        "lookmatchmarket": packet.market,
        "lookmatchformat": packet.format,
    }
    if packet.subject:
        attributes["subject"] = packet.subject
    if packet.image_url:
        attributes["lookmatchimage"] = packet.image_url
    if packet.listed_at:
        attributes["lookmatchlisted"] = packet.listed_at.isoformat()
    return _FORMAT.write(CloudEvent(attributes, packet.data))


def sendable_packet(packet: Packet) -> bytes:
    """The packet as CloudEvents JSON; one whose data is too large goes without it, to be refused under its vendor's name."""
    body = write_packet(packet)
    if len(body) <= MAX_PACKET_BYTES:
        return body
    reason = f"{len(body)} bytes; at most {MAX_PACKET_BYTES} bytes are accepted"
    said = unreadable(json.dumps(packet.data, ensure_ascii=False), reason, code=Code.TOO_LARGE)
    return write_packet(replace(packet, data=said.data))


def read_packet(body: bytes) -> Packet:
    """Read an envelope from the stream.

    Raises:
        RecordError: ``too_large`` or ``malformed_packet``.
    """
    if len(body) > MAX_PACKET_BYTES:
        raise RecordError(Code.TOO_LARGE, "packet", f"{len(body)} bytes", f"at most {MAX_PACKET_BYTES} bytes are accepted")
    try:
        attributes = _of_json(body)
    except (ValueError, RecursionError) as error:
        raise RecordError(Code.MALFORMED_PACKET, None, body[:500].decode(errors="replace"), f"not JSON: {error}") from error
    if not isinstance(attributes, dict):
        raise RecordError(Code.MALFORMED_PACKET, None, attributes, "not a JSON object")
    data = attributes.pop("data", None)
    try:
        attributes["time"] = datetime.fromisoformat(attributes["time"])
        return _of_event(CloudEvent(attributes, data))
    except CloudEventValidationError as error:
        raise RecordError(Code.MALFORMED_PACKET, None, None, f"not a CloudEvents 1.0 envelope: {error}") from error
    except (KeyError, TypeError, ValueError, OverflowError) as error:
        raise RecordError(Code.MALFORMED_PACKET, "time", attributes.get("time"), "missing, or not an RFC 3339 time") from error


def identity_of(body: bytes) -> tuple[str, str]:
    """Source and id of a packet whose envelope is not sound, so that it is quarantined once however often it is delivered."""
    return UNREADABLE_SOURCE, hashlib.sha256(body).hexdigest()


def _of_event(event: CloudEvent) -> Packet:
    found = event.get_attributes()
    if found["type"] not in (UPSERTED, REMOVED):
        raise RecordError(Code.MALFORMED_PACKET, "type", found["type"], f"{UPSERTED} and {REMOVED} are accepted")
    for name in ("lookmatchvendor", "lookmatchmarket", "lookmatchformat"):
        if not isinstance(found.get(name), str):
            raise RecordError(Code.MALFORMED_PACKET, name, found.get(name), "missing, or not a text")
    for name in ("id", "source", "subject", "lookmatchvendor", "lookmatchmarket", "lookmatchformat"):
        value = found.get(name)
        if isinstance(value, str) and (len(value) > _CONTEXT_CHARACTERS or not value.isprintable()):
            reason = f"longer than {_CONTEXT_CHARACTERS}, or not printable"
            raise RecordError(Code.MALFORMED_PACKET, name, value, reason)
    return Packet(
        source=found["source"],
        id=found["id"],
        type=found["type"],
        subject=found.get("subject"),
        vendor=found["lookmatchvendor"],
        market=found["lookmatchmarket"],
        format=found["lookmatchformat"],
        time=found["time"].astimezone(UTC),
        image_url=found.get("lookmatchimage"),
        data=event.get_data(),
        listed_at=_listed_at(found),
    )


def _listed_at(found: dict[str, Any]) -> datetime | None:
    """When the feed was written, where that is later than the record's own time, which alone counts otherwise."""
    text = found.get("lookmatchlisted")
    if text is None:
        return None
    try:
        listed_at = datetime.fromisoformat(text)
        if listed_at.tzinfo is not None:
            return listed_at.astimezone(UTC) if listed_at > found["time"] else None
    except (TypeError, ValueError, OverflowError):
        pass
    raise RecordError(Code.MALFORMED_PACKET, "lookmatchlisted", text, "not an RFC 3339 time")


def _of_json(body: bytes) -> Any:
    """The body's value, by pydantic's reader, three times as fast as Python's, except for what only the latter takes."""
    if LONE_SURROGATE_OR_NUL.search(body):
        return json.loads(body, parse_constant=_refuse_constant)
    return from_json(body, allow_inf_nan=False)


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")
