"""Stage 3: the nearest products of a layer that pass the hard filters, near-duplicates collapsed.

How many rows pass is estimated first. Few (under ``SELECTIVE_SHARE`` of the market) are scanned exactly; otherwise
the HNSW index scans
on (``iterative_scan = relaxed_order``) until enough pass, and if it gives up early the exact scan settles it, so that
as many rows come
back as were asked for whenever that many exist. A market with a bit index (large ones have it) is scanned by the signs of the
vectors instead, and what that gives is ordered by the vectors.

Gender: asking for men's finds men's and unisex products; products of unknown gender come only when the gender was
read from the look and
not asked for. ``unisex`` finds unisex alone. Price is what a buyer pays now, compared in minor units of the currency
asked for; products
sold in another currency do not pass.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, cast

import numpy as np
from pgvector import HalfVector
from psycopg import sql

from lookmatch_serving.currency import minor_units
from lookmatch_serving.db import DictConnection, read_sql
from lookmatch_serving.encoders.protocol import Vectors
from lookmatch_serving.errors import UpstreamError
from lookmatch_serving.search.models.garments import catalogue_layers
from lookmatch_serving.search.models.index import LiveIndex
from lookmatch_serving.search.models.products import Candidate
from lookmatch_serving.search.models.query import LayerQuery
from lookmatch_serving.search.models.request import Filters
from lookmatch_serving.search.retrieval.size_systems import AcceptedSize

SELECTIVE_SHARE = 0.01
"""Filters that keep less than this share of a market are scanned exactly."""

EXACT_ROWS = 5_000
"""So are filters that keep at most this many rows: scanning them takes some 10 ms whatever their share is."""

_EF_SEARCH = (200, 1000)
"""Least and most of ``hnsw.ef_search``; 120 missed one of fifty when a filter kept half (`python -m benchmarks retrieval`)."""

_OVERFETCH = 2
_BIT_POOL, _LEAST_BIT_POOL = 8, 800
"""Rows that the bit index gives for each wanted, and at least: signs alone order roughly, the vectors order what they give."""

_MOST_ROWS = 4_000
_SAME_PICTURE = 3  # decimals of similarity below which two products look the same


@dataclass(frozen=True)
class Conditions:
    """Bound parameters of ``product_filters.sql``; None does not filter."""

    market: str
    layers: list[str] | None = None
    categories: list[str] | None = None
    genders: list[str] | None = None
    brand_keys: list[str] | None = None
    sizes: list[str] | None = None
    size_names: list[str] | None = None
    size_systems: list[str | None] | None = None
    size_genders: list[str | None] | None = None
    in_stock: bool = False
    currency: str | None = None
    price_min: int | None = None
    price_max: int | None = None

    def parameters(self) -> dict[str, Any]:
        """The parameters by name."""
        return dict(vars(self))


@dataclass(frozen=True)
class Retrieved:
    """Candidates in order, and how they were found."""

    candidates: list[Candidate]
    method: str


def live_index(connection: DictConnection, market: str) -> LiveIndex:
    """The live encoder of a market.

    Raises:
        UpstreamError: nothing is indexed there yet.
    """
    found = live_indexes(connection, market)
    if not found:
        raise UpstreamError(f"market {market} has no index yet; materialise the vector index for it first")
    return found[0]


def live_indexes(connection: DictConnection, market: str | None = None) -> list[LiveIndex]:
    """The live encoders of a market, or of all markets that have one."""
    return [LiveIndex(**row) for row in connection.execute(_query("live_encoders"), {"market": market}).fetchall()]


def brand_key(brand: str) -> str:
    """A brand's name as the catalogue compares it: NFKC, lower case, white space folded."""
    return " ".join(unicodedata.normalize("NFKC", brand.strip()).lower().split())


def conditions_of(
    market: str, filters: Filters, layers: Sequence[str], sizes: Sequence[AcceptedSize] | None = None
) -> Conditions:
    """The hard conditions of a request for one layer.

    Args:
        market: to search in.
        filters: of the request; ``size`` counts as it is written where ``sizes`` is None.
        layers: of the catalogue.
        sizes: any of which must be in stock; an empty list lets nothing pass.
    """
    price = filters.price
    by_system = sizes if sizes and any(one.system or one.gender for one in sizes) else None
    return Conditions(
        market=market,
        layers=list(layers),
        categories=filters.category,
        genders=genders_accepted(filters.gender, unknown=False) if filters.gender else None,
        brand_keys=[brand_key(brand) for brand in filters.brand] if filters.brand else None,
        sizes=filters.size if sizes is None else sorted({one.name for one in sizes}),
        size_names=[one.name for one in by_system] if by_system else None,
        size_systems=[one.system for one in by_system] if by_system else None,
        size_genders=[one.gender for one in by_system] if by_system else None,
        in_stock=bool(filters.in_stock),
        currency=price.currency if price else None,
        price_min=minor_units(price.min, price.currency, up=True) if price and price.min is not None else None,
        price_max=minor_units(price.max, price.currency, up=False) if price and price.max is not None else None,
    )


def genders_accepted(gender: str, *, unknown: bool) -> list[str]:
    """Genders of products that serve a wearer; see the module's text."""
    accepted = [gender] if gender == "unisex" else [gender, "unisex"]
    return [*accepted, "unknown"] if unknown else accepted


