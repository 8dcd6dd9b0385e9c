"""Puts a feed on the stream, one packet a record.

A packet is made from its record and its feed's file alone; whether it says something new is for the consumer to find. Only what a
full feed no longer lists is read from the landing database, since no packet tells of it.

The stream is never trimmed, since trimming loses packets: the consumer deletes each entry once it is committed. A publisher
therefore waits while more than ``FULL_STREAM`` entries are there, and gives up with an error when nothing takes any off for
``PATIENCE_SECONDS``.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from typing import Protocol

import psycopg
import redis

from lookmatch_assets.feeds.formats import RawRecord, ReadOptions, load_format
from lookmatch_assets.feeds.formats.base import UNSTORABLE, shallow
from lookmatch_assets.feeds.packet import UPSERTED, Packet, packet_id, sendable_packet, source_of
from lookmatch_assets.feeds.record import valid_market, valid_vendor
from lookmatch_assets.feeds.removals import Removals, find_removals, removal_packet, written_at
from lookmatch_serving.embedded import Services
from lookmatch_serving.errors import InvalidInputError, UpstreamError
from lookmatch_serving.settings import Settings

FULL_STREAM = 100_000
PATIENCE_SECONDS = 60.0
BATCH = 500
PACKET_FIELD = "packet"
_LONGEST_ID = 512


class Feed(Protocol):
    """Whose feed it is, how it is written, where it lies and the most records to take of it (None: all)."""

    @property
    def vendor(self) -> str: ...  # noqa: D102
    @property
    def market(self) -> str: ...  # noqa: D102
    @property
    def format(self) -> str: ...  # noqa: D102
    @property
    def path(self) -> Path: ...  # noqa: D102
    @property
    def limit(self) -> int | None: ...  # noqa: D102


@dataclass(frozen=True)
class FeedFile:
    """A feed on disk; see ``Feed``."""

    vendor: str
    market: str
    format: str
    path: Path
    limit: int | None = None


@dataclass(frozen=True)
class PublishReport:
    """How many packets a feed became.

    Attributes:
        packets: all that were published, removals included.
        removals: what a full feed no longer lists, and whether its removal is held; None for a feed that is not full.
    """

    packets: int
    removals: Removals | None = None

    def __str__(self) -> str:
        removed = len(self.removals.absent) if self.removals and not self.removals.held else 0
        return f"{self.packets} packets, {removed} of them removals" if removed else f"{self.packets} packets"


def mapping_folder(settings: Settings) -> Path:
    """Where this installation keeps vendors' own mappings."""
    return settings.home / "vendors"


def read_options(settings: Settings, feed: Feed, extract: bool = True) -> ReadOptions:
    """How a feed is read here; pictures out of archives go to ``<home>/feeds/<vendor>/<market>``."""
    return ReadOptions(settings.home / "feeds" / feed.vendor / feed.market, feed.vendor, feed.limit, extract)


def publish_feed(
    settings: Settings,
    services: Services,
    feed: Feed,
    progress: Callable[[int], object] | None = None,
    *,
    full: bool = False,
    confirm_removals: bool = False,
) -> PublishReport:
    """Publish a feed, one packet a record.

    Args:
        settings: of this home.
        services: addresses of the stores.
        feed: what to publish.
        progress: called with the packets published by each batch.
        full: the feed lists all that the vendor sells in the market; live products that it lacks are removed, unless they are
            more than the share ``settings.feed_removal_limit``.
        confirm_removals: remove them however many they are.

    Raises:
        InvalidInputError: the path is not a feed of this format, or a limit was given for a full feed.
        RecordError: the format, vendor or market is unknown.
        UpstreamError: the stream stayed full.
    """
    valid_vendor(feed.vendor)
    valid_market(feed.market)
    if full and feed.limit is not None:
        raise InvalidInputError("limit", feed.limit, "none is accepted with a full feed: what it leaves out would be removed")
    path, stream = feed.path.resolve(), settings.packet_stream
    raw_records = load_format(feed.format, mapping_folder(settings)).read(path, read_options(settings, feed))
    written = written_at(path)
    listed: set[str] = set()
    with redis.Redis.from_url(services.redis_url) as client:
        waiting = int(client.xlen(stream))
        packets = _noting((packet_of(raw, feed, written) for raw in raw_records), listed)
        published = publish(client, stream, packets, progress=progress)
        if not full:
            return PublishReport(published)
        removals = _removals(settings, services, feed, listed, written, waiting, confirm_removals)
        if not removals.held:
            whose = (feed.vendor, str(feed.market), feed.format)
            gone = (removal_packet(*whose, subject, written) for subject in removals.absent)
            published += publish(client, stream, gone, progress=progress)
        return PublishReport(published, removals)


