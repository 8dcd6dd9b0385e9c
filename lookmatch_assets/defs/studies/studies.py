"""Comparisons of search systems as partitions: candidates, the pool that raters rate, and the report.

A partition is a study. Its definition is the run config of ``study_candidates``, or what ``lookmatch study create`` saved.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import dagster as dg

from lookmatch_assets.defs.metadata import markdown_table
from lookmatch_assets.defs.partitions import STUDIES
from lookmatch_assets.defs.resources import Stores
from lookmatch_assets.studies.definition import StudyDefinition, checked_definition
from lookmatch_serving.db import DictConnection
from lookmatch_serving.errors import InvalidInputError, NotFoundError

if TYPE_CHECKING:
    import pandas as pd

    from lookmatch_assets.studies.results import StudyResult

PRESENT = "every_system_takes_part"
ASSIGNED = "every_rater_has_items"
RATED = "every_pair_has_its_ratings"
AGREED = "agreement_is_above_chance"


class SystemConfig(dg.Config):
    """See ``SystemDefinition``."""

    name: str
    encoder: str
    query: str = "text"
    ranker: str = "vector"
    image_weight: float = 0.3
    index: str = "planned"
    ef_search: int | None = None


class StudyConfig(dg.Config):
    """See ``StudyDefinition``, whose defaults hold for what is left out; the partition's key is the study's id."""

    looks: list[str] | None = None
    markets: list[str] | None = None
    systems: list[SystemConfig] | None = None
    depth: int | None = None
    facets: list[str] | None = None
    raters: list[str] | None = None
    ratings_per_layer: int | None = None
    repeats: float | None = None
    gold: int | None = None
    warm_up: int | None = None
    session_items: int | None = None
    reader: str | None = None
    hourly_rate: float | None = None
    currency: str | None = None
    seed: int | None = None

    def definition(self, study_id: str) -> StudyDefinition | None:
        """The study that the config defines; None where it says nothing.

        Raises:
            InvalidInputError: naming the field that is wrong.
        """
        given = {name: value for name, value in self.model_dump().items() if value is not None}
        return checked_definition({"study_id": study_id, **given}) if given else None


@dg.asset(
    partitions_def=STUDIES,
    deps=[dg.AssetDep("vector_index", partition_mapping=dg.AllPartitionMapping())],
    group_name="studies",
    kinds={"python", "postgres"},
    code_version="1",
    check_specs=[
        dg.AssetCheckSpec(PRESENT, asset="study_candidates", description="No system is absent for want of weights or a model.")
    ],
)
def study_candidates(
    context: dg.AssetExecutionContext, config: StudyConfig, stores: Stores
) -> Iterator[dg.MaterializeResult[None] | dg.AssetCheckResult]:
    """What every system returns for every layer of the study's looks, through the stages that answer searches.

    Vectors of encoders that are not live are made first, beside the live ones.
    """
    from lookmatch_assets.studies.making import search_study
    from lookmatch_assets.studies.store import save_definition

    study_id = context.partition_key
    with stores.database() as connection:
        given = config.definition(study_id)
        definition = _saved(connection, study_id) if given is None else given
        if given is not None:
            save_definition(connection, given)
        summary = search_study(connection, stores.settings(), stores.services(), definition)
    absent = [str(line["system"]) for line in summary.systems if line["takes part"] != "yes"]
    yield dg.MaterializeResult(
        metadata={
            "looks": summary.looks,
            "layers": summary.layers,
            "systems": dg.MetadataValue.md(markdown_table(summary.systems)),
            "absent": dg.MetadataValue.json(absent),
            "definition": dg.MetadataValue.json(definition.model_dump(mode="json")),
        }
    )
    yield dg.AssetCheckResult(
        check_name=PRESENT, passed=not absent, severity=dg.AssetCheckSeverity.WARN, metadata={"absent": absent}
    )


@dg.asset(
    partitions_def=STUDIES,
    deps=[study_candidates],
    group_name="studies",
    kinds={"postgres"},
    code_version="1",
    check_specs=[dg.AssetCheckSpec(ASSIGNED, asset="study_pool", description="Nobody's list of pairs is empty.")],
)
def study_pool(context: dg.AssetExecutionContext, stores: Stores) -> Iterator[dg.MaterializeResult[None] | dg.AssetCheckResult]:
    """Distinct pairs of a layer and a product with gold items, assigned to raters: balanced, randomised and blind."""
    from lookmatch_assets.studies.making import pool_study

    with stores.database() as connection:
        summary = pool_study(connection, stores.settings(), _saved(connection, context.partition_key))
    yield dg.MaterializeResult(
        metadata={
            "pairs": summary.pairs,
            "gold": summary.gold,
            "items": sum(summary.items.values()),
            "raters": dg.MetadataValue.md(markdown_table([{"rater": r, "items": n} for r, n in summary.items.items()])),
            "next": f"lookmatch study links {context.partition_key}",
        }
    )
    yield dg.AssetCheckResult(check_name=ASSIGNED, passed=all(summary.items.values()), metadata={"items": summary.items})


@dg.asset(
    partitions_def=STUDIES,
    deps=[study_pool],
    group_name="studies",
    kinds={"python"},
    code_version="1",
    check_specs=[
        dg.AssetCheckSpec(RATED, asset="study_report", description="As many raters as the study wants rated every pair."),
        dg.AssetCheckSpec(AGREED, asset="study_report", description="Alpha of the overall facet, with its interval."),
    ],
)
def study_report(context: dg.AssetExecutionContext, stores: Stores) -> Iterator[dg.MaterializeResult[None] | dg.AssetCheckResult]:
    """The report of what is rated so far, as one page, and its tables as CSV and Parquet; materialise again for newer ratings."""
    from lookmatch_assets.studies.report import export_tables, report_folder, verdict_of, write_report
    from lookmatch_assets.studies.results import OVERALL, evaluate

    settings, study_id = stores.settings(), context.partition_key
    with stores.database() as connection:
        result = evaluate(connection, study_id)
    folder = report_folder(settings, study_id)
    page = write_report(result, folder / "report.html", settings)
    tables = export_tables(result, folder)
    yield dg.MaterializeResult(
        metadata={
            "verdict": verdict_of(result),
            "report": dg.MetadataValue.path(page),
            "open": dg.MetadataValue.url(page.as_uri()),
            "scores": dg.MetadataValue.md(_scores(result)),
            "plot": dg.MetadataValue.md(_plot(result)),
            "metrics": dg.MetadataValue.md(_table(result.metrics.round(3))),
            "absent": dg.MetadataValue.json(result.absent),
            "rated": result.progress.rated,
            "assigned": result.progress.assigned,
            "tables": dg.MetadataValue.md(", ".join(f"`{Path(table).name}`" for table in tables)),
        }
    )
    p = result.progress
    yield dg.AssetCheckResult(
        check_name=RATED,
        passed=p.pairs > 0 and p.complete_pairs == p.pairs,
        severity=dg.AssetCheckSeverity.WARN,
        metadata={"pairs": p.pairs, "complete": p.complete_pairs, "wanted_a_pair": result.definition.ratings_per_layer},
    )
    alpha = result.agreement.get(OVERALL)
    known = {"alpha": alpha.alpha, "low": alpha.low, "high": alpha.high, "pairs": alpha.pairs} if alpha and alpha.pairs else {}
    yield dg.AssetCheckResult(
        check_name=AGREED,
        passed=bool(alpha and alpha.low > 0),
        severity=dg.AssetCheckSeverity.WARN,
        metadata=known or {"alpha": "no pair was rated twice"},
    )


def _saved(connection: DictConnection, study_id: str) -> StudyDefinition:
    from lookmatch_assets.studies.store import definition_of

    try:
        return definition_of(connection, study_id)
    except NotFoundError as error:
        raise InvalidInputError("config", None, "a study's definition in the run config of study_candidates") from error


def _scores(result: "StudyResult") -> str:
    from lookmatch_assets.studies.report import score_table

    return _table(score_table(result))


def _table(frame: "pd.DataFrame") -> str:
    return markdown_table([{str(name): value for name, value in row.items()} for row in frame.to_dict("records")])


def _plot(result: "StudyResult") -> str:
    from lookmatch_assets.studies.report_plots import colours_of, interval_plot

    if result.overall.empty:
        return "_nobody has rated yet_"
    systems = list(result.overall.sort_values("mean", ascending=False)["system"])
    return f"![scores]({interval_plot(result.overall, colours_of(systems), 'png')})"
