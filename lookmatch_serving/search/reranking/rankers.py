"""Stage 4: the rankers that order a layer's candidates: LLM, segment, vector order. ``fallback_chain`` tries them in this order.

A ranker that fails hands on to the next with its reason. Where no LLM is configured the segment ranks: that is no degradation.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from lookmatch_serving.encoders.protocol import Vectors
from lookmatch_serving.search.models.answer import Ranker
from lookmatch_serving.search.models.products import Candidate
from lookmatch_serving.search.models.protocols import Grader, Judgement
from lookmatch_serving.search.models.ranking import Ranked, RankedLayer

SEGMENT_SHARE = 0.5
"""Weight of the look's segment beside the query's own similarity where segments rank. On 138 layers of looks composed of real
photos (`python -m benchmarks looks`) 0.5 put the right type first in 0.81, 0.3 and 0.15 in 0.79 and 0.78."""

OTHER_CATEGORY_COST = 0.15
"""Taken off the score of products whose category is not plausible for the layer: they come after those that are
about as similar."""


def by_vector(candidates: Sequence[Candidate], grading: Grader) -> RankedLayer:
    """The order of retrieval."""
    return _ordered(Ranker.VECTOR, {c.product_id: c.similarity for c in candidates}, candidates, grading)


def by_segment(candidates: Sequence[Candidate], segment: Vectors, vectors: Mapping[str, Vectors], grading: Grader) -> RankedLayer:
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


def by_llm(base: RankedLayer, told: Sequence[Judgement], grading: Grader) -> RankedLayer:
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


def _ordered(ranker: Ranker, scores: Mapping[str, float], candidates: Sequence[Candidate], grading: Grader) -> RankedLayer:
    ranked = []
    for candidate in candidates:
        score = scores[candidate.product_id] - (0.0 if candidate.plausible else OTHER_CATEGORY_COST)
        ranked.append(Ranked(candidate, score, grading.grade(ranker, candidate.category, score)))
    return RankedLayer(ranker, sorted(ranked, key=lambda one: -one.score))
