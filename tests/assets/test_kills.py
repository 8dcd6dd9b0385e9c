"""Nothing is lost or doubled when consumers die.

The numbers come from the environment, for a long run by hand::

    LOOKMATCH_TEST_KILLS=50 LOOKMATCH_TEST_PACKETS=20000 pytest -s -n 0 tests/assets/test_kills.py
"""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from typing import Any

import psycopg
import pytest
import redis

from lookmatch_assets.feeds.consumer import GROUP, Consumer
from lookmatch_assets.feeds.landing import Counts
from lookmatch_assets.feeds.replay import Selection, replay
from lookmatch_serving.settings import Settings
from tests.assets.killing import kill_consumers, kill_itself_before_acknowledging, make_flow
from tests.assets.test_consumer import packet, send

KILLS = int(os.environ.get("LOOKMATCH_TEST_KILLS", "6"))
PACKETS = int(os.environ.get("LOOKMATCH_TEST_PACKETS", "1500"))
SEED = int(os.environ.get("LOOKMATCH_TEST_SEED", "7"))


@pytest.fixture
def client(redis_url: str) -> Iterator[redis.Redis]:
    with redis.Redis.from_url(redis_url) as found:
        yield found


@pytest.fixture
def database(database_url: str) -> Iterator[psycopg.Connection[Any]]:
    with psycopg.connect(database_url, autocommit=True) as connection:
        yield connection


@pytest.mark.timeout(1_800)
def test_every_packet_lands_once_however_often_its_consumer_is_killed(
    client: redis.Redis, settings: Settings, database_url: str, database: psycopg.Connection[Any]
):
    flow = make_flow(PACKETS, SEED)
    done = kill_consumers(client, settings.packet_stream, database_url, flow, kills=KILLS, seed=SEED)
    poisoned = database.execute("SELECT count(*) FROM landing.quarantine").fetchone()[0]  # type: ignore[index]
    # an innocent packet may be the one in hand at every fifth death; it is kept as poison, and a replay lands it
    replayed = replay(database_url, Selection())
    print(f"\n{len(flow.bodies)} sent of {flow.packets} packets; {done}; poisoned {poisoned}, replayed {replayed.landed}")
    assert done.kills >= KILLS
    assert done.interrupted > 0
    assert client.xlen(settings.packet_stream) == 0
    assert client.xpending(settings.packet_stream, GROUP)["pending"] == 0  # type: ignore[index]
    assert database.execute("SELECT count(*), count(DISTINCT id) FROM landing.packets").fetchone() == (PACKETS, PACKETS)
    assert dict(database.execute("SELECT product_id, price_minor FROM catalog.offers").fetchall()) == flow.prices
    assert database.execute("SELECT count(*) FROM landing.quarantine WHERE resolved_at IS NULL").fetchone() == (0,)


def test_a_consumer_that_dies_between_commit_and_acknowledgement_doubles_nothing(
    client: redis.Redis, settings: Settings, database_url: str, redis_url: str, database: psycopg.Connection[Any]
):
    send(client, settings, *[packet(str(number)) for number in range(10)])
    code = kill_itself_before_acknowledging(redis_url, settings.packet_stream, database_url)
    assert code == -signal.SIGKILL
    assert database.execute("SELECT count(*) FROM landing.packets").fetchone() == (10,)
    assert client.xpending(settings.packet_stream, GROUP)["pending"] == 10  # type: ignore[index]
    before = database.execute("SELECT * FROM catalog.offers ORDER BY product_id").fetchall()
    counts = Consumer(client, settings.packet_stream, database_url, idle_seconds=0.0).consume(until_empty=True)
    assert counts == Counts(10, 0, 10, 0, 0)
    assert database.execute("SELECT * FROM catalog.offers ORDER BY product_id").fetchall() == before
