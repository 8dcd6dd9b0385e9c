"""What the judge's ratings are worth: how far it agrees with people, beside how far people agree among themselves.

Its scores are given only together with that, and not at all where it shares too few pairs with people.
"""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd
from scipy import stats

from lookmatch_assets.studies.agreement import Agreement, ordinal_alpha
from lookmatch_assets.studies.opinion import scores_by_system

LEAST_SHARED = 20
"""Fewer pairs rated by people and the judge say too little about their agreement."""


@dataclass(frozen=True)
class FacetAgreement:
    """Ordinal alphas of one facet.

    Attributes:
        with_people: of the judge's mean and people's mean of each pair, rounded to the scale.
        people: of people among themselves.
        itself: of the judge's two orders of the pictures.
        rank_correlation: Spearman's, of the two means; NaN where one of them does not vary.
    """

    facet: str
    shared: int
    with_people: Agreement
    people: Agreement
    itself: Agreement
    rank_correlation: float


@dataclass(frozen=True)
class JudgeReport:
    """The judge beside people. ``scores`` is empty where ``counts`` is False: too few shared pairs, or no better than chance."""

    model: str
    pairs: int
    gold_right: int
    gold_rated: int
    facets: list[FacetAgreement]
    scores: pd.DataFrame
    counts: bool
    reason: str


def judge_report(
    people: pd.DataFrame, judged: pd.DataFrame, returned: pd.DataFrame, facets: list[str], overall: str, *, seed: int = 0
) -> JudgeReport | None:
    """Compare the judge with people; None where it rated nothing.

    Args:
        people: main ratings of people who were kept.
        judged: ratings of the model's raters.
        returned: columns system and pair.
        facets: keys.
        overall: the facet by which it counts or not.
        seed: of the bootstrap.
    """
    if judged.empty:
        return None
    main, gold = judged[judged["kind"] == "main"], judged[(judged["kind"] == "gold") & (judged["facet"] == overall)]
    lines = [_facet(facet, people[people["facet"] == facet], main[main["facet"] == facet], seed) for facet in facets]
    decisive = next(line for line in lines if line.facet == overall)
    reason = ""
    if decisive.shared < LEAST_SHARED:
        reason = f"it shares {decisive.shared} rated pairs with people; {LEAST_SHARED} are wanted to measure its agreement"
    elif not decisive.with_people.low > 0:
        a = decisive.with_people
        reason = f"its agreement with people is not above chance: alpha {a.alpha:.2f} ({a.low:.2f} to {a.high:.2f})"
    right = gold["score"].ge(4).where(gold["expected"] == "good", gold["score"].le(2)).sum() if len(gold) else 0
    return JudgeReport(
        model=str(judged["rater"].iloc[0]).split(":")[1],
        pairs=int(main["pair"].nunique()),
        gold_right=int(right),
        gold_rated=len(gold),
        facets=lines,
        scores=pd.DataFrame() if reason else _scores(people, main, returned, overall),
        counts=not reason,
        reason=reason,
    )


def _facet(facet: str, people: pd.DataFrame, judged: pd.DataFrame, seed: int) -> FacetAgreement:
    both = pd.concat({"people": _means(people), "judge": _means(judged)}, axis=1).dropna()
    long = both.round().rename_axis("pair").reset_index().melt("pair", var_name="rater", value_name="score")
    varied = len(both) > 2 and both["people"].nunique() > 1 and both["judge"].nunique() > 1
    return FacetAgreement(
        facet=facet,
        shared=len(both),
        with_people=ordinal_alpha(long, seed=seed),
        people=ordinal_alpha(people, seed=seed),
        itself=ordinal_alpha(judged, seed=seed),
        rank_correlation=float(stats.spearmanr(both["people"], both["judge"]).statistic) if varied else float("nan"),
    )


def _means(ratings: pd.DataFrame) -> pd.Series:
    return ratings[ratings["score"].notna()].groupby("pair")["score"].mean()


def _scores(people: pd.DataFrame, judged: pd.DataFrame, returned: pd.DataFrame, overall: str) -> pd.DataFrame:
    """Means by system of both, over the pairs that both rated."""
    sides = {"judge": judged[judged["facet"] == overall], "people": people[people["facet"] == overall]}
    shared = set(sides["judge"]["pair"]) & set(sides["people"]["pair"])
    means = {
        name: scores_by_system(part[part["pair"].isin(shared)], returned).groupby("system")["score"].mean()
        for name, part in sides.items()
    }
    table = pd.concat(means, axis=1).sort_values("people", ascending=False)
    return table.rename_axis("system").reset_index().assign(difference=lambda t: t["judge"] - t["people"])
