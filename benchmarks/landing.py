"""`python -m benchmarks landing`: packets landed a second, beside the plainest way of the same server with the same bytes.

Everything happens in a database and a stream of its own, which are dropped at the end.
"""

from __future__ import annotations

import copy
import secrets
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from itertools import cycle, islice
from pathlib import Path
from statistics import median
from typing import Any

import click
import psycopg
import redis
from psycopg import sql
from rich.console import Console
from rich.table import Table
from sqlalchemy import make_url
from tqdm import tqdm

from lookmatch_assets.feeds.consumer import BATCH, Consumer
from lookmatch_assets.feeds.formats import RawRecord, load_format
from lookmatch_assets.feeds.landing import PACKET_COLUMNS, Counts
from lookmatch_assets.feeds.packet import Packet, packet_id, write_packet
from lookmatch_assets.feeds.publisher import PACKET_FIELD, FeedFile, packet_of, publish, read_options
from lookmatch_assets.migrations import migrate
from lookmatch_assets.synthetic.catalogue import write_feeds
from lookmatch_serving.embedded import Services, ensure_services
from lookmatch_serving.errors import LookmatchError
from lookmatch_serving.settings import Settings, read_settings

FORMAT, VENDOR, MARKET = "myntra-style", "meridian", "IN"
START = datetime(2026, 1, 1, tzinfo=UTC)
POISON_EVERY = 100
ROWS_ONE_BY_ONE = 2_000
"""Rows of the row-by-row peer: enough for a rate, few enough to wait for."""


class BenchmarkError(LookmatchError):
    """A count that must add up did not."""


@dataclass(frozen=True)
class Landed:
    """Seconds a run took and what became of its packets."""

    seconds: float
    counts: Counts


@contextmanager
def scratch_database(services: Services) -> Iterator[Services]:
    """A migrated database of its own on the same server, dropped at the end."""
    name = f"bench_{secrets.token_hex(4)}"
    with psycopg.connect(services.database_url, autocommit=True) as connection:
        connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
    url = make_url(services.database_url).set(database=name).render_as_string(hide_password=False)
    try:
        migrate(url)
        yield Services(url, services.redis_url)
    finally:
        with psycopg.connect(services.database_url, autocommit=True) as connection:
            connection.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))


def sample_packets(settings: Settings, count: int) -> list[Packet]:
    """Packets of distinct products: the sample vendor's records under new ids, over and over."""
    with tempfile.TemporaryDirectory(prefix="lookmatch-bench-") as folder:
        feed = next(one for one in write_feeds(Path(folder)).feeds if one.vendor == VENDOR)
        file = FeedFile(VENDOR, MARKET, FORMAT, feed.path)
        records = [raw for raw in load_format(FORMAT, None).read(feed.path, read_options(settings, file)) if raw.subject]
    return [_renumbered(raw, file, number) for number, raw in enumerate(islice(cycle(records), count))]


def _renumbered(raw: RawRecord, feed: FeedFile, number: int) -> Packet:
    data = copy.deepcopy(raw.data)
    data["id"] = 1_000_000 + number
    return packet_of(replace(raw, data=data, subject=str(data["id"]), changed_at=START), feed)


def repriced(packets: list[Packet]) -> list[Packet]:
    """The same products a day later, dearer."""
    changed = []
    for packet in packets:
        price = packet.data["price"] + 10
        data: dict[str, Any] = {**packet.data, "price": price, "discountedPrice": price}
        later = replace(packet, data=data, time=packet.time + timedelta(days=1))
        changed.append(replace(later, id=packet_id(later)))
    return changed


def land_all(services: Services, packets: list[Packet], poison: int = 0, batch: int = BATCH) -> Landed:
    """Publish packets (and a number of unreadable bodies among them), then time one consumer until all are landed."""
    stream = f"lookmatch:bench:{secrets.token_hex(4)}"
    with redis.Redis.from_url(services.redis_url) as client:
        try:
            step = len(packets) // poison if poison else len(packets)
            for start in range(0, len(packets), step):
                publish(client, stream, packets[start : start + step])
                if poison:
                    client.xadd(stream, {PACKET_FIELD: f"not a packet {start}".encode()})
            begun = time.perf_counter()
            counts = Consumer(client, stream, services.database_url, batch=batch).consume(until_empty=True)
            return Landed(time.perf_counter() - begun, counts)
        finally:
            client.delete(stream)


def copy_seconds(database_url: str, packets: list[Packet]) -> float:
    """Seconds of one COPY of the packets' bytes into a table of one column."""
    bodies = [write_packet(packet).decode() for packet in packets]
    with psycopg.connect(database_url, autocommit=True) as connection:
        connection.execute("CREATE TABLE copied (body text)")
        begun = time.perf_counter()
        with connection.cursor() as cursor, cursor.copy("COPY copied (body) FROM STDIN") as copy_in:
            for body in bodies:
                copy_in.write_row((body,))
        return time.perf_counter() - begun


