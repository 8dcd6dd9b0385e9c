"""Turns ranked layers into the public answer, page by page."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import uuid4

from lookmatch_serving.db import DictConnection
from lookmatch_serving.search.grading import best_grade
from lookmatch_serving.search.look import Hit, LayerAnswer, LayerQuery, MatchGrade, SearchAnswer, SearchRequest
from lookmatch_serving.search.paging import PageToken
from lookmatch_serving.search.products import hit_of, products_by_id
from lookmatch_serving.search.ranking import Found
from lookmatch_serving.search.reranking import Ranked, RankedLayer
from lookmatch_serving.search.retrieval import LiveIndex
from lookmatch_serving.search.trace import Trace


def first_page(
    found: Found, ranked: Mapping[str, RankedLayer], request: SearchRequest, result_list: str | None
) -> list[LayerAnswer]:
    """The first page of every layer.

    Args:
        found: what the stages found.
        ranked: layer -> final order.
        request: page size and whether to explain.
        result_list: name of the pinned list; None when there are no further pages.
    """
    layers = []
    for query in found.queries:
        order = ranked[query.layer].hits
        page = order[: request.page_size]
        hits = [_hit(one, found, query, request) for one in page if one.candidate.product_id in found.products]
        more = result_list is not None and len(order) > len(page)
        token = PageToken(result_list or "", query.layer, len(page)).encoded() if more else None
        layers.append(_layer(query, hits, token))
    return layers


def result_list_of(index: LiveIndex, found: Found, ranked: Mapping[str, RankedLayer]) -> dict[str, Any]:
    """What is pinned for later pages: each layer's order with scores and grades."""
    layers = {}
    for query in found.queries:
        order = ranked[query.layer]
        rows = [
            [one.candidate.product_id, round(one.score, 4), one.grade.value, list(one.candidate.variants)] for one in order.hits
        ]
        layers[query.layer] = {"query": query.model_dump(mode="json"), "ranker": order.ranker.value, "hits": rows}
    return {
        "market": index.market,
        "encoder_version": index.encoder_version,
        "index_as_of": index.index_as_of.isoformat(),
        "look_digest": found.look.digest,
        "grading": found.grading.source,
        "layers": layers,
    }


def next_page(connection: DictConnection, pinned: Mapping[str, Any], token: PageToken, request: SearchRequest) -> LayerAnswer:
    """A later page of one layer; products no longer sold are skipped."""
    layer = pinned["layers"][token.layer]
    rows = layer["hits"][token.offset : token.offset + request.page_size]
    products = products_by_id(connection, pinned["market"], [row[0] for row in rows])
    hits = [
        hit_of(products[product_id], score=score, grade=MatchGrade(grade), variants=variants, why=None)
        for product_id, score, grade, variants in rows
        if product_id in products
    ]
    end = token.offset + len(rows)
    more = PageToken(token.result_list, token.layer, end).encoded() if end < len(layer["hits"]) else None
    return _layer(LayerQuery.model_validate(layer["query"]), hits, more)


def refreshed(connection: DictConnection, stored: SearchAnswer, request: SearchRequest, trace: Trace) -> SearchAnswer:
    """A stored answer with today's prices and stock; what is no longer sold is left out."""
    with trace.stage("total"):
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
            layers.append(layer.model_copy(update={"hits": hits, "match": match, "next_page_token": None}))
    update = {"query_id": uuid4(), "layers": layers, "timings_ms": trace.timings_ms}
    return stored.model_copy(update=update)


def _hit(one: Ranked, found: Found, query: LayerQuery, request: SearchRequest) -> Hit:
    product = found.products[one.candidate.product_id]
    why: dict[str, str | float] | None = None
    if one.why is not None or request.explain:
        why = {"similarity": round(one.candidate.similarity, 4)}
        if not found.grading.calibrated:
            why["grading"] = found.grading.source
        if one.why is not None:
            why["reason"] = one.why
        if not one.candidate.plausible:
            why["note"] = f"category {product.category} or its gender is not what the look's {query.layer} seems to be"
    return hit_of(product, score=one.score, grade=one.grade, variants=one.candidate.variants, why=why)


def _layer(query: LayerQuery, hits: list[Hit], token: str | None) -> LayerAnswer:
    return LayerAnswer(
        layer=query.layer,
        box=query.box,
        query=query.query,
        match=best_grade([hit.match for hit in hits]),
        hits=hits,
        next_page_token=token,
    )
