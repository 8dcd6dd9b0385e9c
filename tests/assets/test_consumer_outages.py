"""A consumer outlives its stores: what a publisher was told is on the stream lands, whatever becomes of Valkey and Postgres."""

from __future__ import annotations

import logging
import os
import shutil
import signal
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg
import pytest
import redis
from psycopg import sql
from pydantic import SecretStr
from redis.backoff import ConstantBackoff
from redis.retry import Retry

from lookmatch_assets.feeds.consumer import GROUP, Consumer
from lookmatch_assets.feeds.landing import Counts
from lookmatch_assets.feeds.packet import write_packet
from lookmatch_assets.feeds.publisher import PACKET_FIELD
from lookmatch_serving.embedded import Services, ensure_services, stop_services
from lookmatch_serving.errors import UpstreamError
from lookmatch_serving.settings import Settings
from tests.assets.test_consumer import database, packet

__all__ = ["database"]
STREAM = "packets"
DEADLINE_SECONDS = 30.0
IDLE_SECONDS = 0.6


class Valkey:
    """A server of this test's own, to be broken."""

    def __init__(self, home: Path) -> None:
        self._settings = Settings(home=home, database_url=SecretStr("postgresql://unused"), redis_url=None)
        self.folder = home / "valkey"
        self.url = ensure_services(self._settings).redis_url

    def client(self, retries: int = 1) -> redis.Redis:
        return redis.Redis.from_url(self.url, retry=Retry(ConstantBackoff(0.01), retries))

    def kill(self) -> None:
        process = int((self.folder / "valkey.pid").read_text())
        os.kill(process, signal.SIGKILL)
        wait_until(lambda: not _answers(self.client(0)))

    def start(self) -> None:
        ensure_services(self._settings)

    def stop(self) -> None:
        stop_services(self._settings)


@pytest.fixture
def valkey() -> Iterator[Valkey]:
    home = Path(tempfile.mkdtemp(prefix="lookmatch-valkey-"))
    server = Valkey(home)
    yield server
    server.stop()
    shutil.rmtree(home, ignore_errors=True)


@contextmanager
def consuming(client: redis.Redis, database_url: str, **options: Any) -> Iterator[Consumer]:
    """A consumer in a thread; its error, if it ends by one, is raised at the end of the block."""
    consumer = Consumer(client, STREAM, database_url, batch=20, idle_seconds=IDLE_SECONDS, **options)
    ended: list[Counts | BaseException] = []

    def consume() -> None:
        try:
            ended.append(consumer.consume())
        except BaseException as error:
            ended.append(error)

    thread = threading.Thread(target=consume)
    thread.start()
    try:
        yield consumer
    finally:
        consumer.stop()
        thread.join(DEADLINE_SECONDS)
    assert not thread.is_alive()
    assert isinstance(ended[0], Counts), ended


@contextmanager
def publishing(valkey: Valkey, count: int, first: int = 0) -> Iterator[list[str]]:
    """A publisher in a thread, which sends each packet until it is acknowledged; yields the subjects of those that were."""
    acknowledged: list[str] = []

    def publish() -> None:
        with valkey.client(retries=0) as client:
            for number in range(first, first + count):
                _send_until_acknowledged(client, str(number))
                acknowledged.append(str(number))
                time.sleep(0.005)

    thread = threading.Thread(target=publish)
    thread.start()
    yield acknowledged
    thread.join(DEADLINE_SECONDS)
    assert len(acknowledged) == count


def _send_until_acknowledged(client: redis.Redis, subject: str) -> None:
    end = time.monotonic() + DEADLINE_SECONDS
    while True:
        try:
            client.xadd(STREAM, {PACKET_FIELD: write_packet(packet(subject))})
            return
        except redis.RedisError:
            assert time.monotonic() < end
            time.sleep(0.02)


def wait_until(condition: Callable[[], bool]) -> None:
    end = time.monotonic() + DEADLINE_SECONDS
    while not condition():
        assert time.monotonic() < end, "it did not come about"
        time.sleep(0.02)


def _answers(client: redis.Redis) -> bool:
    try:
        return bool(client.ping())
    except redis.RedisError:
        return False


def landed(database: psycopg.Connection[Any]) -> set[str]:
    return {row[0] for row in database.execute("SELECT subject FROM landing.packets")}


def test_a_flushed_stream_gets_its_group_again(
    valkey: Valkey, database_url: str, database: psycopg.Connection[Any], caplog: pytest.LogCaptureFixture
):
    with valkey.client() as client, consuming(client, database_url):
        for round_ in range(3):
            with publishing(valkey, 20, first=20 * round_):
                pass
            wait_until(lambda round_=round_: len(landed(database)) == 20 * (round_ + 1))  # type: ignore[misc]
            client.flushall()
    assert "is gone and is made again" in caplog.text
    assert database.execute("SELECT count(*) FROM landing.packets").fetchone() == (60,)


