"""How many searches compute at a time, and what need not wait."""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

import pytest

from lookmatch_serving.embedded import Services
from lookmatch_serving.search.models.request import SearchRequest
from lookmatch_serving.search.runtime.concurrency_limit import LONGEST_WAIT, ConcurrencyLimit
from lookmatch_serving.search.runtime.deadline import Deadline
from lookmatch_serving.search.runtime.trace import StageEvent, Trace
from tests.serving.search_fixtures import FixedReader, Stock, colour_pipeline, dressed_look, make_market, red_top

REQUEST = SearchRequest(market="IN", deadline_ms=20_000)
COLOURS = ("red", "blue", "green", "black")


@pytest.fixture
def stores(database_url, redis_url):
    make_market(database_url, [Stock(f"red-{i}", shade=i * 2) for i in range(5)])
    return Services(database_url, redis_url)


class Together:
    """An observer of several searches, which holds them up at their first stage until so many are there, or for so long."""

    def __init__(self, expected: int, seconds: float) -> None:
        self.most, self._now, self._guard = 0, 0, threading.Lock()
        self._seconds = seconds
        self._met = threading.Barrier(expected)

    def __call__(self, progress: StageEvent) -> None:
        if progress.layers:
            return
        if progress.stage == "query_generation" and not progress.finished:
            with self._guard:
                self._now += 1
                self.most = max(self.most, self._now)
            with suppress(threading.BrokenBarrierError):
                self._met.wait(self._seconds)
        if progress.stage == "reranking" and progress.finished:
            with self._guard:
                self._now -= 1


def searched_at_once(pipeline, observer):
    with ThreadPoolExecutor(len(COLOURS)) as pool:
        return list(pool.map(lambda colour: pipeline.search(REQUEST, dressed_look(colour), observer), COLOURS))


def test_searches_without_a_model_compute_one_after_the_other_and_say_how_long_they_waited(settings, stores):
    pipeline, together = colour_pipeline(settings, stores), Together(len(COLOURS), 0.3)
    answers = searched_at_once(pipeline, together)
    pipeline.close()
    assert together.most == 1
    waits = sorted(answer.timings_ms["waiting"] for answer in answers)
    assert waits[0] < waits[1] < waits[2] < waits[3]
    assert all(answer.timings_ms["total"] >= answer.timings_ms["waiting"] for answer in answers)


def test_searches_that_wait_for_a_model_do_so_at_the_same_time(settings, stores):
    pipeline = colour_pipeline(settings, stores, reader=FixedReader([red_top()]))
    together = Together(len(COLOURS), 30)
    searched_at_once(pipeline, together)
    pipeline.close()
    assert together.most == len(COLOURS)


def test_a_cached_response_waits_for_nobody_and_others_go_on_after_a_while(settings, stores):
    pipeline = colour_pipeline(settings, stores)
    pipeline.search(REQUEST, dressed_look("red"))
    stands, goes_on = threading.Event(), threading.Event()

    def stand_still(progress: StageEvent) -> None:
        if progress.stage == "query_generation" and not progress.finished:
            stands.set()
            assert goes_on.wait(30)

    with ThreadPoolExecutor(1) as pool:
        still = pool.submit(pipeline.search, REQUEST, dressed_look("blue"), stand_still)
        assert stands.wait(30)
        kept = pipeline.search(REQUEST, dressed_look("red"))
        other = pipeline.search(REQUEST.model_copy(update={"deadline_ms": 2_000}), dressed_look("green"))
        assert not still.done()
        goes_on.set()
        still.result(30)
    pipeline.close()
    assert set(kept.timings_ms) == {"look", "total"}
    assert LONGEST_WAIT * 2_000 <= other.timings_ms["waiting"] < 2_000


def test_who_went_on_after_waiting_too_long_frees_nothing():
    limit, trace = ConcurrencyLimit(1), Trace()
    with limit.held(Deadline(10_000), trace):
        with limit.held(Deadline(100), trace):
            pass
        second = Trace()
        with limit.held(Deadline(100), second):
            pass
    assert second.timings_ms["waiting"] >= 100 * LONGEST_WAIT
    after = Trace()
    with limit.held(Deadline(10_000), after):
        pass
    assert after.timings_ms["waiting"] < 100 * LONGEST_WAIT


def test_the_queue_is_first_in_first_out_and_whoever_comes_meanwhile_passes_nobody():
    limit, order, came = ConcurrencyLimit(1), list[int](), list[threading.Thread]()

    def take(number: int) -> None:
        with limit.held(Deadline(60_000), Trace()):
            order.append(number)

    def waiting(count: int) -> None:
        while len(limit._queue) < count:  # nothing else tells that a thread waits
            time.sleep(0.001)

    with limit.held(Deadline(60_000), Trace()):
        for number in range(4):
            came.append(threading.Thread(target=take, args=(number,)))
            came[-1].start()
            waiting(number + 1)
    take(4)
    for thread in came:
        thread.join(30)
    assert order == [0, 1, 2, 3, 4]
