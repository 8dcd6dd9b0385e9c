"""``lookmatch feed push``, ``feed doctor``, ``feed replay`` and ``lookmatch consume``."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import click
import psycopg
from psycopg.rows import dict_row
from rich.console import Console
from rich.table import Table
from tqdm import tqdm

from lookmatch_assets.cli.feed_tables import show_issues, show_trial
from lookmatch_assets.defs.ingestion.offer_events import offer_events
from lookmatch_assets.feeds.codes import Code, RecordError
from lookmatch_assets.feeds.consumer import consume_packets
from lookmatch_assets.feeds.doctor import Report, examine
from lookmatch_assets.feeds.formats import AUTO, FORMAT_NAMES, detect_format
from lookmatch_assets.feeds.health import unmapped_words_by_vendor
from lookmatch_assets.feeds.publisher import FeedFile, mapping_folder, publish_feed, read_options
from lookmatch_assets.feeds.record import parse_time, valid_vendor
from lookmatch_assets.feeds.replay import ReplayReport, Selection
from lookmatch_assets.feeds.replay import replay as replay_packets
from lookmatch_assets.feeds.trial import try_feed
from lookmatch_assets.migrations import migrate
from lookmatch_serving.db import relation_exists
from lookmatch_serving.embedded import Services, ensure_services
from lookmatch_serving.errors import LookmatchError
from lookmatch_serving.settings import Market, Settings, read_settings

_Command = Callable[..., Any]


def _feed_options(command: _Command) -> _Command:
    for option in (
        click.option("--limit", type=click.IntRange(min=1), help="Most records to read."),
        click.option(
            "--format",
            "format_name",
            type=click.Choice([AUTO, *FORMAT_NAMES]),
            default=AUTO,
            help="How the feed is written; told by its content when left out.",
        ),
        click.option("--market", type=click.Choice([str(market) for market in Market]), required=True, help="Where it is sold."),
        click.option("--vendor", required=True, callback=_checked_vendor, help="Whose feed it is, in lower case."),
        click.argument("path", type=click.Path(exists=True, path_type=Path)),
    ):
        command = option(command)
    return command


def _checked_vendor(context: click.Context, parameter: click.Parameter, value: str | None) -> str | None:
    try:
        return None if value is None else valid_vendor(value)
    except RecordError as error:
        raise click.BadParameter(f"{value!r}: {error.message}") from error


def _checked_time(context: click.Context, parameter: click.Parameter, value: str | None) -> datetime | None:
    try:
        return parse_time(value, "since")
    except RecordError as error:
        raise click.BadParameter(f"{value!r}: {error.message}") from error


def _ready() -> tuple[Settings, Services]:
    settings = read_settings()
    services = ensure_services(settings)
    migrate(services.database_url)
    return settings, services


def _format_of(path: Path, vendor: str, named: str, settings: Settings) -> str:
    """The format that was named or else is detected, which is then told."""
    if named != AUTO:
        return named
    found = detect_format(path.resolve(), vendor, mapping_folder(settings))
    click.echo(f"{path.name}: {found}", err=True)
    return found


@click.group()
def feed() -> None:
    """Examine and publish vendors' feeds."""


@feed.command()
@_feed_options
@click.option("--full", is_flag=True, help="The feed lists all that the vendor sells there: remove what it lacks.")
@click.option("--confirm-removals", is_flag=True, help="With --full: remove however many it lacks.")
def push(path: Path, vendor: str, market: str, format_name: str, limit: int | None, full: bool, confirm_removals: bool) -> None:
    """Publish the feed at PATH, one packet a record. Exits 1 when removals are held, for they are too many."""
    if confirm_removals and not full:
        raise click.UsageError("--confirm-removals needs --full: only a full feed removes what it lacks")
    try:
        settings, services = _ready()
        feed_file = FeedFile(vendor, market, _format_of(path, vendor, format_name, settings), path, limit)
        bar: tqdm[Any] = tqdm(desc=f"push {vendor} {market}", unit=" packets")
        with bar:
            options = {"full": full, "confirm_removals": confirm_removals}
            published = publish_feed(settings, services, feed_file, progress=bar.update, **options)
    except LookmatchError as error:
        raise click.ClickException(str(error)) from error
    click.echo(f"{published} published; 'lookmatch consume' lands them")
    if published.removals:
        click.echo(f"{vendor} {market}: {published.removals}")
        sys.exit(1 if published.removals.held else 0)


@feed.command()
@_feed_options
@click.option("--full", is_flag=True, help="The feed lists all that the vendor sells there: say what it would remove.")
@click.option("--json", "as_json", is_flag=True, help="Print the report as JSON.")
def doctor(path: Path, vendor: str, market: str, format_name: str, limit: int | None, full: bool, as_json: bool) -> None:
    """Report what ingesting the feed at PATH would do, and write nothing. Exits 1 when a record would be refused."""
    try:
        settings, services = _ready()
        feed_ = FeedFile(vendor, market, _format_of(path, vendor, format_name, settings), path, limit)
        with psycopg.connect(services.database_url) as connection:
            connection.read_only = True
            options = read_options(settings, feed_, extract=False)
            removal_limit = settings.feed_removal_limit if full else None
            report = examine(path.resolve(), feed_, options, connection, mapping_folder(settings), removal_limit)
    except LookmatchError as error:
        raise click.ClickException(str(error)) from error
    if as_json:
        click.echo(json.dumps(report.as_json(), ensure_ascii=False, indent=2))
    else:
        _show(report)
    sys.exit(1 if report.refused else 0)


