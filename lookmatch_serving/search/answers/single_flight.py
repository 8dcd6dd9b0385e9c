"""Identical searches that are under way at the same time are one search: the first is computed, the others get its answer.

Within a process the others wait for its future; of several processes the first holds a claim in Valkey. Those that wait hold
no place of ``Admission``, and the model is asked once. ``SearchCache.get_or_create`` does the same for a stage, for searches that
share a look and differ in the rest.
"""

from __future__ import annotations

import hashlib
import json
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from concurrent.futures import TimeoutError as FutureTimeoutError
from uuid import uuid4

from psycopg_pool import ConnectionPool

from lookmatch_serving.db import DictConnection
from lookmatch_serving.errors import DeadlineExceededError
from lookmatch_serving.pictures import picture_digest
from lookmatch_serving.search.answers.query_log import log_query
from lookmatch_serving.search.models.answer import SearchAnswer
from lookmatch_serving.search.models.request import SearchRequest
from lookmatch_serving.search.runtime.cache import SearchCache
from lookmatch_serving.search.runtime.trace import Trace

Compute = Callable[[float], SearchAnswer]
"""Makes the answer within so many milliseconds."""


class SingleFlight:
    """Shares answers among identical searches; safe to use from many threads."""

    def __init__(self, cache: SearchCache, pool: ConnectionPool[DictConnection]) -> None:
        self._cache = cache
        self._pool = pool
        self._under_way: dict[str, Future[SearchAnswer]] = {}
        self._guard = threading.Lock()

    def close(self) -> None:
        """Give the connections to Valkey back; the pool is its owner's."""
        self._cache.close()

    def answer(self, request: SearchRequest, image: bytes | None, milliseconds: float, compute: Compute) -> SearchAnswer:
        """Compute an answer, or wait for the one that an identical search is computing.

        A shared answer has a query id and a line in the log of its own, which names the search that computed it. What the first
        search could not do is missing for all of them, and each answer says so. Searches for a shopper are never shared.

        Args:
            request: what is asked.
            image: encoded picture of the look, unless the request names it.
            milliseconds: deadline of the request.
            compute: makes the answer on the caller's thread.

        Raises:
            DeadlineExceededError: the first search did not finish in time.
            Exception: what ``compute`` raised, here or for an identical search of this process.
        """
        began = time.monotonic()
        name = _name(request, image)
        if name is None:
            return compute(milliseconds)
        with self._guard:
            under_way = self._under_way.get(name)
            first = under_way is None
            future = self._under_way[name] = under_way or Future[SearchAnswer]()
        if first:
            answer, computed = self._first_here(name, future, milliseconds, compute)
        else:
            answer, computed = _result(future, milliseconds), False
        return answer if computed else self._shared(answer, request, image, began)

    def _first_here(
        self, name: str, future: Future[SearchAnswer], milliseconds: float, compute: Compute
    ) -> tuple[SearchAnswer, bool]:
        try:
            answer, computed = self._among_processes(name, milliseconds, compute)
        except BaseException as error:
            self._forget(name)
            future.set_exception(error)
            raise
        self._forget(name)
        future.set_result(answer)
        return answer, computed

    def _forget(self, name: str) -> None:
        with self._guard:
            del self._under_way[name]

    def _among_processes(self, name: str, milliseconds: float, compute: Compute) -> tuple[SearchAnswer, bool]:
        """The answer, and whether it was computed here; where the process that was first has failed, this one tries."""
        end, left = time.monotonic() + milliseconds / 1000, milliseconds
        trace = Trace()  # a Valkey that does not answer is noted by the search itself
        while left > 0:
            give_up = self._cache.claim(name, 2 * milliseconds, trace)
            if give_up is not None:
                try:
                    answer = compute(left)
                    self._cache.hand_over(name, answer.model_dump_json, trace)
                finally:
                    give_up()
                return answer, True
            found = self._cache.handed_over(name, end, trace)
            if found is not None:
                return SearchAnswer.model_validate_json(found), False
            left = (end - time.monotonic()) * 1000
        raise DeadlineExceededError(f"no answer within {milliseconds:.0f} ms, from an identical search that was first")

    def _shared(self, answer: SearchAnswer, request: SearchRequest, image: bytes | None, began: float) -> SearchAnswer:
        waited = round((time.monotonic() - began) * 1000, 1)
        own = answer.model_copy(update={"query_id": uuid4(), "timings_ms": {"total": waited}})
        digest = picture_digest(image) if image is not None else None
        return log_query(self._pool, request, own, digest, answered_from=answer.query_id)


def _name(request: SearchRequest, image: bytes | None) -> str | None:
    """Of everything that is asked, the deadline included; None for what is one shopper's, and for later pages."""
    if request.user_id is not None or request.page_token is not None:
        return None
    asked = [request.model_dump(mode="json"), picture_digest(image) if image is not None else None]
    return f"flight:{hashlib.sha256(json.dumps(asked, sort_keys=True).encode()).hexdigest()}"


def _result(future: Future[SearchAnswer], milliseconds: float) -> SearchAnswer:
    try:
        return future.result(milliseconds / 1000)
    except FutureTimeoutError as error:
        if future.done() and future.exception() is error:
            raise
        raise DeadlineExceededError(f"no answer within {milliseconds:.0f} ms, from an identical search that was first") from error
