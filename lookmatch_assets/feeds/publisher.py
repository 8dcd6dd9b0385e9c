"""Puts a feed on the stream, one packet a record.

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
from typing import Any, Protocol

import psycopg
import redis

from lookmatch_assets.feeds.formats import RawRecord, ReadOptions, load_format
from lookmatch_assets.feeds.packet import UPSERTED, Packet, content_id, returning_id, sendable_packet, source_of
from lookmatch_assets.feeds.record import valid_market, valid_vendor
from lookmatch_assets.feeds.removals import Removals, find_removals, removal_packet, written_at
from lookmatch_serving.db import read_sql
from lookmatch_serving.embedded import Services
from lookmatch_serving.errors import InvalidInputError, UpstreamError
from lookmatch_serving.settings import Settings

FULL_STREAM = 100_000
PATIENCE_SECONDS = 60.0
BATCH = 500
PACKET_FIELD = "packet"
_LONGEST_ID = 512

Connection = psycopg.Connection[Any]


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
    path, stream, market = feed.path.resolve(), settings.packet_stream, str(feed.market)
    raw_records = load_format(feed.format, mapping_folder(settings)).read(path, read_options(settings, feed))
    moment = written_at(path)
    listed: set[str] = set()
    packets = (packet_of(raw, feed) for raw in raw_records)
    with redis.Redis.from_url(services.redis_url) as client, psycopg.connect(services.database_url) as connection:
        waiting = int(client.xlen(stream))
        noted = _noting(packets, listed)
        published = publish(client, stream, noted, connection=connection, progress=progress, listed_at=moment)
        if not full:
            return PublishReport(published)
        limit = settings.feed_removal_limit
        removals = find_removals(
            connection, feed.vendor, market, listed, moment, waiting=waiting, limit=limit, confirmed=confirm_removals
        )
        if not removals.held:
            name = feed.format
            gone = (removal_packet(feed.vendor, market, name, subject, moment) for subject in removals.absent)
            published += publish(client, stream, gone, connection=connection, progress=progress)
        return PublishReport(published, removals)


def packet_of(raw: RawRecord, feed: Feed, pushed_at: datetime | None = None) -> Packet:
    """The packet of a record; its id is a digest of what it says, its time the record's, else the file's, else the push's."""
    packet = Packet(
        source=source_of(feed.vendor, str(feed.market)),
        id="",
        type=UPSERTED,
        subject=raw.subject[:_LONGEST_ID] if raw.subject else None,
        vendor=feed.vendor,
        market=str(feed.market),
        format=feed.format,
        time=raw.changed_at or pushed_at or datetime.now(UTC),
        image_url=raw.image_url,
        data=raw.data,
    )
    return replace(packet, id=content_id(packet))


def publish(
    client: redis.Redis,
    stream: str,
    packets: Iterable[Packet],
    *,
    connection: Connection | None = None,
    progress: Callable[[int], object] | None = None,
    listed_at: datetime | None = None,
    full_stream: int = FULL_STREAM,
    patience_seconds: float = PATIENCE_SECONDS,
) -> int:
    """Put packets on the stream.

    Args:
        client: of the store that holds the stream.
        stream: its name.
        packets: to publish.
        connection: to the landing database, to tell a product that returns to what it once was from a duplicate.
        progress: called with the packets published by each batch.
        listed_at: when the feed that lists the products was written; see ``tell_returns``.
        full_stream: entries at which the publisher waits.
        patience_seconds: how long it waits while nothing is taken off.

    Returns:
        Packets published.

    Raises:
        UpstreamError: the stream stayed full.
    """
    backlog = int(client.xlen(stream)) > 0
    published = 0
    for batch in _batches(packets):
        if connection is not None:
            batch = tell_returns(connection, batch, backlog, listed_at)
        _wait_for_room(client, stream, full_stream, patience_seconds)
        with client.pipeline(transaction=False) as pipeline:
            for packet in batch:
                pipeline.xadd(stream, {PACKET_FIELD: sendable_packet(packet)})
            pipeline.execute()
        published += len(batch)
        if progress:
            progress(len(batch))
    return published


def tell_returns(
    connection: Connection, packets: list[Packet], backlog: bool = False, listed_at: datetime | None = None
) -> list[Packet]:
    """Give a new id to each packet that says again what was said before something else was.

    Without it a price that goes back to what it was would be taken for a duplicate of the first time. A packet no newer than
    the newest landed one keeps its id, so that pushing a feed again is all duplicates. What was refused in between counts as
    said: it may land yet, by replay.

    Args:
        connection: to the landing database.
        packets: with digests as ids.
        backlog: packets wait on the stream, so that the newest landed ones may not be the newest.
        listed_at: when the feed was written. A record whose own time is older than its product's removal brings the product
            back as of then, if the feed was written after the removal.
    """
    products = [f"{packet.vendor}:{packet.market}:{packet.subject}" for packet in packets]
    rows = connection.execute(read_sql(__package__, "newest_packets"), {"product_id": list(set(products))}).fetchall()
    connection.commit()
    newest = {product: rest for product, *rest in rows}
    told = []
    for product, packet in zip(products, packets, strict=True):
        newest_id, moment, ids, removed, refused_since = newest.get(product, (packet.id, packet.time, [], False, False))
        time_said = packet.time
        if removed and packet.type == UPSERTED and listed_at is not None and packet.time <= moment < listed_at:
            time_said = listed_at
        unchanged = newest_id == packet.id or newest_id.startswith(packet.id + ".")
        returns = time_said > moment and (backlog or (packet.id in ids and (refused_since or not unchanged)))
        told.append(
            replace(packet, id=returning_id(packet.id, time_said), time=time_said) if returns else replace(packet, time=time_said)
        )
    return told


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
