"""``python -m benchmarks effect``: time from a push to its effect, with everything running as ``lookmatch up`` starts it.

In a home of its own that is deleted at the end: the sample catalogue is ingested, then consumer, Dagster and the app are started,
and packets are published one at a time. A price has taken effect when the app answers it over HTTP; a new product when it is in
the live index.
"""

from __future__ import annotations

import copy
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from http import HTTPStatus
from pathlib import Path
from urllib.parse import quote

import click
import numpy as np
import psycopg
import redis
import urllib3
from PIL import Image, ImageOps
from psycopg.rows import dict_row
from rich.console import Console
from rich.table import Table
from tqdm import tqdm

from benchmarks.landing import FORMAT, BenchmarkError
from lookmatch_assets.cli.demo import ingest
from lookmatch_assets.cli.up import LOOPBACK, free_port
from lookmatch_assets.explanation.facts import read_facts
from lookmatch_assets.explanation.product import explain
from lookmatch_assets.feeds.formats import RawRecord, load_format
from lookmatch_assets.feeds.publisher import FeedFile, packet_of, publish, read_options
from lookmatch_assets.migrations import migrate
from lookmatch_assets.synthetic.demo_data import DemoData, write_sample_data
from lookmatch_serving.embedded import Services, ensure_services, stop_services
from lookmatch_serving.settings import Settings

PATIENCE_SECONDS = 180.0
PRICE_POLL_SECONDS = 0.02
INDEX_POLL_SECONDS = 0.1


@dataclass(frozen=True)
class Shop:
    """A running installation and the feed that packets are made of.

    Attributes:
        records: of the sample vendor, as its format reads them.
        app: base URL of the app.
    """

    settings: Settings
    services: Services
    feed: FeedFile
    records: list[RawRecord]
    app: str

    def send(self, raw: RawRecord) -> float:
        """Publish one record as changed now; returns the moment, in seconds of ``time.perf_counter``."""
        packet = packet_of(replace(raw, changed_at=datetime.now(UTC)), self.feed)
        with redis.Redis.from_url(self.services.redis_url) as client:
            begun = time.perf_counter()
            publish(client, self.settings.packet_stream, [packet])
        return begun

    def product_id(self, raw: RawRecord) -> str:
        """The id that a record's product has everywhere."""
        return f"{self.feed.vendor}:{self.feed.market}:{raw.subject}"


@contextmanager
def running_shop(folder: Path) -> Iterator[Shop]:
    """A home with the sample catalogue in it and every process running; all of it is ended afterwards."""
    settings = Settings(home=folder, database_url=None, redis_url=None)
    services = ensure_services(settings)
    try:
        migrate(services.database_url)
        data = write_sample_data(settings.home / "sample")
        ingest(settings, services, data, lambda line: None)
        port = free_port(0)
        with _everything(settings, port, free_port(0)):
            _wait(lambda: _is_ready(f"http://{LOOPBACK}:{port}/readyz"), 0.2, "the app to be ready")
            yield Shop(settings, services, *_records(settings, services, data), f"http://{LOOPBACK}:{port}")
    finally:
        stop_services(settings)


def price_seconds(shop: Shop, raw: RawRecord, number: int) -> float:
    """Seconds until the app answers a product's new price."""
    data = copy.deepcopy(raw.data)
    data["price"] = data["discountedPrice"] = 10_000 + number
    address = f"{shop.app}/v1/products/{quote(shop.product_id(raw), safe='')}"
    begun = shop.send(replace(raw, data=data))
    with urllib3.PoolManager() as client:
        _wait(lambda: client.request("GET", address).json()["price"] == 10_000 + number, PRICE_POLL_SECONDS, address)
    return time.perf_counter() - begun


