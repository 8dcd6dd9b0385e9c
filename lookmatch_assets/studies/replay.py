"""Searching a study's looks again, to see whether the recorded candidates come back."""

from __future__ import annotations

from collections.abc import Iterator

from lookmatch_assets.studies.candidates import prepare_index, present_systems, read_looks, search_layers
from lookmatch_assets.studies.store import definition_of, returned_of
from lookmatch_serving.db import DictConnection, read_sql
from lookmatch_serving.embedded import Services
from lookmatch_serving.search.cache import SearchCache
from lookmatch_serving.settings import Settings


def replay(connection: DictConnection, settings: Settings, services: Services, study_id: str) -> Iterator[str]:
    """Yield a line on every change of lineage, and one a system on how many layers came back the same."""
    definition = definition_of(connection, study_id)
    row = connection.execute("SELECT lineage FROM studies.studies WHERE study_id = %s", [study_id]).fetchone()
    lineage = row["lineage"] if row else {}
    encoders, absent = present_systems(definition.systems)
    values = {"markets": [m.value for m in definition.markets], "looks": list(lineage.get("looks", {}))}
    rows = connection.execute(read_sql("lookmatch_assets", "study_looks").encode(), values).fetchall()
    for row in rows:
        if lineage["looks"][row["look_id"]] != row["image_digest"]:
            yield f"{row['look_id']}: its picture has changed since"
    for name, reason in absent.items():
        yield f"{name}: absent ({reason})"
    for name, encoder in encoders.items():
        if lineage.get("encoders", {}).get(name) not in (None, encoder.version):
            yield f"{name}: was {lineage['encoders'][name]}, is {encoder.version}"
    recorded = {
        key: list(part["product"])
        for key, part in returned_of(connection, study_id, definition.depth).groupby(["system", "look", "layer"])
    }
    same = dict.fromkeys(encoders, 0)
    total = dict.fromkeys(encoders, 0)
    markets = {row["market"] for row in rows}
    indexes = {(n, m): prepare_index(connection, e, m, settings) for n, e in encoders.items() for m in markets}
    cache = SearchCache(services.redis_url)
    for look in read_looks(settings, rows):
        for system in definition.systems:
            index = indexes.get((system.name, look.market))
            if index is None:
                continue
            for found in search_layers(connection, cache, system, encoders[system.name], index, look):
                before = recorded.get((found.system, found.look_id, found.layer), [])
                total[system.name] += 1
                same[system.name] += [product for product, _ in found.products][: len(before)] == before
    cache.close()
    for name, count in same.items():
        yield f"{name}: {count} of {total[name]} layers returned the same products in the same order"
