"""The four stages in order: look -> queries -> vectors -> candidates -> ranked products, within one deadline."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any
from uuid import UUID, uuid4

import psycopg
import structlog
from PIL import Image
from psycopg_pool import ConnectionPool, PoolTimeout, TooManyRequests

from lookmatch_serving.db import DictConnection
from lookmatch_serving.encoders.loaded import AttributeProbabilities, EncoderRegistry
from lookmatch_serving.encoders.protocol import Encoder, Vectors
from lookmatch_serving.errors import LookmatchError, NotFoundError, UpstreamError
from lookmatch_serving.llm.accounting import ModelCall
from lookmatch_serving.parsing.parser import bundled_parser
from lookmatch_serving.search.answers.page_tokens import LONGEST_LIST, new_result_list, parse_token
from lookmatch_serving.search.answers.query_log import log_query
from lookmatch_serving.search.answers.response_cache import KeptAnswers, still_passing
from lookmatch_serving.search.answers.result_lists import RankedList, ResultList, later_page, page_of, ranked_lists
from lookmatch_serving.search.answers.stored_answers import refreshed, tagged_answer
from lookmatch_serving.search.models.answer import Ranker, SearchAnswer
from lookmatch_serving.search.models.look import Look
from lookmatch_serving.search.models.query import LayerQuery
from lookmatch_serving.search.models.request import AppliedPreference, PreferenceMode, SearchRequest
from lookmatch_serving.search.prefetch import AheadOfTime, BatchModel
from lookmatch_serving.search.query_generation.embedded import LOOK_ATTRIBUTES, EmbeddedQueryGenerator, QueryGenerator
from lookmatch_serving.search.query_generation.look_source import (
    RegisteredLook,
    check_one_source,
    decoded_looks,
    look_bytes,
    read_look,
    registered_look,
    usable_as_stored,
)
from lookmatch_serving.search.query_generation.reading import read_queries
from lookmatch_serving.search.reranking.fallback_chain import Found, RankingFallbackChain
from lookmatch_serving.search.reranking.grading import GradingRegistry, read_grading
from lookmatch_serving.search.reranking.personalisation import applied_preferences, followed
from lookmatch_serving.search.reranking.rankers import RankedLayer, VisualReranker
from lookmatch_serving.search.retrieval.filters import chart_needed, filtered_candidates, layer_filters
from lookmatch_serving.search.retrieval.live_encoders import LiveEncoders
from lookmatch_serving.search.retrieval.nearest import LiveIndex, live_index, live_indexes, vectors_of
from lookmatch_serving.search.retrieval.products import products_by_id
from lookmatch_serving.search.retrieval.size_systems import read_size_chart
from lookmatch_serving.search.runtime.cache import SearchCache
from lookmatch_serving.search.runtime.concurrency_limit import Turns
from lookmatch_serving.search.runtime.deadline import BoundedWorkers, Deadline
from lookmatch_serving.search.runtime.trace import Observer, Trace
from lookmatch_serving.search.vectorisation.query_vectors import query_vectors
from lookmatch_serving.search.vectorisation.segment_vectors import SegmentVectors
from lookmatch_serving.search.vectorisation.segmentation import Segmenter
from lookmatch_serving.settings import Market, Settings

ENCODER_THREADS = 1
"""Encodings at a time in a process, on its share of the cores; two at a time answered fewer searches a second, not more."""

MODEL_THREADS = 16
PAGES_AHEAD = 10
_AHEAD_MS = 60_000.0
_log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Parts:
    """The replaceable parts of a pipeline; ``reader`` and ``reranker`` are None where no model is configured."""

    encoders: EncoderRegistry
    segmenter: Segmenter
    probabilities: AttributeProbabilities
    reader: QueryGenerator | None = None
    reranker: VisualReranker | None = None
    offline_model: BatchModel | None = None
    close: Callable[[], None] = lambda: None


@dataclass(frozen=True)
class _Asked:
    """A request with its picture, the registered look that it names, and the preferences that apply to it."""

    request: SearchRequest
    image: bytes | None
    known: RegisteredLook | None
    preferences: tuple[AppliedPreference, ...]


class SearchPipeline:
    """Answers searches; safe to use from many threads."""

    def __init__(
        self,
        settings: Settings,
        pool: ConnectionPool[DictConnection],
        cache: SearchCache,
        parts: Parts,
        on_model_call: Callable[[ModelCall], None] | None = None,
    ) -> None:
        self._settings = settings
        self._on_model_call = on_model_call
        self._pool = pool
        self._cache = cache
        self._parts = parts
        self._gradings = GradingRegistry()
        self._encoder_workers = BoundedWorkers(ENCODER_THREADS, "encoder", waits=True)
        self._model_workers = BoundedWorkers(MODEL_THREADS, "model")
        self._turns = Turns(1 if parts.reader is None else MODEL_THREADS)
        self._live = LiveEncoders(parts.encoders, self._warm)
        self._segments = SegmentVectors(parts.segmenter, cache, self._encoder_workers)
        self._answers = KeptAnswers(cache, _versions(settings, parts))
        self._ladder = RankingFallbackChain(
            parts.reranker, self._model_workers, cache, settings.image_folder, settings.rerank_top_k
        )

    def close(self) -> None:
        """Give everything back; requests still running may fail."""
        self._encoder_workers.close()
        self._model_workers.close()
        self._segments.close()
        self._parts.close()
        self._cache.close()
        self._pool.close()

    def warm_up(self) -> None:
        """Load what the live indexes need, so that the first request waits for nothing; the configured encoder where none is."""
        try:
            with self._pool.connection() as connection:
                indexes = live_indexes(connection)
        except (PoolTimeout, TooManyRequests, psycopg.OperationalError):
            indexes = []
        for index in indexes:
            try:
                self._live.settle(index, Trace())
            except LookmatchError as error:
                _log.warning("index_not_usable", market=index.market, error=str(error))
        if not indexes:
            self._warm(self._parts.encoders.get(self._settings.encoder))

    def prepare(self, market: Market, pictures: Sequence[bytes]) -> None:
        """Make what searches of these looks will need, in batches, and keep it where they find it.

        Args:
            market: that they will be searched in.
            pictures: encoded; those that cannot be decoded are left out.

        Raises:
            UpstreamError: the market is not indexed.
            ConfigurationError: the installed encoder is not the one that the index was made with.
        """
        trace = Trace(listener=self._on_model_call)
        with self._pool.connection() as connection:
            index = live_index(connection, market.value)
        index, encoder = self._live.settle(index, trace)
        asked = _Asked(SearchRequest(market=market), None, None, ())

        def find(look: Look, queries: list[LayerQuery]) -> Found:
            deadline = Deadline(_AHEAD_MS)
            return self._found(
                asked, look, queries, index, *self._vectors(look, queries, encoder, deadline, trace), deadline, trace
            )

        ahead = AheadOfTime(self._cache, self._segments, self._ladder, self._parts.offline_model)
        generator = EmbeddedQueryGenerator(encoder, self._parts.probabilities)
        ahead.prepare(decoded_looks(pictures), encoder, generator, find, trace)

    def _warm(self, encoder: Encoder) -> None:
        """Load the parser and both towers, and read a blank look."""
        picture = Image.new("RGB", (64, 64), "white")
        bundled_parser().parse(picture)
        blank = encoder.encode_images([picture])
        if encoder.supports_text:
            for attribute in LOOK_ATTRIBUTES:
                self._parts.probabilities(encoder, blank, attribute)

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
            DeadlineExceededError: not even the last step of the ladder finished in time.
            UpstreamError: Postgres does not answer, the market is not indexed, or the picture's server failed.
            ConfigurationError: the installed encoder is not the one that the index was made with.
        """
        try:
            return self._searched(request, image, Trace(observer, self._on_model_call))
        except (PoolTimeout, TooManyRequests, psycopg.OperationalError) as error:
            raise UpstreamError(f"Postgres does not answer ({type(error).__name__})") from error

    def _searched(self, request: SearchRequest, image: bytes | None, trace: Trace) -> SearchAnswer:
        market = request.market.value
        if request.page_token is not None:
            return self._later_page(request, Deadline(request.deadline_ms or self._settings.deadline_ms), trace)
        check_one_source(request, image)
        with self._pool.connection() as connection:
            index = live_index(connection, market)
            known = registered_look(connection, request.look_id) if request.look_id is not None else None
            preferences = applied_preferences(connection, request, PreferenceMode(self._settings.preferences))
        index, encoder = self._live.settle(index, trace)
        deadline = Deadline(request.deadline_ms or self._settings.deadline_ms)
        version = index.encoder_version
        if known is not None and known.stored is not None and usable_as_stored(request, known.stored, version, preferences):
            with self._pool.connection() as connection:
                tagged = tagged_answer(connection, known.stored, request, trace)
            if tagged is not None:
                return log_query(self._pool, request, tagged, known.image_digest, answered_from=known.stored.query_id)
        return self._computed(_Asked(request, image, known, preferences), index, encoder, deadline, trace)

    def _computed(self, asked: _Asked, index: LiveIndex, encoder: Encoder, deadline: Deadline, trace: Trace) -> SearchAnswer:
        """The answer that was kept, else that of the four stages when it is this search's turn."""
        request, shown, answered_from = asked.request, None, None
        with trace.stage("total"):
            with trace.stage("look"):
                data, digest = look_bytes(self._settings, request, asked.image, asked.known, deadline.remaining_ms / 1000)
                name = self._answers.name(request, index, digest)
                kept = self._answered_before(name, request, trace)
            if kept is not None:
                answer, answered_from = kept
            else:
                with self._turns.taken(deadline, trace):
                    look = read_look(data, digest, request)
                    answer, shown = self._in_four_stages(asked, look, index, encoder, deadline, trace)
        answer = answer.model_copy(update={"degraded": list(trace.degraded), "timings_ms": dict(trace.timings_ms)})
        if kept is None:
            self._answers.keep(name, answer, trace)
        return log_query(self._pool, request, answer, digest, shown, answered_from, trace.ledger.rows())

    def _in_four_stages(
        self, asked: _Asked, look: Look, index: LiveIndex, encoder: Encoder, deadline: Deadline, trace: Trace
    ) -> tuple[SearchAnswer, dict[str, RankedList]]:
        """The answer, but for its timings and degradations, which the trace tells in the end, and what it shows of each list."""
        request = asked.request
        with trace.stage("query_generation"):
            queries = self._queries(look, request, encoder, deadline, trace)
        trace.layers_read(queries)
        with trace.stage("vectorisation"):
            segments, vectors = self._vectors(look, queries, encoder, deadline, trace)
        found = self._found(asked, look, queries, index, segments, vectors, deadline, trace)
        with trace.stage("reranking"):
            ranked = followed(found, self._ladder.rank(found, deadline, trace), asked.preferences)
        lists = ranked_lists(found, ranked)
        pages, query_id = new_result_list(), uuid4()
        paged = self._keep(pages, query_id, asked, index, found, lists, trace)
        answer = SearchAnswer(
            query_id=query_id,
            market=request.market,
            encoder_version=index.encoder_version,
            index_as_of=index.index_as_of,
            grading=found.grading.source,
            ranker=_overall(ranked),
            timings_ms={},
            preferences=list(asked.preferences),
            layers=[
                page_of(listed, found.products, request, found.grading.source, pages if paged else None)
                for listed in lists.values()
            ],
        )
        return answer, {layer: listed.part(0, request.page_size) for layer, listed in lists.items()}

    def _answered_before(self, name: str | None, request: SearchRequest, trace: Trace) -> tuple[SearchAnswer, UUID] | None:
        """A kept answer with today's prices and the query it is of; None where there is none or a product is gone."""
        kept = self._answers.find(name, trace)
        if kept is None:
            return None
        with self._pool.connection() as connection:
            if not still_passing(connection, kept, request.filters):
                return None
            answer = refreshed(connection, kept, request)
        unchanged = [len(layer.hits) for layer in answer.layers] == [len(layer.hits) for layer in kept.layers]
        return (answer, kept.query_id) if unchanged else None

    def _keep(
        self,
        name: str,
        query_id: UUID,
        asked: _Asked,
        index: LiveIndex,
        found: Found,
        lists: Mapping[str, RankedList],
        trace: Trace,
    ) -> bool:
        """Keep the order of all layers for later pages; False when it could not be kept."""
        results = ResultList(
            query_id=query_id,
            market=index.market,
            shopper_id=asked.request.user_id,
            encoder_version=index.encoder_version,
            index_as_of=index.index_as_of,
            grading=found.grading.source,
            look_digest=found.look.digest,
            preferences=asked.preferences,
            layers=dict(lists),
        )
        return self._cache.keep_result_list(name, results.model_dump_json().encode(), asked.request.user_id, trace)

    def _queries(
        self, look: Look, request: SearchRequest, encoder: Encoder, deadline: Deadline, trace: Trace
    ) -> list[LayerQuery]:
        embedded = EmbeddedQueryGenerator(encoder, self._parts.probabilities)
        workers = (self._model_workers, self._encoder_workers)
        queries = read_queries(look, self._parts.reader, embedded, workers, self._cache, deadline, trace)
        return [query for query in queries if request.layers is None or query.layer in request.layers]

    def _vectors(
        self, look: Look, queries: Sequence[LayerQuery], encoder: Encoder, deadline: Deadline, trace: Trace
    ) -> tuple[dict[str, Vectors], Vectors | None]:
        """Unit vectors of the segments by layer, and of the queries (n, d)."""
        if not queries:
            return {}, None
        segments = self._segments.of(look, queries, encoder, deadline, trace)
        weight = self._settings.image_weight
        embed = partial(query_vectors, encoder, queries, segments, weight, self._cache, trace)
        return segments, self._encoder_workers.run(embed, deadline.require("vectorisation"))

    def _found(
        self,
        asked: _Asked,
        look: Look,
        queries: Sequence[LayerQuery],
        index: LiveIndex,
        segments: Mapping[str, Vectors],
        vectors: Vectors | None,
        deadline: Deadline,
        trace: Trace,
    ) -> Found:
        """Stage 3: candidates of every layer with their products and vectors, all from one state of the market."""
        request = asked.request
        limit = min(LONGEST_LIST, max(request.page_size * PAGES_AHEAD, self._settings.rerank_top_k))
        searched = {}
        with trace.stage("retrieval"), self._pool.connection() as connection, connection.transaction():
            connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
            connection.execute("SELECT set_config('statement_timeout', %s, true)", [str(int(deadline.require("retrieval")) + 1)])
            chart = read_size_chart(connection) if chart_needed(request.filters, asked.preferences) else ()
            for query, vector in zip(queries, vectors if vectors is not None else (), strict=True):
                wanted = layer_filters(request.filters, asked.preferences, query.layer)
                searched[query.layer] = filtered_candidates(
                    connection, index, query, vector, wanted, chart, limit, request.page_size
                )
            candidates = {layer: found.candidates for layer, found in searched.items()}
            ids = {candidate.product_id for layer in candidates.values() for candidate in layer}
            products = products_by_id(connection, index.market, ids)
            stored = vectors_of(connection, index, ids) if segments else {}
            grading = self._gradings.get(
                index.market,
                index.encoder_key,
                index.encoder_version,
                index.calibrated_at,
                lambda: read_grading(connection, index.market, index.encoder_version),
            )
        return Found(look, queries, candidates, segments, stored, products, grading, index.index_as_of, searched, chart)

    def _later_page(self, request: SearchRequest, deadline: Deadline, trace: Trace) -> SearchAnswer:
        """A further page of one layer, from the list that its token names; only for whom the list was made."""
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


def _versions(settings: Settings, parts: Parts) -> list[Any]:
    """Everything but request, look and index that an answer depends on."""
    reader, reranker = (part.version if part is not None else None for part in (parts.reader, parts.reranker))
    return [reader, reranker, bundled_parser().version, parts.segmenter.version, settings.image_weight, settings.rerank_top_k]


def _overall(ranked: Mapping[str, RankedLayer]) -> Ranker:
    """The best rung that ordered any layer; vector when there is none."""
    order = list(Ranker)
    return min((layer.ranker for layer in ranked.values() if layer.hits), key=order.index, default=Ranker.VECTOR)
