"""The first page of an answer, and later ones from the order that the first one pinned."""

from __future__ import annotations

from collections.abc import Mapping
from uuid import UUID, uuid4

from psycopg_pool import ConnectionPool

from lookmatch_serving.db import DictConnection
from lookmatch_serving.errors import NotFoundError
from lookmatch_serving.search.answers.page_tokens import new_result_list, parse_token
from lookmatch_serving.search.answers.query_log import log_query
from lookmatch_serving.search.answers.result_lists import RankedList, ResultList, later_page, page_of, ranked_lists
from lookmatch_serving.search.context import SearchContext
from lookmatch_serving.search.models.answer import Ranker, SearchAnswer
from lookmatch_serving.search.models.ranking import RankedLayer
from lookmatch_serving.search.models.request import SearchRequest
from lookmatch_serving.search.runtime.cache import SearchCache
from lookmatch_serving.search.runtime.deadline import Deadline
from lookmatch_serving.search.runtime.trace import Trace


class Pages:
    """Cuts answers out of ranked layers."""

    def __init__(self, pool: ConnectionPool[DictConnection], cache: SearchCache) -> None:
        self._pool = pool
        self._cache = cache

    def first(self, context: SearchContext) -> tuple[SearchAnswer, dict[str, RankedList]]:
        """The answer, but for its timings and degradations, which the trace tells in the end, and what it shows of each list."""
        request, found, lists = context.request, context.found, ranked_lists(context)
        name, query_id = new_result_list(), uuid4()
        paged = self._keep(name, query_id, context, lists)
        answer = SearchAnswer(
            query_id=query_id,
            market=request.market,
            encoder_version=context.index.encoder_version,
            index_as_of=context.index.index_as_of,
            grading=found.grader.source,
            ranker=_overall(context.ranked),
            timings_ms={},
            preferences=list(context.preferences),
            layers=[
                page_of(listed, found.products, request, found.grader.source, name if paged else None)
                for listed in lists.values()
            ],
        )
        return answer, {layer: listed.part(0, request.page_size) for layer, listed in lists.items()}

    def later(self, request: SearchRequest, deadline: Deadline, trace: Trace) -> SearchAnswer:
        """A further page of one layer, from the list that the request's token names; only for whom the list was made.

        Raises:
            NotFoundError: the token has expired, or belongs to another market or shopper.
            DeadlineExceededError: no time was left.
        """
        token = parse_token(request.page_token or "")
        kept = self._cache.result_list(token.result_list, trace)
        results = ResultList.model_validate_json(kept) if kept is not None else None
        if results is None or results.market != request.market.value or token.layer not in results.layers:
            raise NotFoundError("page_token: it has expired or belongs to another market; search again")
        if results.shopper_id != request.user_id:
            raise NotFoundError("page_token: it belongs to a search with another user_id; send the same one")
        with trace.stage("total"), self._pool.connection() as connection, connection.transaction():
            connection.execute("SELECT set_config('statement_timeout', %s, true)", [str(int(deadline.require("page")) + 1)])
            layer = later_page(connection, results, token, request)
        listed = results.layers[token.layer]
        answer = SearchAnswer(
            query_id=uuid4(),
            market=request.market,
            encoder_version=results.encoder_version,
            index_as_of=results.index_as_of,
            grading=results.grading,
            ranker=listed.ranker,
            degraded=trace.degraded,
            timings_ms=trace.timings_ms,
            preferences=list(results.preferences),
            layers=[layer],
        )
        shown = {token.layer: listed.part(token.offset, request.page_size)}
        return log_query(self._pool, request, answer, results.look_digest, shown, results.query_id)

    def _keep(self, name: str, query_id: UUID, context: SearchContext, lists: Mapping[str, RankedList]) -> bool:
        """Keep the order of all layers for later pages; False when it could not be kept."""
        results = ResultList(
            query_id=query_id,
            market=context.index.market,
            shopper_id=context.request.user_id,
            encoder_version=context.index.encoder_version,
            index_as_of=context.index.index_as_of,
            grading=context.found.grader.source,
            look_digest=context.look.digest,
            preferences=tuple(context.preferences),
            layers=dict(lists),
        )
        content = results.model_dump_json().encode()
        return self._cache.keep_result_list(name, content, context.request.user_id, context.trace)


def _overall(ranked: Mapping[str, RankedLayer]) -> Ranker:
    """The best step of the fallback chain that ordered any layer; vector when there is none."""
    order = list(Ranker)
    return min((layer.ranker for layer in ranked.values() if layer.hits), key=order.index, default=Ranker.VECTOR)
