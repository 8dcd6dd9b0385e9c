"""``lookmatch encoders``: which can be loaded, and which one is live."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import click
import psycopg
from psycopg.rows import dict_row
from rich.console import Console

from lookmatch_assets.cli.status import table_of
from lookmatch_assets.migrations import migrate
from lookmatch_serving.db import DictConnection, configure_connection
from lookmatch_serving.embedded import Services, ensure_services
from lookmatch_serving.settings import Settings, read_settings


@contextmanager
def _opened() -> Iterator[tuple[Settings, Services, DictConnection]]:
    settings = read_settings()
    services = ensure_services(settings)
    migrate(services.database_url)
    with psycopg.connect(services.database_url, row_factory=dict_row) as connection:
        configure_connection(connection)
        yield settings, services, connection


@click.group(invoke_without_command=True)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON list.")
@click.pass_context
def encoders(context: click.Context, as_json: bool) -> None:
    """List the encoders and say which can be loaded here; prepare and promote one."""
    if context.invoked_subcommand is None:
        rows = installed_encoders()
        click.echo(json.dumps(rows)) if as_json else Console().print(table_of("Encoders", rows))


def installed_encoders() -> list[dict[str, Any]]:
    """A line for each encoder: whether it can be loaded here, and why not."""
    from lookmatch_serving.encoders import encoder_keys, load_encoder
    from lookmatch_serving.errors import LookmatchError

    rows: list[dict[str, Any]] = []
    for key in encoder_keys():
        try:
            one = load_encoder(key)
            rows.append(
                {"key": key, "available": True, "dimensions": one.dimensions, "text": one.supports_text, "version": one.version}
            )
        except LookmatchError as error:
            rows.append({"key": key, "available": False, "reason": str(error)})
    return rows


@encoders.command()
@click.argument("key")
def prepare(key: str) -> None:
    """Embed and index every market with encoder KEY beside the live one, and keep that up to date from now on."""
    from lookmatch_assets.promotion.pointer import prepare_candidate
    from lookmatch_serving.encoders import load_encoder

    with _opened() as (settings, _, connection):
        for market, count in prepare_candidate(connection, key, load_encoder, settings).items():
            click.echo(f"{market}: {count} vectors written; up to date")


@encoders.command()
@click.argument("key")
@click.option("--study", required=True, help="Id of the study that compared it with the live encoder.")
@click.option("--margin", default=0.2, show_default=True, help="Opinion score that no market may lose.")
@click.option("--simulated-counts", is_flag=True, help="Let simulated raters count; only for trying the gate.")
def promote(key: str, study: str, margin: float, simulated_counts: bool) -> None:
    """Make encoder KEY live everywhere, if the gate lets it through; else say which condition failed, and exit 1."""
    from lookmatch_assets.defs.instance import run_job
    from lookmatch_assets.promotion.gate import examine
    from lookmatch_assets.studies.results import evaluate
    from lookmatch_serving.encoders import load_encoder

    with _opened() as (settings, services, connection):
        result = evaluate(connection, study)
        gate = examine(connection, key, result, load_encoder, margin=margin, simulated_counts=simulated_counts)
        Console().print(table_of(f"{key} by study {study}", [dict(row) for row in gate.rows()]))
        if not gate.open:
            click.echo(f"{key} does not go live: {gate.refusals}", err=True)
            sys.exit(1)
        connection.rollback()
        config = {"encoder": key, "study": study, "margin": margin, "simulated_counts": simulated_counts}
        run_job(settings, services, "promote_encoder", {"live_encoder": config})
    click.echo(f"{key} is live. Back: lookmatch encoders rollback; for good: lookmatch encoders confirm")


@encoders.command()
def rollback() -> None:
    """Make the encoder before the last promotion live again."""
    from lookmatch_assets.promotion.pointer import roll_back

    with _opened() as (_, _, connection):
        for market, key in roll_back(connection).items():
            click.echo(f"{market}: {key} is live again")


@encoders.command()
def confirm() -> None:
    """Settle the last promotion and drop the vectors of the encoder before it: there is no way back after this."""
    from lookmatch_assets.promotion.pointer import confirm as confirm_promotion

    with _opened() as (_, _, connection):
        for name in confirm_promotion(connection):
            click.echo(f"dropped {name}")
