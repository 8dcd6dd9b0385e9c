"""Making a study again from what was recorded, to see whether the same candidates and the same assignment come back."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from lookmatch_assets.studies.assignment import assign
from lookmatch_assets.studies.candidates import OpenSystem, open_reader, present_systems, read_looks, search_layers
from lookmatch_assets.studies.definition import StudyDefinition
from lookmatch_assets.studies.lineage import data_versions, study_lineage
from lookmatch_assets.studies.making import Indexes, open_indexes
from lookmatch_assets.studies.store import definition_of, lineage_of, pools_of, returned_of, statement
from lookmatch_serving.db import DictConnection
from lookmatch_serving.embedded import Services
from lookmatch_serving.search.models.query import LayerQuery
from lookmatch_serving.search.runtime.cache import SearchCache
from lookmatch_serving.settings import Settings


def replay(connection: DictConnection, settings: Settings, services: Services, study_id: str) -> Iterator[str]:
    """Yield a line on every change of lineage, one a system on how many layers came back the same, and one on the assignment.

    Nothing of the study changes. Layers that a model read are not read again: what it said then is searched.

    Raises:
        NotFoundError: there is no such study.
    """
    definition, lineage = definition_of(connection, study_id), lineage_of(connection, study_id)
    present, absent = present_systems(settings, definition.systems)
    values = {"markets": [m.value for m in definition.markets], "looks": list(lineage.get("looks", {}))}
    rows = connection.execute(statement("study_looks"), values).fetchall()
    indexes = open_indexes(connection, settings, present, rows)
    reader = open_reader(settings, definition) if definition.reader == "embedded" else None
    now = study_lineage(settings, definition, present, reader.version if reader else lineage["reader"], rows)
    now["data"] = data_versions(connection, indexes)
    yield from (f"{name}: absent ({reason})" for name, reason in absent.items())
    changes = list(_changes(lineage, now))
    yield from changes or ["lineage: code, encoders, prompts, index settings, looks and data are as they were"]
    yield from _candidates_again(connection, settings, services, definition, present, indexes, rows)
    yield _assignment_again(connection, definition)


def _changes(then: Mapping[str, Any], now: Mapping[str, Any], path: str = "") -> Iterator[str]:
    for name in sorted({*then, *now}):
        before, after = then.get(name), now.get(name)
        if name == "judge":
            continue
        if isinstance(before, dict) and isinstance(after, dict):
            yield from _changes(before, after, f"{path}{name}.")
        elif before != after:
            yield f"{path}{name}: was {before}, is {after}"


def _candidates_again(
    connection: DictConnection,
    settings: Settings,
    services: Services,
    definition: StudyDefinition,
    present: Mapping[str, OpenSystem],
    indexes: Indexes,
    rows: list[dict[str, Any]],
) -> Iterator[str]:
    recorded = {
        key: list(part["product"])
        for key, part in returned_of(connection, definition.study_id, definition.depth).groupby(["system", "look", "layer"])
    }
    read = _layers_read(connection, definition.study_id)
    same, total, reread = dict.fromkeys(present, 0), dict.fromkeys(present, 0), 0
    reader, cache = open_reader(settings, definition), SearchCache(services.redis_url)
    for look in read_looks(settings, rows, reader, None if definition.reader == "embedded" else read):
        reread += {q.layer: q for q in look.queries} == {q.layer: q for q in read.get(look.look_id, [])}
        for name, system in present.items():
            index = indexes.get((name, look.market))
            if index is None:
                continue
            for found in search_layers(connection, cache, system, index, look, settings.image_folder):
                before = recorded.get((found.system, found.look_id, found.layer), [])
                total[name] += 1
                same[name] += [product for product, _ in found.products][: len(before)] == before
    cache.close()
    yield f"looks: {reread} of {len(rows)} read the same"
    for name, count in same.items():
        yield f"{name}: {count} of {total[name]} layers returned the same products in the same order"


def _layers_read(connection: DictConnection, study_id: str) -> dict[str, list[LayerQuery]]:
    rows = connection.execute(
        "SELECT look_id, read FROM studies.layers WHERE study_id = %s ORDER BY look_id, layer", [study_id]
    ).fetchall()
    read: dict[str, list[LayerQuery]] = {}
    for row in rows:
        read.setdefault(row["look_id"], []).append(LayerQuery.model_validate(row["read"]))
    return read


def _assignment_again(connection: DictConnection, definition: StudyDefinition) -> str:
    pools, gold = pools_of(connection, definition.study_id)
    again = {(item.rater, item.position): (item.pair_id, item.kind) for item in assign(definition, pools, gold)}
    rows = connection.execute(statement("study_items"), {"study_id": definition.study_id}).fetchall()
    then = {(row["rater"], row["position"]): (row["pair_id"], row["kind"]) for row in rows}
    return f"assignment: {len(then)} items, {'the same again' if again == then else 'NOT the same again'}"
