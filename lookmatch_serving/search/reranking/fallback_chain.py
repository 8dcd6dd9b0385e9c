"""Runs the ladder of stage 4 over all layers of a look."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from lookmatch_serving.encoders.protocol import Vectors
from lookmatch_serving.errors import LookmatchError
from lookmatch_serving.search.models.look import Look
from lookmatch_serving.search.models.query import LayerQuery
from lookmatch_serving.search.reranking.grading import Grading
from lookmatch_serving.search.reranking.rankers import (
    Judgement,
    Offered,
    RankedLayer,
    VisualReranker,
    by_llm,
    by_segment,
    by_vector,
)
from lookmatch_serving.search.retrieval.filters import LayerFound
from lookmatch_serving.search.retrieval.nearest import Candidate
from lookmatch_serving.search.retrieval.products import Product, stored_picture
from lookmatch_serving.search.retrieval.size_systems import SizeChart
from lookmatch_serving.search.runtime.cache import JUDGEMENT_SECONDS, SearchCache
from lookmatch_serving.search.runtime.deadline import BoundedWorkers, Deadline
from lookmatch_serving.search.runtime.trace import Trace

FINISH_MS = 60.0
"""What building and logging the answer needs after the model was waited for."""


@dataclass(frozen=True)
class Found:
    """What the earlier stages found.

    Attributes:
        look: the picture.
        queries: the layers.
        candidates: layer -> candidates in order of retrieval.
        segments: layer -> unit vector (d,) of the cut-out garment.
        vectors: product id -> unit vector (d,).
        products: product id -> product.
        grading: grades the hits.
        index_as_of: when the index was last brought up to date; what was judged before is judged again.
        searched: layer -> the filters that its candidates passed.
        size_chart: of the catalogue; empty where no size system was asked for.
    """

    look: Look
    queries: Sequence[LayerQuery]
    candidates: Mapping[str, list[Candidate]]
    segments: Mapping[str, Vectors]
    vectors: Mapping[str, Vectors]
    products: Mapping[str, Product]
    grading: Grading
    index_as_of: datetime
    searched: Mapping[str, LayerFound] = field(default_factory=dict)
    size_chart: SizeChart = ()


class RankingFallbackChain:
    """LLM, then segment, then vector order."""

    def __init__(
        self, model: VisualReranker | None, workers: BoundedWorkers, cache: SearchCache, image_folder: Path, top_k: int
    ) -> None:
        self._model = model
        self._workers = workers
        self._cache = cache
        self._image_folder = image_folder
        self._top_k = top_k

    def rank(self, found: Found, deadline: Deadline, trace: Trace) -> dict[str, RankedLayer]:
        """Layer -> its candidates in final order; each rung that was left is noted in the trace."""
        base = {query.layer: self._without_model(found, query.layer, trace) for query in found.queries}
        if self._model is None or not any(layer.hits for layer in base.values()):
            return base
        try:
            return self._with_model(self._model, found, base, deadline, trace)
        except LookmatchError as error:
            trace.degrade("reranking", f"ranked by segment, the model's order was left out: {error}")
            return base

    def _without_model(self, found: Found, layer: str, trace: Trace) -> RankedLayer:
        candidates = found.candidates.get(layer, [])
        segment = found.segments.get(layer)
        if segment is None:
            trace.degrade("reranking", f"{layer} is in vector order: it could not be cut out of the look")
            return by_vector(candidates, found.grading)
        return by_segment(candidates, segment, found.vectors, found.grading)

    def _with_model(
        self, model: VisualReranker, found: Found, base: Mapping[str, RankedLayer], deadline: Deadline, trace: Trace
    ) -> dict[str, RankedLayer]:
        milliseconds = deadline.share_ms(reserve_ms=FINISH_MS)

        def ask() -> dict[str, list[Judgement]]:
            offered = self._shown(found, base)
            return model.rerank(found.look.picture, found.queries, offered, milliseconds / 1000, trace.ledger)

        name = _judgement_name(model, found, base, self._top_k)
        told: dict[str, list[Judgement]] = self._cache.made_once(name, JUDGEMENT_SECONDS, ask, self._workers, milliseconds, trace)
        ranked = {}
        for layer, order in base.items():
            if told.get(layer):
                ranked[layer] = by_llm(order, told[layer], found.grading)
            else:
                ranked[layer] = order
                if order.hits:
                    trace.degrade("reranking", f"{layer} is ranked by segment: the model did not judge it")
        return ranked

    def offered(self, found: Found, trace: Trace) -> tuple[str, dict[str, list[Offered]]]:
        """What the model would be shown of each layer, and the name that its judgement is kept under; nothing without a model."""
        base = {query.layer: self._without_model(found, query.layer, trace) for query in found.queries}
        return (
            ("", {})
            if self._model is None
            else (_judgement_name(self._model, found, base, self._top_k), self._shown(found, base))
        )

    def _shown(self, found: Found, base: Mapping[str, RankedLayer]) -> dict[str, list[Offered]]:
        return {layer: self._offered(found, ranked) for layer, ranked in base.items() if ranked.hits}

    def _offered(self, found: Found, ranked: RankedLayer) -> list[Offered]:
        shown = []
        for one in ranked.hits[: self._top_k]:
            product = found.products.get(one.candidate.product_id)
            if product is not None:
                picture = stored_picture(self._image_folder, product.digest)
                shown.append(Offered(product.product_id, product.title, product.brand, picture))
        return shown


def _judgement_name(model: VisualReranker, found: Found, base: Mapping[str, RankedLayer], top_k: int) -> str:
    """Of everything that a judgement depends on."""
    shown = {layer: [one.candidate.product_id for one in ranked.hits[:top_k]] for layer, ranked in base.items()}
    said = [found.look.digest, found.index_as_of.isoformat(), [query.query for query in found.queries], shown]
    return f"judged:{model.version}:{hashlib.sha256(json.dumps(said, sort_keys=True).encode()).hexdigest()}"
