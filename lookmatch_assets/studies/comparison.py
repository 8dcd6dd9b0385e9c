"""Two studies beside each other, as lines for a terminal."""

from __future__ import annotations

from collections.abc import Iterator

import pandas as pd

from lookmatch_assets.studies.report import verdict_of
from lookmatch_assets.studies.results import StudyResult

_METRICS = ("nDCG@10", "AvgRecall", "MRR")


def compare_studies(one: StudyResult, other: StudyResult) -> Iterator[str]:
    """Verdicts, scores and metrics by system, and what the two do not share.

    The studies have raters and looks of their own, so a difference between them is given without a test.
    """
    studies = {one.definition.study_id: one, other.definition.study_id: other}
    for study_id, result in studies.items():
        yield f"{study_id}{' (simulated raters)' if result.simulated else ''}: {verdict_of(result)}"
    for title, table in (("mean opinion score", _scores(studies)), *((name, _metric(studies, name)) for name in _METRICS)):
        if len(table):
            yield f"\n{title}\n{table.round(3).to_string(na_rep='-')}"
    yield from _not_shared(one, other)


def _scores(studies: dict[str, StudyResult]) -> pd.DataFrame:
    columns = {}
    for study_id, result in studies.items():
        if len(result.overall):
            table = result.overall.set_index("system")
            columns[study_id] = table["mean"]
            columns[f"{study_id} 95 %"] = table.apply(lambda row: f"{row['low']:.2f} to {row['high']:.2f}", axis=1)
    return _beside(columns, list(studies))


def _metric(studies: dict[str, StudyResult], name: str) -> pd.DataFrame:
    columns = {study_id: r.metrics.set_index("system")[name] for study_id, r in studies.items() if len(r.metrics)}
    return _beside(columns, list(studies))


def _beside(columns: dict[str, pd.Series], studies: list[str]) -> pd.DataFrame:
    if not columns:
        return pd.DataFrame()
    table = pd.concat(columns, axis=1)
    if all(study in table for study in studies):
        table["second minus first"] = table[studies[1]] - table[studies[0]]
    return table


def _not_shared(result: StudyResult, other: StudyResult) -> Iterator[str]:
    a, b = result.definition, other.definition
    different = [name for name in type(a).model_fields if name != "study_id" and getattr(a, name) != getattr(b, name)]
    looks = set(result.lineage.get("looks", {})) & set(other.lineage.get("looks", {}))
    yield f"\nlooks in both: {len(looks)} of {len(result.lineage.get('looks', {}))} and {len(other.lineage.get('looks', {}))}"
    yield f"definitions differ in: {', '.join(different) or 'nothing'}"
    before, after = result.lineage.get("encoders", {}), other.lineage.get("encoders", {})
    for system in sorted(before.keys() & after.keys()):
        if before[system] != after[system]:
            yield f"{system}: encoder {before[system]} and {after[system]}"
