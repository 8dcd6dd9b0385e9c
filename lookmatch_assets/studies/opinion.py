"""Mean opinion scores of systems, and which differences between them stand.

What is reported follows ITU-T P.800.2 (07/2016): scale, number of votes and subjects, mean, deviation and interval together.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from itertools import combinations
from pathlib import Path

import pandas as pd
from scipy import stats
from statsmodels.stats.multitest import multipletests

from lookmatch_assets.studies.intervals import MeanInterval, clustered_mean
from lookmatch_serving.errors import InvalidInputError

CELL = ["annotator", "gender"]


@dataclass(frozen=True)
class Difference:
    """``better`` minus ``worse``: the mean over raters and look layers that both were rated for.

    Attributes:
        interval: of the difference.
        p_holm: two-sided p after Holm's correction over all pairs of systems.
        percent_of_worse: the difference as the paper gives it, in percent of the lower mean.
        percent_of_leader: in percent of the higher mean.
    """

    better: str
    worse: str
    interval: MeanInterval
    p_holm: float
    percent_of_worse: float
    percent_of_leader: float

    @property
    def significant(self) -> bool:
        """At 5 % after correction."""
        return self.p_holm < 0.05


@dataclass(frozen=True)
class MeansDifference:
    """What a table of means alone says about two models: a paired t-test over annotators, each one observation."""

    better: str
    worse: str
    difference: float
    percent_of_worse: float
    percent_of_leader: float
    annotators: int
    p_value: float
    p_holm: float


def scores_by_system(ratings: pd.DataFrame, returned: pd.DataFrame) -> pd.DataFrame:
    """Give every rating to each system that returned the rated product.

    Args:
        ratings: columns rater, pair, kind, facet, score and what describes the pair (look, layer, gender, ...).
        returned: columns system, pair.

    Returns:
        The main ratings with a score, one row a rating and system.
    """
    main = ratings[(ratings["kind"] == "main") & ratings["score"].notna()]
    return main.merge(returned[["system", "pair"]].drop_duplicates(), on="pair")


def opinion_scores(scores: pd.DataFrame, by: list[str]) -> pd.DataFrame:
    """MOS with clustered and naive intervals for every combination of ``by``, which names columns of ``scores``."""
    rows = []
    for keys, part in scores.groupby(by, sort=True, observed=True):
        interval = clustered_mean(part["score"], part["rater"], part["look"])
        rows.append({**dict(zip(by, keys if isinstance(keys, tuple) else (keys,), strict=True)), **vars(interval)})
    return pd.DataFrame(rows)


def compare_systems(scores: pd.DataFrame) -> list[Difference]:
    """Every pair of systems, paired by rater and look layer, with Holm's correction (S. Holm, 1979).

    Args:
        scores: of one facet, as ``scores_by_system`` gives them; needs columns system, rater, look, layer, score.

    Returns:
        Largest difference first; pairs of systems that share no rated layer are left out.
    """
    return _corrected({"": _differences(scores)})[""]


def compare_by(scores: pd.DataFrame, column: str) -> dict[str, list[Difference]]:
    """Every pair of systems for every value of a column (facet, market, ...), with Holm's correction over all of them.

    Args:
        scores: as for ``compare_systems``, with the column.
        column: whose values are told apart.
    """
    return _corrected({str(value): _differences(part) for value, part in scores.groupby(column, sort=True, observed=True)})


def _differences(scores: pd.DataFrame) -> list[Difference]:
    """See ``compare_systems``; p is not corrected yet."""
    cells = scores.pivot_table(index=["rater", "look", "layer"], columns="system", values="score")
    found = []
    for one, other in combinations(cells.columns, 2):
        both = cells[[one, other]].dropna()
        if both.empty:
            continue
        better, worse = (one, other) if both[one].mean() >= both[other].mean() else (other, one)
        index = both.index.to_frame()
        interval = clustered_mean(both[better] - both[worse], index["rater"], index["look"])
        percent = [100 * interval.mean / float(both[name].mean()) for name in (worse, better)]
        found.append(Difference(better, worse, interval, interval.p_value, *percent))
    return sorted(found, key=lambda difference: -difference.interval.mean)


def _corrected(found: Mapping[str, list[Difference]]) -> dict[str, list[Difference]]:
    """Holm's correction over all differences; in one call, since the library's collects garbage at each."""
    adjusted = iter(_holm([difference.interval.p_value for differences in found.values() for difference in differences]))
    return {
        name: [replace(difference, p_holm=next(adjusted)) for difference in differences] for name, differences in found.items()
    }


def annotator_table(scores: pd.DataFrame) -> pd.DataFrame:
    """The paper's Table 1: rows (annotator, gender), a column for each system, means of one facet."""
    named = scores.rename(columns={"rater": "annotator"})
    return named.pivot_table(index=CELL, columns="system", values="score", aggfunc="mean")


