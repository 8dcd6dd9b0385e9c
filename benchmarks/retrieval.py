"""`python -m benchmarks retrieval`: candidate retrieval over the home's index beside an exact scan of the same vectors in memory.

The exact scan is the physical limit of one core: one matrix product of all passing vectors, already in memory, already filtered.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import TypeVar

import click
import numpy as np
from numpy.typing import NDArray
from rich.console import Console
from rich.table import Table

from lookmatch_serving.db import DictConnection, open_pool, read_sql
from lookmatch_serving.embedded import ensure_services
from lookmatch_serving.errors import UpstreamError
from lookmatch_serving.search.models.index import LiveIndex
from lookmatch_serving.search.retrieval.nearest import Conditions, live_index, nearest_products, vectors_of
from lookmatch_serving.search.vectorisation.query_vectors import unit
from lookmatch_serving.settings import Market, Settings, read_settings

Result = TypeVar("Result")

SHARES = (1.0, 0.5, 0.1, 0.01, 0.001)
NOISE = 0.5
"""Length of the random vector added to a product's, before scaling back to unit length: queries are near products, not equal."""

TOP = 10
SEED = 7


@dataclass(frozen=True)
class Catalogue:
    """A market's searchable products: ids (n), category of each, unit vectors float32 (n, d)."""

    ids: NDArray[np.str_]
    categories: NDArray[np.str_]
    vectors: NDArray[np.float32]


@dataclass(frozen=True)
class Measured:
    """One filter's figures: share kept, rows returned over rows wanted, recall@10, and medians and 95th percentiles in ms."""

    share: float
    method: str
    filled: float
    recall: float
    search_ms: tuple[float, float]
    exact_ms: tuple[float, float]


def read_catalogue(connection: DictConnection, index: LiveIndex) -> Catalogue:
    """Read what search can find in the index's market."""
    rows = connection.execute(read_sql(__package__, "searchable_products"), {"market": index.market}).fetchall()
    stored = vectors_of(connection, index, [row["product_id"] for row in rows])
    kept = [row for row in rows if row["product_id"] in stored]
    return Catalogue(
        np.array([row["product_id"] for row in kept]),
        np.array([row["category"] or "" for row in kept]),
        np.stack([stored[row["product_id"]] for row in kept]).astype(np.float32),
    )


def categories_keeping(catalogue: Catalogue, share: float) -> list[str] | None:
    """Categories that together hold about a share of the products, largest first; None for all."""
    if share >= 1:
        return None
    names, counts = np.unique(catalogue.categories[catalogue.categories != ""], return_counts=True)
    left, chosen = share * len(catalogue.ids), []
    for place in np.argsort(-counts):
        if counts[place] <= left:
            chosen.append(str(names[place]))
            left -= counts[place]
    return chosen or [str(names[counts.argmin()])]


def measure(connection: DictConnection, index: LiveIndex, catalogue: Catalogue, share: float, queries: int) -> Measured:
    """Measure one filter over a number of queries near random products."""
    categories = categories_keeping(catalogue, share)
    passing = np.isin(catalogue.categories, categories) if categories is not None else np.ones(len(catalogue.ids), dtype=bool)
    ids, vectors = catalogue.ids[passing], np.ascontiguousarray(catalogue.vectors[passing])
    rng = np.random.default_rng(SEED)
    conditions = Conditions(market=index.market, categories=categories)
    wanted, methods = min(TOP, len(ids)), set()
    filled, recalls, search, exact = [], [], [], []
    for _ in range(queries):
        near = catalogue.vectors[rng.integers(len(catalogue.ids))]
        noise = unit(rng.standard_normal(len(near)).astype(np.float32))
        vector = unit(near + NOISE * noise)
        seconds, found = timed(partial(nearest_products, connection, index, vector, conditions, TOP))
        search.append(seconds)
        seconds, best = timed(partial(exact_top, vectors, vector, wanted))
        exact.append(seconds)
        held = {name for one in found.candidates for name in (one.product_id, *one.variants)}
        recalls.append(len(held & set(ids[best])) / wanted)
        groups = len(found.candidates) if len(held) >= len(ids) else TOP
        filled.append(len(found.candidates) / groups)
        methods.add(found.method)
    kept = len(ids) / len(catalogue.ids)
    return Measured(
        kept, "+".join(sorted(methods)), float(np.mean(filled)), float(np.mean(recalls)), percentiles(search), percentiles(exact)
    )


def exact_top(vectors: NDArray[np.float32], vector: NDArray[np.float32], count: int) -> NDArray[np.intp]:
    """Rows of the `count` largest cosines, in no order."""
    return np.argpartition(-(vectors @ vector), count - 1)[:count]


def timed(call: Callable[[], Result]) -> tuple[float, Result]:
    """Milliseconds a call took, and its result."""
    begun = time.perf_counter()
    result = call()
    return (time.perf_counter() - begun) * 1000, result


def percentiles(values: Sequence[float]) -> tuple[float, float]:
    """Median and 95th percentile."""
    middle, high = np.percentile(values, [50, 95])
    return float(middle), float(high)


def measure_market(settings: Settings, market: Market, queries: int) -> tuple[LiveIndex, list[Measured]]:
    """Measure every share of one market; with a bit index, also without it.

    Raises:
        UpstreamError: the market has no index.
    """
    services = ensure_services(settings)
    pool = open_pool(services.database_url)
    try:
        with pool.connection() as connection:
            index = live_index(connection, market.value)
            catalogue = read_catalogue(connection, index)
            ways = [index, replace(index, bit_index=False)] if index.bit_index else [index]
            return index, [measure(connection, way, catalogue, share, queries) for way in ways for share in SHARES]
    finally:
        pool.close()


@click.command("retrieval")
@click.option("--market", type=click.Choice([m.value for m in Market]), help="One market; all that are indexed when left out.")
@click.option("--queries", default=100, show_default=True, type=click.IntRange(1, 10_000), help="Queries a filter.")
def bench_retrieval(market: str | None, queries: int) -> None:
    """Measure candidate retrieval in this home's index beside exact search in memory."""
    settings = read_settings()
    measured = 0
    for one in [Market(market)] if market else list(Market):
        try:
            index, rows = measure_market(settings, one, queries)
        except UpstreamError as error:
            click.echo(f"{one.value}: {error}", err=True)
            continue
        measured += 1
        title = f"{one.value}: {index.products} products, {index.encoder_key}, {queries} queries a row"
        table = Table("kept", "method", "rows / limit", f"recall@{TOP}", "search p50 / p95 ms", "exact p50 / p95 ms", title=title)
        for row in rows:
            times = [f"{a:.1f} / {b:.1f}" for a, b in (row.search_ms, row.exact_ms)]
            table.add_row(f"{row.share:.2%}", row.method, f"{row.filled:.2f}", f"{row.recall:.3f}", *times)
        Console(width=120).print(table)
    if not measured:
        raise click.ClickException("no market is indexed in this home; run `make demo` first")
