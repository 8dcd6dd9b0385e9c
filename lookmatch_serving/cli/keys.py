"""``lookmatch keys create``, ``keys list`` and ``keys revoke``."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager

import click
import psycopg
from psycopg.rows import dict_row

from lookmatch_serving.api.keys import DEFAULT_RATE_PER_MINUTE, Scope, create_key, list_keys, revoke_key
from lookmatch_serving.db import DictConnection
from lookmatch_serving.embedded import ensure_services
from lookmatch_serving.settings import read_settings


@click.command("create")
@click.option("--name", required=True, help="Whose key it is.")
@click.option(
    "--scope", "scopes", multiple=True, required=True, type=click.Choice([str(one) for one in Scope]), help="Repeatable."
)
@click.option("--per-minute", default=DEFAULT_RATE_PER_MINUTE, show_default=True, help="Requests that it may send in any minute.")
def create(name: str, scopes: tuple[str, ...], per_minute: int) -> None:
    """Make a key and print it, once: only a digest of it is kept."""
    with _database() as connection:
        key, text = create_key(connection, name, [Scope(one) for one in scopes], per_minute)
    click.echo(f"{key.key_id} ({key.name}: {', '.join(sorted(key.scopes))}; {per_minute} a minute)", err=True)
    click.echo(text)


@click.command("list")
def show() -> None:
    """Print every key as one JSON object a line, without its secret."""
    with _database() as connection:
        for row in list_keys(connection):
            click.echo(json.dumps(row, default=str, ensure_ascii=False))


@click.command("revoke")
@click.argument("key_id")
def revoke(key_id: str) -> None:
    """Make the key KEY_ID invalid from now on."""
    with _database() as connection:
        revoke_key(connection, key_id)
    click.echo(f"{key_id} is revoked")


@contextmanager
def _database() -> Iterator[DictConnection]:
    services = ensure_services(read_settings())
    with psycopg.connect(services.database_url, row_factory=dict_row) as connection:
        yield connection
