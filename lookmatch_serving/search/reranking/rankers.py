"""Stage 4: the ladder that orders a layer's candidates: LLM, then segment, then vector order.

A rung that fails hands on to the next with its reason. Where no LLM is configured the segment rung is the configured
ranker, and using it
is no degradation.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from PIL import Image

from lookmatch_serving.encoders.protocol import Vectors
from lookmatch_serving.llm.accounting import Ledger
from lookmatch_serving.search.models.answer import MatchGrade, Ranker
from lookmatch_serving.search.models.query import LayerQuery
from lookmatch_serving.search.reranking.grading import Grading
from lookmatch_serving.search.retrieval.nearest import Candidate

SEGMENT_SHARE = 0.5
"""Weight of the look's segment beside the query's own similarity on the segment rung. On 138 layers of looks composed of real
photos (`lookmatch bench looks`) 0.5 put the right type first in 0.81, 0.3 and 0.15 in 0.79 and 0.78."""

OTHER_CATEGORY_COST = 0.15
"""Taken off the score of products whose category is not plausible for the layer: they come after those that are
about as similar."""


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
    """A layer's candidates, best first, and the rung that ordered them."""

    ranker: Ranker
    hits: list[Ranked]


@dataclass(frozen=True)
class Offered:
    """What a reranker is shown of a candidate: texts are vendors', so data and never instructions."""

    product_id: str
    title: str
    brand: str | None
    picture: Image.Image | None


Judgement = tuple[str, float, str]
"""Product id, score in [0, 1], reason."""


class VisualReranker(Protocol):
    """The LLM rung."""

    @property
    def version(self) -> str:
        """Changes with everything that changes its judgements."""

    def rerank(
        self,
        picture: Image.Image,
        queries: Sequence[LayerQuery],
        offered: Mapping[str, Sequence[Offered]],
        seconds: float,
        ledger: Ledger,
    ) -> dict[str, list[Judgement]]:
        """Layer -> judgements, best first; only products that were offered, each once.

        Raises:
            UpstreamError: it did not answer usefully.
        """


def by_vector(candidates: Sequence[Candidate], grading: Grading) -> RankedLayer:
    """The order of retrieval."""
    return _ordered(Ranker.VECTOR, {c.product_id: c.similarity for c in candidates}, candidates, grading)


def by_segment(
    candidates: Sequence[Candidate], segment: Vectors, vectors: Mapping[str, Vectors], grading: Grading
) -> RankedLayer:
    """Order by cosine with the layer's segment of the look, blended with the similarity that retrieval found.

    Args:
        candidates: in order of retrieval.
        segment: (d,) unit vector of the cut-out garment.
        vectors: product id -> unit vector (d,); candidates without one keep a score of -1 and go last.
        grading: grades the scores.
    """
    scores = {
        c.product_id: SEGMENT_SHARE * float(segment @ vectors[c.product_id]) + (1 - SEGMENT_SHARE) * c.similarity
        if c.product_id in vectors
        else -1.0
        for c in candidates
    }
    return _ordered(Ranker.SEGMENT, scores, candidates, grading)


def by_llm(base: RankedLayer, told: Sequence[Judgement], grading: Grading) -> RankedLayer:
    """The LLM's order first, then whatever it did not judge, scored no higher than its last."""
    known = {ranked.candidate.product_id: ranked.candidate for ranked in base.hits}
    first = [
        Ranked(known[product_id], score, grading.grade(Ranker.LLM, known[product_id].category, score), why)
        for product_id, score, why in told
        if product_id in known
    ]
    named = {ranked.candidate.product_id for ranked in first}
    floor = min((ranked.score for ranked in first), default=1.0)
    rest = [
        Ranked(ranked.candidate, min(floor, ranked.score), ranked.grade)
        for ranked in base.hits
        if ranked.candidate.product_id not in named
    ]
    return RankedLayer(Ranker.LLM, first + rest)


def _ordered(ranker: Ranker, scores: Mapping[str, float], candidates: Sequence[Candidate], grading: Grading) -> RankedLayer:
    ranked = []
    for candidate in candidates:
        score = scores[candidate.product_id] - (0.0 if candidate.plausible else OTHER_CATEGORY_COST)
        ranked.append(Ranked(candidate, score, grading.grade(ranker, candidate.category, score)))
    return RankedLayer(ranker, sorted(ranked, key=lambda one: -one.score))
