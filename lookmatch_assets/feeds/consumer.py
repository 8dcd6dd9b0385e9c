"""Takes packets off the stream and lands them, as one of a group of consumers.

An entry is acknowledged and deleted only after the transaction that stores it is committed; whatever dies in between is
delivered again and found to be a duplicate. While the database stores one batch, the next one is read. Entries of dead
consumers are taken over. An entry that was delivered twice without being acknowledged is then landed alone, so that one that
kills its consumer takes no other with it; after ``MAX_DELIVERIES`` it is quarantined as poison.

A store that is away (it restarts, hands over to another, closes connections) is waited for; a stream or group that is gone (a
flush, a restart without data) is made again.
"""

from __future__ import annotations

import gc
import logging
import os
import secrets
import signal
import socket
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import psycopg
import redis
from redis import exceptions as stream_errors
from redis.backoff import ExponentialWithJitterBackoff
from redis.retry import Retry
from tenacity import (
    RetryCallState,
    Retrying,
    retry_if_exception,
    stop_after_delay,
    stop_any,
    stop_never,
    stop_when_event_set,
    wait_random_exponential,
)
from tenacity.nap import sleep_using_event

from lookmatch_assets.feeds.codes import Code, RecordError
from lookmatch_assets.feeds.landing import AnyConnection, Counts, CountsByFeed, land
from lookmatch_assets.feeds.packet import read_packet
from lookmatch_assets.feeds.publisher import PACKET_FIELD, mapping_folder
from lookmatch_assets.feeds.reading import Accepted, Refused, read_entry, refuse
from lookmatch_serving.embedded import Services
from lookmatch_serving.errors import UpstreamError
from lookmatch_serving.settings import Settings

GROUP = "landing"
BATCH = 1_000
MAX_DELIVERIES = 5
IDLE_SECONDS = 30.0
_SUSPICIOUS_DELIVERIES = 2
PATIENCE_SECONDS = 60.0
_LONGEST_PAUSE_SECONDS = 5.0
_BLOCK_MS = 1_000
_STREAM, _DATABASE = "Valkey", "Postgres"
_PASSING = (
    stream_errors.ConnectionError,
    stream_errors.TimeoutError,
    stream_errors.ReadOnlyError,
    stream_errors.MasterDownError,
    stream_errors.ClusterDownError,
    stream_errors.TryAgainError,
    psycopg.OperationalError,
    psycopg.errors.ReadOnlySqlTransaction,
)
"""What a store says while it restarts or hands over to another."""

logger = logging.getLogger(__name__)

Answer = TypeVar("Answer")
StreamEntry = tuple[bytes, dict[bytes, bytes]]
OnLanded = Callable[[CountsByFeed], object]


