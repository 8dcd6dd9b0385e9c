"""Match grades: how good a hit is, from its similarity, by thresholds of the encoder that measured it.

An image cosine and a text-image cosine live on different scales, so each ranker has its own thresholds.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from lookmatch_serving.search.look import MatchGrade, Ranker


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


THRESHOLDS: Mapping[str, Mapping[Ranker, Thresholds]] = {
    "lookmatch-mini": {
        Ranker.LLM: Thresholds(0.90, 0.70, 0.40),
        Ranker.SEGMENT: Thresholds(0.80, 0.60, 0.40),
        Ranker.VECTOR: Thresholds(0.60, 0.45, 0.25),
    },
    "clip-vit-h-14": {
        Ranker.LLM: Thresholds(0.90, 0.70, 0.40),
        Ranker.SEGMENT: Thresholds(0.90, 0.80, 0.65),
        Ranker.VECTOR: Thresholds(0.36, 0.30, 0.22),
    },
}
"""Encoder key -> ranker -> thresholds.

The LLM's are the anchors its prompt gives it. Those of lookmatch-mini are from the sample looks; those of
clip-vit-h-14 follow the usual
range of its cosines (0.2 to 0.4 for a text and its picture) until a calibration of its own replaces them.
"""


def thresholds_for(encoder_key: str, ranker: Ranker) -> Thresholds:
    """Thresholds of an encoder; an unknown one is graded like clip-vit-h-14."""
    return THRESHOLDS.get(encoder_key, THRESHOLDS["clip-vit-h-14"])[ranker]


def best_grade(grades: Sequence[MatchGrade]) -> MatchGrade:
    """The best of grades; none when there are none."""
    order = list(MatchGrade)
    return min(grades, key=order.index, default=MatchGrade.NONE)
