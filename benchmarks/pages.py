"""``python -m benchmarks pages``: feed and product pages at a steady rate, beside the bare framework under the same server.

Requests are due at fixed moments, whether earlier ones have been answered or not, and a request's time counts from the moment it
was due: a server that stalls cannot hide it. What a server can do at most is told by as many clients as it has threads, each
asking again at once. The load is made on the same machine, and takes its share of the cores.
"""

from __future__ import annotations

import http.client
import itertools
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from urllib.parse import quote

import click
import numpy as np
import psycopg
from rich.console import Console
from rich.table import Table

from benchmarks.landing import BenchmarkError
from lookmatch_assets.cli.demo import ingest
from lookmatch_assets.cli.up import LOOPBACK, free_port
from lookmatch_assets.migrations import migrate
from lookmatch_assets.synthetic.demo_data import write_sample_data
from lookmatch_serving.embedded import Services, ensure_services, stop_services
from lookmatch_serving.settings import Settings, read_settings

CLIENTS = 16
WARM_ROUNDS = 4
_HEADERS = {"Accept": "text/html", "Accept-Encoding": "gzip", "Accept-Language": "en"}
_TIMEOUT_SECONDS = 10.0
_START_SECONDS = 90.0


@dataclass(frozen=True)
class Reply:
    """One request: when it ended and how long it took since it was due, seconds; the status, 0 without an answer; body bytes."""

    ended: float
    seconds: float
    status: int
    size: int


@dataclass(frozen=True)
class Measured:
    """A server under load."""

    name: str
    steady: list[Reply]
    flat_out: list[Reply]


def ask_steadily(port: int, paths: Sequence[str], rate: float, seconds: float, clients: int = CLIENTS) -> list[Reply]:
    """Ask for the paths in turn, ``rate`` a second for some seconds; a request's time counts from when it was due."""
    begun, count = time.perf_counter() + 0.2, int(rate * seconds)

    def work(client: int) -> list[Reply]:
        connection, replies = _connection(port), []
        for number in range(client, count, clients):
            due = begun + number / rate
            time.sleep(max(0.0, due - time.perf_counter()))
            replies.append(_ask(connection, paths[number % len(paths)], due))
        connection.close()
        return replies

    return _together(work, clients)


def ask_flat_out(port: int, paths: Sequence[str], seconds: float, clients: int = CLIENTS) -> list[Reply]:
    """Ask again as soon as an answer is there, for some seconds."""
    end = time.perf_counter() + seconds

    def work(client: int) -> list[Reply]:
        connection, replies = _connection(port), []
        for number in itertools.count(client, clients):
            now = time.perf_counter()
            if now >= end:
                break
            replies.append(_ask(connection, paths[number % len(paths)], now))
        connection.close()
        return replies

    return _together(work, clients)


def measure(name: str, port: int, paths: Sequence[str], rate: float, seconds: float) -> Measured:
    """Warm a server's caches, then load it steadily and flat out."""
    for _ in range(WARM_ROUNDS):
        for path in paths:
            _ask(_connection(port), path, time.perf_counter())
    return Measured(name, ask_steadily(port, paths, rate, seconds), ask_flat_out(port, paths, min(seconds, 5.0)))


def table_of(measured: Sequence[Measured], rate: float) -> Table:
    """The result, a row a server."""
    table = Table(title=f"{rate:.0f} requests a second, due at fixed moments; {os.cpu_count()} cores, shared with the load")
    for column in ("server", "asked", "errors", "answered/s", "p50 ms", "p95 ms", "p99 ms", "KB each", "most/s"):
        table.add_column(column, justify="left" if column == "server" else "right")
    for one in measured:
        times = np.array([reply.seconds for reply in one.steady]) * 1000
        p50, p95, p99 = np.percentile(times, [50, 95, 99])
        size = np.mean([reply.size for reply in one.steady]) / 1000
        cells = (len(one.steady), len(failures(one.steady)), f"{_rate(one.steady):.0f}", f"{p50:.1f}", f"{p95:.1f}", f"{p99:.1f}")
        table.add_row(one.name, *map(str, cells), f"{size:.1f}", f"{_rate(one.flat_out):.0f}")
    return table


def failures(replies: Sequence[Reply]) -> list[Reply]:
    """Replies that are not the page."""
    return [reply for reply in replies if reply.status != HTTPStatus.OK]


