"""What searches of many looks will need, made in batches and kept where each search finds it.

So the offline job runs the very stages that answer online, and only the slow parts are done together: pictures of many looks
through the encoder at once, cropping on several threads meanwhile, and the vision model by Message Batches. What fails here is
done by the search itself, one look at a time.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, Protocol

import structlog

from lookmatch_serving.encoders.protocol import Encoder
from lookmatch_serving.errors import LookmatchError
from lookmatch_serving.llm.accounting import Ledger
from lookmatch_serving.search.context import SearchContext
from lookmatch_serving.search.models.index import LiveIndex
from lookmatch_serving.search.models.look import Look
from lookmatch_serving.search.models.protocols import Judgement, Offered
from lookmatch_serving.search.models.query import LayerQuery
from lookmatch_serving.search.models.request import SearchRequest
from lookmatch_serving.search.query_generation.embedded import EmbeddedQueryGenerator
from lookmatch_serving.search.query_generation.look_source import decoded_looks
from lookmatch_serving.search.query_generation.stage import QueryGeneration, reading_name
from lookmatch_serving.search.reranking.fallback_chain import RankingFallbackChain
from lookmatch_serving.search.retrieval.stage import Retrieval
from lookmatch_serving.search.runtime.cache import JUDGEMENT_SECONDS, QUERY_SECONDS, SearchCache
from lookmatch_serving.search.runtime.deadline import Deadline
from lookmatch_serving.search.runtime.trace import Trace
from lookmatch_serving.search.vectorisation.query_vectors import text_vectors
from lookmatch_serving.search.vectorisation.stage import Vectorisation

THREADS = 4
PREFETCHED_JUDGEMENT_SECONDS = 24 * 3600
_DEADLINE_MS = 60_000.0

_log = structlog.get_logger(__name__)


class BatchModel(Protocol):
    """A vision model asked about many looks at a time; each method leaves out what failed."""

    @property
    def reader_version(self) -> str:
        """Of the generator that reads one look at a time."""

    def read_all(self, looks: Sequence[Look], ledger: Ledger) -> dict[str, list[LayerQuery]]:
        """Digest of a look -> its queries.

        Raises:
            UpstreamError: nothing was read.
        """

    def judge_all(
        self, asked: Mapping[str, tuple[SearchContext, Mapping[str, Sequence[Offered]]]], ledger: Ledger
    ) -> dict[str, dict[str, list[Judgement]]]:
        """Name of a judgement -> layer -> judgements.

        Raises:
            UpstreamError: nothing was judged.
        """


@dataclass(frozen=True)
class Prefetch:
    """Prepares searches.

    Attributes:
        cache: where searches find it.
        query_generation: stage 1.
        vectorisation: stage 2.
        retrieval: stage 3.
        chain: knows what a reranker would be shown.
        model: None where no vision model is configured.
    """

    cache: SearchCache
    query_generation: QueryGeneration
    vectorisation: Vectorisation
    retrieval: Retrieval
    chain: RankingFallbackChain
    model: BatchModel | None = None

    def prepare(
        self, request: SearchRequest, pictures: Sequence[bytes], index: LiveIndex, encoder: Encoder, trace: Trace
    ) -> None:
        """Make what searches of these looks need.

        Args:
            request: that the searches will make of each look.
            pictures: encoded looks; those that cannot be decoded are left out.
            index: of the market.
            encoder: that the index was made with.
            trace: notes what was left to the searches.
        """
        looks = decoded_looks(pictures)
        with ThreadPoolExecutor(THREADS, "prefetch") as pool:
            readings = self._read(looks, self.query_generation.embedded(encoder), pool, trace)
            texts = {query.query for queries in readings.values() for query in queries}
            if encoder.supports_text and texts:
                text_vectors(encoder, sorted(texts), self.cache, trace)
            read = [(look, readings[look.digest]) for look in looks if readings.get(look.digest)]
            self.vectorisation.segments.make_all(read, encoder, pool, trace)
        if self.model is not None:
            started = (
                SearchContext(request, look, index, encoder, Deadline(_DEADLINE_MS), trace, queries=queries)
                for look, queries in read
            )
            self._judge(self.model, (self.retrieval.run(self.vectorisation.run(context)) for context in started), trace)

    def _read(
        self, looks: Sequence[Look], generator: EmbeddedQueryGenerator, pool: ThreadPoolExecutor, trace: Trace
    ) -> dict[str, list[LayerQuery]]:
        """Queries by digest, kept for the searches; those kept already are not made again."""
        version = self.model.reader_version if self.model is not None else generator.version
        names = {look.digest: reading_name(version, look.digest) for look in looks}
        held = {digest: self.cache.get(name, trace) for digest, name in names.items()}
        readings = {
            digest: [LayerQuery.model_validate(query) for query in queries]
            for digest, queries in held.items()
            if queries is not None
        }
        missing = [look for look in looks if look.digest not in readings]
        model = self.model
        fresh = self._by_model(model, missing, trace) if model is not None else generator.generate_many(missing, pool)
        for digest, queries in fresh.items():
            self.cache.put(names[digest], [query.model_dump(mode="json") for query in queries], QUERY_SECONDS, trace)
        return {**readings, **fresh}

    def _by_model(self, model: BatchModel, looks: Sequence[Look], trace: Trace) -> dict[str, list[LayerQuery]]:
        try:
            return model.read_all(looks, trace.ledger) if looks else {}
        except LookmatchError as error:
            _log.warning("batch_left_to_searches", stage="query_generation", looks=len(looks), error=str(error))
            return {}

    def _judge(self, model: BatchModel, searches: Iterable[SearchContext], trace: Trace) -> None:
        asked = {}
        for context in searches:
            name, offered = self.chain.offered(context)
            if offered and self.cache.get(name, trace) is None:
                asked[name] = (context, offered)
        try:
            told: Mapping[str, Any] = model.judge_all(asked, trace.ledger) if asked else {}
        except LookmatchError as error:
            _log.warning("batch_left_to_searches", stage="reranking", looks=len(asked), error=str(error))
            return
        for name, judgements in told.items():
            self.cache.put(name, judgements, max(JUDGEMENT_SECONDS, PREFETCHED_JUDGEMENT_SECONDS), trace)