def read_means(path: Path) -> pd.DataFrame:
    """Read such a table from a CSV with the columns annotator, gender and one for each model.

    Raises:
        InvalidInputError: naming what is missing or no number.
    """
    table = pd.read_csv(path)
    if not set(CELL) < set(table.columns) or len(table.columns) < len(CELL) + 2:
        accepted = "columns annotator, gender and one for each of at least two models"
        raise InvalidInputError("columns", list(table.columns), accepted)
    table = table.set_index(CELL)
    for name in table:
        if not pd.api.types.is_numeric_dtype(table[name]) or table[name].isna().any():
            raise InvalidInputError(str(name), list(table[name])[:5], "a mean in every row")
    return table


def best_per_row(table: pd.DataFrame) -> pd.Series:
    """The system with the highest mean in each row."""
    return table.idxmax(axis=1)


def compare_means(table: pd.DataFrame) -> list[MeansDifference]:
    """Test models by a table of means alone: paired t over annotators (their rows averaged), Holm-corrected.

    Args:
        table: index (annotator, gender), a column for each model.
    """
    overall, people = table.mean(), table.groupby(level="annotator").mean()
    pairs = [sorted(pair, key=lambda name: -overall[name]) for pair in combinations(table.columns, 2)]
    p_values = [float(stats.ttest_rel(people[a], people[b]).pvalue) if len(people) > 1 else float("nan") for a, b in pairs]
    return [
        MeansDifference(
            better=a,
            worse=b,
            difference=float(overall[a] - overall[b]),
            percent_of_worse=float(100 * (overall[a] - overall[b]) / overall[b]),
            percent_of_leader=float(100 * (overall[a] - overall[b]) / overall[a]),
            annotators=len(people),
            p_value=p,
            p_holm=corrected,
        )
        for (a, b), p, corrected in zip(pairs, p_values, _holm(p_values), strict=True)
    ]


def what_means_prove(table: pd.DataFrame) -> list[str]:
    """Sentences for a report on what a table of per-annotator means can and cannot prove."""
    differences = compare_means(table)
    people = differences[0].annotators if differences else 0
    lines = [
        f"{d.better} is ahead of {d.worse} by {d.percent_of_worse:.1f} % ({d.difference:.3f}); over {d.annotators} annotators"
        f" p {_told(d.p_value)}, after Holm's correction p {_told(d.p_holm)}: "
        + ("this would be unlikely by chance." if d.p_holm < 0.05 else "chance is not ruled out.")
        for d in differences
    ]
    lines.append(
        f"{len(table)} means of {people} annotators can show who is ahead for these annotators, and how evenly. They cannot show"
        " how far the looks matter, how many ratings stand behind a mean, whether annotators agree or repeat themselves; so no"
        " interval that holds for other looks can be given."
    )
    return lines


def _told(p_value: float) -> str:
    return "< 0.001" if p_value < 0.001 else f"= {p_value:.3f}"


def _holm(p_values: list[float]) -> list[float]:
    known = [i for i, p in enumerate(p_values) if p == p]
    corrected = [float("nan")] * len(p_values)
    if known:
        for i, p in zip(known, multipletests([p_values[i] for i in known], method="holm")[1], strict=True):
            corrected[i] = float(p)
    return corrected
