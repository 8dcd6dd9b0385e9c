"""Candidates in their order."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from lookmatch_serving.search.models.answer import MatchGrade, Ranker
from lookmatch_serving.search.models.products import Candidate


@dataclass(frozen=True)
class Ranked:
    """A candidate in its place.

    Attributes:
        why: what the ranker says of it, when it says something.
        boost: what preferences of the shopper added to the score.
        notes: what else is to be told of it, by subject.
    """

    candidate: Candidate
    score: float
    grade: MatchGrade
    why: str | None = None
    boost: float = 0.0
    notes: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class RankedLayer:
    """A layer's candidates, best first, and the step of the fallback chain that ordered them."""

    ranker: Ranker
    hits: list[Ranked]
