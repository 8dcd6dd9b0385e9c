"""Studies in the database: their definitions, and what is read back of them as tables."""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Mapping
from typing import Any

import pandas as pd
from psycopg import sql
from psycopg.types.json import Jsonb

from lookmatch_assets.studies.definition import StudyDefinition, checked_definition
from lookmatch_serving.db import DictConnection, read_sql
from lookmatch_serving.errors import InvalidInputError, NotFoundError
from lookmatch_serving.rating.store import token_digest

Gain = tuple[str, str, str, int, dict[str, float]]
"""Look, layer, product, gain, and facet -> share in [0, 1] to which the product agrees with the piece."""


def save_definition(connection: DictConnection, definition: StudyDefinition) -> None:
    """Register a study; the same definition again changes nothing.

    Raises:
        InvalidInputError: another study of this id is there already.
    """
    values = [definition.study_id, Jsonb(definition.model_dump(mode="json"))]
    connection.execute("INSERT INTO studies.studies (study_id, definition) VALUES (%s, %s) ON CONFLICT DO NOTHING", values)
    if definition_of(connection, definition.study_id) != definition:
        raise InvalidInputError("study_id", definition.study_id, "an id that no study has; studies do not change once made")


def definition_of(connection: DictConnection, study_id: str) -> StudyDefinition:
    """The definition of a study.

    Raises:
        NotFoundError: there is no such study.
    """
    row = connection.execute("SELECT definition FROM studies.studies WHERE study_id = %s", [study_id]).fetchone()
    if row is None:
        raise NotFoundError(f"study {study_id!r} does not exist; `lookmatch study list` shows those that do")
    return checked_definition(row["definition"])


def lineage_of(connection: DictConnection, study_id: str) -> dict[str, Any]:
    """What a study was made with; empty before it was made."""
    row = connection.execute("SELECT lineage FROM studies.studies WHERE study_id = %s", [study_id]).fetchone()
    return dict(row["lineage"]) if row else {}


def ratings_of(connection: DictConnection, study_id: str) -> pd.DataFrame:
    """One row a rating and facet, models' included; ``score`` is NaN for "cannot tell"."""
    frame = frame_of(connection, "study_ratings", {"study_id": study_id})
    return frame.assign(score=pd.to_numeric(frame["score"])) if len(frame) else frame


def returned_of(connection: DictConnection, study_id: str, depth: int) -> pd.DataFrame:
    """One row a system, layer and rank; ``pair`` is set for what is rated."""
    return frame_of(connection, "study_returned", {"study_id": study_id, "depth": depth})


def gains_of(connection: DictConnection, study_id: str) -> dict[str, dict[str, int]]:
    """``look/layer`` -> product -> gain, of the layers that were read."""
    gains: dict[str, dict[str, int]] = {}
    for row in connection.execute(statement("study_gains"), {"study_id": study_id}):
        gains.setdefault(f"{row['look_id']}/{row['layer']}", {})[row["product_id"]] = row["gain"]
    return gains


def pools_of(connection: DictConnection, study_id: str) -> tuple[dict[tuple[str, str], list[int]], list[int]]:
    """(look, layer) -> pair ids to compare, and pair ids of gold items."""
    rows = connection.execute(statement("study_pools"), {"study_id": study_id}).fetchall()
    pools: dict[tuple[str, str], list[int]] = {}
    for row in rows:
        if row["expected"] is None:
            pools.setdefault((row["look_id"], row["layer"]), []).append(row["pair_id"])
    return pools, [row["pair_id"] for row in rows if row["expected"] is not None]


def list_studies(connection: DictConnection) -> list[dict[str, Any]]:
    """Study_id, created_at, items and rated (how many of them are) of every study, the oldest first."""
    return connection.execute(statement("list_studies")).fetchall()


def record_judge(connection: DictConnection, study_id: str, record: Mapping[str, Any]) -> None:
    """Keep what is told of a study's judge in its lineage, in place of what was; commits."""
    connection.execute(statement("record_judge"), {"study_id": study_id, "judge": Jsonb(record)})
    connection.commit()


def save_gains(connection: DictConnection, study_id: str, gains: Iterable[Gain]) -> None:
    """Keep what a labelled catalogue says of products and layers, in place of what was kept before."""
    connection.execute("DELETE FROM studies.gains WHERE study_id = %s", [study_id])
    columns = "(study_id, look_id, layer, product_id, gain, agreement)"
    with connection.cursor().copy(f"COPY studies.gains {columns} FROM STDIN".encode()) as copy:
        for look, layer, product, gain, agreement in gains:
            copy.write_row((study_id, look, layer, product, gain, Jsonb(agreement)))


def renew_links(connection: DictConnection, study_id: str) -> dict[str, str]:
    """New tokens for all people who rate a study, by rater; earlier links stop working."""
    rows = connection.execute(
        "SELECT rater FROM studies.raters WHERE study_id = %s AND kind <> 'model' ORDER BY rater", [study_id]
    ).fetchall()
    tokens = {row["rater"]: secrets.token_urlsafe(32) for row in rows}
    for rater, token in tokens.items():
        connection.execute(
            "UPDATE studies.raters SET token_digest = %s WHERE study_id = %s AND rater = %s",
            [token_digest(token), study_id, rater],
        )
    connection.commit()
    return tokens


def frame_of(connection: DictConnection, name: str, values: Mapping[str, Any]) -> pd.DataFrame:
    """What a packaged statement gives, with its columns also where it gives no row."""
    cursor = connection.execute(statement(name), values)
    columns = [column.name for column in cursor.description or ()]
    return pd.DataFrame(cursor.fetchall(), columns=columns)


def statement(name: str) -> sql.SQL:
    """A packaged statement of this package."""
    return read_sql(__package__, name)