def nearest_products(
    connection: DictConnection, index: LiveIndex, vector: Vectors, conditions: Conditions, limit: int
) -> Retrieved:
    """The nearest products that pass, near-duplicates collapsed.

    Args:
        connection: inside a transaction of its own (settings are local to it).
        index: the market's live index.
        vector: (d,) unit length.
        conditions: the hard filters.
        limit: products wanted after collapsing.

    Returns:
        ``limit`` candidates whenever that many exist, nearest first.
    """
    with connection.transaction():
        connection.execute("SET LOCAL plan_cache_mode = force_custom_plan")
        estimated = _estimate(connection, conditions)
        planned = estimated <= EXACT_ROWS or estimated < SELECTIVE_SHARE * index.products
        exact = planned if index.search_by == "planned" else index.search_by == "exact"
        method = "exact" if exact else "bits" if index.bit_index and index.search_by in ("planned", "bits") else "index"
        rows_wanted = limit * _OVERFETCH
        while True:
            rows = _nearest(connection, index, vector, conditions, rows_wanted, method)
            if len(rows) < rows_wanted and method != "exact":
                method = "exact"
                continue
            candidates = _collapsed(connection, rows, limit)
            if len(candidates) >= limit or len(rows) < rows_wanted or rows_wanted >= _MOST_ROWS:
                return Retrieved(candidates, method)
            rows_wanted = min(rows_wanted * 4, _MOST_ROWS)


def layer_candidates(
    connection: DictConnection,
    index: LiveIndex,
    query: LayerQuery,
    vector: Vectors,
    filters: Filters,
    limit: int,
    sizes: Sequence[AcceptedSize] | None = None,
) -> list[Candidate]:
    """Candidates of one layer: products of the query's categories and gender, then other products of the layer.

    What the request filters by is hard; what was only read from the look is a preference.
    """
    hard = conditions_of(index.market, filters, catalogue_layers(query.layer), sizes)
    preferred = replace(
        hard,
        categories=hard.categories or list(query.categories) or None,
        genders=hard.genders or (genders_accepted(query.gender, unknown=True) if query.gender else None),
    )
    found = nearest_products(connection, index, vector, preferred, limit).candidates
    if preferred == hard or len(found) >= limit:
        return found
    held = {product_id for candidate in found for product_id in (candidate.product_id, *candidate.variants)}
    others = nearest_products(connection, index, vector, hard, limit).candidates
    rest = [replace(candidate, plausible=False) for candidate in others if candidate.product_id not in held]
    return (found + rest)[:limit]


def vectors_of(connection: DictConnection, index: LiveIndex, product_ids: Iterable[str]) -> dict[str, Vectors]:
    """Stored image vectors by product id, float32 (d,)."""
    statement = _query("vectors_by_id", vectors=_table(index))
    values = {"market": index.market, "encoder_version": index.encoder_version, "product_ids": list(product_ids)}
    rows = connection.execute(statement, values, binary=True).fetchall()  # as text a vector takes fifty times as long to read
    return {row["product_id"]: np.asarray(row["embedding"].to_numpy(), dtype=np.float32) for row in rows}


def _estimate(connection: DictConnection, conditions: Conditions) -> int:
    statement = _query("estimate_matches", filters=_filters())
    row = connection.execute(statement, conditions.parameters()).fetchone()
    plan = cast("Mapping[str, Any]", row)["QUERY PLAN"]
    return int(plan[0]["Plan"]["Plan Rows"])


def _nearest(
    connection: DictConnection, index: LiveIndex, vector: Vectors, conditions: Conditions, rows: int, method: str
) -> list[dict[str, Any]]:
    values = {
        **conditions.parameters(),
        "vector": HalfVector(vector),
        "encoder_version": index.encoder_version,
        "rows": rows,
        "pool": max(rows * _BIT_POOL, _LEAST_BIT_POOL),
    }
    if method != "exact":
        least, most = _EF_SEARCH
        wanted = values["pool"] if method == "bits" else rows
        connection.execute("SET LOCAL hnsw.iterative_scan = relaxed_order")
        connection.execute(
            sql.SQL("SET LOCAL hnsw.ef_search = {}").format(sql.Literal(index.ef_search or min(max(wanted, least), most)))
        )
    name = {"exact": "nearest_exactly", "index": "nearest_by_index", "bits": "nearest_by_bits"}[method]
    statement = _query(name, vectors=_table(index), filters=_filters(), dimensions=sql.Literal(index.dimensions))
    return connection.execute(statement, values).fetchall()


def _collapsed(connection: DictConnection, rows: Sequence[Mapping[str, Any]], limit: int) -> list[Candidate]:
    """One candidate a group of near-duplicates: the nearest, or the group's representative where it looks just as near."""
    ids = [row["product_id"] for row in rows]
    groups = {g["product_id"]: g for g in connection.execute(_query("duplicates_of"), {"product_ids": ids}).fetchall()}
    chosen: dict[str, tuple[str, float]] = {}
    for row in rows:
        product_id, similarity = row["product_id"], float(row["similarity"])
        group = groups.get(product_id)
        name = group["representative_id"] if group else product_id
        held = chosen.get(name)
        as_near = held is not None and round(held[1], _SAME_PICTURE) == round(similarity, _SAME_PICTURE)
        if held is None or (as_near and product_id == name):
            chosen[name] = (product_id, similarity)
    categories = {row["product_id"]: row["category"] for row in rows}
    candidates = []
    for product_id, similarity in list(chosen.values())[:limit]:
        group = groups.get(product_id)
        others = tuple(m for m in group["members"] if m != product_id) if group else ()
        candidates.append(Candidate(product_id, similarity, others, category=categories[product_id]))
    return candidates


def _filters() -> sql.Composable:
    return read_sql(__package__, "product_filters")


def _table(index: LiveIndex) -> sql.Identifier:
    return sql.Identifier("vectors", index.table_name)


def _query(name: str, **parts: sql.Composable) -> sql.Composed:
    """A packaged statement; its text is ours, never a caller's."""
    return read_sql(__package__, name).format(**parts)
