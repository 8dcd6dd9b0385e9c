"""``lookmatch bench serving``: how fast the app answers, what HTTP adds to its SQL, and what overload does to it.

The home's own catalogue and looks are used. Fresh pictures are never seen before, so that no cache answers for a stage; a search
with "the vectors given" is one whose reading and vectors are kept, and which is for a shopper, so that all of its SQL runs. Bare
SQL is the same statements by one connection in this process, with the same vectors.
"""

from __future__ import annotations

import itertools
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

from lookmatch_assets.evaluation.bare_sql import bare_sql
from lookmatch_assets.evaluation.deadline_benchmark import Answered, looks, served
from lookmatch_assets.evaluation.fake_model import FakeModel
from lookmatch_serving.embedded import Services, ensure_services
from lookmatch_serving.settings import Market, Settings, read_settings

WORKERS = 2
MODEL_SECONDS = 0.3
DEADLINE_MS = 1_000
_THREADS = 64
_CONCURRENCIES = (2, 4, 8, 12)
_LONG_MS = 20_000
_MOST_A_SECOND = 40
_PAUSE_SECONDS = 0.2


@dataclass(frozen=True)
class Load:
    """Searches of a while: those answered well and in time, and all, a second; counts by status."""

    good_per_second: float
    asked_per_second: float
    statuses: dict[int, int]
    p50_ms: float
    p95_ms: float


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
    """So many searches under way at all times; the pictures are made before."""
    waiting = list(itertools.islice(pictures, int(_MOST_A_SECOND * seconds)))
    lock, found, begun = threading.Lock(), list[Answered](), time.perf_counter()

    def keep_asking() -> None:
        while time.perf_counter() - begun < seconds and waiting:
            with lock:
                picture = waiting.pop()
            answer = app.ask(picture)
            with lock:
                found.append(answer)
            if answer.status == HTTPStatus.SERVICE_UNAVAILABLE:
                time.sleep(_PAUSE_SECONDS)

    with ThreadPoolExecutor(at_once) as pool:
        for future in [pool.submit(keep_asking) for _ in range(at_once)]:
            future.result()
    return _load(found, time.perf_counter() - begun)


def open_loop(app: App, pictures: Sequence[str], per_second: float) -> Load:
    """Searches begun at a steady rate whatever becomes of those before."""
    begun = time.perf_counter()
    with ThreadPoolExecutor(_THREADS) as pool:
        futures = []
        for number, picture in enumerate(pictures):
            time.sleep(max(0.0, begun + number / per_second - time.perf_counter()))
            futures.append(pool.submit(app.ask, picture))
        spent = time.perf_counter() - begun
        found = [future.result() for future in futures]
    return _load(found, spent)


def _load(found: Sequence[Answered], seconds: float) -> Load:
    good = [one for one in found if one.status == HTTPStatus.OK and one.seconds <= 1.05 * DEADLINE_MS / 1000]
    statuses = dict(Counter(one.status for one in found))
    return Load(len(good) / seconds, len(found) / seconds, statuses, milliseconds(found, 50), milliseconds(found, 95))


@click.command("serving")
@click.option("--searches", default=60, show_default=True, type=click.IntRange(5, 2_000), help="Searches of each latency.")
@click.option("--seconds", default=10.0, show_default=True, type=click.FloatRange(1, 300), help="Time of each load.")
@click.option("--market", default=Market.INDIA, type=click.Choice(list(Market)), show_default=True)
def bench_serving(searches: int, seconds: float, market: Market) -> None:
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
            _overload(table, app, pictures, seconds, "model, ")
        with served(settings, services, None, WORKERS) as base:
            app = App(base, market, client)
            latency(app, pictures, 4)
            _row(table, "no model (all embedded)", latency(app, pictures, searches))
            _beside_sql(table, app, settings, services, market, list(itertools.islice(pictures, 10)), searches)
            _overload(table, app, pictures, seconds)
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


def _overload(table: Table, app: App, pictures: Iterator[str], seconds: float, name: str = "") -> None:
    """Peak goodput of any concurrency, and goodput at twice as many requests."""
    loads = {at_once: closed_loop(app, pictures, at_once, seconds) for at_once in _CONCURRENCIES}
    best = max(loads, key=lambda at_once: loads[at_once].good_per_second)
    peak = loads[best]
    for at_once, load in loads.items():
        more = f"{load.good_per_second:.1f} good a second; statuses {load.statuses}"
        table.add_row(f"{name}{at_once} at a time", f"{load.p50_ms:.0f}", f"{load.p95_ms:.0f}", more)
    for times in (1, 2):
        rate = times * peak.good_per_second
        fresh = list(itertools.islice(pictures, int(rate * seconds)))
        load = open_loop(app, fresh, rate)
        share = load.good_per_second / peak.good_per_second
        wanted = " (>= 0.90)" if times == 2 else ""
        more = f"goodput {load.good_per_second:.1f} a second, {share:.2f} of peak{wanted}; statuses {load.statuses}"
        table.add_row(f"{name}{times}x: {rate:.1f} a second", f"{load.p50_ms:.0f}", f"{load.p95_ms:.0f}", more)
