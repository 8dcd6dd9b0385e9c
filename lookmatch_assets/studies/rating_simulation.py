"""Simulated raters of a labelled study: what the catalogue's labels say, with a lean of each rater and noise."""

from __future__ import annotations

from collections.abc import Mapping
from random import Random
from typing import Any

from lookmatch_assets.studies.definition import StudyDefinition
from lookmatch_assets.studies.results import OVERALL
from lookmatch_assets.studies.store import definition_of, statement
from lookmatch_serving.db import DictConnection
from lookmatch_serving.rating.store import Rater, save_rating

LEAN, NOISE = 0.3, 0.5
"""Standard deviations, on the 1-5 scale."""

SECONDS = 0.0
"""Simulated ratings take no time; the report's cost is people's."""


def simulate_ratings(connection: DictConnection, study_id: str, seed: int) -> int:
    """Rate what the simulated raters have left; commits and returns how many items that were."""
    definition, draw, count = definition_of(connection, study_id), Random(seed), 0
    leans = {rater: draw.gauss(0, LEAN) for rater in definition.raters}
    rows = connection.execute(statement("study_open_assignments"), {"study_id": study_id}).fetchall()
    for row in rows:
        scores: dict[str, int | None] = {
            facet: min(5, max(1, round(truth_of(row, facet) + leans[row["rater"]] + draw.gauss(0, NOISE))))
            for facet in definition.facets
        }
        save_rating(connection, _rater(definition, row["rater"]), row["assignment_id"], scores, SECONDS)
        count += 1
    connection.commit()
    return count


def truth_of(row: Mapping[str, Any], facet: str) -> float:
    """What an item is worth in a facet, 1 to 5: the facet's own agreement where it is labelled, else the gain."""
    if row["expected"] is not None:
        return 5.0 if row["expected"] == "good" else 1.0
    agreement = row["agreement"] or {}
    if facet != OVERALL and facet in agreement:
        return 1.0 + 4.0 * float(agreement[facet])
    return 1.0 + float(row["gain"] or 0)


def _rater(definition: StudyDefinition, name: str) -> Rater:
    return Rater(definition.study_id, name, tuple(definition.facets), definition.session_items)
