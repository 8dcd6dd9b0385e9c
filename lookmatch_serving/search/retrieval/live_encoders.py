"""Follows the live pointer without ever making a request wait for an encoder that this process has not loaded yet.

When the pointer moves, the market goes on being answered from the index before, whose vectors are kept, until the new encoder
is warm; then one request is answered by the old pair of encoder and index and the next by the new one. Within an answer both
always belong together.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

import psycopg
import structlog
from psycopg_pool import ConnectionPool, PoolTimeout, TooManyRequests

from lookmatch_serving.db import DictConnection
from lookmatch_serving.encoders.loaded import EncoderRegistry
from lookmatch_serving.encoders.protocol import Encoder
from lookmatch_serving.errors import LookmatchError
from lookmatch_serving.search.models.index import LiveIndex
from lookmatch_serving.search.retrieval.nearest import live_index, live_indexes
from lookmatch_serving.search.runtime.trace import Trace

RETRY_SECONDS = 30.0
"""How long an encoder that could not be loaded is left alone."""

_log = structlog.get_logger(__name__)
_Version = tuple[str, str]


@dataclass(frozen=True)
class _Failure:
    reason: str
    until: float


class LiveEncoders:
    """The index and the encoder that answer each market; safe to use from many threads."""

    def __init__(self, encoders: EncoderRegistry, warm: Callable[[Encoder], None]) -> None:
        self._encoders = encoders
        self._warm = warm
        self._lock = threading.Lock()
        self._first = threading.Lock()
        self._ready: dict[_Version, Encoder] = {}
        self._serving: dict[str, LiveIndex] = {}
        self._warming: set[_Version] = set()
        self._failures: dict[_Version, _Failure] = {}

    def warm_up(self, pool: ConnectionPool[DictConnection], configured: str) -> None:
        """Load what the live indexes need; the encoder of the ``configured`` key where no market has one."""
        try:
            with pool.connection() as connection:
                indexes = live_indexes(connection)
        except (PoolTimeout, TooManyRequests, psycopg.OperationalError):
            indexes = []
        for index in indexes:
            try:
                self.settle(index, Trace())
            except LookmatchError as error:
                _log.warning("index_not_usable", market=index.market, error=str(error))
        if not indexes:
            self._warm(self._encoders.get(configured))

    def of_market(self, pool: ConnectionPool[DictConnection], market: str, trace: Trace) -> tuple[LiveIndex, Encoder]:
        """The index and the encoder that answer a market; see ``settle``.

        Raises:
            UpstreamError: nothing is indexed there yet.
        """
        with pool.connection() as connection:
            index = live_index(connection, market)
        return self.settle(index, trace)

    def settle(self, index: LiveIndex, trace: Trace) -> tuple[LiveIndex, Encoder]:
        """The index to search in and the encoder that its vectors were made with.

        Args:
            index: what the pointer names now.
            trace: notes of the request; told where the pointer cannot be followed.

        Raises:
            ConfigurationError: the market's first encoder in this process is not installed in the version of the vectors.
        """
        name = (index.encoder_key, index.encoder_version)
        with self._lock:
            if name in self._ready:
                self._serving[index.market] = index
                return index, self._ready[name]
            before = self._serving.get(index.market)
        if before is None:
            with self._first:
                if name not in self._ready:
                    self._load(name)
            with self._lock:
                self._serving.setdefault(index.market, index)
                return index, self._ready[name]
        self._load_in_background(name, trace)
        return before, self._ready[before.encoder_key, before.encoder_version]

    def _load(self, name: _Version) -> None:
        encoder = self._encoders.get(*name)
        self._warm(encoder)
        with self._lock:
            self._ready[name] = encoder

    def _load_in_background(self, name: _Version, trace: Trace) -> None:
        with self._lock:
            failure = self._failures.get(name)
            if failure is not None:
                trace.degrade(
                    "index", f"{name[0]} is live but cannot be used here, so the encoder before it answers: {failure.reason}"
                )
            if name in self._warming or (failure is not None and time.monotonic() < failure.until):
                return
            self._warming.add(name)
        threading.Thread(target=self._try_loading, args=[name], name="encoder-warming", daemon=True).start()

    def _try_loading(self, name: _Version) -> None:
        try:
            self._load(name)
            with self._lock:
                self._failures.pop(name, None)
            _log.info("encoder_ready", encoder=name[0], version=name[1])
        except Exception as error:  # whatever a model library raises must not end the thread unseen
            with self._lock:
                self._failures[name] = _Failure(str(error), time.monotonic() + RETRY_SECONDS)
            _log.exception("encoder_not_ready", encoder=name[0], version=name[1])
        finally:
            with self._lock:
                self._warming.discard(name)
