"""Stage 3: candidates of every layer with their products and vectors, all from one state of the market."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from psycopg_pool import ConnectionPool

from lookmatch_serving.db import DictConnection
from lookmatch_serving.search.context import RetrievedProducts, SearchContext
from lookmatch_serving.search.models.filters import LayerCandidates
from lookmatch_serving.search.models.index import LiveIndex
from lookmatch_serving.search.models.protocols import Grader
from lookmatch_serving.search.models.sizes import SizeChart
from lookmatch_serving.search.retrieval.filters import chart_needed, filtered_candidates, layer_filters
from lookmatch_serving.search.retrieval.nearest import vectors_of
from lookmatch_serving.search.retrieval.products import products_by_id
from lookmatch_serving.search.retrieval.size_systems import read_size_chart

LONGEST_LIST = 200
"""Products of a layer that are found, and can be paged through."""

PREFETCHED_PAGES = 10
"""Pages that are found at once: later ones are cut from the same order."""


class Retrieval:
    """Fills ``SearchContext.retrieved``.

    Args:
        pool: of Postgres.
        grader_of: what grades the hits of an index.
        least: candidates of each layer, whatever the page size is: as many as a model is shown.
    """

    def __init__(
        self,
        pool: ConnectionPool[DictConnection],
        grader_of: Callable[[DictConnection, LiveIndex], Grader],
        least: int,
    ) -> None:
        self._pool = pool
        self._grader_of = grader_of
        self._least = least

    def run(self, context: SearchContext) -> SearchContext:
        """Find the candidates.

        Raises:
            DeadlineExceededError: no time was left.
            psycopg.OperationalError: Postgres does not answer in time.
        """
        limit = min(LONGEST_LIST, max(context.request.page_size * PREFETCHED_PAGES, self._least))
        with context.trace.stage("retrieval"), self._pool.connection() as connection, connection.transaction():
            milliseconds = int(context.deadline.require("retrieval")) + 1
            connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
            connection.execute("SELECT set_config('statement_timeout', %s, true)", [str(milliseconds)])
            needed = chart_needed(context.request.filters, context.preferences)
            chart: SizeChart = read_size_chart(connection) if needed else ()
            layers = _candidates(connection, context, chart, limit)
            ids = {candidate.product_id for layer in layers.values() for candidate in layer.candidates}
            retrieved = RetrievedProducts(
                layers=layers,
                products=products_by_id(connection, context.index.market, ids),
                vectors=vectors_of(connection, context.index, ids) if context.segments else {},
                grader=self._grader_of(connection, context.index),
                size_chart=chart,
            )
        return replace(context, retrieved=retrieved)


def _candidates(connection: DictConnection, context: SearchContext, chart: SizeChart, limit: int) -> dict[str, LayerCandidates]:
    request, index, found = context.request, context.index, {}
    for query, vector in zip(context.queries, context.query_vectors if context.query_vectors is not None else (), strict=True):
        wanted = layer_filters(request.filters, context.preferences, query.layer)
        found[query.layer] = filtered_candidates(connection, index, query, vector, wanted, chart, limit, request.page_size)
    return found