def test_closed_connections_lose_no_packet(valkey: Valkey, database_url: str, database: psycopg.Connection[Any]):
    killed = 0
    with valkey.client() as client, consuming(client, database_url), publishing(valkey, 200) as acknowledged:
        with valkey.client() as killer:
            while len(acknowledged) < 200:
                killed += int(killer.client_kill_filter(_type="normal", skipme=True))
                time.sleep(0.03)
        wait_until(lambda: len(landed(database)) == 200)
    assert killed > 10


def test_a_valkey_that_is_killed_and_starts_again_loses_no_packet_that_it_acknowledged(
    valkey: Valkey, database_url: str, database: psycopg.Connection[Any], caplog: pytest.LogCaptureFixture
):
    with valkey.client() as client, consuming(client, database_url), publishing(valkey, 200) as acknowledged:
        wait_until(lambda: len(acknowledged) > 50)
        valkey.kill()
        wait_until(lambda: "Valkey is away" in caplog.text)
        valkey.start()
        wait_until(lambda: len(landed(database)) == 200)
    assert "Valkey answers again" in caplog.text


def test_a_valkey_that_starts_again_empty_is_taken_up(
    valkey: Valkey, database_url: str, database: psycopg.Connection[Any], caplog: pytest.LogCaptureFixture
):
    with valkey.client() as client, consuming(client, database_url):
        with publishing(valkey, 20):
            pass
        wait_until(lambda: len(landed(database)) == 20)
        valkey.kill()
        shutil.rmtree(valkey.folder)
        valkey.start()
        with publishing(valkey, 20, first=20):
            pass
        wait_until(lambda: len(landed(database)) == 40)
    assert "is gone and is made again" in caplog.text


def test_a_server_that_hands_over_is_waited_for(
    valkey: Valkey, database_url: str, database: psycopg.Connection[Any], caplog: pytest.LogCaptureFixture
):
    """A replica takes no command that writes; XREADGROUP is one."""
    with valkey.client() as client, consuming(client, database_url), publishing(valkey, 100) as acknowledged:
        wait_until(lambda: len(acknowledged) > 20)
        client.replicaof("127.0.0.1", "1")
        wait_until(lambda: "Valkey is away" in caplog.text)
        client.replicaof("NO", "ONE")
        wait_until(lambda: len(landed(database)) == 100)


@contextmanager
def database_away(services: Services, database_url: str) -> Iterator[None]:
    """Every connection to the database is cut and none is let in, as while Postgres restarts."""
    name = psycopg.conninfo.conninfo_to_dict(database_url)["dbname"]
    allow = sql.SQL("ALTER DATABASE {} ALLOW_CONNECTIONS {}")
    with psycopg.connect(services.database_url, autocommit=True) as connection:
        connection.execute(allow.format(sql.Identifier(str(name)), sql.SQL("false")))
        connection.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", [name])
        try:
            yield
        finally:
            connection.execute(allow.format(sql.Identifier(str(name)), sql.SQL("true")))


def test_a_database_that_is_away_is_waited_for_and_meanwhile_nobody_else_takes_the_entries(
    valkey: Valkey, services: Services, database_url: str, caplog: pytest.LogCaptureFixture
):
    """Each taking counts as a delivery, and what is delivered often is poison."""
    with valkey.client() as client, consuming(client, database_url):
        with database_away(services, database_url):
            with publishing(valkey, 20):
                wait_until(lambda: "Postgres is away" in caplog.text)
            with consuming(client, database_url):
                time.sleep(4 * IDLE_SECONDS)
                deliveries = [row["times_delivered"] for row in client.xpending_range(STREAM, GROUP, "-", "+", 100)]
        with psycopg.connect(database_url, autocommit=True) as connection:
            wait_until(lambda: len(landed(connection)) == 20)
            assert connection.execute("SELECT count(*) FROM landing.quarantine").fetchone() == (0,)
    assert deliveries
    assert set(deliveries) == {1}
    assert "Postgres answers again" in caplog.text


def test_a_consumer_is_stopped_while_its_stores_are_away(valkey: Valkey, database_url: str, caplog: pytest.LogCaptureFixture):
    with valkey.client() as client, consuming(client, database_url) as consumer:
        wait_until(lambda: bool(client.exists(STREAM)))
        valkey.kill()
        wait_until(lambda: "Valkey is away" in caplog.text)
        begun = time.monotonic()
        consumer.stop()
    assert time.monotonic() - begun < 10
    assert "what was not acknowledged is delivered again" in caplog.text


def test_one_who_consumes_until_the_stream_is_empty_gives_up(valkey: Valkey, database_url: str):
    with valkey.client(retries=0) as client:
        valkey.kill()
        with pytest.raises(UpstreamError, match="packets stay on packets"):
            Consumer(client, STREAM, database_url, patience_seconds=0.3).consume(until_empty=True)


def test_a_wrong_password_is_no_outage(valkey: Valkey, database_url: str, caplog: pytest.LogCaptureFixture):
    with valkey.client() as client:
        client.config_set("requirepass", "secret")
    caplog.set_level(logging.WARNING)
    with redis.Redis.from_url(valkey.url) as stranger, pytest.raises(UpstreamError, match="already authenticated"):
        Consumer(stranger, STREAM, database_url).consume(until_empty=True)
    assert "is away" not in caplog.text
