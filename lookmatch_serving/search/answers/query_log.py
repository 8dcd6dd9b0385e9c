"""The log of queries: what was asked, what was answered, and why each product ranked where it did."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

import psycopg
import structlog
from psycopg.types.json import Jsonb
from psycopg_pool import ConnectionPool, PoolTimeout, TooManyRequests

from lookmatch_serving.db import DictConnection, read_sql
from lookmatch_serving.search.answers.result_lists import RankedList
from lookmatch_serving.search.models.answer import SearchAnswer
from lookmatch_serving.search.models.request import SearchRequest

LOG_SECONDS = 0.05
"""How long a free connection is waited for."""

_log = structlog.get_logger(__name__)


def log_query(
    pool: ConnectionPool[DictConnection],
    request: SearchRequest,
    answer: SearchAnswer,
    digest: str | None,
    ranking: Mapping[str, RankedList] | None = None,
    answered_from: UUID | None = None,
    calls: Sequence[Mapping[str, Any]] = (),
) -> SearchAnswer:
    """Write one answer down; it is not withheld because its log could not be written.

    Args:
        pool: of Postgres.
        request: what was asked.
        answer: what is answered.
        digest: of the look's picture; None for that of the query it was answered from.
        ranking: by layer, of the products in the answer; None where an earlier query ranked them.
        answered_from: that earlier query.
        calls: of the vision model that the query paid for, as its ledger keeps them.

    Returns:
        The answer.
    """
    values = {
        "query_id": answer.query_id,
        "market": answer.market.value,
        "look_digest": digest,
        "request": Jsonb(request.model_dump(mode="json", exclude_none=True)),
        "answer": Jsonb(answer.model_dump(mode="json")),
        "ranking": None if ranking is None else Jsonb([one.model_dump(mode="json") for one in ranking.values()]),
        "answered_from": answered_from,
        "model_calls": Jsonb(list(calls)),
    }
    try:
        with pool.connection(timeout=LOG_SECONDS) as connection:
            connection.execute("SET LOCAL synchronous_commit = off")  # a crash may cost the last lines of the log
            connection.execute(read_sql(__package__, "log_query"), values)
    except (psycopg.Error, PoolTimeout, TooManyRequests) as error:
        _log.warning("query_not_logged", query_id=str(answer.query_id), error=type(error).__name__)
    return answer
