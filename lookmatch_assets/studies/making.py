"""Making a study: every look searched by every system, what they return pooled, and the pool assigned to raters."""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from random import Random
from typing import Any

from psycopg.types.json import Jsonb

from lookmatch_assets.studies.assignment import Assigned, assign
from lookmatch_assets.studies.candidates import (
    OpenSystem,
    ReadLook,
    Returned,
    open_reader,
    prepare_index,
    present_systems,
    read_looks,
    search_layers,
)
from lookmatch_assets.studies.definition import StudyDefinition
from lookmatch_assets.studies.gold import gold_pairs
from lookmatch_assets.studies.lineage import data_versions, study_lineage
from lookmatch_assets.studies.store import pools_of, returned_of, statement
from lookmatch_serving.db import DictConnection
from lookmatch_serving.embedded import Services
from lookmatch_serving.errors import InvalidInputError
from lookmatch_serving.rating.store import token_digest
from lookmatch_serving.search.models.index import LiveIndex
from lookmatch_serving.search.runtime.cache import SearchCache
from lookmatch_serving.settings import Settings

_KEPT = 20
"""Products kept of each system and layer, for ranking metrics beyond the rated depth."""

Indexes = dict[tuple[str, str], LiveIndex]


@dataclass(frozen=True)
class SearchSummary:
    """What searching did; ``systems`` has a line for each, with the reason of those that are absent."""

    looks: int
    layers: int
    systems: list[dict[str, object]]


@dataclass(frozen=True)
class PoolSummary:
    """Distinct pairs to rate, gold items, and how many items each rater has."""

    pairs: int
    gold: int
    items: dict[str, int]


def search_study(
    connection: DictConnection, settings: Settings, services: Services, definition: StudyDefinition
) -> SearchSummary:
    """Search every look with every system that is present, in place of what an unfinished run left.

    Raises:
        InvalidInputError: no look, or a study that has ratings already.
    """
    study_id = definition.study_id
    _refuse_rated(connection, study_id)
    for table in ("raters", "layers", "systems"):
        connection.execute(f"DELETE FROM studies.{table} WHERE study_id = %s".encode(), [study_id])  # noqa: S608
    rows = looks_of(connection, definition)
    if not rows:
        raise InvalidInputError("looks", definition.looks, "ids of registered looks of the study's markets")
    present, absent = present_systems(settings, definition.systems)
    reader = open_reader(settings, definition)
    indexes = open_indexes(connection, settings, present, rows)
    lineage = study_lineage(settings, definition, present, reader.version, rows)
    lineage["data"] = data_versions(connection, indexes)
    _save_systems(connection, definition, present, absent)
    cache, layers, answered = SearchCache(services.redis_url), 0, dict.fromkeys(present, 0)
    try:
        for look in read_looks(settings, rows, reader):
            layers += _save_layers(connection, study_id, look)
            for name, system in present.items():
                index = indexes.get((name, look.market))
                if index is None:
                    continue
                for found in search_layers(connection, cache, system, index, look, settings.image_folder):
                    _save_candidates(connection, study_id, found)
                    answered[name] += bool(found.products)
    finally:
        cache.close()
    connection.execute("UPDATE studies.studies SET lineage = %s WHERE study_id = %s", [Jsonb(lineage), study_id])
    connection.commit()
    return SearchSummary(len(rows), layers, _lines(definition, present, absent, answered))


def pool_study(connection: DictConnection, settings: Settings, definition: StudyDefinition) -> PoolSummary:
    """Pool what the systems returned and assign it to the raters, in place of an earlier pool.

    Raises:
        InvalidInputError: a study that has ratings already.
    """
    _refuse_rated(connection, definition.study_id)
    for table in ("raters", "pairs"):
        connection.execute(f"DELETE FROM studies.{table} WHERE study_id = %s".encode(), [definition.study_id])  # noqa: S608
    _pool(connection, settings, definition)
    items, pairs, gold = assign_study(connection, definition)
    connection.commit()
    return PoolSummary(pairs, gold, {rater: sum(item.rater == rater for item in items) for rater in definition.raters})


def looks_of(connection: DictConnection, definition: StudyDefinition) -> list[dict[str, Any]]:
    """Rows of the study's looks."""
    values = {"markets": [m.value for m in definition.markets], "looks": definition.looks}
    return connection.execute(statement("study_looks"), values).fetchall()


def open_indexes(
    connection: DictConnection, settings: Settings, present: Mapping[str, OpenSystem], rows: Sequence[Mapping[str, Any]]
) -> Indexes:
    """(system, market) -> index, brought up to date; markets without products are left out."""
    connection.commit()
    indexes = {}
    for name, system in present.items():
        for market in sorted({row["market"] for row in rows}):
            index = prepare_index(connection, system, market, settings)
            if index is not None:
                indexes[name, market] = index
    return indexes


