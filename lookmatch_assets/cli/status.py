"""``lookmatch status``: what is where and how fresh."""

from __future__ import annotations

import json
from typing import Any

import click
import psycopg
from psycopg.rows import dict_row
from rich.console import Console
from rich.table import Table

from lookmatch_assets.feeds.health import market_status, vendor_freshness
from lookmatch_assets.migrations import migrate
from lookmatch_serving.db import relation_exists
from lookmatch_serving.embedded import ensure_services
from lookmatch_serving.settings import read_settings

_QUARANTINE = "SELECT vendor, code, count(*) AS n FROM landing.quarantine WHERE resolved_at IS NULL GROUP BY 1, 2 ORDER BY 3 DESC"


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def status(as_json: bool) -> None:
    """Show what each market holds, how fresh its index is, and what is in quarantine."""
    services = ensure_services(read_settings())
    migrate(services.database_url)
    found = read_status(services.database_url)
    if as_json:
        click.echo(json.dumps(found, default=str))
        return
    console = Console()
    console.print(table_of("Markets", found["markets"]) if found["markets"] else "No market has products yet.")
    if found["vendors"]:
        console.print(table_of("Vendors", found["vendors"]))
    console.print(table_of("Quarantine (open)", found["quarantine"]) if found["quarantine"] else "Nothing is in quarantine.")
    console.print(f"{found['packets']} packets landed, {found['looks']} looks.")


def read_status(database_url: str) -> dict[str, Any]:
    """Counts by market, freshness by vendor, open quarantine by vendor and code, and totals.

    Args:
        database_url: of a migrated database.
    """
    with psycopg.connect(database_url, row_factory=dict_row) as connection:
        markets = market_status(connection) if relation_exists(connection, "catalog.products") else []
        vendors = vendor_freshness(connection)
        quarantine = connection.execute(_QUARANTINE).fetchall()
        totals = connection.execute(
            "SELECT (SELECT count(*) FROM landing.packets) AS packets, (SELECT count(*) FROM looks.looks) AS looks"
        ).fetchone()
    return {"markets": markets, "vendors": vendors, "quarantine": quarantine, **(totals or {})}


def table_of(title: str, rows: list[dict[str, Any]]) -> Table:
    """Rows as a table for a terminal; a missing value is blank."""
    columns = list(dict.fromkeys(name for row in rows for name in row))
    table = Table(*columns, title=title, title_justify="left")
    for row in rows:
        table.add_row(*("" if row.get(c) is None else str(row[c]) for c in columns))
    return table