@click.command()
@click.option("--rate", default=200.0, show_default=True, type=click.FloatRange(1), help="Requests a second.")
@click.option("--seconds", default=20.0, show_default=True, type=click.FloatRange(1), help="Of the steady load.")
@click.option("--here", is_flag=True, help="Serve this home's own catalogue and not the drawn one in a home that is deleted.")
def bench_pages(rate: float, seconds: float, here: bool) -> None:
    """Load feed and product pages, and the bare framework beside them."""
    console = Console(file=sys.stdout, width=130)
    with nullcontext(read_settings()) if here else _drawn_home() as settings:
        services = ensure_services(settings)
        paths = page_paths(services)
        console.print(f"{len(paths)} pages: the feed as every fourth request, and the products' pages")
        with _server(["benchmarks.bare_flask", LOOPBACK], settings, services) as port:
            bare = measure("bare Flask, one line of text", port, ["/"], rate, seconds)
        with _server(["lookmatch_assets", "serve", "--host", LOOPBACK, "--port"], settings, services) as port:
            pages = measure("feed and product pages", port, paths, rate, seconds)
    console.print(table_of([pages, bare], rate))
    if failures(pages.steady):
        raise BenchmarkError(f"{len(failures(pages.steady))} of {len(pages.steady)} requests were not answered with their page")


def page_paths(services: Services) -> list[str]:
    """Every product's page, with the feed before each third."""
    with psycopg.connect(services.database_url) as connection:
        rows = connection.execute("SELECT product_id FROM catalog.products WHERE NOT removed ORDER BY product_id").fetchall()
    feeds = itertools.cycle(["/", "/?market=IN", "/?market=US", "/?market=JP"])
    products = [f"/products/{quote(row[0], safe='')}" for row in rows]
    if not products:
        raise BenchmarkError("this home has no products; lookmatch demo makes some")
    return [path for place, product in enumerate(products) for path in ([next(feeds), product] if place % 3 == 0 else [product])]


@contextmanager
def _drawn_home() -> Iterator[Settings]:
    with tempfile.TemporaryDirectory(prefix="lookmatch-bench-") as folder:
        settings = Settings(home=Path(folder), database_url=None, redis_url=None)
        services = ensure_services(settings)
        try:
            migrate(services.database_url)
            ingest(settings, services, write_sample_data(settings.home / "sample"), lambda line: None)
            yield settings
        finally:
            stop_services(settings)


@contextmanager
def _server(module: list[str], settings: Settings, services: Services) -> Iterator[int]:
    """A server of the module, whose last argument is its port; ended afterwards."""
    port = free_port(0)
    environment = {
        **os.environ,
        "LOOKMATCH_HOME": str(settings.home),
        "LOOKMATCH_DATABASE_URL": services.database_url,
        "LOOKMATCH_REDIS_URL": services.redis_url,
    }
    arguments = [sys.executable, "-m", *module, str(port)]
    with (settings.home / "bench-pages.log").open("ab") as log:
        process = subprocess.Popen(arguments, env=environment, stdout=log, stderr=log)  # noqa: S603  no word is a caller's
        try:
            end = time.monotonic() + _START_SECONDS
            while _ask(_connection(port), "/", time.perf_counter()).status != HTTPStatus.OK:
                if process.poll() is not None or time.monotonic() > end:
                    raise BenchmarkError(f"the server did not start; see {log.name}")
                time.sleep(0.2)
            yield port
        finally:
            process.terminate()
            process.wait()


def _connection(port: int) -> http.client.HTTPConnection:
    return http.client.HTTPConnection(LOOPBACK, port, timeout=_TIMEOUT_SECONDS)


def _ask(connection: http.client.HTTPConnection, path: str, due: float) -> Reply:
    try:
        connection.request("GET", path, headers=_HEADERS)
        answer = connection.getresponse()
        size, status = len(answer.read()), answer.status
    except (OSError, http.client.HTTPException):
        connection.close()  # the next request opens it again
        size, status = 0, 0
    now = time.perf_counter()
    return Reply(now, now - due, status, size)


def _together(work: Callable[[int], list[Reply]], clients: int) -> list[Reply]:
    with ThreadPoolExecutor(clients) as threads:
        return [reply for replies in threads.map(work, range(clients)) for reply in replies]


def _rate(replies: Sequence[Reply]) -> float:
    ended = [reply.ended for reply in replies if reply.status == HTTPStatus.OK]
    return len(ended) / max(max(ended) - min(ended), 1e-9) if len(ended) > 1 else 0.0
