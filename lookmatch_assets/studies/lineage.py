"""What a study was made with, so that it can be made again: code, encoders, readers, prompts, index settings and data."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from importlib.metadata import version
from typing import Any, cast

from psycopg import sql

from lookmatch_assets.studies.candidates import OpenSystem
from lookmatch_assets.studies.definition import StudyDefinition
from lookmatch_assets.vectors.tables import INDEX_BUILD
from lookmatch_serving.db import DictConnection, read_sql
from lookmatch_serving.llm.prompts import QUERY_SYSTEM, QUERY_VERSION, RERANK_SYSTEM, RERANK_VERSION
from lookmatch_serving.search.models.index import LiveIndex
from lookmatch_serving.search.reranking.rankers import OTHER_CATEGORY_COST, SEGMENT_SHARE
from lookmatch_serving.settings import Settings

_LIBRARIES = ("lookmatch", "torch", "open_clip_torch", "transformers", "pillow", "pgvector")


def study_lineage(
    settings: Settings,
    definition: StudyDefinition,
    present: Mapping[str, OpenSystem],
    reader_version: str,
    looks: Sequence[Mapping[str, Any]],
) -> dict[str, Any]:
    """Everything but the data; plain values that JSON holds.

    Args:
        settings: of the home.
        definition: the study.
        present: systems that take part.
        reader_version: of what read the looks.
        looks: rows with look_id and image_digest.
    """
    prompts = {QUERY_VERSION: QUERY_SYSTEM} if definition.reader == "model" else {}
    if any(system.reranker for system in present.values()):
        prompts[RERANK_VERSION] = RERANK_SYSTEM
    return {
        "versions": {name: version(name) for name in _LIBRARIES},
        "encoders": {name: system.encoder.version for name, system in present.items()},
        "rankers": {name: system.ranker_version for name, system in present.items()},
        "ranking": {"segment_share": SEGMENT_SHARE, "other_category_cost": OTHER_CATEGORY_COST},
        "reader": reader_version,
        "segmenter": settings.segmenter,
        "prompts": {name: hashlib.sha256(text.encode()).hexdigest() for name, text in prompts.items()},
        "index_build": INDEX_BUILD,
        "looks": {row["look_id"]: row["image_digest"] for row in looks},
    }


def data_versions(connection: DictConnection, indexes: Mapping[tuple[str, str], LiveIndex]) -> dict[str, dict[str, Any]]:
    """``system/market`` -> number of products, and digests of their pictures and of what filters and groups them."""
    found = {}
    for (system, market), index in indexes.items():
        query = read_sql(__package__, "study_data_version").format(table=sql.Identifier("vectors", index.table_name))
        found[f"{system}/{market}"] = cast("dict[str, Any]", connection.execute(query, {"market": market}).fetchone())
    return found
