"""How far raters agree: Krippendorff's alpha for ordered categories.

K. Krippendorff, "Content Analysis" (4th ed., 2018), chapter 12; the interval resamples rated pairs (A. Zapf et al., "Measuring
inter-rater reliability for nominal data", BMC Medical Research Methodology 16 (2016) 93).

Alpha itself is the krippendorff package's. Resamples are computed here, all at once, since hundreds of calls of the package for
each facet of a study take longer than everything else in its report; a test compares the two.
"""

from __future__ import annotations

from dataclasses import dataclass

import krippendorff
import numpy as np
import pandas as pd
from numpy.typing import NDArray

SCALE = (1, 2, 3, 4, 5)


@dataclass(frozen=True)
class Agreement:
    """Alpha (1 is perfect, 0 is chance) with a 95 % percentile interval; NaN where no pair was rated twice or all are alike."""

    alpha: float
    low: float
    high: float
    pairs: int


def ordinal_alpha(ratings: pd.DataFrame, *, resamples: int = 500, seed: int = 0) -> Agreement:
    """Alpha of one facet.

    Args:
        ratings: columns rater, pair and score; one row a rater and pair.
        resamples: of the bootstrap.
        seed: of the bootstrap.
    """
    told = ratings[ratings["score"].notna()]
    table = pd.crosstab(told["pair"], told["score"]).reindex(columns=list(SCALE), fill_value=0)
    counts = table.to_numpy()[table.sum(axis=1).to_numpy() >= 2]
    if len(counts) == 0:
        return Agreement(float("nan"), float("nan"), float("nan"), 0)
    weights = np.random.default_rng(seed).multinomial(len(counts), np.full(len(counts), 1 / len(counts)), size=resamples)
    drawn = weighted_alphas(counts, weights)
    low, high = np.nanpercentile(drawn, [2.5, 97.5]) if np.isfinite(drawn).any() else (float("nan"), float("nan"))
    return Agreement(_alpha(counts), float(low), float(high), len(counts))


def weighted_alphas(counts: NDArray[np.int64], weights: NDArray[np.int64]) -> NDArray[np.float64]:
    """Ordinal alpha of every resample, NaN where it holds one category alone.

    Args:
        counts: (pairs, 5) how often each score was given to each pair; at least two scores a pair.
        weights: (resamples, pairs) how often each pair was drawn.
    """
    rated = counts.sum(axis=1)
    within = counts[:, :, None] * counts[:, None, :] - counts[:, :, None] * np.eye(len(SCALE), dtype=np.int64)
    observed = np.tensordot(weights, within / (rated - 1)[:, None, None], axes=1)
    totals = (weights @ counts).astype(np.float64)
    below = np.cumsum(totals, axis=1)
    up_to = np.abs(below[:, None, :] - below[:, :, None])
    smaller = np.minimum.outer(np.arange(len(SCALE)), np.arange(len(SCALE)))
    spans = up_to + totals[:, smaller] - (totals[:, :, None] + totals[:, None, :]) / 2
    distance = np.where(np.eye(len(SCALE), dtype=bool), 0.0, spans**2)
    disagreement = (observed * distance).sum(axis=(1, 2))
    expected = (totals[:, :, None] * totals[:, None, :] * distance).sum(axis=(1, 2)) / (totals.sum(axis=1) - 1)
    return np.asarray(1 - np.divide(disagreement, expected, out=np.full_like(expected, np.nan), where=expected > 0))


def _alpha(counts: np.ndarray) -> float:
    if (counts.sum(axis=0) > 0).sum() < 2:
        return float("nan")
    return float(krippendorff.alpha(value_counts=counts, value_domain=list(SCALE), level_of_measurement="ordinal"))
