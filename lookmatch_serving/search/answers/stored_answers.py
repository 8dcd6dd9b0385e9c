"""A stored answer brought up to date."""

from __future__ import annotations

from uuid import uuid4

from lookmatch_serving.db import DictConnection
from lookmatch_serving.search.models.answer import SearchAnswer
from lookmatch_serving.search.models.request import SearchRequest
from lookmatch_serving.search.reranking.grading import best_grade
from lookmatch_serving.search.retrieval.products import hit_of, products_by_id
from lookmatch_serving.search.runtime.trace import Trace


def refreshed(connection: DictConnection, stored: SearchAnswer, request: SearchRequest) -> SearchAnswer:
    """A stored answer with today's prices and stock and an id of its own; what is no longer sold is left out."""
    ids = [hit.product_id for layer in stored.layers for hit in layer.hits]
    products = products_by_id(connection, stored.market.value, ids)
    layers = []
    for layer in stored.layers:
        hits = [
            hit_of(products[hit.product_id], score=hit.score, grade=hit.match, variants=hit.variants, why=hit.why)
            for hit in layer.hits
            if hit.product_id in products
        ][: request.page_size]
        match = best_grade([hit.match for hit in hits])
        layers.append(layer.model_copy(update={"hits": hits, "match": match}))
    return stored.model_copy(update={"query_id": uuid4(), "layers": layers})


def stored_answer(connection: DictConnection, stored: SearchAnswer, request: SearchRequest, trace: Trace) -> SearchAnswer | None:
    """The answer that the offline job stored, as it holds today: what is no longer sold is left out, and the answer says so.

    Returns:
        None where a layer has lost every product; it is then found afresh.
    """
    with trace.stage("total"):
        answer = refreshed(connection, stored, request)
    pairs = list(zip(stored.layers, answer.layers, strict=True))
    if any(before.hits and not now.hits for before, now in pairs):
        return None
    gone = sum(min(len(before.hits), request.page_size) - len(now.hits) for before, now in pairs)
    if gone:
        trace.degrade("stored", f"{gone} products are no longer sold and were left out; the look will be tagged again")
    layers = [layer.model_copy(update={"next_page_token": None}) for layer in answer.layers]
    told = {"degraded": [*answer.degraded, *trace.degraded], "timings_ms": dict(trace.timings_ms)}
    return answer.model_copy(update={"layers": layers, **told})
