"""``python -m benchmarks deadlines``: searches over HTTP while the model's server behaves in each of the ways that it can fail.

The home's own catalogue and looks are used (``lookmatch demo`` makes them). Each search brings a picture that was never seen, so
that no cache answers for the model. The first line counts the model's calls for the same picture asked many times at once.
"""

from __future__ import annotations

import base64
import io
import itertools
import os
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

import click
import numpy as np
import urllib3
from PIL import Image
from rich.console import Console
from rich.table import Table
from tqdm import tqdm

from benchmarks.fake_model import FakeModel, Mode
from benchmarks.landing import BenchmarkError
from lookmatch_assets.cli.up import LOOPBACK, free_port
from lookmatch_serving.embedded import Services, ensure_services
from lookmatch_serving.settings import Market, Settings, read_settings

SAME = 50
WORKERS = 4
PIXELS = (360, 480)
BEHAVIOURS = [mode for mode in Mode if mode not in (Mode.BIASED, Mode.OBEDIENT)]
"""Those that answer well or fail; the others judge oddly and on time."""

_ALLOWED = 1.05


@dataclass(frozen=True)
class Answered:
    """One search: seconds it took, the status, and what the answer says of itself."""

    seconds: float
    status: int
    body: dict[str, Any]

    @property
    def named(self) -> str:
        """The stage of the first degradation, and why."""
        steps = self.body.get("degraded") or []
        return f"{steps[0]['stage']}: {steps[0]['reason']}" if steps else "-"


@contextmanager
def served(settings: Settings, services: Services, model_url: str | None, workers: int) -> Iterator[str]:
    """The app in processes of its own, with the model at that address, or none; yields its base URL."""
    port = free_port(0)
    environment = {
        **os.environ,
        "LOOKMATCH_HOME": str(settings.home),
        "LOOKMATCH_DATABASE_URL": services.database_url,
        "LOOKMATCH_REDIS_URL": services.redis_url,
        "ANTHROPIC_API_KEY": "fake" if model_url else "",
        "ANTHROPIC_BASE_URL": model_url or "",
    }
    command = [sys.executable, "-m", "lookmatch_assets", "serve", "--port", str(port), "--workers", str(workers)]
    process = subprocess.Popen(command, env=environment, stderr=subprocess.DEVNULL)  # noqa: S603  our own command
    base = f"http://{LOOPBACK}:{port}"
    try:
        _wait_ready(f"{base}/readyz")
        time.sleep(2.0 * workers)  # every worker loads its own encoder; the first to be ready answers for all
        yield base
    finally:
        process.terminate()
        process.wait(60)


def looks(settings: Settings) -> Iterator[str]:
    """Pictures as base64 that no one has seen: the home's looks with noise of one level in 256, all of them in turn.

    Each round is in an order of its own: of a steady stream at twice the load every second search is refused, and looks in a
    fixed order would leave the dear ones, or the cheap ones, to be answered.

    Raises:
        BenchmarkError: the home has no looks.
    """
    files = sorted(settings.look_folder.glob("*"))
    if not files:
        raise BenchmarkError("this home has no looks; run 'lookmatch demo' first")
    numbers = np.random.default_rng()
    for number in itertools.chain.from_iterable(numbers.permutation(len(files)) for _ in itertools.count()):
        with Image.open(files[number]) as opened:
            pixels = np.asarray(opened.convert("RGB").resize(PIXELS), dtype=np.int16)
        noisy = np.clip(pixels + numbers.integers(-1, 2, pixels.shape), 0, 255).astype(np.uint8)
        buffer = io.BytesIO()
        Image.fromarray(noisy).save(buffer, "JPEG", quality=90)
        yield base64.b64encode(buffer.getvalue()).decode()


def ask(client: urllib3.PoolManager, base: str, market: Market, picture: str, deadline_ms: int) -> Answered:
    """One search over HTTP."""
    body = {"market": market.value, "image": picture, "deadline_ms": deadline_ms}
    begun = time.perf_counter()
    answer = client.request("POST", f"{base}/v1/looks:search", json=body, timeout=60, retries=False)
    seconds = time.perf_counter() - begun
    return Answered(seconds, answer.status, answer.json())


@click.command("deadlines")
@click.option("--searches", default=200, show_default=True, type=click.IntRange(4, 2_000), help="Searches with each behaviour.")
@click.option("--at-once", default=2, show_default=True, type=click.IntRange(1, 12), help="Searches under way at a time.")
@click.option("--deadline-ms", default=1_000, show_default=True, type=click.IntRange(200, 60_000), help="Of each search.")
@click.option("--market", default=Market.INDIA, type=click.Choice(list(Market)), show_default=True, help="Where to search.")
def bench_deadlines(searches: int, at_once: int, deadline_ms: int, market: Market) -> None:
    """Measure whether searches keep their deadline while the model hangs, trickles, refuses or answers nonsense."""
    settings = read_settings()
    services = ensure_services(settings)
    pictures = looks(settings)
    title = f"{searches} searches each, {at_once} at a time, deadline {deadline_ms} ms"
    table = Table(
        "model", "200", "other", "p50 ms", "p99 ms", f"p99 / deadline (<= {_ALLOWED})", "ranked by", "most said", title=title
    )
    with urllib3.PoolManager(maxsize=SAME) as client:
        with FakeModel(delay=0.1) as model, served(settings, services, model.url, WORKERS) as base:
            same = next(pictures)
            with ThreadPoolExecutor(SAME) as pool:
                found = list(pool.map(lambda _: ask(client, base, market, same, 20_000), range(SAME)))
            statuses = Counter(one.status for one in found)
            click.echo(
                f"{SAME} identical searches at once over {WORKERS} workers: {model.readings} readings and {model.judgements}"
                f" judgements asked of the model; statuses {dict(statuses)}"
            )
        for mode in tqdm(BEHAVIOURS, desc="deadlines", unit="behaviour"):
            with FakeModel(mode) as model, served(settings, services, model.url, 2) as base:
                for picture in itertools.islice(pictures, 4):
                    ask(client, base, market, picture, 2 * deadline_ms)
                batch = list(itertools.islice(pictures, searches))
                with ThreadPoolExecutor(at_once) as pool:
                    found = list(pool.map(lambda picture: ask(client, base, market, picture, deadline_ms), batch))
            _add(table, mode, found, deadline_ms)
    Console(width=200).print(table)


def _add(table: Table, mode: Mode, found: list[Answered], deadline_ms: int) -> None:
    good = [one for one in found if one.status == HTTPStatus.OK]
    median, late = np.percentile([one.seconds * 1000 for one in found], [50, 99])
    rankers = Counter(one.body["ranker"] for one in good)
    said = Counter(one.named for one in good).most_common(1)
    table.add_row(
        mode.value,
        str(len(good)),
        str(len(found) - len(good)),
        f"{median:.0f}",
        f"{late:.0f}",
        f"{late / deadline_ms:.2f}",
        ", ".join(f"{name} {count}" for name, count in rankers.most_common()),
        said[0][0][:80] if said else "-",
    )


def _wait_ready(address: str) -> None:
    end = time.monotonic() + 120
    while time.monotonic() < end:
        try:
            if urllib3.request("GET", address, timeout=5, retries=False).status == HTTPStatus.OK:
                return
        except urllib3.exceptions.HTTPError:
            pass
        time.sleep(0.2)
    raise BenchmarkError(f"{address} did not become ready; the home needs an index ('lookmatch demo' makes one)")
