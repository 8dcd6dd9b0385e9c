"""Stage 1 with its fallback chain: the configured generator, else the embedded one, with what was read kept in the cache."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import Any

from lookmatch_serving.encoders.loaded import AttributeProbabilities
from lookmatch_serving.encoders.protocol import Encoder
from lookmatch_serving.errors import LookmatchError
from lookmatch_serving.llm.accounting import Ledger
from lookmatch_serving.search.context import SearchContext
from lookmatch_serving.search.models.look import Look
from lookmatch_serving.search.models.protocols import QueryGenerator
from lookmatch_serving.search.models.query import LayerQuery
from lookmatch_serving.search.query_generation.embedded import EmbeddedQueryGenerator
from lookmatch_serving.search.runtime.cache import QUERY_SECONDS, SearchCache
from lookmatch_serving.search.runtime.deadline import BoundedWorkers

LATER_STAGES_MS = 150.0
"""What vectorisation, retrieval and ranking by segment need after this stage (measured: 60 to 120 ms for five layers on two
cores)."""

EMBEDDED_MS = 350.0
"""What the embedded generator needs, kept back while a model is waited for."""


class QueryGeneration:
    """Fills ``SearchContext.queries``.

    Args:
        configured: the model's generator; None where none is configured.
        probabilities: names attributes of image vectors, for the embedded generator.
        model_workers: threads on which a model is waited for.
        encoder_workers: threads on which pictures are encoded.
        cache: of earlier readings.
    """

    def __init__(
        self,
        configured: QueryGenerator | None,
        probabilities: AttributeProbabilities,
        model_workers: BoundedWorkers,
        encoder_workers: BoundedWorkers,
        cache: SearchCache,
    ) -> None:
        self._configured = configured
        self._probabilities = probabilities
        self._model_workers = model_workers
        self._encoder_workers = encoder_workers
        self._cache = cache

    def run(self, context: SearchContext) -> SearchContext:
        """Read the look, and keep the layers that the request wants.

        Raises:
            DeadlineExceededError: not even the embedded generator finished.
        """
        with context.trace.stage("query_generation"):
            wanted = context.request.layers
            queries = [query for query in self._queries(context) if wanted is None or query.layer in wanted]
        context.trace.layers_read(queries)
        return replace(context, queries=queries)

    def embedded(self, encoder: Encoder) -> EmbeddedQueryGenerator:
        """The generator that needs no model."""
        return EmbeddedQueryGenerator(encoder, self._probabilities)

    def _queries(self, context: SearchContext) -> list[LayerQuery]:
        deadline = context.deadline
        if self._configured is not None:
            try:
                share = deadline.share_ms(reserve_ms=LATER_STAGES_MS + EMBEDDED_MS)
                return self._made_once(context, self._configured, self._model_workers, share)
            except LookmatchError as error:
                context.trace.degrade("query_generation", f"the model's reading was left out: {error}")
        share = deadline.share_ms(reserve_ms=LATER_STAGES_MS / 2)
        return self._made_once(context, self.embedded(context.encoder), self._encoder_workers, share)

    def _made_once(
        self, context: SearchContext, generator: QueryGenerator, workers: BoundedWorkers, milliseconds: float
    ) -> list[LayerQuery]:
        name = reading_name(generator.version, context.look.digest)
        read = partial(_read, context.look, generator, milliseconds / 1000, context.trace.ledger)
        found = self._cache.get_or_create(name, QUERY_SECONDS, read, workers, milliseconds, context.trace)
        return [LayerQuery.model_validate(query) for query in found]


def reading_name(generator_version: str, look_digest: str) -> str:
    """Name under which a reading is kept."""
    return f"queries:{generator_version}:{look_digest}"


def _read(look: Look, generator: QueryGenerator, seconds: float, ledger: Ledger) -> list[dict[str, Any]]:
    return [query.model_dump(mode="json") for query in generator.generate(look, seconds, ledger)]
