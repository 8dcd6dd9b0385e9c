"""What search keeps in Valkey: readings of looks, vectors of texts and cut-outs, judgements, answers, and lists for later pages.

Everything in it can be made again, so a Valkey that is missing or slow costs time and paging and never an answer: it
is asked once,
then left alone for a while, and the request's trace names it.
"""

from __future__ import annotations

import base64
import hashlib
import json
import time
import zlib
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from functools import partial
from typing import Any

import numpy as np
import redis
from redis.lock import Lock

from lookmatch_serving.encoders.protocol import Vectors
from lookmatch_serving.errors import DeadlineExceededError, UpstreamError
from lookmatch_serving.search.runtime.deadline import BoundedWorkers
from lookmatch_serving.search.runtime.trace import Trace

SOCKET_SECONDS = 0.1
REST_SECONDS = 2.0
"""How long a Valkey that failed is left alone."""

QUERY_SECONDS = 24 * 3600
TEXT_VECTOR_SECONDS = 7 * 24 * 3600
RESULT_LIST_SECONDS = 15 * 60
JUDGEMENT_SECONDS = 3600
SEGMENT_SECONDS = 24 * 3600
ANSWER_SECONDS = 10 * 60
"""Less than the life of the result lists that kept answers name."""

HANDED_OVER_SECONDS = 2
"""How long an answer lies for those who wait for it, who look every ``_POLL_SECONDS``."""

_LONGEST_WAIT_SECONDS = 60
"""The longest deadline."""

_POLL_SECONDS = 0.02

_PREFIX = "lookmatch:search"


