"""Preferences in Postgres: read, kept and erased. Each function works in the connection's current transaction."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from psycopg.types.json import Jsonb

from lookmatch_serving.db import DictConnection, read_sql
from lookmatch_serving.settings import Market
from lookmatch_serving.shoppers.preferences import ExplicitPreferences, InferredPreference


@dataclass(frozen=True)
class Erased:
    """Rows that an erasure deleted."""

    interactions: int
    explicit_preferences: int
    inferred_preferences: int
    queries: int
    stored_answers: int


def explicit_preferences(connection: DictConnection, shopper_id: str) -> ExplicitPreferences:
    """What a shopper said; nothing where they said nothing."""
    row = connection.execute(read_sql(__package__, "explicit_preferences"), {"shopper_id": shopper_id}).fetchone()
    return ExplicitPreferences.model_validate(row["preferences"]) if row else ExplicitPreferences()


def inferred_preferences(connection: DictConnection, shopper_id: str, market: Market | None = None) -> list[InferredPreference]:
    """What was inferred of a shopper, in one market or all, the weightiest of a kind first."""
    values = {"shopper_id": shopper_id, "market": market}
    rows = connection.execute(read_sql(__package__, "inferred_preferences"), values).fetchall()
    return [InferredPreference.model_validate(row["preference"]) for row in rows]


def save_explicit_preferences(connection: DictConnection, shopper_id: str, preferences: ExplicitPreferences) -> None:
    """Put what a shopper says now in the place of what they said before."""
    values = {"shopper_id": shopper_id, "preferences": Jsonb(preferences.model_dump(mode="json"))}
    connection.execute(read_sql(__package__, "save_explicit_preferences"), values)


def replace_inferred_preferences(
    connection: DictConnection, market: Market, inferred: Mapping[str, Sequence[InferredPreference]]
) -> None:
    """Put what was inferred now, by shopper id, in the place of what was inferred of these shoppers in the market before.

    ``hold_off_erasure`` first, or what was read before an erasure is written after it.
    """
    rows = [
        {"shopper_id": shopper_id, "preference": one.model_dump(mode="json")}
        for shopper_id, preferences in inferred.items()
        for one in preferences
    ]
    values = {"market": market, "shopper_ids": list(inferred), "inferred": Jsonb(rows)}
    connection.execute(read_sql(__package__, "delete_inferred_preferences"), values)
    connection.execute(read_sql(__package__, "save_inferred_preferences"), values)


def hold_off_erasure(connection: DictConnection) -> None:
    """Make erasures wait until the current transaction ends, and wait for one that goes on."""
    connection.execute("SELECT pg_advisory_xact_lock(hashtextextended('lookmatch.shoppers', 0))")


def erase_rows(connection: DictConnection, shopper_id: str) -> Erased:
    """Delete every row that is stored of a shopper."""
    hold_off_erasure(connection)
    row = connection.execute(read_sql(__package__, "erase_shopper"), {"shopper_id": shopper_id}).fetchone()
    return Erased(**row) if row else Erased(0, 0, 0, 0, 0)