def _removals(
    settings: Settings, services: Services, feed: Feed, listed: set[str], written: datetime, waiting: int, confirmed: bool
) -> Removals:
    """What a full feed removes, by the products that are live in the landing database."""
    with psycopg.connect(services.database_url) as connection:
        return find_removals(
            connection,
            feed.vendor,
            str(feed.market),
            listed,
            written,
            waiting=waiting,
            limit=settings.feed_removal_limit,
            confirmed=confirmed,
        )


def packet_of(raw: RawRecord, feed: Feed, listed_at: datetime | None = None) -> Packet:
    """The packet of a record.

    Args:
        raw: the record.
        feed: whose it is.
        listed_at: when the feed that lists it was written; the packet's time where the record has none, else beside that, so that
            a product can come back with a record that is older than its removal. None: the record comes by itself.
    """
    raw = shallow(raw)
    time = raw.changed_at or listed_at or datetime.now(UTC)
    packet = Packet(
        source=source_of(feed.vendor, str(feed.market)),
        id="",
        type=UPSERTED,
        subject=UNSTORABLE.sub("�", raw.subject[:_LONGEST_ID]) if raw.subject else None,
        vendor=feed.vendor,
        market=str(feed.market),
        format=feed.format,
        time=time,
        image_url=raw.image_url,
        data=raw.data,
        listed_at=listed_at if listed_at is not None and listed_at > time else None,
    )
    return replace(packet, id=packet_id(packet))


def publish(
    client: redis.Redis,
    stream: str,
    packets: Iterable[Packet],
    *,
    progress: Callable[[int], object] | None = None,
    full_stream: int = FULL_STREAM,
    patience_seconds: float = PATIENCE_SECONDS,
) -> int:
    """Put packets on the stream.

    Args:
        client: of the store that holds the stream.
        stream: its name.
        packets: to publish.
        progress: called with the packets published by each batch.
        full_stream: entries at which the publisher waits.
        patience_seconds: how long it waits while nothing is taken off.

    Returns:
        Packets published.

    Raises:
        UpstreamError: the stream stayed full.
    """
    published = 0
    for batch in _batches(packets):
        _wait_for_room(client, stream, full_stream, patience_seconds)
        with client.pipeline(transaction=False) as pipeline:
            for packet in batch:
                pipeline.xadd(stream, {PACKET_FIELD: sendable_packet(packet)})
            pipeline.execute()
        published += len(batch)
        if progress:
            progress(len(batch))
    return published


def _noting(packets: Iterable[Packet], listed: set[str]) -> Iterator[Packet]:
    """The packets, while their subjects are noted."""
    for packet in packets:
        if packet.subject:
            listed.add(packet.subject)
        yield packet


def _batches(packets: Iterable[Packet]) -> Iterator[list[Packet]]:
    iterator = iter(packets)
    while batch := list(islice(iterator, BATCH)):
        yield batch


def _wait_for_room(client: redis.Redis, stream: str, full_stream: int, patience_seconds: float) -> None:
    least = int(client.xlen(stream))
    end = time.monotonic() + patience_seconds
    while (length := int(client.xlen(stream))) >= full_stream:
        if length < least:
            least, end = length, time.monotonic() + patience_seconds
        if time.monotonic() > end:
            raise UpstreamError(f"{length} packets wait on {stream} and nothing takes them off; start 'lookmatch consume'")
        time.sleep(0.2)
