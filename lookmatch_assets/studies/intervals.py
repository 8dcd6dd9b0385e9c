"""Intervals and tests for means of ratings that are clustered by rater and by look.

A rater's ratings resemble each other, and so do the ratings of one look. Both are samples of a population, and the mean's
variance adds over them: A. C. Cameron, J. B. Gelbach, D. L. Miller, "Robust inference with multiway clustering", Journal of
Business & Economic Statistics 29 (2011) 238-249: V = V_rater + V_look - V_(rater x look), each with G / (G - 1). The degrees
of freedom are Satterthwaite's (1946) over the two clusterings, since a study has few raters.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import stats


@dataclass(frozen=True)
class MeanInterval:
    """A mean, its two-sided interval, and the naive interval that takes every rating for independent.

    ``low`` and ``high`` are NaN where fewer than two raters or two looks leave the variance unknown.
    """

    mean: float
    low: float
    high: float
    naive_low: float
    naive_high: float
    standard_error: float
    degrees_of_freedom: float
    deviation: float
    ratings: int
    raters: int
    looks: int

    @property
    def p_value(self) -> float:
        """Two-sided p of the hypothesis that the mean is zero; NaN where there is no standard error."""
        if not np.isfinite(self.standard_error):
            return float("nan")
        if self.standard_error == 0:
            return 1.0 if self.mean == 0 else 0.0
        return float(2 * stats.t.sf(abs(self.mean) / self.standard_error, self.degrees_of_freedom))


def clustered_mean(values: ArrayLike, raters: ArrayLike, looks: ArrayLike, *, confidence: float = 0.95) -> MeanInterval:
    """The mean of ratings or of paired differences, with its interval.

    Args:
        values: (n,) finite numbers, n at least 1.
        raters: (n,) who rated.
        looks: (n,) which look was rated.
        confidence: of the intervals, between 0 and 1.

    Raises:
        ValueError: no value, or arrays of different lengths.
    """
    y = np.asarray(values, dtype=np.float64)
    first, raters_n = _codes(raters)
    second, looks_n = _codes(looks)
    if y.size == 0 or not (y.size == first.size == second.size):
        raise ValueError(
            f"values, raters and looks must be of one length and not empty; got {y.size}, {first.size}, {second.size}"
        )
    mean, n = float(y.mean()), y.size
    deviation = float(y.std(ddof=1)) if n > 1 else float("nan")
    naive = stats.norm.ppf(0.5 + confidence / 2) * deviation / np.sqrt(n) if n > 1 else float("nan")
    both, _ = _codes(first * looks_n + second)
    error, freedom = float("nan"), float("nan")
    if raters_n > 1 and looks_n > 1:
        by_rater, by_look, by_both = (_variance(y - mean, codes) for codes in (first, second, both))
        variance = max(by_rater + by_look - by_both, by_rater, by_look)
        parts = by_rater**2 / (raters_n - 1) + by_look**2 / (looks_n - 1)
        error = float(np.sqrt(variance))
        freedom = float(np.clip(variance**2 / parts, min(raters_n, looks_n) - 1, n - 1)) if parts > 0 else float(n - 1)
    half = stats.t.ppf(0.5 + confidence / 2, freedom) * error if np.isfinite(error) else float("nan")
    return MeanInterval(
        mean=mean,
        low=float(mean - half),
        high=float(mean + half),
        naive_low=float(mean - naive),
        naive_high=float(mean + naive),
        standard_error=error,
        degrees_of_freedom=freedom,
        deviation=deviation,
        ratings=n,
        raters=raters_n,
        looks=looks_n,
    )


def _codes(labels: ArrayLike) -> tuple[NDArray[np.int64], int]:
    names, codes = np.unique(np.asarray(labels), return_inverse=True)
    return codes.astype(np.int64), len(names)


def _variance(residuals: NDArray[np.float64], codes: NDArray[np.int64]) -> float:
    sums = np.bincount(codes, weights=residuals)
    groups = len(sums)
    return float(np.sum(sums**2) / residuals.size**2 * (groups / (groups - 1) if groups > 1 else 1.0))
