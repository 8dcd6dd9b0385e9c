"""Assignments as a rater gets them, and the ratings that come back."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from uuid import UUID

from psycopg import sql
from psycopg.types.json import Jsonb

from lookmatch_serving.db import DictConnection, read_sql
from lookmatch_serving.errors import InvalidInputError, NotFoundError


@dataclass(frozen=True)
class Rater:
    """Who rates; ``facets`` are the study's, ``session_items`` the most in one sitting."""

    study_id: str
    name: str
    facets: tuple[str, ...]
    session_items: int


@dataclass(frozen=True)
class Item:
    """One pair to rate, with its scores where it is rated already.

    ``look_file`` and ``product_digest`` name stored pictures and are never sent to a rater.
    """

    assignment_id: UUID
    layer: str
    warm_up: bool
    look_file: str
    product_digest: str
    scores: Mapping[str, int | None] | None


@dataclass(frozen=True)
class Progress:
    """Items rated, and assigned."""

    rated: int
    assigned: int


def token_digest(token: str) -> bytes:
    """What is kept of a link's token."""
    return hashlib.sha256(token.encode()).digest()


def find_rater(connection: DictConnection, token: str) -> Rater:
    """The rater of a link.

    Raises:
        NotFoundError: no link has this token.
    """
    row = connection.execute(_query("find_rater"), {"digest": token_digest(token)}).fetchone()
    if row is None:
        raise NotFoundError("this link is not valid; ask for a new one")
    return Rater(row["study_id"], row["rater"], tuple(row["facets"]), row["session_items"])


def next_item(connection: DictConnection, rater: Rater) -> Item | None:
    """The first item that the rater has not rated; None when all are."""
    row = connection.execute(_query("next_assignment"), {"study_id": rater.study_id, "rater": rater.name}).fetchone()
    return None if row is None else Item(**row)


def item_of(connection: DictConnection, rater: Rater, assignment_id: UUID) -> Item:
    """An item of this rater's.

    Raises:
        NotFoundError: it is not this rater's.
    """
    values = {"study_id": rater.study_id, "rater": rater.name, "assignment_id": assignment_id}
    row = connection.execute(_query("rater_assignment"), values).fetchone()
    if row is None:
        raise NotFoundError("no such item")
    return Item(**row)


def rated_before(connection: DictConnection, rater: Rater, shown: UUID | None) -> UUID | None:
    """The rater's rated item that comes last before the one shown, or last of all; None when there is none."""
    values = {"study_id": rater.study_id, "rater": rater.name, "before": shown}
    row = connection.execute(_query("previous_assignment"), values).fetchone()
    return None if row is None else row["assignment_id"]


def progress_of(connection: DictConnection, rater: Rater) -> Progress:
    """How far the rater is."""
    row = connection.execute(_query("rater_progress"), {"study_id": rater.study_id, "rater": rater.name}).fetchone()
    assert row is not None
    return Progress(row["rated"], row["assigned"])


def save_rating(
    connection: DictConnection, rater: Rater, assignment_id: UUID, scores: Mapping[str, int | None], seconds: float
) -> None:
    """Keep a rating. Other scores than an item has replace them, and these stay on record as earlier ones, with their time.

    Args:
        connection: to the lookmatch database.
        rater: who rates.
        assignment_id: which item.
        scores: every facet of the study -> 1 to 5, or None for "cannot tell".
        seconds: the item was shown.

    Raises:
        NotFoundError: the item is not this rater's.
        InvalidInputError: a facet is missing or its value is not accepted.
    """
    names = {"study_id": rater.study_id, "rater": rater.name, "assignment_id": assignment_id}
    if connection.execute(_query("lock_assignment"), names).fetchone() is None:
        raise NotFoundError("no such item")
    for facet in rater.facets:
        if facet not in scores or not (scores[facet] is None or scores[facet] in (1, 2, 3, 4, 5)):
            raise InvalidInputError(facet, scores.get(facet), '1 to 5, or "cannot tell"')
    kept = {facet: scores[facet] for facet in rater.facets}
    values = {"assignment_id": assignment_id, "scores": Jsonb(kept), "seconds": max(0.0, min(seconds, 86_400.0))}
    connection.execute(_query("save_rating"), values)


def _query(name: str) -> sql.SQL:
    return read_sql(__package__, name)
