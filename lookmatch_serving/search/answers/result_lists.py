"""The order of every layer of one answer with all that led to it: pages are cut from it, and the query log keeps it.

What it says of a product is of the moment of the search; names, prices and stock are read afresh for each page.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from lookmatch_serving.db import DictConnection
from lookmatch_serving.search.answers.page_tokens import PageToken
from lookmatch_serving.search.context import SearchContext
from lookmatch_serving.search.models.answer import Hit, LayerAnswer, MatchGrade, Ranker
from lookmatch_serving.search.models.products import Product
from lookmatch_serving.search.models.query import LayerQuery
from lookmatch_serving.search.models.ranking import Ranked
from lookmatch_serving.search.models.request import AppliedPreference, FilterName, SearchRequest
from lookmatch_serving.search.reranking.grading import CALIBRATED, best_grade
from lookmatch_serving.search.retrieval.products import hit_of, products_by_id


class _Record(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class RankedHit(_Record):
    """Why a product stands where it does.

    Attributes:
        similarity: cosine with the layer's query.
        score: the ranker's, with ``boost``; higher is better.
        boost: what preferences of the shopper added.
        plausible: whether category and gender are what the look's query names; the others come after.
        reason: the model's own words; None where no model judged it.
        relaxed: filters that were dropped to find it.
        notes: what else is to be told of it, by subject: ``preferences``, ``size``.
    """

    product_id: str
    similarity: float
    score: float
    boost: float = 0.0
    grade: MatchGrade
    plausible: bool = True
    reason: str | None = None
    relaxed: tuple[FilterName, ...] = ()
    notes: dict[str, str] = Field(default_factory=dict)
    variants: tuple[str, ...] = ()


class RankedList(_Record):
    """A layer's products, best first.

    Attributes:
        ranker: the step of the fallback chain that ordered them.
        filters: that held, preferences that count as filters among them; JSON of ``LayerFilters``.
        relaxed: filters that were dropped, in that order.
        explanation: why there are none.
    """

    query: LayerQuery
    ranker: Ranker
    filters: dict[str, Any] = Field(default_factory=dict)
    relaxed: tuple[FilterName, ...] = ()
    explanation: str | None = None
    hits: list[RankedHit]

    def part(self, offset: int, rows: int) -> RankedList:
        """The same with some of its products."""
        return self.model_copy(update={"hits": self.hits[offset : offset + rows]})


class ResultList(_Record):
    """All layers of an answer.

    Attributes:
        query_id: of the answer that it was made for.
        shopper_id: whom it was made for; it is served to nobody else.
        preferences: of that shopper, as applied.
    """

    query_id: UUID
    market: str
    shopper_id: str | None
    encoder_version: str
    index_as_of: datetime
    grading: str
    look_digest: str
    preferences: tuple[AppliedPreference, ...] = ()
    layers: dict[str, RankedList]


def ranked_lists(context: SearchContext) -> dict[str, RankedList]:
    """Layer -> its list."""
    lists = {}
    for query in context.queries:
        order, searched = context.ranked[query.layer], context.found.layers.get(query.layer)
        lists[query.layer] = RankedList(
            query=query,
            ranker=order.ranker,
            filters=searched.filters.described() if searched else {},
            relaxed=searched.relaxed if searched else (),
            explanation=searched.explanation if searched else None,
            hits=[_ranked_hit(one) for one in order.hits],
        )
    return lists


def page_of(
    listed: RankedList, products: Mapping[str, Product], request: SearchRequest, grading: str, name: str | None, offset: int = 0
) -> LayerAnswer:
    """A page of a layer; products that are no longer sold are left out.

    Args:
        listed: all of the layer.
        products: as they are now.
        request: page size and whether to explain.
        grading: what gave the grades.
        name: of the result list; None when there are no further pages.
        offset: of the page's first product.
    """
    part = listed.part(offset, request.page_size)
    end = offset + len(part.hits)
    hits = [
        _hit(one, products[one.product_id], listed.query, request, grading) for one in part.hits if one.product_id in products
    ]
    more = name is not None and end < len(listed.hits)
    return LayerAnswer(
        layer=listed.query.layer,
        box=listed.query.box,
        query=listed.query.query,
        category=listed.query.category,
        match=best_grade([hit.match for hit in hits]),
        hits=hits,
        next_page_token=PageToken(name or "", listed.query.layer, end).encoded() if more else None,
        relaxed=list(listed.relaxed),
        explanation=listed.explanation,
    )


def later_page(connection: DictConnection, results: ResultList, token: PageToken, request: SearchRequest) -> LayerAnswer:
    """The page that a token names."""
    listed = results.layers[token.layer]
    rows: Sequence[RankedHit] = listed.part(token.offset, request.page_size).hits
    products = products_by_id(connection, results.market, [row.product_id for row in rows])
    return page_of(listed, products, request, results.grading, token.result_list, token.offset)


def _ranked_hit(one: Ranked) -> RankedHit:
    return RankedHit(
        product_id=one.candidate.product_id,
        similarity=round(one.candidate.similarity, 4),
        score=round(one.score, 4),
        boost=round(one.boost, 4),
        grade=one.grade,
        plausible=one.candidate.plausible,
        reason=one.why,
        relaxed=one.candidate.relaxed,
        notes=dict(one.notes),
        variants=one.candidate.variants,
    )


def _hit(one: RankedHit, product: Product, query: LayerQuery, request: SearchRequest, grading: str) -> Hit:
    why: dict[str, str | float] = dict(one.notes)
    if one.relaxed:
        why["relaxed"] = f"found without the filters {', '.join(one.relaxed)}"
    if one.reason is not None or request.explain:
        why["similarity"] = one.similarity
        if grading != CALIBRATED:
            why["grading"] = grading
        if one.reason is not None:
            why["reason"] = one.reason
        if not one.plausible:
            why["note"] = f"category {product.category} or its gender is not what the look's {query.layer} seems to be"
    return hit_of(product, score=one.score, grade=one.grade, variants=one.variants, why=why or None)
