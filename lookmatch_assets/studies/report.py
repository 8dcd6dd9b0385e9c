"""A study's report: one self-contained HTML page, and its tables as CSV and Parquet."""

from __future__ import annotations

import base64
import io
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
from jinja2 import Environment, PackageLoader

from lookmatch_assets.studies.agreement import Agreement, ordinal_alpha
from lookmatch_assets.studies.definition import StudyDefinition
from lookmatch_assets.studies.opinion import (
    Difference,
    annotator_table,
    best_per_row,
    compare_systems,
    opinion_scores,
    scores_by_system,
    what_means_prove,
)
from lookmatch_assets.studies.ranking_metrics import ranking_metrics
from lookmatch_assets.studies.screening import RaterVerdict, screen_raters
from lookmatch_assets.studies.store import definition_of, gains_of, ratings_of, returned_of
from lookmatch_serving.db import DictConnection
from lookmatch_serving.rating.facets import FACETS

OVERALL = "overall_look"


@dataclass(frozen=True)
class StudyResult:
    """Everything a report says; tables are empty where nobody rated, ``metrics`` where nothing is labelled."""

    definition: StudyDefinition
    ratings: pd.DataFrame
    returned: pd.DataFrame
    absent: dict[str, str]
    verdicts: list[RaterVerdict]
    overall: pd.DataFrame
    facets: pd.DataFrame
    markets: pd.DataFrame
    categories: pd.DataFrame
    annotators: pd.DataFrame
    differences: list[Difference]
    agreement: dict[str, Agreement]
    metrics: pd.DataFrame
    simulated: bool


def evaluate(connection: DictConnection, study_id: str) -> StudyResult:
    """Compute a study's figures from what is in the database; ratings of raters who were screened out do not count."""
    definition = definition_of(connection, study_id)
    ratings, returned = ratings_of(connection, study_id), returned_of(connection, study_id, definition.depth)
    systems = connection.execute("SELECT system, absent FROM studies.systems WHERE study_id = %s", [study_id]).fetchall()
    absent = {row["system"]: row["absent"] for row in systems if row["absent"]}
    verdicts = screen_raters(ratings[ratings["facet"] == OVERALL]) if len(ratings) else []
    kept = ratings[ratings["rater"].isin([v.rater for v in verdicts if v.kept])]
    scores = scores_by_system(kept, returned[returned["pair"].notna()][["system", "pair"]])
    overall = scores[scores["facet"] == OVERALL]
    main = kept[kept["kind"] == "main"]
    return StudyResult(
        definition=definition,
        ratings=ratings,
        returned=returned,
        absent=absent,
        verdicts=verdicts,
        overall=opinion_scores(overall, ["system"]),
        facets=opinion_scores(scores, ["facet", "system"]),
        markets=opinion_scores(overall, ["market", "system"]),
        categories=opinion_scores(overall, ["category", "system"]),
        annotators=annotator_table(overall) if len(overall) else pd.DataFrame(),
        differences=compare_systems(overall) if len(overall) else [],
        agreement={f: ordinal_alpha(main[main["facet"] == f], seed=definition.seed) for f in definition.facets if len(main)},
        metrics=_metrics(gains_of(connection, study_id), returned),
        simulated=bool(len(ratings) and (ratings["rater_kind"] == "simulated").any()),
    )


def write_report(result: StudyResult, path: Path) -> Path:
    """Write the page; it loads nothing from elsewhere."""
    environment = Environment(loader=PackageLoader("lookmatch_assets.studies"), autoescape=True, trim_blocks=True)
    annotators = result.annotators
    page = environment.get_template("report.html").render(
        result=result,
        titles={key: facet.title for key, facet in FACETS.items()},
        plot=_plot(result.overall) if len(result.overall) else None,
        bars=_facet_bars(result.facets) if len(result.facets) else None,
        best=best_per_row(annotators.dropna()) if len(annotators) else {},
        proven=what_means_prove(annotators.dropna(axis=1)) if len(annotators) and annotators.shape[1] > 1 else [],
        seconds=float(result.ratings.drop_duplicates(["rater", "position"])["seconds"].sum()) if len(result.ratings) else 0.0,
        cannot_tell=float(result.ratings["score"].isna().mean()) if len(result.ratings) else 0.0,
        disagreements=_disagreements(result),
    )
    path.write_text(page, encoding="utf-8")
    return path


def export_tables(result: StudyResult, folder: Path) -> list[Path]:
    """Write ratings, what each system returned, scores and metrics as CSV and Parquet."""
    folder.mkdir(parents=True, exist_ok=True)
    tables = {"ratings": result.ratings, "returned": result.returned, "scores": result.overall, "metrics": result.metrics}
    written = []
    for name, table in tables.items():
        csv, parquet = folder / f"{name}.csv", folder / f"{name}.parquet"
        table.to_csv(csv, index=False)
        table.to_parquet(parquet, index=False)
        written += [csv, parquet]
    return written


def _metrics(gains: dict[str, dict[str, int]], returned: pd.DataFrame) -> pd.DataFrame:
    if not gains:
        return pd.DataFrame()
    rows = []
    for system, part in returned.groupby("system"):
        run: dict[str, dict[str, float]] = {}
        for row in part.itertuples():
            run.setdefault(f"{row.look}/{row.layer}", {})[str(row.product)] = -float(row.rank)  # type: ignore[arg-type]
        rows.append({"system": system, **ranking_metrics(gains, run, relevant_from=3), "layers": len(gains)})
    return pd.DataFrame(rows).sort_values("nDCG@10", ascending=False)


def _disagreements(result: StudyResult, most: int = 5) -> pd.DataFrame:
    """Pairs whose overall ratings spread most."""
    told = result.ratings
    if told.empty:
        return pd.DataFrame()
    told = told[(told["facet"] == OVERALL) & (told["kind"] == "main")]
    spread = told.groupby(["look", "layer", "product"])["score"].agg(["min", "max", "count"]).reset_index()
    return spread.assign(apart=spread["max"] - spread["min"]).sort_values("apart", ascending=False).head(most)


def _plot(overall: pd.DataFrame) -> str:
    from matplotlib.figure import Figure

    figure = Figure(figsize=(7, 0.7 + 0.6 * len(overall)))
    axes = figure.subplots()
    ordered = overall.sort_values("mean")
    reach = ordered[["low", "high"]].sub(ordered["mean"], axis=0).abs().T.fillna(0).to_numpy()
    axes.errorbar(ordered["mean"], ordered["system"], xerr=reach, fmt="o", capsize=4)
    axes.set(xlabel="mean opinion score with 95 % interval", xlim=(1, 5))
    return _picture(figure)


def _facet_bars(facets: pd.DataFrame) -> str:
    from matplotlib.figure import Figure

    figure = Figure(figsize=(8, 3))
    axes = figure.subplots()
    facets.pivot(index="facet", columns="system", values="mean").plot.bar(ax=axes, rot=15)
    axes.set(ylim=(1, 5), xlabel="", ylabel="mean opinion score")
    return _picture(figure)


def _picture(figure: object) -> str:
    file = io.BytesIO()
    figure.savefig(file, format="svg", bbox_inches="tight")  # type: ignore[attr-defined]
    return "data:image/svg+xml;base64," + base64.b64encode(file.getvalue()).decode()
