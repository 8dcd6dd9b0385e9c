"""Stage 3 within the filters of a request and the preferences that count as filters, relaxed where that was asked for.

A layer is searched with every filter. Where fewer products pass than a page holds, and ``filters.relax`` allows it, the first
filter named there is dropped, then the second too, until a page is full; what passes more filters stays in front.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from lookmatch_serving.db import DictConnection, read_sql
from lookmatch_serving.encoders.protocol import Vectors
from lookmatch_serving.search.models.filters import LayerCandidates, LayerFilters
from lookmatch_serving.search.models.garments import catalogue_layers
from lookmatch_serving.search.models.index import LiveIndex
from lookmatch_serving.search.models.products import Candidate, Product
from lookmatch_serving.search.models.query import LayerQuery
from lookmatch_serving.search.models.request import AppliedPreference, FilterName, Filters, PreferenceMode
from lookmatch_serving.search.models.sizes import SizeChart
from lookmatch_serving.search.retrieval.nearest import conditions_of, layer_candidates
from lookmatch_serving.search.retrieval.size_systems import SIZE_GROUP_OF_LAYER, AcceptedSize, accepted_sizes, fitting_sizes
from lookmatch_serving.settings import Market
from lookmatch_serving.value_types import PreferredSize

_MOST_COUNTED = 1_000


def layer_filters(filters: Filters, preferences: Sequence[AppliedPreference], layer: str) -> LayerFilters:
    """The filters of a layer: the request's own, and hard preferences of the kinds that the request does not filter by."""
    sizes = tuple(PreferredSize(size=size, system=filters.size_system) for size in filters.size) if filters.size else None
    hard = [one for one in preferences if one.mode is PreferenceMode.HARD]
    changed: dict[str, object] = {"size": None, "size_system": None}
    brands = [one.brand for one in hard if one.brand is not None]
    if brands and filters.brand is None:
        changed["brand"] = brands
    bands = [one.price for one in hard if one.price is not None]
    if bands and filters.price is None:
        changed["price"] = bands[0]
    group = SIZE_GROUP_OF_LAYER.get(layer)
    preferred = tuple(one.size for one in hard if one.size is not None and one.size.group in (None, group))
    if preferred and group is not None and sizes is None:
        sizes = preferred
    return LayerFilters(filters.model_copy(update=changed), sizes)


def sizes_accepted(filters: LayerFilters, layer: str, chart: SizeChart) -> list[AcceptedSize] | None:
    """Sizes of the layer's products that pass; None does not filter."""
    return None if filters.sizes is None else accepted_sizes(filters.sizes, layer, chart)


def chart_needed(filters: Filters, preferences: Sequence[AppliedPreference]) -> bool:
    """Whether sizes of other systems must be known."""
    return filters.size_system is not None or any(one.size is not None and one.size.system is not None for one in preferences)


def size_note(product: Product, wanted: LayerFilters, layer: str, chart: SizeChart) -> str | None:
    """Which of a product's sizes passes the filter, where only the size chart says so."""
    accepted = sizes_accepted(wanted, layer, chart)
    if not accepted:
        return None
    fitting = fitting_sizes(product.sizes, product.size_system, product.gender, product.market, accepted)
    return f"{fitting[0].name} is an estimate of the size asked for" if fitting and fitting[0].estimated else None


def filtered_candidates(
    connection: DictConnection,
    index: LiveIndex,
    query: LayerQuery,
    vector: Vectors,
    wanted: LayerFilters,
    chart: SizeChart,
    limit: int,
    page_size: int,
) -> LayerCandidates:
    """Candidates of a layer.

    Args:
        connection: inside a transaction.
        index: the market's live index.
        query: of the layer.
        vector: (d,) unit length.
        wanted: of ``layer_filters``.
        chart: of sizes; empty where no size system is asked for.
        limit: candidates wanted.
        page_size: fewer than this are too few.
    """

    def passing(filters: LayerFilters) -> list[Candidate]:
        sizes = sizes_accepted(filters, query.layer, chart)
        return layer_candidates(connection, index, query, vector, filters.filters, limit, sizes)

    found, loosened, relaxed = passing(wanted), wanted, list[FilterName]()
    for name in dict.fromkeys(wanted.filters.relax or ()):
        if len(found) >= page_size:
            break
        if name not in wanted.in_force:
            continue
        loosened = loosened.without(name)
        relaxed.append(name)
        held = {product_id for one in found for product_id in (one.product_id, *one.variants)}
        more = [replace(one, relaxed=tuple(relaxed)) for one in passing(loosened) if one.product_id not in held]
        found = (found + more)[:limit]
    explanation = _why_nothing(connection, index, query.layer, loosened, chart) if not found else None
    return LayerCandidates(found, wanted, tuple(relaxed), explanation)


def count_passing(connection: DictConnection, market: Market, filters: Filters, product_ids: Sequence[str]) -> int:
    """How many of these products pass the filters now, whatever layer they are of."""
    conditions = replace(conditions_of(market.value, filters, ()), layers=None)
    statement = read_sql(__package__, "count_passing").format(filters=read_sql(__package__, "product_filters"))
    row = connection.execute(statement, {**conditions.parameters(), "product_ids": list(product_ids)}).fetchone()
    return int(row["passing"]) if row else 0


def _why_nothing(connection: DictConnection, index: LiveIndex, layer: str, filters: LayerFilters, chart: SizeChart) -> str:
    """Which filters nothing passes, and how many products would without each."""
    names = filters.in_force
    if not names:
        return f"the market {index.market} has no product of this layer"
    counts = {name: _count(connection, index, layer, filters.without(name), chart) for name in names}
    would = ", ".join(
        f"without {name} {count if count < _MOST_COUNTED else f'{count} or more'}" for name, count in counts.items()
    )
    return f"no product of this layer passes {', '.join(names)}; would pass: {would}"


def _count(connection: DictConnection, index: LiveIndex, layer: str, filters: LayerFilters, chart: SizeChart) -> int:
    conditions = conditions_of(index.market, filters.filters, catalogue_layers(layer), sizes_accepted(filters, layer, chart))
    text = read_sql(__package__, "product_filters")
    statement = read_sql(__package__, "count_matches").format(filters=text)
    row = connection.execute(statement, {**conditions.parameters(), "most": _MOST_COUNTED}).fetchone()
    return int(row["matches"]) if row else 0