def product_seconds(shop: Shop, raw: RawRecord, number: int) -> float:
    """Seconds until a new product, with a picture that was never seen, is in the live index."""
    data = copy.deepcopy(raw.data)
    data["id"] = f"new-{number}"
    picture = shop.settings.home / "sample" / f"new-{number}.png"
    with Image.open((raw.image_url or "").removeprefix("file://")) as original:
        grey = ImageOps.grayscale(original)
        colour = tuple(np.random.default_rng(number).integers(40, 215, 3).tolist())
        ImageOps.colorize(grey, "black", "white", mid=colour).save(picture)
    new = replace(raw, data=data, subject=data["id"], image_url=picture.as_uri())
    begun = shop.send(new)
    with psycopg.connect(shop.services.database_url, row_factory=dict_row, autocommit=True) as connection:
        found = shop.product_id(new)
        _wait(lambda: explain(read_facts(connection, found)).searchable, INDEX_POLL_SECONDS, f"{found} to be searchable")
    return time.perf_counter() - begun


@click.command("effect")
@click.option("--prices", default=40, show_default=True, type=click.IntRange(1, 200), help="Price changes to measure.")
@click.option("--products", default=8, show_default=True, type=click.IntRange(1, 100), help="New products to measure.")
def bench_effect(prices: int, products: int) -> None:
    """Measure seconds from push to effect while consumer, Dagster and the app run."""
    console = Console(width=120)
    with tempfile.TemporaryDirectory(prefix="lookmatch-effect-") as folder:
        os.chmod(folder, 0o755)  # noqa: S103  the embedded Postgres may run as another user
        console.print("ingesting the sample catalogue and starting everything: about a minute")
        with running_shop(Path(folder)) as shop, tqdm(total=prices + products, desc="effect", unit="push") as progress:
            product_seconds(shop, shop.records[0], 0)  # Dagster's daemon is up and its process is warm
            changed, added = [], []
            for number in range(prices):
                changed.append(price_seconds(shop, shop.records[number % len(shop.records)], number))
                progress.update()
            for number in range(1, products + 1):
                added.append(product_seconds(shop, shop.records[number % len(shop.records)], number))
                progress.update()
    table = Table("effect", "pushes", "p50 s", "p95 s", "aim (p50)", title="One push at a time, everything running")
    for name, seconds, aim in (("price over HTTP", changed, "< 2 s"), ("new product searchable", added, "< 20 s")):
        median, late = np.percentile(seconds, [50, 95])
        table.add_row(name, str(len(seconds)), f"{median:.2f}", f"{late:.2f}", aim)
    console.print(table)


def _records(settings: Settings, services: Services, data: DemoData) -> tuple[FeedFile, list[RawRecord]]:
    """The feed of one vendor, and its records of products that can be found and have a price."""
    found = next(feed for feed in data.feeds if feed.format == FORMAT)
    feed = FeedFile(found.vendor, str(found.market), found.format, found.path)
    records = list(load_format(FORMAT).read(feed.path, read_options(settings, feed)))
    with psycopg.connect(services.database_url, row_factory=dict_row) as connection:
        found_ids = {
            raw.subject
            for raw in records
            if raw.subject and explain(read_facts(connection, f"{feed.vendor}:{feed.market}:{raw.subject}")).searchable
        }
    return feed, [raw for raw in records if raw.subject in found_ids and isinstance(raw.data.get("price"), int | float)]


@contextmanager
def _everything(settings: Settings, app_port: int, dagster_port: int) -> Iterator[None]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("LOOKMATCH_", "DAGSTER_"))}
    command = [sys.executable, "-m", "lookmatch_assets", "up", "--app-port", str(app_port), "--dagster-port", str(dagster_port)]
    with (settings.home / "up.log").open("wb") as log:
        process = subprocess.Popen(  # noqa: S603  our own command
            command, env={**kept, "LOOKMATCH_HOME": str(settings.home)}, stdout=log, stderr=log, start_new_session=True
        )
        try:
            yield
        finally:
            process.send_signal(signal.SIGINT)
            try:
                process.wait(60)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def _is_ready(address: str) -> bool:
    try:
        return urllib3.request("GET", address, timeout=5, retries=False).status == HTTPStatus.OK
    except urllib3.exceptions.HTTPError:
        return False


def _wait(done: Callable[[], bool], interval: float, what: str) -> None:
    end = time.monotonic() + PATIENCE_SECONDS
    while not done():
        if time.monotonic() > end:
            raise BenchmarkError(f"waited {PATIENCE_SECONDS:.0f} s for {what}")
        time.sleep(interval)