@dataclass
class Consumer:
    """One consumer of the group.

    Attributes:
        client: of the store that holds the stream; must not decode replies.
        stream: its name.
        database_url: of the landing database.
        mapping_folder: this installation's vendor mappings.
        on_landed: called after each committed batch with what became of it, by market and vendor; its failure is logged, not
            raised.
        batch: most entries a transaction.
        idle_seconds: after which an unacknowledged entry of another consumer is taken over.
        patience_seconds: how long a store is waited for at the start, and by one who consumes until the stream is empty; any
            other consumer waits until it is stopped.
    """

    client: redis.Redis
    stream: str
    database_url: str
    mapping_folder: Path | None = None
    on_landed: OnLanded | None = None
    batch: int = BATCH
    idle_seconds: float = IDLE_SECONDS
    patience_seconds: float = PATIENCE_SECONDS
    name: str = field(default_factory=lambda: f"{socket.gethostname()}-{os.getpid()}-{secrets.token_hex(3)}")
    stopping: threading.Event = field(default_factory=threading.Event)
    _connection: AnyConnection | None = None
    _claimed_at: float = float("-inf")
    _patient: bool = False
    _storing: Future[CountsByFeed] | None = None

    def consume(self, until_empty: bool = False) -> Counts:
        """Land packets until ``stop`` is called.

        Args:
            until_empty: return once no entry waits and none is unacknowledged, those of other consumers included.

        Raises:
            UpstreamError: a store does not come back, or refuses us; nothing is lost, what was not acknowledged stays there.
        """
        total = Counts()
        with _heap_left_alone(), ThreadPoolExecutor(1, thread_name_prefix="landing") as store:
            try:
                self._ask(self._join_group)
                self._patient = not until_empty
                while not self.stopping.is_set():
                    total.add_all(self._step(until_empty, store))
                    if until_empty and not self._storing and self._ask(self._is_empty):
                        break
                total.add_all(self._stored())
            except _PASSING as error:
                if not self.stopping.is_set():
                    raise UpstreamError(f"packets stay on {self.stream}, since a store does not serve: {error}") from error
                logger.warning("stopped while a store was away; what was not acknowledged is delivered again: %s", error)
            finally:
                self._patient = False
                store.submit(self._disconnect).result()
                self._leave_group()
        return total

    def stop(self) -> None:
        """Make ``consume`` return after the batch in hand; safe in a signal handler."""
        self.stopping.set()

    def _step(self, until_empty: bool, store: ThreadPoolExecutor) -> CountsByFeed:
        """Read one batch, one taken over, else one that is new, and have it stored; returns what became of the one before."""
        taken = self._ask(self._taken_over) if self._may_take_over() else None
        if taken:
            self._storing = store.submit(self._finish, *taken)
            return self._stored()
        block_ms = (None if self._storing else 100) if until_empty else _BLOCK_MS
        entries = self._ask(lambda: self._new_entries(block_ms))
        read = self._read(entries)
        before = self._stored()
        if entries:
            self._storing = store.submit(self._finish, entries, read)
        return before

    def _stored(self) -> CountsByFeed:
        """Wait for the batch that is being stored, if any, and return what became of it; its error is raised here."""
        storing, self._storing = self._storing, None
        return storing.result() if storing else {}

    def _new_entries(self, block_ms: int | None) -> list[StreamEntry]:
        found: Any = self.client.xreadgroup(GROUP, self.name, {self.stream: ">"}, count=self.batch, block=block_ms)
        return _entries_of(found)

    def _may_take_over(self) -> bool:
        return not self._storing and time.monotonic() - self._claimed_at >= min(self.idle_seconds / 4, 5.0)

    def _taken_over(self) -> tuple[list[StreamEntry], list[Accepted | Refused]] | None:
        """Claim entries that another consumer left behind, as XAUTOCLAIM does, but those delivered often one at a time."""
        idle_ms = int(self.idle_seconds * 1000)
        pending: Any = self.client.xpending_range(self.stream, GROUP, "-", "+", self.batch, idle=idle_ms)
        if not pending:
            self._claimed_at = time.monotonic()
            return None
        deliveries = {row["message_id"]: int(row["times_delivered"]) for row in pending}
        suspicious = [entry for entry, times in deliveries.items() if times >= _SUSPICIOUS_DELIVERIES]
        wanted = suspicious[:1] or list(deliveries)
        claimed: Any = self.client.xclaim(self.stream, GROUP, self.name, idle_ms, wanted)
        entries: list[StreamEntry] = [entry for entry in claimed if entry and entry[1]]
        if suspicious and deliveries[wanted[0]] >= MAX_DELIVERIES:
            return entries, [_poison(_body_of(entry), deliveries[entry[0]]) for entry in entries]
        return (entries, self._read(entries)) if entries else None

    def _read(self, entries: Sequence[StreamEntry]) -> list[Accepted | Refused]:
        return [read_entry(_body_of(entry), self.mapping_folder) for entry in entries]

    def _finish(self, entries: Sequence[StreamEntry], read: Sequence[Accepted | Refused]) -> CountsByFeed:
        """Store, then acknowledge and delete, then report."""
        ids = [entry_id for entry_id, _ in entries]
        counts = self._store(entries, read)
        self._ask(lambda: self._acknowledge(ids))
        if self.on_landed:
            try:
                self.on_landed(counts)
            except Exception:  # a reporter's fault must not stop landing
                logger.exception("the report of a landed batch failed")
        return counts

    def _store(self, entries: Sequence[StreamEntry], read: Sequence[Accepted | Refused]) -> CountsByFeed:
        """Store a batch; when an entry makes it fail, halve until that one is found and quarantine it."""
        try:
            return self._store_with_patience(entries, read)
        except (psycopg.DataError, psycopg.IntegrityError, psycopg.ProgrammingError) as error:
            if len(read) == 1:
                logger.warning("entry %r cannot be stored: %s", entries[0][0], error)
                reason = f"the database refused it: {str(error).splitlines()[0]}"
                return self._store_with_patience(entries, [_refuse_stored(_body_of(entries[0]), reason)])
        middle = len(read) // 2
        counts = self._store(entries[:middle], read[:middle])
        for feed, more in self._store(entries[middle:], read[middle:]).items():
            counts.setdefault(feed, Counts()).add(more)
        return counts

    def _store_with_patience(self, entries: Sequence[StreamEntry], read: Sequence[Accepted | Refused]) -> CountsByFeed:
        return self._insist(_DATABASE, lambda: land(self._connected(), read), lambda: self._hold_on(entries))

    def _hold_on(self, entries: Sequence[StreamEntry]) -> None:
        """Leave a connection that failed, and keep the entries in hand from being taken over while the database is away."""
        self._disconnect()
        with suppress(redis.RedisError):
            self.client.xclaim(self.stream, GROUP, self.name, 0, [entry_id for entry_id, _ in entries], justid=True)

    def _ask(self, command: Callable[[], Answer]) -> Answer:
        """Ask the store of the stream, waiting while it is away and making the group again when it is gone."""

        def asked() -> Answer:
            try:
                return command()
            except redis.ResponseError as error:
                if not str(error).startswith(("NOGROUP", "UNBLOCKED")):
                    raise
                logger.warning("the group of %s is gone and is made again: %s", self.stream, error)
            self._join_group()
            return command()

        return self._insist(_STREAM, asked)

    def _insist(self, store: str, action: Callable[[], Answer], waiting: Callable[[], object] | None = None) -> Answer:
        """Act, again and again while the store is away; say when that begins and when it ends."""

        def before_sleep(state: RetryCallState) -> None:
            pause, error = state.upcoming_sleep, state.outcome and state.outcome.exception()
            logger.warning("%s is away, again in %.1f s: %s", store, pause, error)
            if waiting:
                waiting()

        retrying = Retrying(
            retry=retry_if_exception(_passes),
            stop=stop_any(
                stop_when_event_set(self.stopping), stop_never if self._patient else stop_after_delay(self.patience_seconds)
            ),
            wait=wait_random_exponential(multiplier=0.2, max=min(_LONGEST_PAUSE_SECONDS, self.idle_seconds / 3)),
            sleep=sleep_using_event(self.stopping),
            before_sleep=before_sleep,
            reraise=True,
        )
        answer = retrying(action)
        if retrying.statistics["attempt_number"] > 1:
            logger.warning("%s answers again, at attempt %d", store, retrying.statistics["attempt_number"])
        return answer

    def _acknowledge(self, ids: list[bytes]) -> None:
        with self.client.pipeline(transaction=True) as pipeline:
            pipeline.xack(self.stream, GROUP, *ids)
            pipeline.xdel(self.stream, *ids)
            pipeline.execute()

    def _connected(self) -> AnyConnection:
        if self._connection is None or self._connection.closed or self._connection.broken:
            self._connection = psycopg.connect(self.database_url, connect_timeout=10)
        return self._connection

    def _join_group(self) -> None:
        try:
            self.client.xgroup_create(self.stream, GROUP, id="0", mkstream=True)
        except redis.ResponseError as error:
            if "BUSYGROUP" not in str(error):
                raise

    def _disconnect(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _leave_group(self) -> None:
        """Take the name off the group, unless entries are still held under it; a store that is away keeps it."""
        try:
            held: Any = self.client.xpending_range(self.stream, GROUP, "-", "+", 1, consumername=self.name)
            if not held:
                self.client.xgroup_delconsumer(self.stream, GROUP, self.name)
        except redis.RedisError as error:
            logger.warning("%s stays in the group of %s: %s", self.name, self.stream, error)

    def _is_empty(self) -> bool:
        return int(self.client.xlen(self.stream)) == 0


def consume_packets(
    settings: Settings, services: Services, *, until_empty: bool = False, on_landed: OnLanded | None = None
) -> Counts:
    """Land packets in this process; in its main thread SIGTERM and SIGINT end it after the batch in hand.

    Args:
        settings: of this home.
        services: addresses of the stores.
        until_empty: return once no entry is left.
        on_landed: called after each committed batch with what became of it, by market and vendor.
    """
    retry = Retry(ExponentialWithJitterBackoff(base=0.01, cap=0.2), retries=3)
    with redis.Redis.from_url(services.redis_url, retry=retry) as client:
        stream, folder = settings.packet_stream, mapping_folder(settings)
        consumer = Consumer(client, stream, services.database_url, folder, on_landed=on_landed)
        numbers = (signal.SIGTERM, signal.SIGINT) if threading.current_thread() is threading.main_thread() else ()
        previous = {number: signal.signal(number, lambda *_: consumer.stop()) for number in numbers}
        try:
            return consumer.consume(until_empty)
        finally:
            for number, handler in previous.items():
                signal.signal(number, handler)


def consume_until_empty(settings: Settings, services: Services, on_landed: OnLanded | None = None) -> Counts:
    """Land every packet that is on the stream; see ``consume_packets``."""
    return consume_packets(settings, services, until_empty=True, on_landed=on_landed)


@contextmanager
def _heap_left_alone() -> Iterator[None]:
    """Keep what lives already out of garbage collection; a batch's objects made it scan the whole heap, a third of all time."""
    gc.freeze()
    try:
        yield
    finally:
        gc.unfreeze()


def _passes(error: BaseException) -> bool:
    """Whether an error is one of a store that is away, and not of what it was asked or with which key."""
    refused = isinstance(error, stream_errors.AuthenticationError | stream_errors.AuthorizationError)
    return isinstance(error, _PASSING) and not refused


def _entries_of(found: Any) -> list[StreamEntry]:
    """Entries of an XREADGROUP reply, which is a list in RESP 2 and a mapping in RESP 3."""
    if not found:
        return []
    if isinstance(found, dict):
        return [entry for groups in found.values() for group in groups for entry in group]
    return [entry for _, group in found for entry in group]


def _body_of(entry: StreamEntry) -> bytes:
    return entry[1].get(PACKET_FIELD.encode(), b"")


def _poison(body: bytes, deliveries: int) -> Refused:
    error = RecordError(Code.POISON, None, None, f"delivered {deliveries} times without ever being landed")
    return _refuse_named(body, error)


def _refuse_stored(body: bytes, reason: str) -> Refused:
    return _refuse_named(body, RecordError(Code.POISON, None, None, reason))


def _refuse_named(body: bytes, error: RecordError) -> Refused:
    try:
        return refuse(body, error, read_packet(body))
    except RecordError:
        return refuse(body, error)
