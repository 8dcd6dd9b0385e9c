"""``python -m benchmarks serving``: how fast the app answers, what HTTP adds to its SQL, and what overload does to it.

The home's own catalogue and looks are used. Fresh pictures are never seen before, so that no cache answers for a stage; a search
with "the vectors given" is one whose reading and vectors are kept, and which is for a shopper, so that all of its SQL runs. Bare
SQL is the same statements by one connection in this process, with the same vectors.
"""

from __future__ import annotations

import itertools
import os
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

import click
import numpy as np
import urllib3
from rich.console import Console
from rich.table import Table

from benchmarks.bare_sql import bare_sql
from benchmarks.deadlines import Answered, looks, served
from benchmarks.fake_model import FakeModel
from benchmarks.landing import BenchmarkError
from lookmatch_serving.embedded import Services, ensure_services
from lookmatch_serving.settings import Market, Settings, read_settings

WORKERS = 2
MODEL_SECONDS = 0.3
DEADLINE_MS = 1_000
_THREADS = 64
_CONCURRENCIES = (2, 4, 8, 12)
_LONG_MS = 20_000
_MOST_A_SECOND = 20 * (os.cpu_count() or 1)
"""Searches that a load is prepared for; a core answers about 10."""

_PAUSE_SECONDS = 0.2
_FILLING_SECONDS = 1.0
"""Of the beginning of a load, after which the places are full."""

_Ended = tuple[float, Answered]
"""A search with the time at which it ended, in seconds since the load began."""


@dataclass(frozen=True)
class Load:
    """Searches of a while.

    Attributes:
        found: all of them.
        good: how many were answered well and in time within ``seconds``.
        seconds: the while, less its beginning, in which the places fill.
    """

    found: list[Answered]
    good: int
    seconds: float

    @property
    def good_per_second(self) -> float:
        """Goodput."""
        return self.good / self.seconds

    @property
    def statuses(self) -> dict[int, int]:
        """Searches by status."""
        return dict(Counter(one.status for one in self.found))


class App:
    """A served app and a client of it."""

    def __init__(self, base: str, market: Market, client: urllib3.PoolManager) -> None:
        self._base, self._market, self._client = base, market, client

    def ask(self, picture: str, deadline_ms: int = DEADLINE_MS, **changes: Any) -> Answered:
        """One search."""
        body = {"market": self._market.value, "image": picture, "deadline_ms": deadline_ms, **changes}
        begun = time.perf_counter()
        answer = self._client.request("POST", f"{self._base}/v1/looks:search", json=body, timeout=60, retries=False)
        return Answered(time.perf_counter() - begun, answer.status, answer.json())


def milliseconds(found: Sequence[Answered], quantile: float) -> float:
    """A quantile of the times of those that were answered."""
    good = [one.seconds for one in found if one.status == HTTPStatus.OK]
    return float(np.percentile(good, quantile) * 1000) if good else float("nan")


def latency(app: App, pictures: Iterator[str], searches: int) -> list[Answered]:
    """One after the other, each of a fresh picture."""
    return [app.ask(picture, _LONG_MS) for picture in itertools.islice(pictures, searches)]


def kept_answers(app: App, picture: str, searches: int) -> list[Answered]:
    """The same again and again."""
    app.ask(picture, _LONG_MS)
    return [app.ask(picture, _LONG_MS) for _ in range(searches)]


def vectors_given(
    app: App, pictures: Sequence[str], searches: int, bare: Callable[[int, int], float]
) -> tuple[list[Answered], list[float]]:
    """Looks read before, each time for another shopper, whose answers are never kept; bare statements take turns with them."""
    for picture in pictures:
        app.ask(picture, _LONG_MS)
    found, plain = [], []
    for number, look in enumerate(itertools.islice(itertools.cycle(range(len(pictures))), searches)):
        found.append(app.ask(pictures[look], _LONG_MS, user_id=f"bench-{number}"))
        plain.append(bare(look, number))
    return found, plain


def closed_loop(app: App, pictures: Iterator[str], at_once: int, seconds: float) -> Load:
    """So many searches under way at all times; the pictures are made before.

    Raises:
        BenchmarkError: they were used up before the time was.
    """
    waiting = list(itertools.islice(pictures, int(_MOST_A_SECOND * seconds)))
    lock, found, begun = threading.Lock(), list[_Ended](), time.perf_counter()

    def keep_asking() -> None:
        while time.perf_counter() - begun < seconds:
            with lock:
                if not waiting:
                    raise BenchmarkError(f"more than {_MOST_A_SECOND} searches a second were answered: prepare for more")
                picture = waiting.pop()
            answer = app.ask(picture)
            with lock:
                found.append((time.perf_counter() - begun, answer))
                refused = answer.status == HTTPStatus.SERVICE_UNAVAILABLE
                if refused:
                    waiting.append(picture)  # no one has looked at it
            if refused:
                time.sleep(_PAUSE_SECONDS)

    with ThreadPoolExecutor(at_once) as pool:
        for future in [pool.submit(keep_asking) for _ in range(at_once)]:
            future.result()
    return _load(found, seconds)


def open_loop(app: App, pictures: Sequence[str], per_second: float) -> Load:
    """Searches begun at a steady rate whatever becomes of those before."""
    begun = time.perf_counter()

    def ask(picture: str) -> _Ended:
        answer = app.ask(picture)
        return time.perf_counter() - begun, answer

    with ThreadPoolExecutor(_THREADS) as pool:
        futures = []
        for number, picture in enumerate(pictures):
            time.sleep(max(0.0, begun + number / per_second - time.perf_counter()))
            futures.append(pool.submit(ask, picture))
        found = [future.result() for future in futures]
    return _load(found, len(pictures) / per_second)


