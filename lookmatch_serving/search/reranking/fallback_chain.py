"""The fallback chain of stage 4 over all layers of a look: LLM, then segment, then vector order."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path

from lookmatch_serving.errors import LookmatchError
from lookmatch_serving.search.context import SearchContext
from lookmatch_serving.search.models.protocols import Judgement, Offered, VisualReranker
from lookmatch_serving.search.models.ranking import RankedLayer
from lookmatch_serving.search.reranking.rankers import by_llm, by_segment, by_vector
from lookmatch_serving.search.retrieval.products import stored_picture
from lookmatch_serving.search.runtime.cache import JUDGEMENT_SECONDS, SearchCache
from lookmatch_serving.search.runtime.deadline import BoundedWorkers

FINISH_MS = 60.0
"""What building and logging the answer needs after the model was waited for."""


class RankingFallbackChain:
    """LLM, then segment, then vector order.

    Args:
        model: the vision model's reranker; None where none is configured.
        workers: threads on which the model is waited for.
        cache: of earlier judgements.
        image_folder: where pictures of products lie.
        top_k: candidates of each layer that the model is shown.
    """

    def __init__(
        self, model: VisualReranker | None, workers: BoundedWorkers, cache: SearchCache, image_folder: Path, top_k: int
    ) -> None:
        self._model = model
        self._workers = workers
        self._cache = cache
        self._image_folder = image_folder
        self._top_k = top_k

    def rank(self, context: SearchContext) -> dict[str, RankedLayer]:
        """Layer -> its candidates in final order; each step that was left is noted in the trace."""
        base = {query.layer: self._without_model(context, query.layer) for query in context.queries}
        if self._model is None or not any(layer.hits for layer in base.values()):
            return base
        try:
            return self._with_model(self._model, context, base)
        except LookmatchError as error:
            context.trace.degrade("reranking", f"ranked by segment, the model's order was left out: {error}")
            return base

    def _without_model(self, context: SearchContext, layer: str) -> RankedLayer:
        found = context.found
        candidates = found.candidates(layer)
        segment = context.segments.get(layer)
        if segment is None:
            context.trace.degrade("reranking", f"{layer} is in vector order: it could not be cut out of the look")
            return by_vector(candidates, found.grader)
        return by_segment(candidates, segment, found.vectors, found.grader)

    def _with_model(
        self, model: VisualReranker, context: SearchContext, base: Mapping[str, RankedLayer]
    ) -> dict[str, RankedLayer]:
        trace, milliseconds = context.trace, context.deadline.share_ms(reserve_ms=FINISH_MS)

        def ask() -> dict[str, list[Judgement]]:
            offered = self._shown(context, base)
            return model.rerank(context.look.picture, context.queries, offered, milliseconds / 1000, trace.ledger)

        name = _judgement_name(model, context, base, self._top_k)
        told: dict[str, list[Judgement]] = self._cache.get_or_create(
            name, JUDGEMENT_SECONDS, ask, self._workers, milliseconds, trace
        )
        ranked = {}
        for layer, order in base.items():
            if told.get(layer):
                ranked[layer] = by_llm(order, told[layer], context.found.grader)
            else:
                ranked[layer] = order
                if order.hits:
                    trace.degrade("reranking", f"{layer} is ranked by segment: the model did not judge it")
        return ranked

    def offered(self, context: SearchContext) -> tuple[str, dict[str, list[Offered]]]:
        """What the model would be shown of each layer, and the name that its judgement is kept under; nothing without a model."""
        base = {query.layer: self._without_model(context, query.layer) for query in context.queries}
        return (
            ("", {})
            if self._model is None
            else (_judgement_name(self._model, context, base, self._top_k), self._shown(context, base))
        )

    def _shown(self, context: SearchContext, base: Mapping[str, RankedLayer]) -> dict[str, list[Offered]]:
        return {layer: self._offered(context, ranked) for layer, ranked in base.items() if ranked.hits}

    def _offered(self, context: SearchContext, ranked: RankedLayer) -> list[Offered]:
        shown = []
        for hit in ranked.hits[: self._top_k]:
            product = context.found.products.get(hit.candidate.product_id)
            if product is not None:
                picture = stored_picture(self._image_folder, product.digest)
                shown.append(Offered(product.product_id, product.title, product.brand, picture))
        return shown


def _judgement_name(model: VisualReranker, context: SearchContext, base: Mapping[str, RankedLayer], top_k: int) -> str:
    """Of everything that a judgement depends on."""
    shown = {layer: [hit.candidate.product_id for hit in ranked.hits[:top_k]] for layer, ranked in base.items()}
    queries = [query.query for query in context.queries]
    said = [context.look.digest, context.index.index_as_of.isoformat(), queries, shown]
    return f"judged:{model.version}:{hashlib.sha256(json.dumps(said, sort_keys=True).encode()).hexdigest()}"
