"""``lookmatch feed push``, ``lookmatch feed doctor`` and ``lookmatch consume``."""

from __future__ import annotations

import json
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click
import psycopg
import redis
from rich.console import Console
from rich.table import Table
from tqdm import tqdm

from lookmatch_assets.feeds.codes import RecordError
from lookmatch_assets.feeds.consumer import Consumer
from lookmatch_assets.feeds.doctor import Report, examine
from lookmatch_assets.feeds.formats import FORMAT_NAMES, ReadOptions, load_format
from lookmatch_assets.feeds.landing import Counts
from lookmatch_assets.feeds.publisher import Feed, packet_of, publish
from lookmatch_assets.feeds.record import valid_vendor
from lookmatch_assets.migrations import migrate
from lookmatch_serving.embedded import Services, ensure_services
from lookmatch_serving.errors import LookmatchError
from lookmatch_serving.settings import Market, Settings, read_settings

_Command = Callable[..., Any]


def mapping_folder(settings: Settings) -> Path:
    """Where this installation keeps vendors' own mappings."""
    return settings.home / "vendors"


def read_options(settings: Settings, feed: Feed, limit: int | None, extract: bool = True) -> ReadOptions:
    """How a feed is read here; pictures out of archives go to ``<home>/feeds/<vendor>/<market>``."""
    return ReadOptions(settings.home / "feeds" / feed.vendor / feed.market, feed.vendor, limit, extract)


def push_feed(settings: Settings, services: Services, path: Path, feed: Feed, limit: int | None = None, quiet: bool = False) -> int:
    """Publish a feed; returns the packets published.

    Raises:
        InvalidInputError: the path is not a feed of this format.
        RecordError: the format or vendor is unknown.
        UpstreamError: the stream stayed full.
    """
    feed_format = load_format(feed.format, mapping_folder(settings))
    raw_records = feed_format.read(path.resolve(), read_options(settings, feed, limit))
    packets = (packet_of(raw, feed) for raw in raw_records)
    bar = tqdm(desc=f"push {feed.vendor} {feed.market}", unit=" packets", disable=quiet)
    with redis.Redis.from_url(services.redis_url) as client, psycopg.connect(services.database_url) as connection, bar:
        return publish(client, settings.packet_stream, packets, connection=connection, progress=bar.update)


def consume_packets(
    settings: Settings, services: Services, until_empty: bool = False, on_landed: Callable[..., object] | None = None
) -> Counts:
    """Land packets; SIGTERM and SIGINT end it after the batch in hand when this is the main thread's call."""
    with redis.Redis.from_url(services.redis_url) as client:
        consumer = Consumer(
            client, settings.packet_stream, services.database_url, mapping_folder(settings), on_landed=on_landed
        )
        previous = {number: signal.signal(number, lambda *_: consumer.stop()) for number in (signal.SIGTERM, signal.SIGINT)}
        try:
            return consumer.consume(until_empty)
        finally:
            for number, handler in previous.items():
                signal.signal(number, handler)


def _feed_options(command: _Command) -> _Command:
    for option in (
        click.option("--limit", type=click.IntRange(min=1), help="Most records to read."),
        click.option("--format", "format_name", type=click.Choice(FORMAT_NAMES), required=True, help="How the feed is written."),
        click.option("--market", type=click.Choice([str(market) for market in Market]), required=True, help="Where it is sold."),
        click.option("--vendor", required=True, callback=_checked_vendor, help="Whose feed it is, in lower case."),
        click.argument("path", type=click.Path(exists=True, path_type=Path)),
    ):
        command = option(command)
    return command


def _checked_vendor(context: click.Context, parameter: click.Parameter, value: str) -> str:
    try:
        return valid_vendor(value)
    except RecordError as error:
        raise click.BadParameter(f"{value!r}: {error.message}") from error


def _ready() -> tuple[Settings, Services]:
    settings = read_settings()
    services = ensure_services(settings)
    migrate(services.database_url)
    return settings, services


@click.group()
def feed() -> None:
    """Examine and publish vendors' feeds."""


@feed.command()
@_feed_options
def push(path: Path, vendor: str, market: str, format_name: str, limit: int | None) -> None:
    """Publish the feed at PATH, one packet a record."""
    try:
        settings, services = _ready()
        published = push_feed(settings, services, path, Feed(vendor, market, format_name), limit)
    except LookmatchError as error:
        raise click.ClickException(str(error)) from error
    click.echo(f"{published} packets published; 'lookmatch consume' lands them")


@feed.command()
@_feed_options
@click.option("--json", "as_json", is_flag=True, help="Print the report as JSON.")
def doctor(path: Path, vendor: str, market: str, format_name: str, limit: int | None, as_json: bool) -> None:
    """Report what ingesting the feed at PATH would do, and write nothing. Exits 1 when a record would be refused."""
    feed_ = Feed(vendor, market, format_name)
    try:
        settings, services = _ready()
        with psycopg.connect(services.database_url) as connection:
            connection.read_only = True
            report = examine(path.resolve(), feed_, read_options(settings, feed_, limit, extract=False), connection, mapping_folder(settings))
    except LookmatchError as error:
        raise click.ClickException(str(error)) from error
    if as_json:
        click.echo(json.dumps(report.as_json(), ensure_ascii=False, indent=2))
    else:
        _show(report)
    sys.exit(1 if report.refused else 0)


@click.command()
@click.option("--until-empty", is_flag=True, help="End once every packet on the stream is landed.")
@click.option("--json", "as_json", is_flag=True, help="Print the counts as JSON.")
def consume(until_empty: bool, as_json: bool) -> None:
    """Land packets from the stream until stopped."""
    try:
        settings, services = _ready()
        counts = consume_packets(settings, services, until_empty)
    except LookmatchError as error:
        raise click.ClickException(str(error)) from error
    click.echo(json.dumps(vars(counts)) if as_json else ", ".join(f"{n} {name.replace('_', ' ')}" for name, n in vars(counts).items()))


def _show(report: Report) -> None:
    console = Console()
    changes = ", ".join(f"{count} {name}" for name, count in report.changes.items())
    console.print(f"{report.records} records: {report.accepted} accepted, {report.refused} refused; {changes}", highlight=False)
    coverage = Table("attribute", "filled", "share", title="Coverage of accepted records")
    for name, filled in report.coverage.items():
        coverage.add_row(name, str(filled), f"{filled / report.accepted:.0%}" if report.accepted else "-")
    console.print(coverage)
    if not report.issues:
        return
    issues = Table("severity", "code", "product", "attribute", "value", "message", "resolution", title="Issues")
    for issue in report.issues[:50]:
        cells = (issue.severity, issue.code, issue.product or "-", issue.attribute or "-", issue.value[:60], issue.message, issue.resolution)
        issues.add_row(*(cell.replace("[", r"\[") for cell in cells))
    console.print(issues)
    if len(report.issues) > 50:
        console.print(f"… and {len(report.issues) - 50} more; --json lists all")
