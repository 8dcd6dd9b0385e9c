"""The four stages in order: look -> queries -> vectors -> candidates -> ranked products, within one deadline."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

import psycopg
from psycopg_pool import ConnectionPool, PoolTimeout, TooManyRequests

from lookmatch_serving.db import DictConnection
from lookmatch_serving.encoders.protocol import Encoder
from lookmatch_serving.errors import UpstreamError
from lookmatch_serving.llm.accounting import ModelCall
from lookmatch_serving.search.answers import Pages, ResponseCache, log_query, stored_answer
from lookmatch_serving.search.context import SearchContext
from lookmatch_serving.search.models.answer import SearchAnswer
from lookmatch_serving.search.models.request import PreferenceMode, SearchRequest
from lookmatch_serving.search.prefetch import Prefetch
from lookmatch_serving.search.resolution import ResolvedRequest, resolve
from lookmatch_serving.search.retrieval.live_encoders import LiveEncoders
from lookmatch_serving.search.runtime import ConcurrencyLimit, Deadline, Observer, Trace
from lookmatch_serving.settings import Market, Settings


class Stage(Protocol):
    """Takes a search and gives it on with what it found."""

    def run(self, context: SearchContext) -> SearchContext:
        """Do the stage's part.

        Raises:
            LookmatchError: not even the last of its fallback chain answered.
        """


@dataclass(frozen=True)
class SearchPipeline:
    """Answers searches; safe to use from many threads. ``factory.build_pipeline`` makes one.

    Attributes:
        settings: of the home.
        pool: of Postgres.
        live: the index and encoder that answer each market.
        stages: query generation, vectorisation, retrieval, reranking.
        pages: cuts answers out of what the stages give.
        responses: whole answers kept for a while.
        limit: of searches that compute at a time.
        prefetch: prepares many searches.
        on_model_call: is told of each call of the vision model, from any thread.
        release: gives everything back.
    """

    settings: Settings
    pool: ConnectionPool[DictConnection]
    live: LiveEncoders
    stages: Sequence[Stage]
    pages: Pages
    responses: ResponseCache
    limit: ConcurrencyLimit
    prefetch: Prefetch
    on_model_call: Callable[[ModelCall], None] | None
    release: Callable[[], None]

    def close(self) -> None:
        """Give everything back; requests still running may fail."""
        self.release()

    def warm_up(self) -> None:
        """Load what the live indexes need, so that the first request waits for nothing; the configured encoder where none is."""
        self.live.warm_up(self.pool, self.settings.encoder)

    def prepare(self, market: Market, pictures: Sequence[bytes]) -> None:
        """Make what searches of these looks will need, in batches, and keep it where they find it.

        Args:
            market: that they will be searched in.
            pictures: encoded; those that cannot be decoded are left out.

        Raises:
            UpstreamError: the market is not indexed.
            ConfigurationError: the installed encoder is not the one that the index was made with.
        """
        trace = Trace(listener=self.on_model_call)
        index, encoder = self.live.of_market(self.pool, market.value, trace)
        self.prefetch.prepare(SearchRequest(market=market), pictures, index, encoder, trace)

    def search(self, request: SearchRequest, image: bytes | None = None, observer: Observer | None = None) -> SearchAnswer:
        """Answer a search.

        The deadline covers a warm process: loading an encoder for the first time is not counted.

        Args:
            request: what is asked.
            image: encoded picture of the look, unless the request names it.
            observer: is told as stages begin and end.

        Raises:
            InvalidInputError: naming the field.
            NotFoundError: the look does not exist, or the page token names nothing (any more).
            DeadlineExceededError: not even the last of the fallback chain finished in time.
            UpstreamError: Postgres does not answer, the market is not indexed, or the picture's server failed.
            ConfigurationError: the installed encoder is not the one that the index was made with.
        """
        try:
            return self._searched(request, image, Trace(observer, self.on_model_call))
        except (PoolTimeout, TooManyRequests, psycopg.OperationalError) as error:
            raise UpstreamError(f"Postgres does not answer ({type(error).__name__})") from error

    def _searched(self, request: SearchRequest, image: bytes | None, trace: Trace) -> SearchAnswer:
        if request.page_token is not None:
            return self.pages.later(request, self._deadline(request), trace)
        with self.pool.connection() as connection:
            resolved = resolve(connection, request, image, PreferenceMode(self.settings.preferences))
        index, encoder = self.live.settle(resolved.index, trace)
        resolved = replace(resolved, index=index)
        return self._stored(resolved, trace) or self._computed(resolved, encoder, self._deadline(request), trace)

    def _deadline(self, request: SearchRequest) -> Deadline:
        return Deadline(request.deadline_ms or self.settings.deadline_ms)

    def _stored(self, resolved: ResolvedRequest, trace: Trace) -> SearchAnswer | None:
        """The offline job's answer, where it still holds."""
        stored, registered = resolved.stored_answer(), resolved.registered
        if stored is None or registered is None:
            return None
        with self.pool.connection() as connection:
            answer = stored_answer(connection, stored, resolved.request, trace)
        if answer is None:
            return None
        return log_query(self.pool, resolved.request, answer, registered.image_digest, answered_from=stored.query_id)

    def _computed(self, resolved: ResolvedRequest, encoder: Encoder, deadline: Deadline, trace: Trace) -> SearchAnswer:
        """The response cache's answer, else that of the four stages."""
        request, index = resolved.request, resolved.index
        shown, answered_from = None, None
        with trace.stage("total"):
            with trace.stage("look"):
                data, digest = resolved.picture(self.settings, deadline.remaining_ms / 1000)
                name = self.responses.name(request, index, digest)
                cached = self.responses.find(name, request, trace)
            if cached is not None:
                answer, answered_from = cached
            else:
                with self.limit.held(deadline, trace):
                    look = resolved.look(data, digest)
                    context = SearchContext(request, look, index, encoder, deadline, trace, resolved.preferences)
                    for stage in self.stages:
                        context = stage.run(context)
                    answer, shown = self.pages.first(context)
        answer = answer.model_copy(update={"degraded": list(trace.degraded), "timings_ms": dict(trace.timings_ms)})
        if cached is None:
            self.responses.put(name, answer, trace)
        return log_query(self.pool, request, answer, digest, shown, answered_from, trace.ledger.rows())
