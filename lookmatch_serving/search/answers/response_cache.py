"""The response cache: whole answers kept for a while.

Asked again, a look is answered without any stage, with today's prices and stock.

A name covers everything that an answer depends on: the look's bytes, the request, the index and its age, the calibration, and the
versions of reader, reranker, segmenter and encoder. What the index asset takes in moves the index's age, and every kept answer of
the market is out at once. Answers for a shopper are never kept, nor degraded ones, nor those whose filters were relaxed or
translated between size systems.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from typing import Any
from uuid import UUID

from psycopg_pool import ConnectionPool
from pydantic import ValidationError

from lookmatch_serving.db import DictConnection
from lookmatch_serving.search.answers.stored_answers import refreshed
from lookmatch_serving.search.models.answer import SearchAnswer
from lookmatch_serving.search.models.index import LiveIndex
from lookmatch_serving.search.models.request import Filters, SearchRequest
from lookmatch_serving.search.retrieval.filters import count_passing
from lookmatch_serving.search.runtime.cache import SearchCache
from lookmatch_serving.search.runtime.trace import Trace


class ResponseCache:
    """Finds and keeps answers.

    Args:
        pool: of Postgres, for what is sold now.
        cache: that holds them.
        versions: of everything in the pipeline that changes an answer, as JSON holds it.
    """

    def __init__(self, pool: ConnectionPool[DictConnection], cache: SearchCache, versions: Sequence[Any]) -> None:
        self._pool = pool
        self._cache = cache
        self._versions = list(versions)

    def name(self, request: SearchRequest, index: LiveIndex, look_digest: str) -> str | None:
        """Name of the answer to a request; None when it must not be kept."""
        filters = request.filters
        if request.user_id is not None or request.page_token is not None or filters.relax or filters.size_system:
            return None
        asked = request.model_dump(mode="json", exclude={"image_url", "look_id", "deadline_ms", "user_id", "page_token"})
        age = [index.index_as_of.isoformat(), index.calibrated_at.isoformat() if index.calibrated_at else None]
        depends = [asked, index.market, index.encoder_key, index.encoder_version, *age, look_digest, *self._versions]
        return f"answer:{hashlib.sha256(json.dumps(depends, sort_keys=True).encode()).hexdigest()}"

    def find(self, name: str | None, request: SearchRequest, trace: Trace) -> tuple[SearchAnswer, UUID] | None:
        """A kept answer with today's prices, and the query it is of; None where there is none or a product is gone."""
        kept = self._kept(name, trace)
        if kept is None:
            return None
        with self._pool.connection() as connection:
            if not _still_passing(connection, kept, request.filters):
                return None
            answer = refreshed(connection, kept, request)
        unchanged = [len(layer.hits) for layer in answer.layers] == [len(layer.hits) for layer in kept.layers]
        return (answer, kept.query_id) if unchanged else None

    def put(self, name: str | None, answer: SearchAnswer, trace: Trace) -> None:
        """Keep an answer that nothing was missing from."""
        if name is not None and not answer.degraded:
            self._cache.keep_answer(name, answer.model_dump(mode="json"), trace)

    def _kept(self, name: str | None, trace: Trace) -> SearchAnswer | None:
        data = self._cache.answer(name, trace) if name is not None else None
        try:
            return SearchAnswer.model_validate(data) if data is not None else None
        except ValidationError:  # kept by another version of the contract
            return None


def _still_passing(connection: DictConnection, answer: SearchAnswer, filters: Filters) -> bool:
    """Whether every product of an answer still passes the filters: prices, sizes and stock change between two answers."""
    ids = sorted({hit.product_id for layer in answer.layers for hit in layer.hits})
    return filters == Filters() or not ids or count_passing(connection, answer.market, filters, ids) == len(ids)
