"""``lookmatch cache check``, ``cache rebuild`` and ``cache fingerprint``."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click
import psycopg
import redis
from psycopg.rows import dict_row
from rich.console import Console
from rich.table import Table

from lookmatch_assets.attribute_cache.catalogue import attribute_coverage, live_products
from lookmatch_assets.attribute_cache.reports import (
    Fingerprint,
    GroupKey,
    compare,
    fingerprint_rows,
    fingerprints_from_rows,
    fingerprints_of,
    report_on,
)
from lookmatch_assets.attribute_cache.store import read_attributes, rebuild_attributes
from lookmatch_serving.db import DictConnection, relation_exists
from lookmatch_serving.embedded import ensure_services
from lookmatch_serving.errors import InvalidInputError
from lookmatch_serving.settings import Market, read_settings

_MARKETS = click.option(
    "--market",
    "markets",
    multiple=True,
    type=click.Choice([str(market) for market in Market]),
    help="Only this market; repeatable.",
)


@click.command("check")
@_MARKETS
@click.option("--json", "as_json", is_flag=True, help="Print the report as JSON.")
def check_cache(markets: tuple[str, ...], as_json: bool) -> None:
    """Compare the attribute cache with the catalogue in Postgres. Exits 1 where they differ or a hash is unsound."""
    found: dict[str, Any] = {}
    with _stores() as (connection, cache):
        for market in markets or tuple(map(str, Market)):
            report = report_on(market, read_attributes(cache, market))
            rows = compare(report.fingerprints, fingerprints_of(_catalogue(connection, market)))
            found[market] = {"products": report.products, "problems": report.problem_rows(), "differences": rows}
    if as_json:
        click.echo(json.dumps(found, ensure_ascii=False, indent=2))
    else:
        console = Console()
        for market, one in found.items():
            wrong = len(one["problems"]) + len(one["differences"])
            console.print(
                f"{market}: {one['products']} products cached, " + (f"{wrong} findings" if wrong else "as the catalogue")
            )
            for title in ("problems", "differences"):
                if one[title]:
                    console.print(_table(f"{market} {title}; ours is the cache, theirs the catalogue", one[title]))
        console.print("'lookmatch cache rebuild' brings the cache to what the catalogue says.") if _wrong(found) else None
    sys.exit(1 if _wrong(found) else 0)


@click.command("rebuild")
@_MARKETS
def rebuild_cache(markets: tuple[str, ...]) -> None:
    """Write the attribute cache anew from the catalogue in Postgres; readers see no empty moment."""
    with _stores() as (connection, cache):
        for market in markets or tuple(map(str, Market)):
            made = relation_exists(connection, "catalog.products")
            coverage = attribute_coverage(connection, market) if made else {}
            written, dropped = rebuild_attributes(cache, market, _catalogue(connection, market), coverage)
            click.echo(f"{market}: {written} written, {dropped} dropped")


@click.command("fingerprint")
@_MARKETS
@click.option("--against", type=click.Path(exists=True, dir_okay=False, path_type=Path), help="A fingerprint printed elsewhere.")
def fingerprint_cache(markets: tuple[str, ...], against: Path | None) -> None:
    """Print counts and digests by market, vendor and category, to compare two systems in a migration. Exits 1 if they differ."""
    groups: dict[GroupKey, Fingerprint] = {}
    names = markets or tuple(map(str, Market))
    with _stores() as (_, cache):
        for market in names:
            groups |= report_on(market, read_attributes(cache, market)).fingerprints
    if against is None:
        click.echo(json.dumps(fingerprint_rows(groups), ensure_ascii=False, indent=1))
        return
    try:
        theirs = fingerprints_from_rows(json.loads(against.read_text(encoding="utf-8")))
    except (ValueError, KeyError, TypeError) as error:
        raise InvalidInputError("against", against.name, "what 'lookmatch cache fingerprint' prints is accepted") from error
    differences = compare(groups, {key: one for key, one in theirs.items() if key[0] in names})
    click.echo(f"{len(differences)} of {len({*groups, *theirs})} groups differ")
    if differences:
        Console().print(_table("ours is this system, theirs the file", differences))
    sys.exit(1 if differences else 0)


@contextmanager
def _stores() -> Iterator[tuple[DictConnection, redis.Redis]]:
    services = ensure_services(read_settings())
    with (
        psycopg.connect(services.database_url, row_factory=dict_row) as connection,
        redis.Redis.from_url(services.redis_url, decode_responses=True) as cache,
    ):
        yield connection, cache


def _catalogue(connection: DictConnection, market: str) -> Iterator[dict[str, Any]]:
    if relation_exists(connection, "catalog.products"):
        yield from live_products(connection, market)


def _wrong(found: dict[str, Any]) -> bool:
    return any(one["problems"] or one["differences"] for one in found.values())


def _table(title: str, rows: list[dict[str, Any]]) -> Table:
    table = Table(*rows[0], title=title, title_justify="left")
    for row in rows[:50]:
        table.add_row(*(str(value).replace("[", r"\[") for value in row.values()))
    return table
