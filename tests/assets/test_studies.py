"""A study from its run config to its report, as Dagster materialises it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import dagster as dg
import pandas as pd
import psycopg
import pytest
from pgvector.psycopg import register_vector
from psycopg.rows import dict_row

from lookmatch_assets.defs.partitions import STUDIES
from lookmatch_assets.defs.resources import Stores
from lookmatch_assets.defs.studies.studies import StudyConfig, SystemConfig, study_candidates, study_pool, study_report
from lookmatch_assets.studies.comparison import compare_studies
from lookmatch_assets.studies.definition import StudyDefinition, SystemDefinition
from lookmatch_assets.studies.rating_simulation import simulate_ratings
from lookmatch_assets.studies.replay import replay
from lookmatch_assets.studies.results import evaluate
from lookmatch_serving.db import DictConnection
from lookmatch_serving.embedded import Services
from lookmatch_serving.errors import InvalidInputError
from lookmatch_serving.settings import Settings
from tests.assets.labelled_study import add_looks, make_market
from tests.tiny_encoders import install_tiny_encoders

ASSETS = [study_candidates, study_pool, study_report]
FACETS = ["colour_match", "overall_look"]
PAPER = [
    {"name": "mini", "encoder": "lookmatch-mini", "query": "text"},
    {"name": "clip", "encoder": "clip-vit-h-14", "query": "text", "index": "exact"},
    {"name": "fashion clip", "encoder": "fashion-clip", "query": "blend", "index": "index", "ef_search": 40},
    {"name": "fashion siglip", "encoder": "fashion-siglip", "query": "text", "ranker": "segment"},
    {"name": "dinov2", "encoder": "dinov2", "query": "segment", "index": "bits"},
]


@pytest.fixture
def connection(
    settings: Settings, database_url: str, redis_url: str, monkeypatch: pytest.MonkeyPatch
) -> Iterator[DictConnection]:
    monkeypatch.setenv("LOOKMATCH_HOME", str(settings.home))
    monkeypatch.setenv("LOOKMATCH_DATABASE_URL", database_url)
    monkeypatch.setenv("LOOKMATCH_REDIS_URL", redis_url)
    with psycopg.connect(database_url, row_factory=dict_row) as opened:
        register_vector(opened)
        make_market(opened, settings)
        add_looks(opened, settings, "IN", 3)
        yield opened


@pytest.fixture
def instance() -> Iterator[dg.DagsterInstance]:
    with dg.DagsterInstance.ephemeral() as made:
        yield made


def materialise(instance: dg.DagsterInstance, study_id: str, assets: list[Any], **config: Any) -> dict[str, dict[str, Any]]:
    """Metadata by asset, and whether each check passed by its name."""
    instance.add_dynamic_partitions(STUDIES.name or "", [study_id])
    run_config = {"ops": {"study_candidates": {"config": config}}} if config else {}
    result = dg.materialize(
        ASSETS, instance=instance, partition_key=study_id, run_config=run_config, resources={"stores": Stores()},
        selection=[asset.key for asset in assets],
    )  # fmt: skip
    told = {
        event.asset_key.path[-1]: {name: value.value for name, value in event.materialization.metadata.items()}
        for event in result.get_asset_materialization_events()
        if event.asset_key
    }
    told["checks"] = {one.check_name: one.passed for one in result.get_asset_check_evaluations()}
    return told


def replayed(connection: DictConnection, settings: Settings) -> list[str]:
    assert settings.database_url
    assert settings.redis_url
    services = Services(settings.database_url.get_secret_value(), settings.redis_url.get_secret_value())
    return list(replay(connection, settings, services, "paper"))


def test_the_config_of_the_ui_has_every_field_of_a_study() -> None:
    assert set(StudyConfig.model_fields) == set(StudyDefinition.model_fields) - {"study_id"}
    assert set(SystemConfig.model_fields) == set(SystemDefinition.model_fields)
    with pytest.raises(InvalidInputError, match=r"systems\.0\.query"):
        StudyConfig(systems=[SystemConfig(name="x", encoder="lookmatch-mini", query="smell")]).definition("s")


def test_all_encoders_of_the_paper_take_part_and_the_study_runs_from_config_to_report(
    connection: DictConnection, settings: Settings, instance: dg.DagsterInstance, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    install_tiny_encoders(tmp_path / "encoders", monkeypatch)
    raters = [f"simulated-{i}" for i in range(4)]
    made = materialise(instance, "paper", ASSETS, systems=PAPER, raters=raters, gold=4, depth=2, facets=FACETS)
    assert made["study_candidates"]["absent"] == []
    assert made["checks"] == {
        "every_system_takes_part": True, "every_rater_has_items": True, "every_pair_has_its_ratings": False,
        "agreement_is_above_chance": False,
    }  # fmt: skip
    found = pd.DataFrame(connection.execute("SELECT system, look_id, layer, rank FROM studies.candidates").fetchall())
    assert found.groupby("system").size().nunique() == 1
    assert set(found["system"]) == {system["name"] for system in PAPER}
    assert made["study_pool"]["gold"] == 4

    simulate_ratings(connection, "paper", seed=1)
    told = materialise(instance, "paper", [study_report])
    assert told["checks"]["every_pair_has_its_ratings"]
    assert told["study_report"]["rated"] == told["study_report"]["assigned"] > 0
    assert "| system | mean |" in told["study_report"]["scores"]
    assert told["study_report"]["plot"].startswith("![scores](data:image/png")
    page = Path(told["study_report"]["report"]).read_text()
    assert all(system["name"] in page for system in PAPER)
    assert not [start for start in ('src="http', "src='http", "<script", "url(") if start in page]
    again = replayed(connection, settings)
    assert again[0].startswith("lineage: code, encoders, prompts, index settings, looks and data are as they were")
    assert [line for line in again if "the same again" in line and "NOT" not in line]
    layers = made["study_candidates"]["layers"]
    assert sum(f"{layers} of {layers} layers returned the same products" in line for line in again) == len(PAPER)

    connection.execute("UPDATE catalog.products SET removed = true WHERE product_id = 'v:IN:red-t-shirt'")
    changed = replayed(connection, settings)
    assert [line for line in changed if line.startswith("data.mini/IN.products: was 10, is 9")]
    with pytest.raises(InvalidInputError, match="without ratings"):
        materialise(instance, "paper", [study_candidates])


def test_a_system_whose_weights_are_absent_is_named_in_metadata_report_and_check(
    connection: DictConnection, instance: dg.DagsterInstance, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise OSError("no network")

    monkeypatch.setattr("huggingface_hub.snapshot_download", refuse)
    systems = [PAPER[0], PAPER[4], {"name": "asks a model", "encoder": "lookmatch-mini", "ranker": "llm"}]
    made = materialise(instance, "lacking", ASSETS, systems=systems, raters=["ada", "ben", "cleo"], gold=0)
    assert made["study_candidates"]["absent"] == ["dinov2", "asks a model"]
    assert "facebook/dinov2-large" in made["study_report"]["absent"]["dinov2"]
    assert "ANTHROPIC_API_KEY" in made["study_report"]["absent"]["asks a model"]
    assert not made["checks"]["every_system_takes_part"]
    assert "dinov2</b> took no part" in Path(made["study_report"]["report"]).read_text()
    assert next(iter(compare_studies(evaluate(connection, "lacking"), evaluate(connection, "lacking")))).startswith("lacking:")


def test_a_study_without_a_definition_and_a_changed_definition_are_refused(
    connection: DictConnection, instance: dg.DagsterInstance
) -> None:
    with pytest.raises(InvalidInputError, match="run config of study_candidates"):
        materialise(instance, "nothing", [study_candidates])
    materialise(instance, "once", [study_candidates, study_pool], systems=[PAPER[0]], raters=["ada", "ben", "cleo"])
    materialise(instance, "once", [study_candidates, study_pool])
    with pytest.raises(InvalidInputError, match="do not change once made"):
        materialise(instance, "once", [study_candidates], systems=[PAPER[0]], raters=["ada", "ben", "cleo"], seed=5)
