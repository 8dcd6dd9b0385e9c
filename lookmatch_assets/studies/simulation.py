"""Raters whose truth is known, for checking the statistics and for trying a study without people.

Opinions are latent = system + rater + look + rater x system + look x system + noise, rounded and clipped to 1-5.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd


@dataclass(frozen=True)
class OpinionModel:
    """Standard deviations of the parts of an opinion, on the 1-5 scale."""

    rater: float = 0.4
    look: float = 0.5
    rater_system: float = 0.1
    look_system: float = 0.3
    noise: float = 0.7


@dataclass(frozen=True)
class SimulatedStudy:
    """Ratings as ``opinion`` and ``screening`` take them, what each system returned, and who clicked at random."""

    ratings: pd.DataFrame
    returned: pd.DataFrame
    clickers: frozenset[str]


def simulate_study(
    means: Sequence[float],
    *,
    raters: int,
    looks: int,
    gold: int = 0,
    clickers: int = 0,
    seed: int = 0,
    model: OpinionModel | None = None,
) -> SimulatedStudy:
    """Draw a study in which every rater rates one product of every system for every look.

    Args:
        means: latent mean of each system.
        raters: honest and clicking raters together.
        looks: number of looks.
        gold: gold items, half of them good.
        clickers: raters who answer at random.
        seed: of all that is drawn.
        model: spread of opinions.
    """
    m, draw = model or OpinionModel(), np.random.default_rng(seed)
    systems = len(means)
    latent = (
        np.asarray(means)[None, None, :]
        + draw.normal(0, m.rater, (raters, 1, 1))
        + draw.normal(0, m.look, (1, looks, 1))
        + draw.normal(0, m.rater_system, (raters, 1, systems))
        + draw.normal(0, m.look_system, (1, looks, systems))
        + draw.normal(0, m.noise, (raters, looks, systems))
    )
    scores = np.clip(np.rint(latent), 1, 5)
    scores[:clickers] = draw.integers(1, 6, (clickers, looks, systems))
    r, k, s = (axis.ravel() for axis in np.indices(scores.shape))
    ratings = pd.DataFrame({"rater": [f"r{i:02d}" for i in r], "look": k, "layer": "inner_topwear", "pair": k * systems + s})
    ratings = ratings.assign(gender=np.where(k % 2 == 0, "men", "women"), facet="overall_look", kind="main")
    ratings = ratings.assign(score=scores.ravel(), expected=None)
    golden = _gold(draw, raters, gold, clickers, m)
    returned = pd.DataFrame({"system": [f"s{i}" for i in s[: looks * systems]], "pair": ratings["pair"][: looks * systems]})
    whole = pd.concat([ratings, golden], ignore_index=True) if gold else ratings
    return SimulatedStudy(whole, returned, frozenset(f"r{i:02d}" for i in range(clickers)))


def _gold(draw: np.random.Generator, raters: int, gold: int, clickers: int, m: OpinionModel) -> pd.DataFrame:
    rows = []
    for rater in range(raters):
        lean = draw.normal(0, m.rater)
        for item in range(gold):
            good = item % 2 == 0
            honest = np.clip(np.rint((4.9 if good else 1.1) + lean + draw.normal(0, 0.5)), 1, 5)
            score = float(draw.integers(1, 6) if rater < clickers else honest)
            place = {"rater": f"r{rater:02d}", "look": -1, "layer": "gold", "pair": -1 - item, "gender": "men"}
            known = {"facet": "overall_look", "kind": "gold", "score": score, "expected": "good" if good else "bad"}
            rows.append({**place, **known})
    return pd.DataFrame(rows)
