"""The ladder of stage 1: the configured generator, else the embedded one, with what was read kept in the cache."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any

from lookmatch_serving.errors import LookmatchError
from lookmatch_serving.llm.accounting import Ledger
from lookmatch_serving.search.models.look import Look
from lookmatch_serving.search.models.query import LayerQuery
from lookmatch_serving.search.query_generation.embedded import QueryGenerator
from lookmatch_serving.search.runtime.cache import QUERY_SECONDS, SearchCache
from lookmatch_serving.search.runtime.deadline import BoundedWorkers, Deadline
from lookmatch_serving.search.runtime.trace import Trace

LATER_STAGES_MS = 150.0
"""What vectorisation, retrieval and the segment rung need after this stage (measured: 60 to 120 ms for five layers
on two cores)."""

EMBEDDED_MS = 350.0
"""What the embedded generator needs, kept back while a model is waited for."""


def read_queries(
    look: Look,
    configured: QueryGenerator | None,
    embedded: QueryGenerator,
    workers: Sequence[BoundedWorkers],
    cache: SearchCache,
    deadline: Deadline,
    trace: Trace,
) -> list[LayerQuery]:
    """Queries of a look.

    Args:
        look: the picture.
        configured: the model's generator; None where none is configured.
        embedded: the one that always works.
        workers: the model's threads and the encoder's.
        cache: of earlier readings.
        deadline: of the request.
        trace: notes of the request.

    Raises:
        DeadlineExceededError: not even the embedded generator finished.
    """
    model_workers, encoder_workers = workers
    if configured is not None:
        try:
            share = deadline.share_ms(reserve_ms=LATER_STAGES_MS + EMBEDDED_MS)
            return _kept(look, configured, model_workers, share, cache, trace)
        except LookmatchError as error:
            trace.degrade("query_generation", f"the model's reading was left out: {error}")
    return _kept(look, embedded, encoder_workers, deadline.share_ms(reserve_ms=LATER_STAGES_MS / 2), cache, trace)


def reading_name(generator_version: str, look_digest: str) -> str:
    """Name under which a reading is kept."""
    return f"queries:{generator_version}:{look_digest}"


def _kept(
    look: Look, generator: QueryGenerator, workers: BoundedWorkers, milliseconds: float, cache: SearchCache, trace: Trace
) -> list[LayerQuery]:
    name = reading_name(generator.version, look.digest)
    read = partial(_read, look, generator, milliseconds / 1000, trace.ledger)
    found = cache.made_once(name, QUERY_SECONDS, read, workers, milliseconds, trace)
    return [LayerQuery.model_validate(query) for query in found]


def _read(look: Look, generator: QueryGenerator, seconds: float, ledger: Ledger) -> list[dict[str, Any]]:
    return [query.model_dump(mode="json") for query in generator.generate(look, seconds, ledger)]
