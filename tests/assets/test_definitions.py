"""The code location loads, names its parts, and its sensor asks for the right runs."""

from __future__ import annotations

import time
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

import psycopg
import pytest
import yaml

from lookmatch_assets.defs.catalog.dbt_project import DBT_FOLDER
from lookmatch_serving.settings import Settings
from tests.assets.landing import land

if TYPE_CHECKING:
    import dagster as dg


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One for all tests, so that dbt parses its project once."""
    return tmp_path_factory.mktemp("home")


@pytest.fixture
def definitions(
    home: Path, settings: Settings, database_url: str, redis_url: str, monkeypatch: pytest.MonkeyPatch
) -> dg.Definitions:
    monkeypatch.setenv("LOOKMATCH_HOME", str(home))
    monkeypatch.setenv("LOOKMATCH_DATABASE_URL", database_url)
    monkeypatch.setenv("LOOKMATCH_REDIS_URL", redis_url)
    from lookmatch_assets.defs.instance import load_definitions

    return load_definitions()


def test_the_graph_has_the_groups_and_the_partitions(definitions: dg.Definitions) -> None:
    graph = definitions.resolve_asset_graph()
    groups = {key.to_user_string(): graph.get(key).group_name for key in graph.get_all_asset_keys()}
    chain = {
        "packets": "ingestion",
        "products": "catalog",
        "images": "catalog",
        "embeddings": "vectors",
        "vector_index": "vectors",
        "attribute_cache": "serving",
        "duplicates": "serving",
        "looks": "looks",
    }
    assert chain.items() <= groups.items()
    assert {graph.get(key).partitions_def for key in graph.get_all_asset_keys() if key.to_user_string() in chain} != {None}
    assert {key.name for key in graph.asset_check_keys} >= {"vectors_have_unit_length", "words_are_in_the_vocabulary"}


def test_the_job_of_the_vocabularies_loads_the_seeds_and_nothing_else(definitions: dg.Definitions) -> None:
    selected = definitions.resolve_job_def("load_vocabularies").asset_layer.selected_asset_keys
    assert {key.to_user_string() for key in selected} == {file.stem for file in (DBT_FOLDER / "seeds").glob("*.csv")}


def test_studies_and_promotions_are_launched_with_their_config(definitions: dg.Definitions) -> None:
    import dagster as dg

    systems = [{"name": "mini", "encoder": "lookmatch-mini"}]
    configs = {
        "compare_systems": {"study_candidates": {"systems": systems, "raters": ["ada", "ben", "cleo"], "depth": 2}},
        "promote_encoder": {"live_encoder": {"encoder": "clip-vit-h-14", "study": "s", "margin": 0.1}},
    }
    for job, ops in configs.items():
        config = {"ops": {name: {"config": values} for name, values in ops.items()}}
        assert dg.validate_run_config(definitions.resolve_job_def(job), config)
    wrong = {"ops": {"study_candidates": {"config": {"taste": 3}}}}
    with pytest.raises(dg.DagsterInvalidConfigError, match="taste"):
        dg.validate_run_config(definitions.resolve_job_def("compare_systems"), wrong)


def test_the_workspace_names_the_code_location() -> None:
    workspace = yaml.safe_load((Path(__file__).parents[2] / "workspace.yaml").read_text())
    assert workspace["load_from"][0]["python_module"]["module_name"] == "lookmatch_assets.definitions"


def test_the_sensor_asks_for_one_run_a_market_and_day_and_remembers(definitions: dg.Definitions, database_url: str) -> None:
    import dagster as dg

    from lookmatch_assets.defs.ingestion.sensors import landed_packets_sensor
    from lookmatch_assets.defs.resources import Stores

    with psycopg.connect(database_url) as connection:
        for number in range(3):
            land(connection, str(number), day="2026-01-05")
        land(connection, "9", market="JP", day="2026-01-06")
    repository = definitions.get_repository_def()
    with dg.DagsterInstance.ephemeral() as instance:
        context = dg.build_sensor_context(instance=instance, repository_def=repository, resources={"stores": Stores()})
        found = landed_packets_sensor.evaluate_tick(context)
        assert [request.partition_key for request in found.run_requests or []] == ["2026-01-05|IN", "2026-01-06|JP"]
        again = dg.build_sensor_context(
            instance=instance, repository_def=repository, cursor=found.cursor, resources={"stores": Stores()}
        )
        keys = [request.run_key for request in landed_packets_sensor.evaluate_tick(again).run_requests or []]
        assert keys == [request.run_key for request in found.run_requests or []]  # Dagster starts one run a key


def test_a_run_that_failed_is_followed_by_another_after_a_pause(
    definitions: dg.Definitions, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    import dagster as dg

    from lookmatch_assets.defs.ingestion import sensors
    from lookmatch_assets.defs.resources import Stores

    repository = definitions.get_repository_def()
    with psycopg.connect(database_url) as connection, dg.DagsterInstance.ephemeral() as instance:

        def asked() -> list[str | None]:
            context = dg.build_sensor_context(instance=instance, repository_def=repository, resources={"stores": Stores()})
            return [request.run_key for request in sensors.landed_packets_sensor.evaluate_tick(context).run_requests or []]

        land(connection, "1", day="2026-01-05")
        wanted = "2026-01-05|IN:1"
        assert asked() == [wanted]
        instance.create_run_for_job(
            definitions.resolve_job_def("refresh_catalog"), tags={sensors.WANTED_TAG: wanted}, status=dg.DagsterRunStatus.FAILURE
        )
        assert asked() == []
        now = time.time()
        monkeypatch.setattr(sensors.time, "time", lambda: now + 61)
        assert asked() == [f"{wanted}:1"]


def test_pictures_that_failed_are_tried_again_when_they_are_due(definitions: dg.Definitions, database_url: str) -> None:
    import dagster as dg

    from lookmatch_assets.defs.catalog.sensors import failed_pictures_sensor
    from lookmatch_assets.defs.resources import Stores

    repository = definitions.get_repository_def()
    with psycopg.connect(database_url, autocommit=True) as connection, dg.DagsterInstance.ephemeral() as instance:

        def asked() -> list[str | None]:
            context = dg.build_sensor_context(instance=instance, repository_def=repository, resources={"stores": Stores()})
            return [request.partition_key for request in failed_pictures_sensor.evaluate_tick(context).run_requests or []]

        assert asked() == []  # there is no catalogue yet
        connection.execute((Path(__file__).parents[1] / "serving" / "catalog_products.sql").read_text())
        connection.execute(
            "INSERT INTO catalog.products (product_id, market, vendor, vendor_product_id, title, category, layer, gender,"
            " colour_family, image_url, removed, event_time, landed_day, packet_key) VALUES ('acme:IN:1', 'IN', 'acme', '1',"
            " 'Shirt', 'shirt', 'inner_topwear', 'men', 'blue', 'https://a.example/1', false, now(), '2026-01-05', 1)"
        )
        connection.execute(
            "INSERT INTO vectors.images (product_id, market, image_url, status, code, attempts) VALUES"
            " ('acme:IN:1', 'IN', 'https://a.example/1', 'failed', 'image_unreachable', 3)"
        )
        assert asked() == []
        for minutes, attempts, due in (
            (15, 3, []),
            (17, 3, ["2026-01-05|IN"]),
            (17, 4, []),
            (65, 4, ["2026-01-05|IN"]),
            (10**6, 14, []),
        ):
            tried = f"fetched_at = now() - interval '{minutes} minutes', attempts = {attempts}"
            connection.execute(f"UPDATE vectors.images SET {tried}")
            assert asked() == due, (minutes, attempts)


def test_what_lands_while_a_run_goes_on_gets_a_run_of_its_own(definitions: dg.Definitions, database_url: str) -> None:
    import dagster as dg

    from lookmatch_assets.defs.ingestion.packets import by_partition, observed_packets
    from lookmatch_assets.defs.ingestion.sensors import landed_packets_sensor
    from lookmatch_assets.defs.partitions import partition_key
    from lookmatch_assets.defs.resources import Stores

    day, repository = date(2026, 1, 5), definitions.get_repository_def()
    with psycopg.connect(database_url) as connection, dg.DagsterInstance.ephemeral() as instance:

        def made(asset: str, **counts: int) -> None:
            metadata = {name: by_partition("IN", {day: count}) for name, count in counts.items()}
            key = str(partition_key("IN", day))
            instance.report_runless_asset_event(dg.AssetMaterialization(asset, partition=key, metadata=metadata))

        def asked() -> list[str | None]:
            context = dg.build_sensor_context(instance=instance, repository_def=repository, resources={"stores": Stores()})
            return [request.run_key for request in landed_packets_sensor.evaluate_tick(context).run_requests or []]

        land(connection, "1", day="2026-01-05")
        assert asked() == ["2026-01-05|IN:1"]
        made("packets", packets_by_partition=1)  # the run begins
        land(connection, "2", day="2026-01-05")
        made("vector_index", packets_taken_in=observed_packets(instance, "IN", day))  # and ends
        assert asked() == ["2026-01-05|IN:2"]
        made("packets", packets_by_partition=2)
        made("vector_index", packets_taken_in=observed_packets(instance, "IN", day))
        assert asked() == []


def test_what_the_consumer_lands_is_told_to_dagster_without_a_run(definitions: dg.Definitions) -> None:
    import dagster as dg

    from lookmatch_assets.defs.ingestion.offer_events import OfferEvents
    from lookmatch_assets.feeds.landing import Counts, Feed

    assert definitions.resolve_asset_graph().get(dg.AssetKey("offers")).is_external
    with dg.DagsterInstance.ephemeral() as instance:
        events = OfferEvents(instance)
        with events.sending():
            events.note({Feed("IN", "north"): Counts(3, 2, 1, 0, 2)})
            events.note({Feed("IN", "north"): Counts(1, 0, 0, 1, 0), Feed("JP", "hoshi"): Counts(5, 5, 0, 0, 5)})
        found = instance.get_latest_materialization_event(dg.AssetKey("offers"))
        assert found
        assert found.asset_materialization
        told = {name: value.value for name, value in found.asset_materialization.metadata.items()}
        assert (told["received"], told["landed"], told["duplicate"], told["quarantined"]) == (9, 7, 1, 1)
        assert "| IN | north | 4 | 2 | 1 | 1 | 2 |" in str(told["by_feed"])
        assert not events.send()


def test_runs_whose_process_is_gone_are_marked_as_failed_and_those_of_living_ones_are_left(definitions: dg.Definitions) -> None:
    import dagster as dg
    import psutil

    from lookmatch_assets.defs.instance import PROCESS_TAG, fail_abandoned_runs

    own = psutil.Process()
    tags = [{}, {PROCESS_TAG: f"{own.pid}-0"}, {PROCESS_TAG: f"{own.pid}-{own.create_time():.0f}"}]
    with dg.DagsterInstance.ephemeral() as instance:
        job = definitions.resolve_job_def("refresh_catalog")
        runs = [instance.create_run_for_job(job, tags=one, status=dg.DagsterRunStatus.STARTED) for one in tags]
        assert set(fail_abandoned_runs(instance)) == {runs[0].run_id, runs[1].run_id}
        statuses = [instance.get_run_by_id(run.run_id).status.value for run in runs]  # type: ignore[union-attr]
        assert statuses == ["FAILURE", "FAILURE", "STARTED"]
