"""Studies in the database: making one, and reading it back as tables."""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from random import Random
from typing import Any

import pandas as pd
from psycopg.types.json import Jsonb

from lookmatch_assets.studies.assignment import assign
from lookmatch_assets.studies.candidates import (
    ReadLook,
    Returned,
    prepare_index,
    present_systems,
    read_looks,
    search_layers,
)
from lookmatch_assets.studies.definition import StudyDefinition
from lookmatch_serving.db import DictConnection, read_sql
from lookmatch_serving.embedded import Services
from lookmatch_serving.errors import InvalidInputError, NotFoundError
from lookmatch_serving.rating.store import token_digest
from lookmatch_serving.search.cache import SearchCache
from lookmatch_serving.settings import Settings

_KEPT = 20
"""Products kept of each system and layer, for ranking metrics beyond the rated depth."""


@dataclass(frozen=True)
class StudySummary:
    """What making a study did."""

    looks: int
    layers: int
    pairs: int
    items: int
    absent: dict[str, str]


def save_definition(connection: DictConnection, definition: StudyDefinition) -> None:
    """Register a study.

    Raises:
        InvalidInputError: a study of this id is there already.
    """
    values = [definition.study_id, Jsonb(definition.model_dump(mode="json"))]
    added = connection.execute(
        "INSERT INTO studies.studies (study_id, definition) VALUES (%s, %s) ON CONFLICT DO NOTHING RETURNING study_id", values
    ).fetchone()
    if added is None:
        raise InvalidInputError("study_id", definition.study_id, "an id that no study has; studies do not change once made")


def definition_of(connection: DictConnection, study_id: str) -> StudyDefinition:
    """The definition of a study.

    Raises:
        NotFoundError: there is no such study.
    """
    row = connection.execute("SELECT definition FROM studies.studies WHERE study_id = %s", [study_id]).fetchone()
    if row is None:
        raise NotFoundError(f"study {study_id!r} does not exist; `lookmatch study list` shows those that do")
    return StudyDefinition.model_validate(row["definition"])


def materialise(connection: DictConnection, settings: Settings, services: Services, definition: StudyDefinition) -> StudySummary:
    """Search every look with every system, pool what they return and assign it; replaces what an unfinished run left.

    Raises:
        InvalidInputError: no look, or a study that has ratings already.
    """
    study_id = definition.study_id
    rated = connection.execute(
        "SELECT 1 FROM studies.ratings JOIN studies.assignments USING (assignment_id) WHERE study_id = %s LIMIT 1", [study_id]
    ).fetchone()
    if rated:
        raise InvalidInputError("study_id", study_id, "a study without ratings; make a new one to change what is rated")
    for table in ("raters", "layers", "systems"):
        connection.execute(f"DELETE FROM studies.{table} WHERE study_id = %s".encode(), [study_id])  # noqa: S608
    values = {"markets": [m.value for m in definition.markets], "looks": definition.looks}
    rows = connection.execute(_query("study_looks"), values).fetchall()
    if not rows:
        raise InvalidInputError("looks", definition.looks, "ids of registered looks of the study's markets")
    absent, layers, versions = _search(connection, settings, services, definition, rows)
    connection.execute(
        "UPDATE studies.studies SET lineage = %s WHERE study_id = %s",
        [Jsonb({"encoders": versions, "looks": {row["look_id"]: row["image_digest"] for row in rows}}), study_id],
    )
    _pool(connection, definition)
    pairs, items = _assign(connection, definition)
    connection.commit()
    return StudySummary(len(rows), layers, pairs, items, absent)


def ratings_of(connection: DictConnection, study_id: str) -> pd.DataFrame:
    """One row a rating and facet; ``score`` is NaN for "cannot tell"."""
    frame = _frame(connection, "study_ratings", {"study_id": study_id})
    return frame.assign(score=pd.to_numeric(frame["score"])) if len(frame) else frame


def returned_of(connection: DictConnection, study_id: str, depth: int) -> pd.DataFrame:
    """One row a system, layer and rank; ``pair`` is set for what is rated."""
    return _frame(connection, "study_returned", {"study_id": study_id, "depth": depth})


def gains_of(connection: DictConnection, study_id: str) -> dict[str, dict[str, int]]:
    """``look/layer`` -> product -> gain, of the layers that were read."""
    rows = connection.execute(
        "SELECT look_id, layer, product_id, gain FROM studies.gains JOIN studies.layers USING (study_id, look_id, layer)"
        " WHERE study_id = %s",
        [study_id],
    ).fetchall()
    gains: dict[str, dict[str, int]] = {}
    for row in rows:
        gains.setdefault(f"{row['look_id']}/{row['layer']}", {})[row["product_id"]] = row["gain"]
    return gains


def save_gains(connection: DictConnection, study_id: str, gains: Iterable[tuple[str, str, str, int]]) -> None:
    """Keep (look, layer, product, gain) of a labelled catalogue."""
    with connection.cursor().copy("COPY studies.gains (study_id, look_id, layer, product_id, gain) FROM STDIN") as copy:
        for row in gains:
            copy.write_row((study_id, *row))


def renew_links(connection: DictConnection, study_id: str) -> dict[str, str]:
    """New tokens for all raters of a study, by rater; earlier links stop working."""
    rows = connection.execute("SELECT rater FROM studies.raters WHERE study_id = %s ORDER BY rater", [study_id]).fetchall()
    tokens = {row["rater"]: secrets.token_urlsafe(32) for row in rows}
    for rater, token in tokens.items():
        connection.execute(
            "UPDATE studies.raters SET token_digest = %s WHERE study_id = %s AND rater = %s",
            [token_digest(token), study_id, rater],
        )
    connection.commit()
    return tokens