class SearchCache:
    """Typed access to the cached values; each method takes the request's trace and notes a failure there."""

    def __init__(self, redis_url: str) -> None:
        self._client = redis.Redis.from_url(
            redis_url, socket_timeout=SOCKET_SECONDS, socket_connect_timeout=SOCKET_SECONDS, retry=None
        )
        self._asleep_until = 0.0

    def close(self) -> None:
        """Give the connections back."""
        self._client.close()

    def get_or_create(
        self,
        name: str,
        keep_seconds: int,
        work: Callable[[], Any],
        workers: BoundedWorkers,
        milliseconds: float,
        trace: Trace,
    ) -> Any:
        """What is kept under a name, else what ``work`` makes: once for all requests of all processes that want it meanwhile.

        The one that makes it keeps it even when its own request has stopped waiting. Without Valkey each makes its own.

        Args:
            name: of the value, with everything that it depends on.
            keep_seconds: how long it is kept.
            work: makes a value that JSON holds.
            workers: do the work.
            milliseconds: to wait at most.
            trace: notes of the request.

        Raises:
            DeadlineExceededError: it was not made in time.
            UpstreamError: it failed, here or for the request that was first.
        """
        key = f"{_PREFIX}:{name}"
        found = self._get(key, trace)
        if found is not None:
            return json.loads(found)
        give_up = self.claim(name, milliseconds, trace)
        if give_up is not None:
            return workers.run(partial(self._made, key, keep_seconds, work, give_up), milliseconds)
        end = time.monotonic() + milliseconds / 1000
        found = self._awaited(name, end, trace)
        if found is not None:
            return json.loads(found)
        if time.monotonic() < end:
            raise UpstreamError("an identical request that was first failed")
        raise DeadlineExceededError(f"no answer within {milliseconds:.0f} ms, from an identical request that was first")

    def _made(self, key: str, keep_seconds: int, work: Callable[[], Any], give_up: Callable[[], None]) -> Any:
        try:
            value = work()
            self._set(key, json.dumps(value).encode(), keep_seconds, Trace())  # the request may be over by now
        finally:
            give_up()
        return value

    def claim(self, name: str, milliseconds: float, trace: Trace) -> Callable[[], None] | None:
        """Become the one of all processes that makes what is called by a name; it lapses after the given time.

        Returns:
            What gives the claim up; None where another holds it. Without Valkey everyone gets one.
        """
        lock = self._lock(name, milliseconds)
        if self._asked(lock.acquire, trace) is False:  # None where Valkey does not answer
            return None

        def release() -> None:
            with suppress(redis.exceptions.LockError):  # it has lapsed; to ``_asked`` this would be a Valkey that does not answer
                lock.release()

        def give_up() -> None:
            self._asked(release, Trace())

        return give_up

    def hand_over(self, name: str, written: Callable[[], str], trace: Trace) -> None:
        """Leave a value to those who wait for it in ``handed_over``, if any do; call it before the claim is given up."""
        key = f"{_PREFIX}:{name}"
        if self._asked(lambda: self._client.exists(f"{key}:awaited"), trace):
            self._set(key, written().encode(), HANDED_OVER_SECONDS, trace)

    def handed_over(self, name: str, end: float, trace: Trace) -> bytes | None:
        """Wait until ``end`` (monotonic seconds) for what the holder of a claim leaves; None where it left nothing."""
        self._asked(lambda: self._client.set(f"{_PREFIX}:{name}:awaited", 1, ex=_LONGEST_WAIT_SECONDS), trace)
        return self._awaited(name, end, trace)

    def _awaited(self, name: str, end: float, trace: Trace) -> bytes | None:
        """What is kept under a name as soon as it is there; None once its claim is gone or time is over."""
        key, lock = f"{_PREFIX}:{name}", self._lock(name, 1.0)
        while time.monotonic() < end:
            time.sleep(_POLL_SECONDS)
            held = self._asked(lock.locked, trace)
            found = self._get(key, trace)
            if found is not None or not held:
                return found
        return None

    def _lock(self, name: str, milliseconds: float) -> Lock:
        seconds = max(milliseconds, 1.0) / 1000
        return Lock(self._client, f"{_PREFIX}:{name}:making", timeout=seconds, blocking=False, thread_local=False)

    def text_vectors(self, version: str, texts: Sequence[str], dimensions: int, trace: Trace) -> list[Vectors | None]:
        """Vectors of texts, None where one is not held."""
        keys = [_text_key(version, text) for text in texts]
        found = self._asked(lambda: self._client.mget(keys), trace) or [None] * len(texts)
        vectors = [None if value is None else np.frombuffer(value, dtype=np.float32) for value in found]
        return [vector if vector is not None and vector.shape == (dimensions,) else None for vector in vectors]

    def keep_text_vectors(self, version: str, texts: Sequence[str], vectors: Vectors, trace: Trace) -> None:
        """Keep rows (n, d) of texts."""
        if not texts:
            return
        batch = self._client.pipeline(transaction=False)
        for text, row in zip(texts, vectors, strict=True):
            batch.set(_text_key(version, text), np.ascontiguousarray(row, dtype=np.float32).tobytes(), ex=TEXT_VECTOR_SECONDS)
        self._asked(batch.execute, trace)

    def segments(self, name: str, dimensions: int, trace: Trace) -> dict[str, Vectors] | None:
        """Vectors of a look's cut-outs by layer; None when they are not held."""
        found = self._get(f"{_PREFIX}:{name}", trace)
        if found is None:
            return None
        vectors = {layer: np.frombuffer(base64.b64decode(data), dtype=np.float32) for layer, data in json.loads(found).items()}
        return vectors if all(vector.shape == (dimensions,) for vector in vectors.values()) else None

    def keep_segments(self, name: str, segments: Mapping[str, Vectors], trace: Trace) -> None:
        """Keep vectors of a look's cut-outs."""
        rows = {layer: np.ascontiguousarray(row, dtype=np.float32).tobytes() for layer, row in segments.items()}
        data = {layer: base64.b64encode(row).decode() for layer, row in rows.items()}
        self._set(f"{_PREFIX}:{name}", json.dumps(data).encode(), SEGMENT_SECONDS, trace)

    def answer(self, name: str, trace: Trace) -> Any:
        """A whole answer, as it was kept; None when it was not."""
        found = self._get(f"{_PREFIX}:{name}", trace)
        return None if found is None else json.loads(zlib.decompress(found))

    def keep_answer(self, name: str, answer: Mapping[str, Any], trace: Trace) -> None:
        """Keep a whole answer."""
        self._set(f"{_PREFIX}:{name}", zlib.compress(json.dumps(answer).encode(), 1), ANSWER_SECONDS, trace)

    def put(self, name: str, value: Any, keep_seconds: int, trace: Trace) -> None:
        """Keep what ``get_or_create`` would make, where it was made elsewhere."""
        self._set(f"{_PREFIX}:{name}", json.dumps(value).encode(), keep_seconds, trace)

    def get(self, name: str, trace: Trace) -> Any:
        """What ``get_or_create`` or ``put`` kept; None when nothing is."""
        found = self._get(f"{_PREFIX}:{name}", trace)
        return None if found is None else json.loads(found)

    def result_list(self, name: str, trace: Trace) -> bytes | None:
        """A result list that pages are cut from."""
        found = self._get(_results_key(name), trace)
        return None if found is None else zlib.decompress(found)

    def keep_result_list(self, name: str, content: bytes, shopper_id: str | None, trace: Trace) -> bool:
        """Keep a result list, so that ``forget_shopper`` finds it; False when it could not be kept."""
        batch = self._client.pipeline(transaction=True)
        batch.set(_results_key(name), zlib.compress(content, 1), ex=RESULT_LIST_SECONDS)
        if shopper_id is not None:
            batch.sadd(_shopper_key(shopper_id), name)
            batch.expire(_shopper_key(shopper_id), RESULT_LIST_SECONDS)
        return bool(self._asked(batch.execute, trace))

    def _get(self, key: str, trace: Trace) -> bytes | None:
        found = self._asked(lambda: self._client.get(key), trace)
        return found if isinstance(found, bytes) else None

    def _set(self, key: str, value: bytes, seconds: int, trace: Trace) -> bool:
        return bool(self._asked(lambda: self._client.set(key, value, ex=seconds), trace))

    def _asked(self, call: Callable[[], Any], trace: Trace) -> Any:
        """The call's result; None, with a note, when Valkey does not answer."""
        if time.monotonic() < self._asleep_until:
            trace.degrade("cache", "Valkey does not answer; nothing is cached and there are no further pages")
            return None
        try:
            return call()
        except (redis.RedisError, OSError):
            self._asleep_until = time.monotonic() + REST_SECONDS
            trace.degrade("cache", "Valkey does not answer; nothing is cached and there are no further pages")
            return None


def forget_shopper(client: redis.Redis, shopper_id: str) -> None:
    """Delete the result lists that were made for a shopper.

    Raises:
        redis.RedisError: Valkey does not answer.
    """
    names = client.smembers(_shopper_key(shopper_id))
    client.delete(_shopper_key(shopper_id), *(_results_key(name.decode()) for name in names))  # type: ignore[union-attr]


def normalised(text: str) -> str:
    """A text as it is cached: white space folded, lower case."""
    return " ".join(text.split()).lower()


def _results_key(name: str) -> str:
    return f"{_PREFIX}:results:{name}"


def _shopper_key(shopper_id: str) -> str:
    return f"{_PREFIX}:shopper:{hashlib.sha256(shopper_id.encode()).hexdigest()}"


def _text_key(version: str, text: str) -> str:
    return f"{_PREFIX}:text:{version}:{hashlib.sha256(normalised(text).encode()).hexdigest()}"
