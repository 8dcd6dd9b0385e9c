"""From a stream entry's bytes to what is landed or quarantined; nothing here touches a store."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from pydantic import ValidationError
from pydantic_core import to_json

from lookmatch_assets.feeds.codes import Code, RecordError
from lookmatch_assets.feeds.formats import RawRecord, load_format
from lookmatch_assets.feeds.formats.base import UNSTORABLE
from lookmatch_assets.feeds.packet import LONE_SURROGATE_OR_NUL, REMOVED, Packet, content_digest, identity_of, read_packet
from lookmatch_assets.feeds.record import FeedRecord, ProductKey, valid_market, valid_subject, valid_vendor

BODY_BYTES_KEPT = 1_048_576
_CLOCK_SKEW = timedelta(minutes=10)

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Accepted:
    """A packet to land.

    Attributes:
        record: what its data says; None for a removal.
        data_json: its data as JSON that jsonb takes; None when it has none.
    """

    packet: Packet
    key: ProductKey
    record: FeedRecord | None
    data_json: str | None


@dataclass(frozen=True)
class Refused:
    """A packet to quarantine.

    Attributes:
        packet: its envelope; None when that is unreadable.
        body: what arrived, cut to ``BODY_BYTES_KEPT``.
        said: digest of what it says, whenever it says it; its id when that is all that can be told of it.
    """

    source: str
    id: str
    packet: Packet | None
    error: RecordError
    body: str
    said: str


def read_entry(body: bytes, mapping_folder: Path | None = None) -> Accepted | Refused:
    """Read an entry of the stream: the envelope, the product's key and, in its vendor's format, the record."""
    packet: Packet | None = None
    try:
        packet = read_packet(body)
        key = ProductKey(valid_vendor(packet.vendor), valid_market(packet.market), "")
        latest = datetime.now(UTC) + _CLOCK_SKEW
        for name, time in (("time", packet.time), ("lookmatchlisted", packet.listed_at)):
            if time is not None and time > latest:
                raise RecordError(Code.INVALID_TIME, name, time, "in the future; it would keep out every later packet")
        data = _storable(packet.data) if LONE_SURROGATE_OR_NUL.search(body) else packet.data
        record = None if packet.type == REMOVED else _read_record(packet, key, data, mapping_folder)
        subject = valid_subject(packet.subject, "subject")
        if record is not None and record.vendor_product_id != subject:
            reason = f"the record's id is {record.vendor_product_id}"
            raise RecordError(Code.MALFORMED_PACKET, "subject", subject, reason)
        text = None if data is None else to_json(data).decode()
        return Accepted(packet, key._replace(subject=subject), record, text)
    except RecordError as error:
        return refuse(body, error, packet)
    except ValidationError as error:
        first = error.errors()[0]
        field = ".".join(map(str, first["loc"]))
        code = Code.TOO_LARGE if first["type"] == "string_too_long" else Code.MALFORMED_RECORD
        return refuse(body, RecordError(code, field, first.get("input"), first["msg"]), packet)
    except Exception as error:  # a fault of ours in one record must not stop the others
        logger.exception("a packet could not be read")
        reason = f"the reader failed: {type(error).__name__}: {error}"
        return refuse(body, RecordError(Code.MALFORMED_RECORD, None, None, reason), packet)


def refuse(body: bytes, error: RecordError, packet: Packet | None = None) -> Refused:
    """What to quarantine for a packet that is refused.

    The error is kept without its traceback, whose frames hold the whole batch in a cycle: collecting that garbage took a tenth of
    the landing time among 1 % of poison (`python -m benchmarks landing`).
    """
    error.__traceback__ = error.__cause__ = error.__context__ = None
    source, packet_id = (packet.source, packet.id) if packet else identity_of(body)
    text = body[:BODY_BYTES_KEPT].decode(errors="replace").replace("\x00", "�")
    return Refused(source, packet_id, packet, error, text, _said(packet) or packet_id)


def _said(packet: Packet | None) -> str | None:
    """Digest of what a packet says; None for data that nest deeper than can be written."""
    try:
        return content_digest(packet) if packet else None
    except RecursionError:
        return None


def _read_record(packet: Packet, key: ProductKey, data: Any, mapping_folder: Path | None) -> FeedRecord:
    feed_format = load_format(packet.format, mapping_folder)
    raw = RawRecord(data, packet.subject, packet.image_url, packet.time)
    return feed_format.parse(raw, key.market, key.vendor)


def _storable(value: Any) -> Any:
    """The value without the characters that jsonb refuses (NUL and lone surrogates)."""
    if isinstance(value, str):
        return UNSTORABLE.sub("�", value)
    if isinstance(value, list):
        return [_storable(item) for item in value]
    if isinstance(value, dict):
        return {_storable(name): _storable(item) for name, item in value.items()}
    return value
