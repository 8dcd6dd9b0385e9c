"""``lookmatch study``."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click
import psycopg
from psycopg.rows import dict_row

from lookmatch_assets.migrations import migrate
from lookmatch_assets.studies.definition import StudyDefinition, read_definition
from lookmatch_serving.db import DictConnection, configure_connection
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
    """Make the study that FILE (YAML) defines: search, pool and assign, as a run that the Dagster UI shows."""
    definition = read_definition(file)
    with _opened() as (settings, services, _):
        for line in make_study(settings, services, definition):
            click.echo(line)
    click.echo(f"Links for the raters: lookmatch study links {definition.study_id}")


def make_study(settings: Settings, services: Services, definition: StudyDefinition) -> Iterator[str]:
    """Materialise a study's partition; yields what its assets say they did.

    Raises:
        InvalidInputError: another study of this id is there already.
        UpstreamError: the run failed.
    """
    from lookmatch_assets.defs.instance import run_job

    study_id = definition.study_id
    config = definition.model_dump(mode="json", exclude={"study_id"}, exclude_none=True)
    result = run_job(settings, services, "compare_systems", {"study_candidates": config}, study_id=study_id)
    shown = {"study_candidates": ("looks", "layers", "absent"), "study_pool": ("pairs", "gold", "items")}
    for event in result.get_asset_materialization_events():
        asset = event.asset_key.path[-1] if event.asset_key else ""
        metadata = event.materialization.metadata
        if asset in shown:
            yield f"{asset}: " + ", ".join(f"{metadata[name].value} {name}" for name in shown[asset])


@click.command("list")
def list_study() -> None:
    """Studies, with how much of each is rated."""
    from lookmatch_assets.studies.store import list_studies

    with _opened() as (_, _, connection):
        for row in list_studies(connection):
            click.echo(f"{row['study_id']}  {row['created_at']:%Y-%m-%d}  {row['rated']} of {row['items']} items rated")


@click.command("links")
@click.argument("study_id")
@click.option("--base", default="http://127.0.0.1:8000", show_default=True, help="Address of the app.")
def links_study(study_id: str, base: str) -> None:
    """Print a new link for every rater; earlier ones stop working."""
    from lookmatch_assets.studies.store import definition_of, renew_links

    with _opened() as (_, _, connection):
        definition_of(connection, study_id)
        for rater, token in renew_links(connection, study_id).items():
            click.echo(f"{rater}  {base.rstrip('/')}/rate/{token}")


@click.command("simulate")
@click.argument("study_id")
@click.option("--seed", type=int, default=1, show_default=True, help="Of the raters' noise.")
def simulate_study(study_id: str, seed: int) -> None:
    """Rate what simulated raters (those named simulated-...) have left, from the catalogue's labels with noise."""
    from lookmatch_assets.studies.rating_simulation import simulate_ratings

    with _opened() as (_, _, connection):
        click.echo(f"{simulate_ratings(connection, study_id, seed)} items rated")


@click.command("judge")
@click.argument("study_id")
@click.option("--pairs", type=click.IntRange(1), help="Most pairs to ask about in this run; all that are left when left out.")
def judge_study(study_id: str, pairs: int | None) -> None:
    """Let the vision model rate the pairs too; it never counts as a rater, and only beside its agreement with people."""
    from lookmatch_assets.studies.candidates import open_model
    from lookmatch_assets.studies.judge import judge_record
    from lookmatch_assets.studies.judge import judge_study as judge_pairs
    from lookmatch_assets.studies.store import definition_of, lineage_of, record_judge

    with _opened() as (settings, _, connection):
        definition, model = definition_of(connection, study_id), open_model(settings)
        run = judge_pairs(connection, settings, definition, model, pairs)
        record = judge_record(model, run, lineage_of(connection, study_id).get("judge", {}))
        record_judge(connection, study_id, record)
        click.echo(f"{run.answers} answers kept, {run.left} left, {len(run.failures)} calls failed")
        for reason in sorted(set(run.failures)):
            click.echo(f"  {reason}")


@click.command("report")
@click.argument("study_id")
@click.option(
    "--output", type=click.Path(dir_okay=False, path_type=Path), help="File; in the home's folder of reports when left out."
)
def report_study(study_id: str, output: Path | None) -> None:
    """Write the report, one HTML page."""
    from lookmatch_assets.studies.report import report_folder, verdict_of, write_report
    from lookmatch_assets.studies.results import evaluate

    with _opened() as (settings, _, connection):
        result = evaluate(connection, study_id)
        click.echo(verdict_of(result))
        click.echo(write_report(result, output or report_folder(settings, study_id) / "report.html", settings))


