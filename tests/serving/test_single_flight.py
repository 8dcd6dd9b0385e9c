"""Identical searches at the same time share one answer, within a process and between processes."""

from __future__ import annotations

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from threading import Event, Lock
from uuid import uuid4

import psycopg
import pytest
from psycopg_pool import ConnectionPool

from lookmatch_serving.api.admission import Admission, OverloadedError
from lookmatch_serving.db import DictConnection, open_pool
from lookmatch_serving.errors import DeadlineExceededError, UpstreamError
from lookmatch_serving.search.answers.query_log import log_query
from lookmatch_serving.search.answers.single_flight import SingleFlight
from lookmatch_serving.search.models.answer import Degradation, Ranker, SearchAnswer
from lookmatch_serving.search.models.request import SearchRequest
from lookmatch_serving.search.runtime.cache import SearchCache
from lookmatch_serving.search.runtime.trace import Trace
from lookmatch_serving.settings import Market

PICTURE = b"a picture"
REQUEST = SearchRequest(market=Market.INDIA)


@pytest.fixture
def pool(database_url: str) -> Iterator[ConnectionPool[DictConnection]]:
    with open_pool(database_url) as opened:
        yield opened


@pytest.fixture
def processes(pool: ConnectionPool[DictConnection], redis_url: str) -> Iterator[list[SingleFlight]]:
    """As two processes would have them: they share nothing but the stores."""
    made = [SingleFlight(SearchCache(redis_url), pool) for _ in range(2)]
    yield made
    for one in made:
        one.close()


class Work:
    """Computes answers slowly and counts how often; the first ``failures`` of them fail."""

    def __init__(self, pool: ConnectionPool[DictConnection], seconds: float = 0.3, failures: int = 0) -> None:
        self._pool, self._seconds, self._failures = pool, seconds, failures
        self._guard = Lock()
        self.count = 0
        self.left: list[float] = []
        self.begun = Event()

    def __call__(self, left: float) -> SearchAnswer:
        with self._guard:
            self.count += 1
            number = self.count
            self.left.append(left)
        self.begun.set()
        time.sleep(self._seconds)
        if number <= self._failures:
            raise UpstreamError("Postgres does not answer")
        answer = SearchAnswer(
            query_id=uuid4(), market=Market.INDIA, encoder_version="v", index_as_of=datetime.now(UTC), ranker=Ranker.VECTOR,
            degraded=[Degradation(stage="reranking", reason="no key")], timings_ms={"total": 12.0}, layers=[],
        )  # fmt: skip
        return log_query(self._pool, REQUEST, answer, "d" * 64)


def test_identical_searches_of_two_processes_are_computed_once_and_each_is_logged(processes, pool, database_url):
    work = Work(pool)
    with ThreadPoolExecutor(20) as threads:
        found = list(threads.map(lambda n: processes[n % 2].answer(REQUEST, PICTURE, 5_000, work), range(20)))
    assert work.count == 1
    assert len({answer.query_id for answer in found}) == 20
    assert {answer.degraded[0].reason for answer in found} == {"no key"}
    with psycopg.connect(database_url) as connection:
        rows = connection.execute("SELECT query_id, answered_from, look_digest FROM looks.queries").fetchall()
    first = next(row[0] for row in rows if row[1] is None)
    assert {row[0] for row in rows} == {answer.query_id for answer in found}
    assert {row[1] for row in rows} == {None, first}
    assert first in {answer.query_id for answer in found}
    assert all(answer.timings_ms["total"] >= 100 for answer in found if answer.query_id != first)


@pytest.mark.parametrize("changed", [
    {"page_size": 3}, {"layers": ("footwear",)}, {"deadline_ms": 900}, {"market": Market.JAPAN}, {"explain": True},
    {"filters": {"brand": ["Acme"]}},
])  # fmt: skip
def test_searches_that_differ_are_computed_each(processes, pool, changed):
    work = Work(pool)
    other = SearchRequest.model_validate(REQUEST.model_dump() | changed)
    with ThreadPoolExecutor(2) as threads:
        list(threads.map(lambda request: processes[0].answer(request, PICTURE, 5_000, work), [REQUEST, other]))
    assert work.count == 2


def test_searches_for_a_shopper_are_never_shared(processes, pool):
    work = Work(pool)
    request = REQUEST.model_copy(update={"user_id": "a"})
    with ThreadPoolExecutor(3) as threads:
        list(threads.map(lambda _: processes[0].answer(request, PICTURE, 5_000, work), range(3)))
    assert work.count == 3


def test_a_failure_is_shared_within_a_process_and_tried_again_by_another_with_the_time_that_is_left(processes, pool):
    work = Work(pool, failures=1)
    with ThreadPoolExecutor(3) as threads:
        first = [threads.submit(processes[0].answer, REQUEST, PICTURE, 5_000, work)]
        assert work.begun.wait(5)
        first.append(threads.submit(processes[0].answer, REQUEST, PICTURE, 5_000, work))
        other = threads.submit(processes[1].answer, REQUEST, PICTURE, 5_000, work)
        for one in first:
            with pytest.raises(UpstreamError):
                one.result()
        assert other.result().market is Market.INDIA
    assert work.count == 2
    assert work.left[0] == 5_000
    assert 4_000 < work.left[1] < 5_000


@pytest.mark.parametrize("process", [0, 1])
def test_one_that_waits_keeps_its_own_deadline(processes, pool, process):
    work = Work(pool, seconds=1.0)
    with ThreadPoolExecutor(1) as threads:
        first = threads.submit(processes[0].answer, REQUEST, PICTURE, 5_000, work)
        assert work.begun.wait(5)
        began = time.monotonic()
        with pytest.raises(DeadlineExceededError, match="identical"):
            processes[process].answer(REQUEST, PICTURE, 200, work)
        assert time.monotonic() - began < 0.8
        first.result()
    assert work.count == 1


def test_without_valkey_each_process_computes_its_own(pool):
    apart = [SingleFlight(SearchCache("redis://127.0.0.1:1/0"), pool) for _ in range(2)]
    work = Work(pool)
    with ThreadPoolExecutor(4) as threads:
        found = list(threads.map(lambda n: apart[n % 2].answer(REQUEST, PICTURE, 5_000, work), range(4)))
    assert (work.count, len(found)) == (2, 4)


def test_a_claim_that_has_lapsed_is_given_up_and_the_cache_stays_in_use(redis_url):
    cache, trace = SearchCache(redis_url), Trace()
    give_up = cache.claim("lapsed", 50, trace)
    assert give_up is not None
    time.sleep(0.1)
    give_up()
    cache.put("kept", 1, 60, trace)
    assert cache.get("kept", trace) == 1
    assert trace.degraded == []
    cache.close()


def test_those_that_wait_hold_no_place_to_compute():
    admission = Admission(computed=1, inside=2)
    with admission.inside(), admission.place(), admission.inside():
        with pytest.raises(OverloadedError), admission.place():
            pass
        with pytest.raises(OverloadedError), admission.inside():
            pass
    with admission.inside(), admission.place():
        pass
