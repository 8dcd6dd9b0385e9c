"""Curves from labelled pairs: isotonic regression of "at least this grade" on the score, and how reliable they are.

Isotonic regression (Zadrozny and Elkan, "Transforming classifier scores into accurate multiclass probability estimates", KDD
2002) presumes only that a higher score is no worse; scipy's pool-adjacent-violators fits it. Looks are held out whole, since
pairs of one look are not independent. Expected calibration error: Naeini, Cooper and Hauskrecht, AAAI 2015.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lookmatch_assets.calibration.agreement import LEVELS, reaches
from lookmatch_assets.calibration.pairs import Pair
from lookmatch_serving.search.models.answer import MatchGrade, Ranker
from lookmatch_serving.search.reranking.grading import ALL_CATEGORIES, MatchCurve

LEAST_PAIRS = 50
"""Pairs of a ranker below which nothing is fitted."""

CATEGORY_PAIRS, CATEGORY_POSITIVES = 200, 15
"""Pairs, and pairs of each grade, that a category needs for curves of its own."""

HELD_OUT = 3
"""Every so many-th look is held out to measure reliability."""

BINS = 10

_RANKERS = (Ranker.SEGMENT, Ranker.VECTOR)


@dataclass(frozen=True)
class FittedCurve:
    """A curve, whose it is, and how many pairs (and pairs of at least the grade) it was fitted on."""

    ranker: Ranker
    category: str
    grade: MatchGrade
    curve: MatchCurve
    pairs: int
    positives: int


@dataclass(frozen=True)
class Reliability:
    """How often held-out pairs really were of a grade, beside what the curve had said.

    Attributes:
        said: mean probability of each bin that has pairs.
        found: share of each bin's pairs that are at least of the grade.
        pairs: pairs of each bin.
        error: expected calibration error, in [0, 1].
        brier: mean squared error of the probabilities, in [0, 1].
        base: share of all held-out pairs that are at least of the grade.
    """

    ranker: Ranker
    grade: MatchGrade
    said: tuple[float, ...]
    found: tuple[float, ...]
    pairs: tuple[int, ...]
    error: float
    brier: float
    base: float


def fit_curve(scores: NDArray[np.float64], labels: NDArray[np.bool_]) -> MatchCurve:
    """Fit one curve: a knot at the middle score of each block of equal probability.

    Args:
        scores: (n,), n >= 1.
        labels: (n,).
    """
    from scipy.optimize import isotonic_regression  # takes half a second, which every run of the chain would wait for

    order = np.argsort(scores, kind="stable")
    ordered = scores[order]
    fitted = isotonic_regression(labels[order].astype(np.float64))
    starts = fitted.blocks[:-1]
    middles = np.add.reduceat(ordered, starts) / np.diff(fitted.blocks)
    return MatchCurve(tuple(float(value) for value in middles), tuple(float(value) for value in fitted.x[starts]))


def fit_curves(pairs: Iterable[Pair]) -> list[FittedCurve]:
    """Curves of every ranker for all categories, and for each category with enough pairs; empty where there are too few."""
    found: list[FittedCurve] = []
    kept = [pair for pair in pairs if not held_out(pair)]
    for ranker in _RANKERS:
        mine = [pair for pair in kept if pair.ranker == ranker]
        if len(mine) < LEAST_PAIRS:
            continue
        found += _fitted(ranker, ALL_CATEGORIES, mine)
        by_category: dict[str, list[Pair]] = {}
        for pair in mine:
            by_category.setdefault(pair.category, []).append(pair)
        for category, group in sorted(by_category.items()):
            counts = [sum(reaches(pair.truth, grade) for pair in group) for grade in LEVELS]
            if len(group) >= CATEGORY_PAIRS and min(counts) >= CATEGORY_POSITIVES:
                found += _fitted(ranker, category, group)
    return found


def reliability_of(curves: Sequence[FittedCurve], pairs: Iterable[Pair]) -> list[Reliability]:
    """Reliability of the curves that serving would use, on the held-out pairs."""
    served = {(one.ranker, one.category, one.grade): one.curve for one in curves}
    apart = [pair for pair in pairs if held_out(pair)]
    found = []
    for ranker in _RANKERS:
        mine = [pair for pair in apart if pair.ranker == ranker]
        for grade in LEVELS:
            if mine and (ranker, ALL_CATEGORIES, grade) in served:
                found.append(_reliability(ranker, grade, mine, served))
    return found


def held_out(pair: Pair) -> bool:
    """Whether a pair measures reliability and is not fitted on."""
    return pair.look % HELD_OUT == HELD_OUT - 1


def _fitted(ranker: Ranker, category: str, pairs: Sequence[Pair]) -> list[FittedCurve]:
    scores = np.array([pair.score for pair in pairs])
    curves = []
    for grade in LEVELS:
        labels = np.array([reaches(pair.truth, grade) for pair in pairs])
        curves.append(FittedCurve(ranker, category, grade, fit_curve(scores, labels), len(pairs), int(labels.sum())))
    return curves


def _reliability(
    ranker: Ranker, grade: MatchGrade, pairs: Sequence[Pair], served: Mapping[tuple[Ranker, str, MatchGrade], MatchCurve]
) -> Reliability:
    everyone = served[ranker, ALL_CATEGORIES, grade]
    said = np.array([served.get((ranker, pair.category, grade), everyone).probability(pair.score) for pair in pairs])
    truth = np.array([reaches(pair.truth, grade) for pair in pairs], dtype=np.float64)
    bins = np.minimum((said * BINS).astype(int), BINS - 1)
    counts = np.bincount(bins, minlength=BINS)
    filled = counts > 0
    means = np.bincount(bins, said, BINS)[filled] / counts[filled]
    shares = np.bincount(bins, truth, BINS)[filled] / counts[filled]
    error = float((np.abs(means - shares) * counts[filled]).sum() / len(pairs))
    brier = float(((said - truth) ** 2).mean())
    numbers = tuple(int(count) for count in counts[filled])
    return Reliability(
        ranker, grade, tuple(map(float, means)), tuple(map(float, shares)), numbers, error, brier, float(truth.mean())
    )
