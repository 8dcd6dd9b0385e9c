"""Consumers that are killed with SIGKILL at random moments while packets flow, and what must hold afterwards."""

from __future__ import annotations

import multiprocessing
import os
import random
import signal
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import redis

from lookmatch_assets.feeds.consumer import GROUP, Consumer
from lookmatch_assets.feeds.packet import UPSERTED, Packet, packet_id, source_of, write_packet
from lookmatch_assets.feeds.publisher import PACKET_FIELD

BATCH = 40
IDLE_SECONDS = 0.2
VERSIONS = 3
_REPEATED = 0.05
_START = datetime(2026, 1, 1, tzinfo=UTC)
_PROCESSES = multiprocessing.get_context("forkserver")
_PROCESSES.set_forkserver_preload(["tests.assets.killing"])


@dataclass(frozen=True)
class Flow:
    """Packets in the order in which they are sent, some twice, and the price in minor units that each product ends with."""

    bodies: list[bytes]
    packets: int
    prices: dict[str, int]


@dataclass
class Killed:
    """What was done to the consumers.

    Attributes:
        kills: consumers killed.
        interrupted: of those, how many held packets that were delivered and not acknowledged.
        left_behind: packets that they held, each time counted.
        seconds: of the whole flow.
    """

    kills: int = 0
    interrupted: int = 0
    left_behind: int = 0
    seconds: float = 0.0


def make_flow(packets: int, seed: int) -> Flow:
    """Packets of a third as many products, each product's versions in any order, and one in twenty sent twice."""
    chance = random.Random(seed)
    prices: dict[str, int] = {}
    bodies: list[bytes] = []
    for number in range(packets):
        product, version = divmod(number, VERSIONS)
        price = chance.randint(100, 99_999)
        prices[f"north:US:{product}"] = price
        bodies.append(_body(str(product), version, price))
    sent = [*bodies, *chance.sample(bodies, int(_REPEATED * packets))]
    chance.shuffle(sent)
    return Flow(sent, packets, prices)


def kill_consumers(client: redis.Redis, stream: str, database_url: str, flow: Flow, *, kills: int, seed: int) -> Killed:
    """Send the flow while one consumer after another is killed; then let a last one land what is left.

    Each consumer has its share of the flow to work on. Half the kills come at any moment of it; the others a random while after
    a delivery was seen, so that most of them fall between delivery and acknowledgement.

    Args:
        client: of the store that holds the stream.
        stream: its name.
        database_url: of the landing database.
        flow: what to send.
        kills: least number of consumers to kill; more are killed while none was interrupted.
        seed: of the moments.
    """
    chance = random.Random(seed)
    done = Killed()
    started = time.monotonic()
    shares = [flow.bodies[number :: kills + 1] for number in range(kills + 1)]
    for share in shares[:kills]:
        _kill_one(client, stream, database_url, share, chance, done)
    while done.interrupted == 0 and done.kills < 3 * kills + 30:
        _kill_one(client, stream, database_url, [], chance, done)
    _send(client, stream, shares[-1])
    _consumer(client, stream, database_url).consume(until_empty=True)
    done.seconds = time.monotonic() - started
    return done


def kill_itself_before_acknowledging(redis_url: str, stream: str, database_url: str) -> int:
    """Let a consumer store a batch and die before it acknowledges; its exit code."""
    process = _PROCESSES.Process(target=_die_before_acknowledging, args=(redis_url, stream, database_url))
    process.start()
    process.join(60)
    return process.exitcode or 0


def _body(subject: str, version: int, price: int) -> bytes:
    data = {"id": subject, "title": f"Shirt {version}", "price": f"{price / 100:.2f} USD", "availability": "in_stock"}
    data["image_link"] = "https://a.example/1.jpg"
    moment = _START + timedelta(minutes=version)
    made = Packet(source_of("north", "US"), "", UPSERTED, subject, "north", "US", "google-merchant", moment, None, data)
    return write_packet(Packet(**{**vars(made), "id": packet_id(made)}))


def _kill_one(
    client: redis.Redis, stream: str, database_url: str, share: Sequence[bytes], chance: random.Random, done: Killed
) -> None:
    url = _url_of(client)
    name = f"victim-{done.kills}"
    process = _PROCESSES.Process(target=_consume, args=(url, stream, database_url, name))
    process.start()
    sender = threading.Thread(target=_send, args=(client, stream, share))
    sender.start()
    if chance.random() < 0.5:
        time.sleep(chance.uniform(0, 0.5))
    else:
        _wait_for_delivery(client, stream, seconds=5)
        time.sleep(chance.uniform(0, 0.02))
    process.kill()
    process.join(30)
    sender.join(30)
    if process.exitcode != -signal.SIGKILL:
        raise AssertionError(f"the consumer ended by itself with {process.exitcode}")
    held = _held_by(client, stream, name)
    done.kills += 1
    done.interrupted += held > 0
    done.left_behind += held


def _wait_for_delivery(client: redis.Redis, stream: str, seconds: float) -> None:
    """Wait until entries are delivered that were not when this began, or none is left to deliver."""
    end = time.monotonic() + seconds
    before = _delivered(client, stream)
    while time.monotonic() < end and _delivered(client, stream) == before:
        time.sleep(0.0005)


def _delivered(client: redis.Redis, stream: str) -> Any:
    try:
        return client.xinfo_groups(stream)[0]["last-delivered-id"]  # type: ignore[index]
    except (redis.ResponseError, IndexError):
        return None


def _held_by(client: redis.Redis, stream: str, name: str) -> int:
    """Entries that were delivered to a consumer and that it did not acknowledge."""
    try:
        return len(client.xpending_range(stream, GROUP, "-", "+", 10 * BATCH, consumername=name))  # type: ignore[arg-type]
    except redis.ResponseError:  # it was killed before it made the group
        return 0


def _send(client: redis.Redis, stream: str, bodies: Sequence[bytes]) -> None:
    """Send in small portions with pauses between, as a vendor's system does."""
    for start in range(0, len(bodies), 20):
        with client.pipeline(transaction=False) as pipeline:
            for body in bodies[start : start + 20]:
                pipeline.xadd(stream, {PACKET_FIELD: body})
            pipeline.execute()
        time.sleep(0.005)


def _consumer(client: redis.Redis, stream: str, database_url: str) -> Consumer:
    return Consumer(client, stream, database_url, batch=BATCH, idle_seconds=IDLE_SECONDS)


def _consume(redis_url: str, stream: str, database_url: str, name: str) -> None:
    with redis.Redis.from_url(redis_url) as client:
        consumer = _consumer(client, stream, database_url)
        consumer.name = name
        consumer.consume()


def _die_before_acknowledging(redis_url: str, stream: str, database_url: str) -> None:
    with redis.Redis.from_url(redis_url) as client:
        client.pipeline = lambda *_, **__: os.kill(os.getpid(), signal.SIGKILL)  # type: ignore[method-assign,assignment]
        _consumer(client, stream, database_url).consume()


def _url_of(client: redis.Redis) -> str:
    found = client.connection_pool.connection_kwargs
    return f"unix://{found['path']}?db={found['db']}"
