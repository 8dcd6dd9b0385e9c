"""A study's figures, from what is in the database."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pandas as pd

from lookmatch_assets.studies.agreement import Agreement, ordinal_alpha
from lookmatch_assets.studies.definition import StudyDefinition
from lookmatch_assets.studies.judge_agreement import JudgeReport, judge_report
from lookmatch_assets.studies.opinion import (
    Difference,
    annotator_table,
    compare_by,
    compare_systems,
    opinion_scores,
    scores_by_system,
)
from lookmatch_assets.studies.ranking_metrics import ranking_metrics
from lookmatch_assets.studies.screening import RaterVerdict, screen_raters
from lookmatch_assets.studies.store import definition_of, frame_of, gains_of, lineage_of, ratings_of, returned_of
from lookmatch_serving.db import DictConnection

OVERALL = "overall_look"
RELEVANT_FROM = 3
_MOST_DISAGREEMENTS = 6


@dataclass(frozen=True)
class Progress:
    """Items that people have rated, items assigned to them, pairs, and pairs that have all the main ratings wanted.

    ``replaced`` counts ratings that their rater replaced by later ones.
    """

    rated: int
    assigned: int
    pairs: int
    complete_pairs: int
    replaced: int = 0


@dataclass(frozen=True)
class StudyResult:
    """Everything a report says; tables are empty where nobody rated, ``metrics`` where nothing is labelled.

    Attributes:
        ratings: of people (or simulated raters), one row a rating and facet.
        earlier: ratings that their rater replaced, one row a rating and facet; they count nowhere.
        scores: the ratings that count, one row a rating, facet and system that returned the product.
        by: MOS with intervals by system and, in turn, facet, market, category and gender.
        differences: between systems in the overall facet.
        differences_by: the same for each facet and market, corrected over all of its values.
        reasons: how far each system's first product agrees with the piece, by attribute; where the catalogue is labelled.
        disagreements: pairs whose overall ratings spread most, with the files of their pictures.
    """

    definition: StudyDefinition
    lineage: dict[str, Any]
    absent: dict[str, str]
    progress: Progress
    ratings: pd.DataFrame
    earlier: pd.DataFrame
    judged: pd.DataFrame
    returned: pd.DataFrame
    scores: pd.DataFrame
    verdicts: list[RaterVerdict]
    overall: pd.DataFrame
    by: dict[str, pd.DataFrame]
    annotators: pd.DataFrame
    differences: list[Difference]
    differences_by: dict[str, dict[str, list[Difference]]]
    agreement: dict[str, Agreement]
    judge: JudgeReport | None
    metrics: pd.DataFrame
    reasons: pd.DataFrame
    disagreements: list[dict[str, Any]]
    simulated: bool


def evaluate(connection: DictConnection, study_id: str) -> StudyResult:
    """Compute a study's figures; ratings of raters who were screened out do not count, and a model's never do.

    Raises:
        NotFoundError: there is no such study.
    """
    definition = definition_of(connection, study_id)
    everything, returned = ratings_of(connection, study_id), returned_of(connection, study_id, definition.depth)
    ratings = everything[everything["rater_kind"] != "model"]
    judged = everything[everything["rater_kind"] == "model"]
    earlier = frame_of(connection, "study_earlier_ratings", {"study_id": study_id})
    systems = connection.execute("SELECT system, absent FROM studies.systems WHERE study_id = %s", [study_id]).fetchall()
    verdicts = screen_raters(ratings[ratings["facet"] == OVERALL]) if len(ratings) else []
    kept = ratings[ratings["rater"].isin([v.rater for v in verdicts if v.kept])]
    rated = returned[returned["pair"].notna()][["system", "pair"]]
    scores = scores_by_system(kept, rated)
    overall = scores[scores["facet"] == OVERALL]
    main = kept[kept["kind"] == "main"]
    return StudyResult(
        definition=definition,
        lineage=lineage_of(connection, study_id),
        absent={row["system"]: row["absent"] for row in systems if row["absent"]},
        progress=_progress(connection, definition, ratings, earlier),
        ratings=ratings,
        earlier=earlier,
        judged=judged,
        returned=returned,
        scores=scores,
        verdicts=verdicts,
        overall=opinion_scores(overall, ["system"]),
        by={
            "facet": opinion_scores(scores, ["facet", "system"]),
            **{name: opinion_scores(overall, [name, "system"]) for name in ("market", "category", "gender")},
        },
        annotators=annotator_table(overall) if len(overall) else pd.DataFrame(),
        differences=compare_systems(overall) if len(overall) else [],
        differences_by={"facet": compare_by(scores, "facet"), "market": compare_by(overall, "market")} if len(overall) else {},
        agreement={f: ordinal_alpha(main[main["facet"] == f], seed=definition.seed) for f in definition.facets if len(main)},
        judge=judge_report(main, judged, rated, definition.facets, OVERALL, seed=definition.seed),
        metrics=_metrics(gains_of(connection, study_id), returned),
        reasons=_reasons(connection, study_id),
        disagreements=_disagreements(connection, study_id, main),
        simulated=bool(len(ratings) and (ratings["rater_kind"] == "simulated").any()),
    )


def _progress(connection: DictConnection, definition: StudyDefinition, ratings: pd.DataFrame, earlier: pd.DataFrame) -> Progress:
    row = frame_of(connection, "study_progress", {"study_id": definition.study_id}).iloc[0]
    main = ratings[(ratings["kind"] == "main") & (ratings["facet"] == OVERALL)]
    votes = main.groupby("pair").size() if len(main) else pd.Series(dtype=int)
    complete = int((votes >= definition.ratings_per_layer).sum())
    replaced = len(earlier.drop_duplicates(["rater", "position", "rated_at"]))
    return Progress(int(row["rated"]), int(row["assigned"]), int(row["pairs"]), complete, replaced)


def _metrics(gains: dict[str, dict[str, int]], returned: pd.DataFrame) -> pd.DataFrame:
    """By system, over the labelled layers for which the catalogue holds something relevant."""
    gains = {query: products for query, products in gains.items() if max(products.values()) >= RELEVANT_FROM}
    if not gains:
        return pd.DataFrame()
    rows = []
    for system, part in returned.groupby("system"):
        run: dict[str, dict[str, float]] = {}
        for look, layer, product, rank in part[["look", "layer", "product", "rank"]].itertuples(index=False):
            run.setdefault(f"{look}/{layer}", {})[product] = -float(rank)
        rows.append({"system": system, **ranking_metrics(gains, run, relevant_from=RELEVANT_FROM), "layers": len(gains)})
    return pd.DataFrame(rows).sort_values("nDCG@10", ascending=False, ignore_index=True) if rows else pd.DataFrame()


def _reasons(connection: DictConnection, study_id: str) -> pd.DataFrame:
    told = frame_of(connection, "study_agreement_by_attribute", {"study_id": study_id})
    return told.pivot_table(index="attribute", columns="system", values="agreement") if len(told) else told


def _disagreements(connection: DictConnection, study_id: str, main: pd.DataFrame) -> list[dict[str, Any]]:
    told = main[(main["facet"] == OVERALL) & main["score"].notna()] if len(main) else main
    if told.empty:
        return []
    votes = {int(str(pair)): sorted(int(score) for score in part) for pair, part in told.groupby("pair")["score"]}
    apart = sorted(votes, key=lambda pair: (votes[pair][-1] - votes[pair][0], len(votes[pair])), reverse=True)
    worst = [pair for pair in apart if votes[pair][-1] - votes[pair][0] >= 2][:_MOST_DISAGREEMENTS]
    rows = frame_of(connection, "study_pairs_shown", {"pairs": worst})
    shown = {row["pair"]: {str(name): value for name, value in row.items()} for row in rows.to_dict("records")}
    return [{**shown[pair], "votes": votes[pair]} for pair in worst if pair in shown]
