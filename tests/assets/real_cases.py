"""Feeds as vendors send them, kept in ``cases/``, read as a push would read them."""

from __future__ import annotations

from pathlib import Path

from lookmatch_assets.feeds.formats import ReadOptions, detect_format, load_format
from lookmatch_assets.feeds.packet import sendable_packet
from lookmatch_assets.feeds.publisher import FeedFile, packet_of
from lookmatch_assets.feeds.reading import Accepted, Refused, read_entry
from lookmatch_assets.feeds.record import FeedRecord

CASES = Path(__file__).parent / "cases"
VENDOR = "v"


def read_feed(path: Path, market: str = "US", format_name: str | None = None) -> list[Accepted | Refused]:
    """What becomes of each record of a feed: detected, read, put into packets and read by the consumer, in its order."""
    name = format_name or detect_format(path, VENDOR)
    feed = FeedFile(VENDOR, market, name, path)
    options = ReadOptions(path.parent / "workspace", VENDOR, extract=False)
    return [read_entry(sendable_packet(packet_of(raw, feed))) for raw in load_format(name).read(path, options)]


def told(path: Path, market: str = "US") -> dict[str | None, FeedRecord | str]:
    """Id -> the record that lands, or the code that it is refused with."""
    found: dict[str | None, FeedRecord | str] = {}
    for entry in read_feed(path, market):
        subject = entry.packet.subject if entry.packet else None
        assert subject not in found, f"{subject} twice"
        found[subject] = str(entry.error.code) if isinstance(entry, Refused) else landed(entry)
    return found


def landed(entry: Accepted | Refused) -> FeedRecord:
    """The record of an entry that lands."""
    assert isinstance(entry, Accepted), entry
    assert entry.record is not None
    return entry.record