@click.command("export")
@click.argument("study_id")
@click.argument("folder", type=click.Path(file_okay=False, path_type=Path))
def export_study(study_id: str, folder: Path) -> None:
    """Write the tables into FOLDER as CSV and Parquet."""
    from lookmatch_assets.studies.report import export_tables
    from lookmatch_assets.studies.results import evaluate

    with _opened() as (_, _, connection):
        for path in export_tables(evaluate(connection, study_id), folder):
            click.echo(path)


@click.command("compare")
@click.argument("one")
@click.argument("other")
def compare_study(one: str, other: str) -> None:
    """Two studies beside each other: scores, metrics, and where their answers differ."""
    from lookmatch_assets.studies.comparison import compare_studies
    from lookmatch_assets.studies.results import evaluate

    with _opened() as (_, _, connection):
        for line in compare_studies(evaluate(connection, one), evaluate(connection, other)):
            click.echo(line)


@click.command("means")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
def means_study(file: Path) -> None:
    """What a table of means alone can prove: FILE is a CSV of annotator, gender and a column for each model."""
    from lookmatch_assets.studies.opinion import best_per_row, read_means, what_means_prove

    table = read_means(file)
    click.echo(table.assign(best=best_per_row(table)).to_string())
    click.echo(f"\nmeans of the means\n{table.mean().sort_values(ascending=False).round(3).to_string()}\n")
    for line in what_means_prove(table):
        click.echo(line)


@click.command("replay")
@click.argument("study_id")
def replay_study(study_id: str) -> None:
    """Make the study again from what was recorded and say what differs; changes nothing of it."""
    from lookmatch_assets.studies.replay import replay

    with _opened() as (settings, services, connection):
        for line in replay(connection, settings, services, study_id):
            click.echo(line)


@click.command("sample")
@click.option("--looks", "count", type=click.IntRange(3), default=200, show_default=True, help="Looks to compare them on.")
@click.option("--study", "study_id", default="sample", show_default=True, help="Id of the study.")
@click.option(
    "--data",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="Folder of styles.csv and pictures: looks of real photos that the catalogue does not hold.",
)
def sample_study(count: int, study_id: str, data: Path | None) -> None:
    """Compare three systems on labelled looks of the catalogue (run `make demo` first), with simulated raters."""
    from lookmatch_assets.defs.instance import run_job
    from lookmatch_assets.studies.rating_simulation import simulate_ratings
    from lookmatch_assets.studies.results import evaluate

    with _opened() as (settings, services, connection):
        definition = _labelled_study(settings, services, connection, study_id, count, data)
        for line in make_study(settings, services, definition):
            click.echo(line)
        click.echo(f"{simulate_ratings(connection, study_id, seed=1)} items rated by simulated raters")
        run_job(settings, services, "report_study", {}, study_id=study_id)
        _print_result(settings, evaluate(connection, study_id))


def _labelled_study(
    settings: Settings, services: Services, connection: DictConnection, study_id: str, count: int, data: Path | None
) -> StudyDefinition:
    """Register labelled looks, the study and what the labels say; commits."""
    from lookmatch_assets.looks.register import register_look
    from lookmatch_assets.studies.store import save_definition, save_gains
    from lookmatch_assets.synthetic.study_looks import composed_looks, drawn_looks

    made = drawn_looks(count) if data is None else composed_looks(data, services.database_url, count)
    looks = list(made)
    for look in looks:
        register_look(connection, settings, look_id=look.look_id, market=look.market, picture=look.picture)
    markets = sorted({look.market for look in looks})
    definition = StudyDefinition(
        study_id=study_id, looks=[look.look_id for look in looks], markets=markets, raters=list(_SIMULATED)
    )
    save_definition(connection, definition)
    save_gains(
        connection,
        study_id,
        ((look.look_id, one.layer, one.product_id, one.gain, one.agreement) for look in looks for one in look.products),
    )
    connection.commit()
    return definition


def _print_result(settings: Settings, result: Any) -> None:
    from lookmatch_assets.studies.report import report_folder, score_table, verdict_of

    for title, table in (("ranking metrics", result.metrics), ("mean opinion scores (simulated)", score_table(result))):
        click.echo(f"\n{title}\n{table.round(3).to_string(index=False)}")
    if len(result.reasons):
        click.echo(f"\nhow far the first product agrees\n{result.reasons.round(3).to_string()}")
    click.echo(f"\n{verdict_of(result)}")
    click.echo(report_folder(settings, result.definition.study_id) / "report.html")
