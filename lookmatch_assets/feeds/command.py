"""``lookmatch feed push``, ``lookmatch feed doctor`` and ``lookmatch consume``."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click
import psycopg
from rich.console import Console
from rich.table import Table
from tqdm import tqdm

from lookmatch_assets.feeds.codes import RecordError
from lookmatch_assets.feeds.consumer import consume_packets
from lookmatch_assets.feeds.doctor import Report, examine
from lookmatch_assets.feeds.formats import FORMAT_NAMES
from lookmatch_assets.feeds.publisher import FeedFile, mapping_folder, publish_feed, read_options
from lookmatch_assets.feeds.record import valid_vendor
from lookmatch_assets.migrations import migrate
from lookmatch_serving.embedded import Services, ensure_services
from lookmatch_serving.errors import LookmatchError
from lookmatch_serving.settings import Market, Settings, read_settings

_Command = Callable[..., Any]


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
        feed_file = FeedFile(vendor, market, format_name, path, limit)
        bar: tqdm[Any] = tqdm(desc=f"push {vendor} {market}", unit=" packets")
        with bar:
            published = publish_feed(settings, services, feed_file, progress=bar.update)
    except LookmatchError as error:
        raise click.ClickException(str(error)) from error
    click.echo(f"{published} published; 'lookmatch consume' lands them")


@feed.command()
@_feed_options
@click.option("--json", "as_json", is_flag=True, help="Print the report as JSON.")
def doctor(path: Path, vendor: str, market: str, format_name: str, limit: int | None, as_json: bool) -> None:
    """Report what ingesting the feed at PATH would do, and write nothing. Exits 1 when a record would be refused."""
    feed_ = FeedFile(vendor, market, format_name, path, limit)
    try:
        settings, services = _ready()
        with psycopg.connect(services.database_url) as connection:
            connection.read_only = True
            options = read_options(settings, feed_, extract=False)
            report = examine(path.resolve(), feed_, options, connection, mapping_folder(settings))
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
        counts = consume_packets(settings, services, until_empty=until_empty)
    except LookmatchError as error:
        raise click.ClickException(str(error)) from error
    click.echo(json.dumps(vars(counts)) if as_json else str(counts))


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
        where = (issue.severity, issue.code, issue.product or "-", issue.attribute or "-")
        cells = (*where, issue.value[:60], issue.message, issue.resolution)
        issues.add_row(*(cell.replace("[", r"\[") for cell in cells))
    console.print(issues)
    if len(report.issues) > 50:
        console.print(f"… and {len(report.issues) - 50} more; --json lists all")
