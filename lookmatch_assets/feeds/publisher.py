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

from lookmatch_assets.feeds.formats import RawRecord, ReadOptions, canonical_format, load_format
from lookmatch_assets.feeds.packet import UPSERTED, Packet, content_id, returning_id, source_of, write_packet
from lookmatch_assets.feeds.record import valid_market, valid_vendor
from lookmatch_serving.db import read_sql
from lookmatch_serving.embedded import Services
from lookmatch_serving.errors import UpstreamError
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
    """How many packets a feed became."""

    packets: int

    def __str__(self) -> str:
        return f"{self.packets} packets"


def mapping_folder(settings: Settings) -> Path:
    """Where this installation keeps vendors' own mappings."""
    return settings.home / "vendors"


def read_options(settings: Settings, feed: Feed, extract: bool = True) -> ReadOptions:
    """How a feed is read here; pictures out of archives go to ``<home>/feeds/<vendor>/<market>``."""
    return ReadOptions(settings.home / "feeds" / feed.vendor / feed.market, feed.vendor, feed.limit, extract)


def publish_feed(
    settings: Settings, services: Services, feed: Feed, progress: Callable[[int], object] | None = None
) -> PublishReport:
    """Publish a feed, one packet a record.

    Args:
        settings: of this home.
        services: addresses of the stores.
        feed: what to publish.
        progress: called with the packets published by each batch.

    Raises:
        InvalidInputError: the path is not a feed of this format.
        RecordError: the format, vendor or market is unknown.
        UpstreamError: the stream stayed full.
    """
    valid_vendor(feed.vendor)
    valid_market(feed.market)
    raw_records = load_format(feed.format, mapping_folder(settings)).read(feed.path.resolve(), read_options(settings, feed))
    packets = (packet_of(raw, feed) for raw in raw_records)
    with redis.Redis.from_url(services.redis_url) as client, psycopg.connect(services.database_url) as connection:
        return PublishReport(publish(client, settings.packet_stream, packets, connection=connection, progress=progress))


def packet_of(raw: RawRecord, feed: Feed, pushed_at: datetime | None = None) -> Packet:
    """The packet of a record; its id is a digest of what it says, its time the record's, else the file's, else the push's."""
    packet = Packet(
        source=source_of(feed.vendor, str(feed.market)),
        id="",
        type=UPSERTED,
        subject=raw.subject[:_LONGEST_ID] if raw.subject else None,
        vendor=feed.vendor,
        market=str(feed.market),
        format=canonical_format(feed.format),
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
            batch = tell_returns(connection, batch, backlog)
        _wait_for_room(client, stream, full_stream, patience_seconds)
        with client.pipeline(transaction=False) as pipeline:
            for packet in batch:
                pipeline.xadd(stream, {PACKET_FIELD: write_packet(packet)})
            pipeline.execute()
        published += len(batch)
        if progress:
            progress(len(batch))
    return published


def tell_returns(connection: Connection, packets: list[Packet], backlog: bool = False) -> list[Packet]:
    """Give a new id to each packet that says again what was said before something else was.

    Without it a price that goes back to what it was would be taken for a duplicate of the first time. A packet no newer than
    the newest landed one keeps its id, so that pushing a feed again is all duplicates.

    Args:
        connection: to the landing database.
        packets: with digests as ids.
        backlog: packets wait on the stream, so that the newest landed ones may not be the newest.
    """
    products = [f"{packet.vendor}:{packet.market}:{packet.subject}" for packet in packets]
    rows = connection.execute(read_sql("lookmatch_assets", "newest_packets"), {"product_id": list(set(products))}).fetchall()
    connection.commit()
    newest = {product: (packet_id, moment, ids) for product, packet_id, moment, ids in rows}
    told = []
    for product, packet in zip(products, packets, strict=True):
        newest_id, moment, ids = newest.get(product, (packet.id, packet.time, []))
        unchanged = newest_id == packet.id or newest_id.startswith(packet.id + ".")
        returns = packet.time > moment and (backlog or (packet.id in ids and not unchanged))
        told.append(replace(packet, id=returning_id(packet.id, packet.time)) if returns else packet)
    return told


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