def together(loads: Sequence[Load]) -> Load:
    """Several as one."""
    found = [one for load in loads for one in load.found]
    return Load(found, sum(load.good for load in loads), sum(load.seconds for load in loads))


def _load(found: Sequence[_Ended], seconds: float) -> Load:
    """Those that ended while places were full count: not a beginning that finds them free, nor an end that drains them."""
    in_time = 1.05 * DEADLINE_MS / 1000
    ended = [one for at, one in found if _FILLING_SECONDS <= at < seconds]
    good = sum(one.status == HTTPStatus.OK and one.seconds <= in_time for one in ended)
    return Load([one for _, one in found], good, seconds - _FILLING_SECONDS)


@click.command("serving")
@click.option("--searches", default=60, show_default=True, type=click.IntRange(5, 2_000), help="Searches of each latency.")
@click.option("--seconds", default=8.0, show_default=True, type=click.FloatRange(3, 300), help="Time of each load.")
@click.option("--turns", default=8, show_default=True, type=click.IntRange(1, 50), help="Turns of peak and overload.")
@click.option("--market", default=Market.INDIA, type=click.Choice(list(Market)), show_default=True, help="Where to search.")
def bench_serving(searches: int, seconds: float, turns: int, market: Market) -> None:
    """Measure latency with the model faked, kept answers, HTTP beside bare SQL, and goodput under overload."""
    settings = read_settings()
    services = ensure_services(settings)
    pictures = looks(settings)
    table = Table("measured", "p50 ms", "p95 ms", "more", title=f"Search over HTTP, {WORKERS} workers, market {market.value}")
    with urllib3.PoolManager(maxsize=_THREADS) as client:
        with FakeModel() as model, served(settings, services, model.url, WORKERS) as base:
            app = App(base, market, client)
            latency(app, pictures, 4)
            for delay in (0.0, MODEL_SECONDS):
                model.delay = delay
                _row(table, f"model faked at {delay * 1000:.0f} ms", latency(app, pictures, searches))
            _row(table, "answer kept", kept_answers(app, next(pictures), searches))
            _overload(table, app, pictures, seconds, turns, "model, ")
        with served(settings, services, None, WORKERS) as base:
            app = App(base, market, client)
            latency(app, pictures, 4)
            _row(table, "no model (all embedded)", latency(app, pictures, searches))
            _beside_sql(table, app, settings, services, market, list(itertools.islice(pictures, 10)), searches)
            _overload(table, app, pictures, seconds, turns)
    Console(width=150).print(table)


def _row(table: Table, name: str, found: Sequence[Answered], more: str = "") -> None:
    rankers = Counter(one.body.get("ranker", one.status) for one in found)
    said = ", ".join(f"{ranker} {count}" for ranker, count in rankers.most_common())
    table.add_row(name, f"{milliseconds(found, 50):.1f}", f"{milliseconds(found, 95):.1f}", more or said)


def _beside_sql(
    table: Table, app: App, settings: Settings, services: Services, market: Market, pictures: Sequence[str], searches: int
) -> None:
    with bare_sql(settings, services, market, pictures) as timed:
        found, bare = vectors_given(app, pictures, searches, timed)
    middle = float(np.median(bare) * 1000)
    _row(table, "vectors given", found, f"HTTP p50 / bare SQL p50 = {milliseconds(found, 50) / middle:.2f} (<= 1.5)")
    table.add_row("bare SQL of the same", f"{middle:.1f}", f"{float(np.percentile(bare, 95) * 1000):.1f}", "")


def _overload(table: Table, app: App, pictures: Iterator[str], seconds: float, turns: int, name: str = "") -> None:
    """Goodput of some concurrencies; then turns of the best of them, of as many requests as it answered, and of twice as many.

    They take turns since the machine itself is faster in one minute than in the next, and since the best of several measurements
    is more than what is there.
    """
    loads = {at_once: closed_loop(app, pictures, at_once, seconds) for at_once in _CONCURRENCIES}
    for at_once, load in loads.items():
        _load_row(table, f"{name}{at_once} at a time", load)
    best = max(loads, key=lambda at_once: loads[at_once].good_per_second)
    peaks, offered = list[Load](), dict[int, list[Load]]({1: [], 2: []})
    for _ in range(turns):
        peaks.append(closed_loop(app, pictures, best, seconds))
        for times, measured in offered.items():
            rate = times * peaks[-1].good_per_second
            measured.append(open_loop(app, list(itertools.islice(pictures, int(rate * seconds))), rate))
    peak = together(peaks)
    _load_row(table, f"{name}peak: {best} at a time, {turns} turns", peak)
    for times, measured in offered.items():
        load = together(measured)
        shares = [one.good_per_second / beside.good_per_second for one, beside in zip(measured, peaks, strict=True)]
        wanted = ", >= 0.90" if times == 2 else ""
        share = f"{load.good_per_second / peak.good_per_second:.2f} of peak ({min(shares):.2f} to {max(shares):.2f}{wanted})"
        _load_row(table, f"{name}{times}x: {times * peak.good_per_second:.1f} a second, {turns} turns", load, f"{share}; ")


def _load_row(table: Table, name: str, load: Load, share: str = "") -> None:
    more = f"{load.good_per_second:.1f} good a second; {share}statuses {load.statuses}"
    table.add_row(name, f"{milliseconds(load.found, 50):.0f}", f"{milliseconds(load.found, 95):.0f}", more)