def _search(
    connection: DictConnection,
    settings: Settings,
    services: Services,
    definition: StudyDefinition,
    rows: Sequence[Mapping[str, Any]],
) -> tuple[dict[str, str], int, dict[str, str]]:
    encoders, absent = present_systems(definition.systems)
    versions = {name: encoder.version for name, encoder in encoders.items()}
    for system in definition.systems:
        lineage = {**system.model_dump(mode="json"), "encoder_version": versions.get(system.name)}
        connection.execute(
            "INSERT INTO studies.systems (study_id, system, absent, lineage) VALUES (%s, %s, %s, %s)",
            [definition.study_id, system.name, absent.get(system.name), Jsonb(lineage)],
        )
    connection.commit()
    markets = {row["market"] for row in rows}
    indexes = {
        (name, market): prepare_index(connection, encoder, market, settings)
        for name, encoder in encoders.items()
        for market in markets
    }
    cache, layers = SearchCache(services.redis_url), 0
    try:
        for look in read_looks(settings, [dict(row) for row in rows]):
            layers += _save_layers(connection, definition.study_id, look)
            for system in definition.systems:
                index = indexes.get((system.name, look.market))
                if index is None:
                    continue
                for found in search_layers(connection, cache, system, encoders[system.name], index, look):
                    _save_candidates(connection, definition.study_id, found)
    finally:
        cache.close()
    return absent, layers, versions


def _save_layers(connection: DictConnection, study_id: str, look: ReadLook) -> int:
    queries = [query for query in look.queries if query.layer in look.segments]
    with connection.cursor() as cursor:
        cursor.executemany(
            "INSERT INTO studies.layers (study_id, look_id, layer, market, gender, category, query, image_file)"
            " VALUES (%s, %s, %s, %s, %s, %s, %s, %s)",
            [
                (study_id, look.look_id, q.layer, look.market, q.gender or "unknown", q.category or "unknown", q.query,
                 look.image_file)
                for q in queries
            ],
        )  # fmt: skip
    return len(queries)


def _save_candidates(connection: DictConnection, study_id: str, found: Returned) -> None:
    with connection.cursor() as cursor:
        cursor.executemany(
            "INSERT INTO studies.candidates (study_id, system, look_id, layer, product_id, rank, score)"
            " VALUES (%s, %s, %s, %s, %s, %s, %s)",
            [
                (study_id, found.system, found.look_id, found.layer, product, rank, score)
                for rank, (product, score) in enumerate(found.products[:_KEPT], start=1)
            ],
        )


def _pool(connection: DictConnection, definition: StudyDefinition) -> None:
    """Pairs to rate: what any system returned within the depth, and gold items, whose product belongs to another layer."""
    study_id, draw = definition.study_id, Random(definition.seed + 1)
    returned = returned_of(connection, study_id, definition.depth)
    pool = returned[returned["rank"] <= definition.depth][["look", "layer", "product"]].drop_duplicates()
    pairs: list[tuple[str, str, str, str | None]] = [(str(a), str(b), str(c), None) for a, b, c in pool.to_numpy().tolist()]
    candidates = [(look, layer, product) for look, layer, product, _ in pairs]
    for look, layer, _ in draw.sample(candidates, min(definition.gold, len(candidates))):
        market = {p.split(":")[1] for a, _, p in candidates if a == look}
        others = [p for _, other, p in candidates if other != layer and p.split(":")[1] in market]
        if others:
            pairs.append((look, layer, draw.choice(others), "bad"))
    values = {"product_ids": [product for _, _, product, _ in pairs]}
    digests = {row["product_id"]: row["digest"] for row in connection.execute(_query("study_pictures"), values).fetchall()}
    with connection.cursor() as cursor:
        cursor.executemany(
            "INSERT INTO studies.pairs (study_id, look_id, layer, product_id, image_digest, expected)"
            " VALUES (%s, %s, %s, %s, %s, %s) ON CONFLICT DO NOTHING",
            [(study_id, look, layer, p, digests[p], expected) for look, layer, p, expected in pairs if p in digests],
        )


def _assign(connection: DictConnection, definition: StudyDefinition) -> tuple[int, int]:
    rows = connection.execute(_query("study_pools"), {"study_id": definition.study_id}).fetchall()
    pools: dict[tuple[str, str], list[int]] = {}
    for row in rows:
        if row["expected"] is None:
            pools.setdefault((row["look_id"], row["layer"]), []).append(row["pair_id"])
    gold = [row["pair_id"] for row in rows if row["expected"] is not None]
    items = assign(definition, pools, gold)
    with connection.cursor() as cursor:
        cursor.executemany(
            "INSERT INTO studies.raters (study_id, rater, token_digest, kind) VALUES (%s, %s, %s, %s)",
            [
                (
                    definition.study_id,
                    rater,
                    token_digest(secrets.token_urlsafe(32)),
                    "simulated" if rater.startswith("simulated") else "person",
                )
                for rater in definition.raters
            ],
        )
        cursor.executemany(
            "INSERT INTO studies.assignments (study_id, rater, pair_id, kind, position) VALUES (%s, %s, %s, %s, %s)",
            [(definition.study_id, item.rater, item.pair_id, item.kind, item.position) for item in items],
        )
    return sum(map(len, pools.values())), len(items)


def _frame(connection: DictConnection, name: str, values: Mapping[str, Any]) -> pd.DataFrame:
    cursor = connection.execute(_query(name), values)
    columns = [column.name for column in cursor.description or ()]
    return pd.DataFrame(cursor.fetchall(), columns=columns)


def _query(name: str) -> bytes:
    return read_sql("lookmatch_assets", name).encode()