@feed.command("try")
@click.argument("source", metavar="URL-OR-PATH")
@click.option("--market", type=click.Choice([str(market) for market in Market]), required=True, help="Where it is sold.")
@click.option("--vendor", default="trial", callback=_checked_vendor, help="Whose feed it is, for the mapping of that name.")
@click.option("--format", "format_name", type=click.Choice([AUTO, *FORMAT_NAMES]), default=AUTO, help="How it is written.")
@click.option("--json", "as_json", is_flag=True, help="Print the report and the products as JSON.")
def try_(source: str, market: str, vendor: str, format_name: str, as_json: bool) -> None:
    """Read a feed or a shop's page by address or on disk: format, issues, and ten products as they would be shown.

    Nothing is kept and no store is needed. Exits 1 when no product would be accepted.
    """
    try:
        settings = read_settings()
        folder, private = mapping_folder(settings), settings.allow_private_addresses
        trial = try_feed(source, market, vendor, format_name, mapping_folder=folder, allow_private_addresses=private)
    except LookmatchError as error:
        raise click.ClickException(str(error)) from error
    click.echo(json.dumps(trial.as_json(), ensure_ascii=False, indent=2)) if as_json else show_trial(trial)
    sys.exit(0 if trial.report.accepted else 1)


@feed.command()
@click.option("--vendor", callback=_checked_vendor, help="Only this vendor's packets.")
@click.option("--code", "codes", multiple=True, type=click.Choice([str(code) for code in Code]), help="Only for this reason.")
@click.option("--since", callback=_checked_time, help="Only what was received then or later: ISO 8601, UTC without an offset.")
@click.option("--limit", type=click.IntRange(min=1), help="Most packets to replay.")
@click.option("--dry-run", is_flag=True, help="Show what would happen and keep nothing of it.")
@click.option("--json", "as_json", is_flag=True, help="Print the report as JSON.")
def replay(
    vendor: str | None, codes: tuple[str, ...], since: datetime | None, limit: int | None, dry_run: bool, as_json: bool
) -> None:
    """Put quarantined packets through validation and landing again; those that land now are resolved."""
    selection = Selection(vendor, [Code(code) for code in codes], since, limit)
    try:
        settings, services = _ready()
        with tqdm(desc="replay", unit=" packets") as bar:
            folder = mapping_folder(settings)
            report = replay_packets(services.database_url, selection, folder, dry_run=dry_run, progress=bar.update)
    except LookmatchError as error:
        raise click.ClickException(str(error)) from error
    if as_json:
        click.echo(json.dumps(report.as_json(), indent=2))
    else:
        _show_replay(report)


@feed.command()
@click.option(
    "--market", type=click.Choice([str(market) for market in Market]), required=True, help="Of the products sold there."
)
@click.option("--vendor", callback=_checked_vendor, help="Only this vendor's words.")
@click.option("--limit", type=click.IntRange(min=1), default=100, show_default=True, help="Most words.")
@click.option("--json", "as_json", is_flag=True, help="Print the rows as JSON.")
def words(market: str, vendor: str | None, limit: int, as_json: bool) -> None:
    """List words of the catalogue that no vocabulary knows, by vendor and attribute, most frequent first."""
    _, services = _ready()
    with psycopg.connect(services.database_url, row_factory=dict_row) as connection:
        made = relation_exists(connection, "catalog.age_group_synonyms")
        rows = unmapped_words_by_vendor(connection, market, vendor=vendor, most=limit) if made else []
    if as_json:
        click.echo(json.dumps(rows, ensure_ascii=False))
        return
    table = Table("vendor", "attribute", "word", "products", title=f"Words that no vocabulary knows, {market}")
    for row in rows:
        table.add_row(*(str(value).replace("[", r"\[") for value in row.values()))
    Console().print(table if rows else f"No vocabulary lacks a word of {market}.")


@click.command()
@click.option("--until-empty", is_flag=True, help="End once every packet on the stream is landed.")
@click.option("--json", "as_json", is_flag=True, help="Print the counts as JSON.")
def consume(until_empty: bool, as_json: bool) -> None:
    """Land packets from the stream until stopped; tell the Dagster instance of DAGSTER_HOME, if that is set, what landed."""
    try:
        settings, services = _ready()
        with offer_events() as events:
            on_landed = events.note if events else None
            counts = consume_packets(settings, services, until_empty=until_empty, on_landed=on_landed)
    except LookmatchError as error:
        raise click.ClickException(str(error)) from error
    click.echo(json.dumps(vars(counts)) if as_json else str(counts))


def _show_replay(report: ReplayReport) -> None:
    console = Console()
    console.print(str(report), highlight=False, soft_wrap=True)
    if not report.before:
        console.print("No packet was in quarantine.")
        return
    table = Table("code", "open before", "open after", title="Packets in quarantine")
    for code in sorted({*report.before, *report.after}):
        table.add_row(code, str(report.before.get(code, 0)), str(report.after.get(code, 0)))
    console.print(table)


def _show(report: Report) -> None:
    console = Console()
    changes = ", ".join(f"{count} {name}" for name, count in report.changes.items())
    console.print(f"{report.records} records: {report.accepted} accepted, {report.refused} refused; {changes}", highlight=False)
    if report.removals_held:
        console.print("So many removals are held: 'feed push --full' removes nothing until they are confirmed.")
    coverage = Table("attribute", "filled", "share", title="Coverage of accepted records")
    for name, filled in report.coverage.items():
        coverage.add_row(name, str(filled), f"{filled / report.accepted:.0%}" if report.accepted else "-")
    console.print(coverage)
    if report.trend:
        trend = Table("day", "landed", "refused", title="What this vendor sent before")
        for row in report.trend:
            trend.add_row(str(row["day"]), str(row["landed"]), str(row["refused"]))
        console.print(trend)
    show_issues(console, report.issues)