def copy_rows_seconds(database_url: str) -> float:
    """Seconds of one COPY of the rows that landing stored into a table with the same columns, types, keys and indexes."""
    names = sql.SQL(", ").join(sql.Identifier(name) for name in PACKET_COLUMNS)
    with psycopg.connect(database_url, autocommit=True) as connection:
        connection.execute("CREATE TABLE copied_packets (LIKE landing.packets INCLUDING ALL)")
        with connection.cursor() as cursor:
            with cursor.copy(sql.SQL("COPY (SELECT {} FROM landing.packets) TO STDOUT").format(names)) as copy_out:
                rows = [bytes(row) for row in copy_out]
            begun = time.perf_counter()
            with cursor.copy(sql.SQL("COPY copied_packets ({}) FROM STDIN").format(names)) as copy_in:
                for row in rows:
                    copy_in.write(row)
        return time.perf_counter() - begun


def row_by_row_seconds(database_url: str, packets: list[Packet]) -> float:
    """Seconds a row to upsert the packets' prices one statement and one commit at a time."""
    statement = (
        "INSERT INTO priced VALUES (%s, %s, %s) ON CONFLICT (product_id) DO UPDATE SET price = excluded.price, at = excluded.at"
    )
    with psycopg.connect(database_url, autocommit=True) as connection:
        connection.execute("CREATE TABLE priced (product_id text PRIMARY KEY, price bigint, at timestamptz)")
        begun = time.perf_counter()
        for packet in packets[:ROWS_ONE_BY_ONE]:
            connection.execute(statement, (packet.subject, packet.data["price"], packet.time))
        return (time.perf_counter() - begun) / min(len(packets), ROWS_ONE_BY_ONE)


def check(landed: Landed, expected: int, quarantined: int = 0) -> None:
    """Hold the counts.

    Raises:
        BenchmarkError: packets are missing or too many.
    """
    counts = landed.counts
    if (counts.landed, counts.quarantined, counts.received) != (expected, quarantined, expected + quarantined):
        raise BenchmarkError(f"expected {expected} landed and {quarantined} quarantined, got {counts}")


@dataclass(frozen=True)
class Measured:
    """Packets per second of every way; ``clean`` and ``poisoned`` are medians of runs that took turns."""

    landed: float
    copied_bytes: float
    copied_rows: float
    updated: float
    updated_one_by_one: float
    upserted_bare: float
    clean: float
    poisoned: float
    again: Counts


def measure(services: Services, packets: list[Packet], turns: int, done: Callable[[], object]) -> Measured:
    """Land, copy, update and poison the same packets.

    Args:
        services: addresses of the stores.
        packets: of distinct products.
        turns: runs with and without poison.
        done: called after each of ``3 + 2 * turns`` parts.
    """
    count = len(packets)
    with scratch_database(services) as own:
        first = land_all(own, packets)
        check(first, count)
        plain, rows = copy_seconds(own.database_url, packets), copy_rows_seconds(own.database_url)
        done()
        changed = land_all(own, repriced(packets))
        check(changed, count)
        later = repriced(repriced(packets[:ROWS_ONE_BY_ONE]))
        single = land_all(own, later, batch=1)
        check(single, len(later))
        one_row = row_by_row_seconds(own.database_url, repriced(packets))
        done()
        again = land_all(own, packets)
        done()
    rates: dict[int, list[float]] = {0: [], count // POISON_EVERY: []}
    for poison in [0, count // POISON_EVERY] * turns:
        good = packets[: count - poison]  # as many entries with poison as without, so that both fill their batches alike
        with scratch_database(services) as own:
            landed = land_all(own, good, poison)
        check(landed, len(good), len(range(0, len(good), len(good) // poison)) if poison else 0)
        rates[poison].append(len(good) / landed.seconds)
        done()
    clean, poisoned = (median(found) for found in rates.values())
    return Measured(
        count / first.seconds, count / plain, count / rows, count / changed.seconds, len(later) / single.seconds, 1 / one_row,
        clean, poisoned, again.counts,
    )  # fmt: skip


@click.command("landing")
@click.option("--packets", "count", default=20_000, show_default=True, type=click.IntRange(1_000, 1_000_000), help="Of each run.")
@click.option("--turns", default=3, show_default=True, type=click.IntRange(1, 20), help="Runs with and without poison, in turn.")
def bench_landing(count: int, turns: int) -> None:
    """Measure landing, price updates and poison packets beside COPY and row-by-row upserts on the same server."""
    settings = read_settings()
    services = ensure_services(settings)
    packets = sample_packets(settings, count)
    with tqdm(total=3 + 2 * turns, desc="landing", unit="part") as progress:
        found = measure(services, packets, turns, progress.update)
    title = f"{count} packets of {sum(len(write_packet(p)) for p in packets) // count} bytes, one consumer"
    table = Table("measure", "per second", "beside it", "per second", "ratio", "aim", title=title)
    for measure_, ours, peer, theirs, aim in (
        ("packets landed", found.landed, "COPY of the same rows into the same table", found.copied_rows, ">= 0.2"),
        ("packets landed", found.landed, "COPY of the bytes as text, no key, no JSON", found.copied_bytes, ""),
        ("price updates", found.updated, "the same, one upsert a transaction", found.updated_one_by_one, ">= 10"),
        ("price updates", found.updated, "a bare price upserted, nothing landed", found.upserted_bare, ""),
        ("landed among 1 % poison", found.poisoned, "without poison", found.clean, ">= 0.95"),
    ):
        table.add_row(measure_, f"{ours:,.0f}", peer, f"{theirs:,.0f}", f"{ours / theirs:.2f}", aim)
    Console(width=130).print(table)
    click.echo(f"the same {count} packets again: {found.again}")
