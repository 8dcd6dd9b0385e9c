"""What pages and the API read besides search: products, looks, logged queries and the state of the index."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from psycopg_pool import ConnectionPool

from lookmatch_serving.api.presenting import look_picture_path, product_answer
from lookmatch_serving.api.records import LookAnswer, LookKind, LookList, LookSummary, ProductAnswer, QueryAnswer
from lookmatch_serving.db import DictConnection, read_sql
from lookmatch_serving.errors import NotFoundError
from lookmatch_serving.opaque_tokens import decode_token, encode_token
from lookmatch_serving.search.models.answer import SearchAnswer
from lookmatch_serving.search.models.index import LiveIndex
from lookmatch_serving.search.retrieval.nearest import live_indexes
from lookmatch_serving.settings import Market

_NO_SUCH_PLACE = "page_token: it names no place in this list; accepted is a next_page_token of an earlier answer"


@dataclass(frozen=True)
class StoredLook:
    """A look and where its picture lies within the look folder."""

    look: LookAnswer
    image_file: str
    image_digest: str


class StoredRecords:
    """Reads by id and by page, each in one statement."""

    def __init__(self, pool: ConnectionPool[DictConnection]) -> None:
        self._pool = pool

    def product(self, product_id: str) -> ProductAnswer:
        """One product.

        Raises:
            NotFoundError: there is none of this id, or its vendor withdrew it.
        """
        rows = self._rows("product_by_id", {"product_id": product_id})
        if not rows:
            raise NotFoundError("no product has this id")
        return product_answer(rows[0])

    def looks(self, market: Market | None, kind: LookKind | None, page_size: int, page_token: str | None) -> LookList:
        """A page of looks, newest first; of one market or kind, or of all where that is None.

        Raises:
            NotFoundError: the page token was not made by this method.
        """
        added_at, look_id = _read_token(page_token) if page_token else (None, None)
        values = {"market": market, "kind": kind, "before_added_at": added_at, "before_look_id": look_id, "rows": page_size + 1}
        rows = self._rows("looks_page", values)
        page = rows[:page_size]
        token = encode_token(page[-1]["added_at"].isoformat(), page[-1]["look_id"]) if len(rows) > page_size else None
        return LookList(looks=[LookSummary(**_look_values(row)) for row in page], next_page_token=token)

    def look(self, look_id: str) -> StoredLook:
        """One look.

        Raises:
            NotFoundError: there is none of this id.
        """
        rows = self._rows("stored_look", {"look_id": look_id})
        if not rows:
            raise NotFoundError("no look has this id")
        answer = SearchAnswer.model_validate(rows[0]["answer"]) if rows[0]["answer"] else None
        return StoredLook(LookAnswer(**_look_values(rows[0]), answer=answer), rows[0]["image_file"], rows[0]["image_digest"])

    def query(self, query_id: UUID) -> QueryAnswer:
        """One logged query.

        Raises:
            NotFoundError: there is none of this id.
        """
        rows = self._rows("query_by_id", {"query_id": query_id})
        if not rows:
            raise NotFoundError("no query has this id")
        return QueryAnswer(**rows[0])

    def live_indexes(self) -> list[LiveIndex]:
        """What is live in each market."""
        with self._pool.connection() as connection:
            return live_indexes(connection)

    def _rows(self, statement: str, values: dict[str, Any]) -> list[dict[str, Any]]:
        with self._pool.connection() as connection:
            return connection.execute(read_sql(__package__, statement), values).fetchall()


def _look_values(row: dict[str, Any]) -> dict[str, Any]:
    shared = {name: row[name] for name in ("look_id", "kind", "market", "image_digest", "added_at", "tagged_at")}
    return {**shared, "image_url": look_picture_path(row["look_id"], row["image_digest"])}


def _read_token(token: str) -> tuple[datetime, str]:
    try:
        added_at, look_id = decode_token(token)
        moment = datetime.fromisoformat(added_at)
    except (ValueError, TypeError) as error:
        raise NotFoundError(_NO_SUCH_PLACE) from error
    if not isinstance(look_id, str) or "\x00" in look_id or moment.tzinfo is None:
        raise NotFoundError(_NO_SUCH_PLACE)
    return moment, look_id
