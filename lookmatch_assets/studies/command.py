"""``lookmatch study``."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from random import Random

import click
import psycopg
from psycopg.rows import dict_row

from lookmatch_assets.migrations import migrate
from lookmatch_assets.studies.definition import StudyDefinition, read_definition
from lookmatch_serving.db import DictConnection, configure_connection, read_sql
from lookmatch_serving.embedded import Services, ensure_services
from lookmatch_serving.settings import Settings, read_settings

_SIMULATED = tuple(f"simulated-{number}" for number in range(1, 6))


@contextmanager
def _opened() -> Iterator[tuple[Settings, Services, DictConnection]]:
    settings = read_settings()
    services = ensure_services(settings)
    migrate(services.database_url)
    with psycopg.connect(services.database_url, row_factory=dict_row) as connection:
        configure_connection(connection)
        yield settings, services, connection


@click.command("create")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
def create_study(file: Path) -> None:
    """Make the study that FILE (YAML) defines: search, pool and assign."""
    from lookmatch_assets.studies.store import materialise, save_definition

    definition = read_definition(file)
    with _opened() as (settings, services, connection):
        save_definition(connection, definition)
        connection.commit()
        click.echo(materialise(connection, settings, services, definition))


@click.command("list")
def list_study() -> None:
    """Studies, with how much of each is rated."""
    with _opened() as (_, _, connection):
        for row in connection.execute(read_sql("lookmatch_assets", "list_studies").encode()).fetchall():
            click.echo(f"{row['study_id']}  {row['created_at']:%Y-%m-%d}  {row['rated']} of {row['items']} items rated")


@click.command("links")
@click.argument("study_id")
@click.option("--base", default="http://127.0.0.1:8080", show_default=True, help="Address of the app.")
def links_study(study_id: str, base: str) -> None:
    """Print a new link for every rater; earlier ones stop working."""
    from lookmatch_assets.studies.store import definition_of, renew_links

    with _opened() as (_, _, connection):
        definition_of(connection, study_id)
        for rater, token in renew_links(connection, study_id).items():
            click.echo(f"{rater}  {base.rstrip('/')}/rate/{token}")


@click.command("simulate")
@click.argument("study_id")
@click.option("--seed", type=int, default=1, show_default=True)
def simulate_study(study_id: str, seed: int) -> None:
    """Rate what simulated raters (those named simulated-...) have left, from the catalogue's labels with noise."""
    with _opened() as (_, _, connection):
        click.echo(f"{simulate(connection, study_id, seed)} items rated")


def simulate(connection: DictConnection, study_id: str, seed: int) -> int:
    """See ``simulate_study``; commits and returns how many items were rated."""
    from lookmatch_assets.studies.store import definition_of
    from lookmatch_serving.rating.store import Rater, save_rating

    definition, draw, count = definition_of(connection, study_id), Random(seed), 0
    leans = {rater: draw.gauss(0, 0.3) for rater in definition.raters}
    rows = connection.execute(read_sql("lookmatch_assets", "study_open_assignments").encode(), {"study_id": study_id}).fetchall()
    for row in rows:
        if not row["rater"].startswith("simulated"):
            continue
        latent = 1 + (row["gain"] or 0 if row["expected"] is None else 0) + leans[row["rater"]]
        scores: dict[str, int | None] = {f: min(5, max(1, round(latent + draw.gauss(0, 0.5)))) for f in definition.facets}
        rater = Rater(study_id, row["rater"], tuple(definition.facets), definition.session_items)
        save_rating(connection, rater, row["assignment_id"], scores, 0.0)
        count += 1
    connection.commit()
    return count


@click.command("report")
@click.argument("study_id")
@click.option("--output", type=click.Path(dir_okay=False, path_type=Path))
def report_study(study_id: str, output: Path | None) -> None:
    """Write the report, one HTML page."""
    from lookmatch_assets.studies.report import evaluate, write_report

    with _opened() as (settings, _, connection):
        click.echo(write_report(evaluate(connection, study_id), output or settings.home / f"study-{study_id}.html"))


@click.command("export")
@click.argument("study_id")
@click.argument("folder", type=click.Path(file_okay=False, path_type=Path))
def export_study(study_id: str, folder: Path) -> None:
    """Write the tables into FOLDER as CSV and Parquet."""
    from lookmatch_assets.studies.report import evaluate, export_tables

    with _opened() as (_, _, connection):
        for path in export_tables(evaluate(connection, study_id), folder):
            click.echo(path)


@click.command("compare")
@click.argument("one")
@click.argument("other")
def compare_study(one: str, other: str) -> None:
    """Scores and metrics of two studies beside each other."""
    from lookmatch_assets.studies.report import evaluate

    with _opened() as (_, _, connection):
        for study_id in (one, other):
            result = evaluate(connection, study_id)
            click.echo(f"{study_id}{' (simulated raters)' if result.simulated else ''}")
            for table in (result.overall, result.metrics):
                click.echo(table.round(3).to_string(index=False) if len(table) else "  nothing yet")


@click.command("replay")
@click.argument("study_id")
def replay_study(study_id: str) -> None:
    """Search again with what was recorded and say whether the same candidates come back; changes nothing."""
    from lookmatch_assets.studies.replay import replay

    with _opened() as (settings, services, connection):
        for line in replay(connection, settings, services, study_id):
            click.echo(line)


@click.command("sample")
@click.option("--looks", "count", type=click.IntRange(3), default=200, show_default=True)
@click.option("--study", "study_id", default="sample", show_default=True)
def sample_study(count: int, study_id: str) -> None:
    """Compare three systems on drawn looks of the sample catalogue (run `make demo` first), with simulated raters."""
    from lookmatch_assets.look_register import register_look
    from lookmatch_assets.studies.report import evaluate, write_report
    from lookmatch_assets.studies.sample import labelled_looks
    from lookmatch_assets.studies.store import materialise, save_definition, save_gains

    with _opened() as (settings, services, connection):
        looks = list(labelled_looks(count))
        for look in looks:
            register_look(connection, settings, look_id=look.look_id, market=look.market, picture=look.picture)
        definition = StudyDefinition(study_id=study_id, looks=[look.look_id for look in looks], raters=list(_SIMULATED))
        save_definition(connection, definition)
        save_gains(connection, study_id, ((look.look_id, *gain) for look in looks for gain in look.gains))
        connection.commit()
        click.echo(materialise(connection, settings, services, definition))
        simulate(connection, study_id, seed=1)
        result = evaluate(connection, study_id)
        click.echo(result.metrics.round(3).to_string(index=False))
        click.echo(result.overall[["system", "mean", "low", "high"]].round(3).to_string(index=False))
        click.echo(write_report(result, settings.home / f"study-{study_id}.html"))