def assign_study(connection: DictConnection, definition: StudyDefinition) -> tuple[list[Assigned], int, int]:
    """Assign the pool; returns the items and how many pairs and gold items there are."""
    pools, gold = pools_of(connection, definition.study_id)
    items = assign(definition, pools, gold)
    with connection.cursor() as cursor:
        cursor.executemany(
            "INSERT INTO studies.raters (study_id, rater, token_digest, kind) VALUES (%s, %s, %s, %s)",
            [
                (definition.study_id, rater, token_digest(secrets.token_urlsafe(32)), _kind_of(rater))
                for rater in definition.raters
            ],
        )
        cursor.executemany(
            "INSERT INTO studies.assignments (study_id, rater, pair_id, kind, position) VALUES (%s, %s, %s, %s, %s)",
            [(definition.study_id, item.rater, item.pair_id, item.kind, item.position) for item in items],
        )
    return items, sum(map(len, pools.values())), len(gold)


def _kind_of(rater: str) -> str:
    return "simulated" if rater.startswith("simulated") else "person"


def _refuse_rated(connection: DictConnection, study_id: str) -> None:
    rated = connection.execute(
        "SELECT 1 FROM studies.ratings JOIN studies.assignments USING (assignment_id) WHERE study_id = %s LIMIT 1", [study_id]
    ).fetchone()
    if rated:
        raise InvalidInputError("study_id", study_id, "a study without ratings; make a new one to change what is rated")


def _lines(
    definition: StudyDefinition, present: Mapping[str, OpenSystem], absent: Mapping[str, str], answered: Mapping[str, int]
) -> list[dict[str, object]]:
    return [
        {
            "system": system.name,
            "encoder": system.encoder,
            "version": present[system.name].encoder.version if system.name in present else "-",
            "query": system.query,
            "ranker": system.ranker,
            "index": system.index,
            "takes part": "yes" if system.name in present else f"absent: {absent[system.name]}",
            "layers answered": answered.get(system.name, 0),
        }
        for system in definition.systems
    ]


def _save_systems(
    connection: DictConnection, definition: StudyDefinition, present: Mapping[str, OpenSystem], absent: Mapping[str, str]
) -> None:
    for system in definition.systems:
        opened = present.get(system.name)
        lineage = {**system.model_dump(mode="json"), "encoder_version": opened.encoder.version if opened else None}
        connection.execute(
            "INSERT INTO studies.systems (study_id, system, absent, lineage) VALUES (%s, %s, %s, %s)",
            [definition.study_id, system.name, absent.get(system.name), Jsonb(lineage)],
        )


def _save_layers(connection: DictConnection, study_id: str, look: ReadLook) -> int:
    known = {"study_id": study_id, "look_id": look.look_id, "market": look.market, "image_file": look.image_file}
    rows = [
        {
            **known,
            "layer": query.layer,
            "gender": query.gender or "unknown",
            "category": query.category or "unknown",
            "query": query.query,
            "read": Jsonb(query.model_dump(mode="json")),
        }
        for query in look.queries
    ]
    with connection.cursor() as cursor:
        cursor.executemany(statement("save_layer"), rows)
    return len(look.queries)


def _save_candidates(connection: DictConnection, study_id: str, found: Returned) -> None:
    known = {"study_id": study_id, "system": found.system, "look_id": found.look_id, "layer": found.layer}
    rows = [
        {**known, "product_id": product, "rank": rank, "score": score}
        for rank, (product, score) in enumerate(found.products[:_KEPT], start=1)
    ]
    with connection.cursor() as cursor:
        cursor.executemany(statement("save_candidate"), rows)


def _pool(connection: DictConnection, settings: Settings, definition: StudyDefinition) -> None:
    """Pairs to rate: what any system returned within the depth, and gold items."""
    study_id = definition.study_id
    returned = returned_of(connection, study_id, definition.depth)
    pool = returned[returned["rank"] <= definition.depth][["look", "layer", "product"]].drop_duplicates()
    pairs = [(str(a), str(b), str(c)) for a, b, c in pool.to_numpy().tolist()]
    values = {"product_ids": [product for _, _, product in pairs]}
    digests = {row["product_id"]: row["digest"] for row in connection.execute(statement("study_pictures"), values).fetchall()}
    pairs = [pair for pair in pairs if pair[2] in digests]
    gold = gold_pairs(connection, settings, study_id, pairs, definition.gold, Random(definition.seed + 1))
    rows: list[tuple[object, ...]] = [(look, layer, product, digests[product], None) for look, layer, product in pairs]
    rows += [(look, layer, product, own or digests[product], expected) for look, layer, product, expected, own in gold]
    columns = ("look_id", "layer", "product_id", "image_digest", "expected")
    with connection.cursor() as cursor:
        cursor.executemany(
            statement("save_pair"), [{"study_id": study_id, **dict(zip(columns, row, strict=True))} for row in rows]
        )
