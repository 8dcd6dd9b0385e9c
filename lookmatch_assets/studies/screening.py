"""Which raters' ratings count: ITU-R BT.500's screening, agreement with the others, and gold items.

BT.500-15, Annex 1, section 2.3.1 looks for raters who are often far out on both sides. It needs many votes a picture, and a
study has few; so agreement with the other raters' mean (ITU-T P.913, section 12.4) and items whose answer is known decide too.
A rater is dropped for gold alone, for one answer to everything, or when both other signs agree.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy import stats

LEAST_GOLD = 6
"""Fewer gold ratings decide nothing."""
LEAST_GOLD_SHARE = 0.7
LEAST_CORRELATION = 0.2
LEAST_ALIKE = 15
LEAST_VARIETY = 0.5
"""Standard deviation of the others' means from which on one and the same answer to every pair is no opinion."""

_LEAST_SHARED = 8


@dataclass(frozen=True)
class RaterVerdict:
    """Signs about one rater and whether the ratings count.

    ``correlation`` is Pearson's with the mean of the others; None where too few pairs are shared. ``self_agreement`` is the mean
    absolute difference of repeated ratings.
    """

    rater: str
    gold_right: int
    gold_rated: int
    correlation: float | None
    outlying: bool
    self_agreement: float | None
    kept: bool
    reason: str


def gold_is_right(score: float, expected: str) -> bool:
    """Whether a rating fits a gold item: 4 or 5 where ``expected`` is "good", 1 or 2 where it is "bad"."""
    return score >= 4 if expected == "good" else score <= 2


def screen_raters(ratings: pd.DataFrame) -> list[RaterVerdict]:
    """Judge every rater by the overall facet.

    Args:
        ratings: columns rater, pair, kind (main, repeat, gold), score (1-5 or NaN), expected (good, bad or None).

    Returns:
        One verdict a rater, by name.
    """
    told = ratings[ratings["score"].notna()]
    main = told[told["kind"] == "main"].pivot_table(index="pair", columns="rater", values="score")
    outlying = _outlying(main)
    verdicts = []
    for rater in sorted(ratings["rater"].unique()):
        gold = told[(told["rater"] == rater) & (told["kind"] == "gold")]
        right = sum(gold_is_right(score, expected) for score, expected in zip(gold["score"], gold["expected"], strict=True))
        correlation = _correlation(main, rater)
        far_out = rater in outlying
        reason = ""
        if len(gold) >= LEAST_GOLD and right / len(gold) < LEAST_GOLD_SHARE:
            reason = f"{right} of {len(gold)} gold items right, {LEAST_GOLD_SHARE:.0%} wanted"
        elif _one_answer(main, rater):
            reason = f"one answer to all {int(main[rater].notna().sum())} pairs, of which the others' answers vary"
        elif far_out and correlation is not None and correlation < LEAST_CORRELATION:
            reason = f"far out on both sides (BT.500) and correlation {correlation:.2f} with the others"
        repeats = _repeat_difference(told[told["rater"] == rater])
        verdicts.append(RaterVerdict(rater, right, len(gold), correlation, far_out, repeats, not reason, reason))
    return verdicts


def _one_answer(main: pd.DataFrame, rater: str) -> bool:
    """Whether a rater said the same of at least ``LEAST_ALIKE`` pairs that the others tell apart."""
    if rater not in main:
        return False
    others = main.drop(columns=rater).mean(axis=1)
    shared = main[rater].notna() & others.notna()
    alike = shared.sum() >= LEAST_ALIKE and main.loc[shared, rater].nunique() == 1
    return bool(alike and others[shared].std() >= LEAST_VARIETY)


def _outlying(main: pd.DataFrame) -> set[str]:
    """Raters whom BT.500 rejects. Pairs with fewer than four votes say nothing about who is far out."""
    votes = main[main.notna().sum(axis=1) >= 4]
    if votes.empty:
        return set()
    values = votes.to_numpy(dtype=float)
    mean, deviation = np.nanmean(values, axis=1), np.nanstd(values, axis=1, ddof=1)
    spread = np.nanmean((values - mean[:, None]) ** 2, axis=1)
    fourth = np.nanmean((values - mean[:, None]) ** 4, axis=1)
    kurtosis = np.divide(fourth, spread**2, out=np.full_like(spread, 3.0), where=spread > 0)
    limit = (deviation * np.where((kurtosis >= 2) & (kurtosis <= 4), 2.0, np.sqrt(20)))[:, None]
    varied = deviation[:, None] > 0
    above = (varied & (values >= mean[:, None] + limit)).sum(axis=0)
    below = (varied & (values <= mean[:, None] - limit)).sum(axis=0)
    out, rated = above + below, np.maximum(np.isfinite(values).sum(axis=0), 1)
    return set(votes.columns[(out / rated > 0.05) & (np.abs(above - below) / np.maximum(out, 1) < 0.3)])


def _correlation(main: pd.DataFrame, rater: str) -> float | None:
    if rater not in main:
        return None
    others = main.drop(columns=rater).mean(axis=1)
    shared = main[rater].notna() & others.notna()
    if shared.sum() < _LEAST_SHARED:
        return None
    mine, theirs = main.loc[shared, rater], others[shared]
    return 0.0 if mine.nunique() < 2 or theirs.nunique() < 2 else float(stats.pearsonr(mine, theirs)[0])


def _repeat_difference(told: pd.DataFrame) -> float | None:
    main = told[told["kind"] == "main"].set_index("pair")["score"]
    again = told[told["kind"] == "repeat"].set_index("pair")["score"]
    both = main.index.intersection(again.index)
    return float((main[both] - again[both]).abs().mean()) if len(both) else None
