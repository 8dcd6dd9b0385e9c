"""``lookmatch demo``: the main job from packets on a stream to a printed answer, on sample data or a real catalogue."""

from __future__ import annotations

import sys
import time
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from datetime import UTC, datetime
from pathlib import Path

import click
import psycopg
from rich.console import Console

from lookmatch_assets.migrations import migrate
from lookmatch_assets.synthetic.calibration_looks import drawn_looks
from lookmatch_assets.synthetic.demo_data import DemoData, write_real_data, write_sample_data
from lookmatch_serving.api.records import LookKind
from lookmatch_serving.embedded import Services, ensure_services, running_services, stop_services
from lookmatch_serving.settings import Market, Settings, read_settings

Say = Callable[[str], None]


@click.command()
@click.option("--data", type=click.Path(exists=True, file_okay=False, path_type=Path), help="Folder of styles.csv and pictures.")
@click.option("--limit", type=click.IntRange(min=100), help="Most records of --data to take; all when left out.")
def demo(data: Path | None, limit: int | None) -> None:
    """Run the main job end to end and print a look's products."""
    console = Console(file=sys.stdout)
    settings = read_settings()
    before = running_services(settings)
    services = ensure_services(settings)
    try:
        run_demo(settings, services, console, data=data, limit=limit)
    finally:
        if not before:
            stop_services(settings)


def run_demo(
    settings: Settings, services: Services, console: Console, *, data: Path | None = None, limit: int | None = None
) -> None:
    """Publish, land, materialise, tag and search; each step says what it did and how long it took.

    Args:
        settings: of this home.
        services: addresses of the stores.
        console: to print on.
        data: folder of a real catalogue; None takes the drawn sample.
        limit: most records of ``data``.
    """
    from lookmatch_serving.cli.search import draw_sheet, print_answer
    from lookmatch_serving.search.factory import build_pipeline
    from lookmatch_serving.search.models.request import SearchRequest

    migrate(services.database_url)
    with _step(console, "Sample data" if data is None else "Real data"):
        found = (
            write_sample_data(settings.home / "sample") if data is None else write_real_data(data, settings.home / "real", limit)
        )
        console.print(f"  {found.summary}")
    ingest(settings, services, found, lambda line: console.print(f"  {line}"))
    look = found.looks[0]
    with _step(console, f"Search: {look.path.name}, market {look.market}"):
        pipeline = build_pipeline(settings, services)
        try:
            pipeline.warm_up()
            request = SearchRequest(market=look.market, page_size=5, explain=True, deadline_ms=10_000)
            picture = look.path.read_bytes()
            answer = pipeline.search(request, picture)
            warm = pipeline.search(request, picture)
        finally:
            pipeline.close()
    print_answer(answer, console)
    console.print(f"asked again, from warm caches: {warm.timings_ms['total']:.0f} ms")
    sheet = settings.home / "demo.png"
    draw_sheet(settings, services, answer, look.path).save(sheet)
    console.print(f"\nThe same as a picture: {sheet}")
    console.print("Next: [bold]make up[/bold] shows the assets in Dagster and the looks in the app;")
    console.print(f"      .venv/bin/lookmatch search {look.path} --market {look.market} searches from the shell.")


def ingest(settings: Settings, services: Services, found: DemoData, say: Say) -> None:
    """Publish the feeds to the stream, land them, register the looks and run the assets of every market of the day.

    Args:
        settings: of this home.
        services: addresses of the stores.
        found: feeds and looks.
        say: takes one line of progress at a time.
    """
    from lookmatch_assets.defs.instance import run_partitions
    from lookmatch_assets.feeds.consumer import consume_until_empty
    from lookmatch_assets.feeds.landed import partitions_behind
    from lookmatch_assets.feeds.publisher import publish_feed
    from lookmatch_assets.looks.register import register_look
    from lookmatch_serving.encoders import load_encoder

    for feed in found.feeds:
        published = publish_feed(settings, services, feed)
        landed = consume_until_empty(settings, services)
        say(f"{feed.vendor} ({feed.market}, {feed.format}): {published} published; {landed}")
    touched = set()
    with psycopg.connect(services.database_url) as connection:
        for look in found.looks:
            kind, picture = LookKind.REFERENCE if look.reference else LookKind.LOOK, look.path.read_bytes()
            if register_look(connection, settings, look_id=look.path.stem, market=look.market, picture=picture, kind=kind):
                touched.add((look.market, datetime.now(UTC).date()))
        behind = partitions_behind(connection, settings.encoder, load_encoder(settings.encoder).version)
        touched |= {(Market(market), day) for market, day in behind}
    with _quietly(settings.home / "demo.log"):
        partitions = sorted(touched, key=lambda partition: (partition[1], partition[0]))
        run_partitions(settings, services, partitions, say, {"drawn_looks": drawn_looks})


@contextmanager
def _quietly(log: Path) -> Iterator[None]:
    """Send what dbt and Dagster print to a file: the lines of progress are enough for a person, the UI has the rest."""
    with log.open("a", encoding="utf-8") as file, redirect_stdout(file), redirect_stderr(file), warnings.catch_warnings():
        yield


@contextmanager
def _step(console: Console, title: str) -> Iterator[None]:
    started = time.perf_counter()
    console.print(f"[bold]{title}[/bold]")
    yield
    console.print(f"  [dim]{time.perf_counter() - started:.1f} s[/dim]")
