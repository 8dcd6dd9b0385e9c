"""Match grades: how good a hit is.

A calibration asset fits, for the live encoder version in a market, the probability that a product of a score is at least exact,
close or similar (``vectors.match_curves``). A hit gets the best grade that is at least as likely as not. Scores of text against
picture and of picture against picture live on different scales, so each ranker has its own curves.

Without a calibration of that very version grades come from fixed thresholds, and the answer says which.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

import numpy as np
import structlog

from lookmatch_serving.db import DictConnection, read_sql
from lookmatch_serving.search.models.answer import MatchGrade, Ranker
from lookmatch_serving.search.models.index import LiveIndex

EVEN = 0.5
"""Least probability of a grade that is given."""

ALL_CATEGORIES = "*"
"""Curves for categories that have none of their own."""

CALIBRATED = "calibrated"

_GOOD = (MatchGrade.EXACT, MatchGrade.CLOSE, MatchGrade.SIMILAR)
_log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Thresholds:
    """Least scores of the grades; below ``similar`` the grade is none."""

    exact: float
    close: float
    similar: float

    def grade(self, score: float) -> MatchGrade:
        """The grade of a score."""
        if score >= self.exact:
            return MatchGrade.EXACT
        if score >= self.close:
            return MatchGrade.CLOSE
        return MatchGrade.SIMILAR if score >= self.similar else MatchGrade.NONE


MODEL_THRESHOLDS = Thresholds(0.90, 0.70, 0.40)
"""Of the vision model's scores: the anchors that its prompt gives it."""

UNCALIBRATED: Mapping[str, Mapping[Ranker, Thresholds]] = {
    "lookmatch-mini": {
        Ranker.SEGMENT: Thresholds(0.80, 0.60, 0.40),
        Ranker.VECTOR: Thresholds(0.60, 0.45, 0.25),
    },
    "clip-vit-h-14": {
        Ranker.SEGMENT: Thresholds(0.90, 0.80, 0.65),
        Ranker.VECTOR: Thresholds(0.36, 0.30, 0.22),
    },
}
"""Encoder key -> ranker -> thresholds: those of lookmatch-mini are from the sample looks, those of clip-vit-h-14 follow the usual
range of its cosines (0.2 to 0.4 for a text and its picture)."""

UNKNOWN_SCALE = {ranker: Thresholds(float("inf"), float("inf"), 0.5) for ranker in (Ranker.SEGMENT, Ranker.VECTOR)}
"""For encoders of which nothing is known: never better than similar."""


@dataclass(frozen=True)
class MatchCurve:
    """A non-decreasing curve through (score, probability), constant beyond its ends."""

    scores: tuple[float, ...]
    probabilities: tuple[float, ...]

    def probability(self, score: float) -> float:
        """Probability in [0, 1] at a score."""
        return float(np.interp(score, self.scores, self.probabilities))

    def reaches(self, probability: float) -> float:
        """The least score of at least that probability; infinity when no score has it."""
        places = np.asarray(self.probabilities)
        reached = np.flatnonzero(places >= probability)
        if not reached.size:
            return float("inf")
        i = int(reached[0])
        if i == 0:
            return self.scores[0]
        rise = self.probabilities[i] - self.probabilities[i - 1]
        return self.scores[i - 1] + (self.scores[i] - self.scores[i - 1]) * (probability - self.probabilities[i - 1]) / rise


@dataclass(frozen=True)
class Grading:
    """What grades the hits of one market's live encoder version.

    Attributes:
        source: ``CALIBRATED``, or names the thresholds used instead and why.
        thresholds: (ranker, category or ``ALL_CATEGORIES``) -> thresholds.
    """

    source: str
    thresholds: Mapping[tuple[Ranker, str], Thresholds] = field(default_factory=dict)

    @property
    def calibrated(self) -> bool:
        """Whether the grades come from a calibration of this encoder version in this market."""
        return self.source == CALIBRATED

    def grade(self, ranker: Ranker, category: str | None, score: float) -> MatchGrade:
        """The grade of a score of a product of a category."""
        if ranker == Ranker.LLM:
            return MODEL_THRESHOLDS.grade(score)
        found = self.thresholds.get((ranker, category or ALL_CATEGORIES)) or self.thresholds.get((ranker, ALL_CATEGORIES))
        return found.grade(score) if found else MatchGrade.NONE


def calibrated_grading(curves: Mapping[tuple[Ranker, str], Mapping[MatchGrade, MatchCurve]]) -> Grading:
    """Grading by curves: each grade from the score on where it, and every lesser one, is at least as likely as not."""
    thresholds = {}
    for place, by_grade in curves.items():
        least = {grade: by_grade[grade].reaches(EVEN) if grade in by_grade else float("inf") for grade in _GOOD}
        similar = least[MatchGrade.SIMILAR]
        close = max(least[MatchGrade.CLOSE], similar)
        thresholds[place] = Thresholds(max(least[MatchGrade.EXACT], close), close, similar)
    return Grading(CALIBRATED, thresholds)


def uncalibrated_grading(encoder_key: str, encoder_version: str, market: str) -> Grading:
    """Grading by fixed thresholds, named as such."""
    known = UNCALIBRATED.get(encoder_key)
    used = f"fixed thresholds of {encoder_key}" if known else "thresholds for an unknown scale (never better than similar)"
    source = f"uncalibrated: {used}, since {encoder_key} {encoder_version} has no calibration in {market}"
    return Grading(source, {(ranker, ALL_CATEGORIES): found for ranker, found in (known or UNKNOWN_SCALE).items()})


class GradingRegistry:
    """Reads the calibration of a live index when it is first needed, and again when it was fitted anew."""

    def __init__(self) -> None:
        self._held: dict[tuple[str, str], tuple[datetime | None, Grading]] = {}
        self._lock = threading.Lock()

    def of(self, connection: DictConnection, index: LiveIndex) -> Grading:
        """The grading of a live index; that it has no calibration is logged."""
        market, encoder_key, version, fitted_at = index.market, index.encoder_key, index.encoder_version, index.calibrated_at
        place = (market, version)
        held = self._held.get(place)
        if held is None or held[0] != fitted_at:
            calibrated = fitted_at is not None
            made = read_grading(connection, market, version) if calibrated else uncalibrated_grading(encoder_key, version, market)
            if not made.calibrated:
                _log.warning("grades_uncalibrated", market=market, encoder=encoder_key, version=version, grading=made.source)
            held = (fitted_at, made)
            with self._lock:
                self._held[place] = held
        return held[1]


def read_grading(connection: DictConnection, market: str, encoder_version: str) -> Grading:
    """The stored calibration of an encoder version in a market."""
    values = {"market": market, "encoder_version": encoder_version}
    rows = connection.execute(read_sql(__package__, "match_curves"), values).fetchall()
    curves: dict[tuple[Ranker, str], dict[MatchGrade, MatchCurve]] = {}
    for row in rows:
        place = (Ranker(row["ranker"]), row["category"])
        curve = MatchCurve(tuple(row["scores"]), tuple(row["probabilities"]))
        curves.setdefault(place, {})[MatchGrade(row["grade"])] = curve
    return calibrated_grading(curves)


def best_grade(grades: Sequence[MatchGrade]) -> MatchGrade:
    """The best of grades; none when there are none."""
    order = list(MatchGrade)
    return min(grades, key=order.index, default=MatchGrade.NONE)
