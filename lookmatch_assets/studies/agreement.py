"""How far raters agree: Krippendorff's alpha for ordered categories.

K. Krippendorff, "Content Analysis" (4th ed., 2018), chapter 12; the interval resamples rated pairs (A. Zapf et al., "Measuring
inter-rater reliability for nominal data", BMC Medical Research Methodology 16 (2016) 93).
"""

from __future__ import annotations

from dataclasses import dataclass

import krippendorff
import numpy as np
import pandas as pd

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
    generator = np.random.default_rng(seed)
    drawn = [_alpha(counts[generator.integers(0, len(counts), len(counts))]) for _ in range(resamples)]
    low, high = np.nanpercentile(drawn, [2.5, 97.5]) if np.isfinite(drawn).any() else (float("nan"), float("nan"))
    return Agreement(_alpha(counts), float(low), float(high), len(counts))


def _alpha(counts: np.ndarray) -> float:
    if (counts.sum(axis=0) > 0).sum() < 2:
        return float("nan")
    return float(krippendorff.alpha(value_counts=counts, value_domain=list(SCALE), level_of_measurement="ordinal"))
