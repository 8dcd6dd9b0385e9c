"""The whole graph as real Dagster runs on a real database, with Dagster's own storage in it."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import psycopg
import pytest
import redis

from lookmatch_serving.embedded import Services
from lookmatch_serving.settings import Settings
from tests.assets.landing import TinyEncoderResource, draw, land

pytestmark = pytest.mark.timeout(300)


@pytest.fixture
def stores(settings: Settings, database_url: str, redis_url: str, monkeypatch: pytest.MonkeyPatch) -> Services:
    monkeypatch.setenv("LOOKMATCH_HOME", str(settings.home))
    monkeypatch.setenv("LOOKMATCH_DATABASE_URL", database_url)
    monkeypatch.setenv("LOOKMATCH_REDIS_URL", redis_url)
    return Services(database_url, redis_url)


def today() -> date:
    return datetime.now(UTC).date()


def run(settings: Settings, stores: Services, market: str = "IN", day: date | None = None) -> dict[str, dict[str, Any]]:
    """Run the chain of one partition; metadata by asset."""
    from lookmatch_assets.defs.instance import run_partitions

    partition = [(market, day or today())]
    result = run_partitions(settings, stores, partition, lambda line: None, {"encoder": TinyEncoderResource()})[0]
    events = result.get_asset_materialization_events()
    return {
        event.asset_key.path[-1]: {name: value.value for name, value in event.materialization.metadata.items()}
        for event in events
        if event.asset_key
    }


def indexed_again(settings: Settings, stores: Services) -> bool:
    """Run only vectors, their checks and the index, on an instance of its own; whether the index was made."""
    import dagster as dg

    from lookmatch_assets.defs.instance import load_definitions
    from lookmatch_assets.defs.partitions import partition_key

    with dg.DagsterInstance.ephemeral() as instance:
        result = (
            load_definitions({"encoder": TinyEncoderResource()})
            .resolve_job_def("refresh_catalog")
            .execute_in_process(
                instance=instance,
                partition_key=partition_key("IN", today()),
                asset_selection=[dg.AssetKey("embeddings"), dg.AssetKey("vector_index")],
                raise_on_error=False,
            )
        )
        made = {event.asset_key.path[-1] for event in result.get_asset_materialization_events() if event.asset_key}
    return "vector_index" in made


def test_a_days_packets_become_searchable_and_only_changed_pictures_are_embedded_again(
    settings: Settings, stores: Services, tmp_path: Path
) -> None:
    pictures = [draw(tmp_path / "pictures" / f"{n}.png", n) for n in range(4)]
    with psycopg.connect(stores.database_url, autocommit=True) as connection:
        for number, picture in enumerate(pictures):
            land(connection, str(number), picture, group_id="g" if number < 2 else None)
        copy = land(connection, "copy", pictures[3])
        land(connection, "lost", tmp_path / "never-sent.png")
        (tmp_path / "text.png").write_text("not a picture")
        land(connection, "text", tmp_path / "text.png", category="不思議な小物")

        first = run(settings, stores)
        assert first["packets"]["packets"] == 7
        assert first["images"]["failures_by_code"] == {"image_missing": 1, "image_not_decodable": 1}
        assert (first["embeddings"]["pictures_embedded"], first["embeddings"]["vectors_written"]) == (4, 5)
        assert (first["vector_index"]["products"], first["vector_index"]["canary_missed"]) == (5, 0)
        live = connection.execute("SELECT encoder_key, products FROM vectors.live_encoder WHERE market = 'IN'").fetchone()
        assert live == ("tiny", 5)
        groups = dict(connection.execute("SELECT product_id, reason FROM vectors.duplicate_groups").fetchall())
        assert groups == {"acme:IN:0": "variant", "acme:IN:1": "variant", "acme:IN:3": "same_picture", copy: "same_picture"}
        codes = connection.execute("SELECT product_id, code FROM landing.quarantine ORDER BY 1").fetchall()
        assert codes == [("acme:IN:lost", "image_missing"), ("acme:IN:text", "image_not_decodable")]
        with redis.Redis.from_url(stores.redis_url, decode_responses=True) as cache:
            assert cache.hget("lookmatch:attributes:acme:IN:0", "category") == "t-shirt"
            assert cache.hget("lookmatch:coverage:IN", "products") == "7"
            assert cache.hget("lookmatch:coverage:IN", "category") == "6"

        land(connection, "0", pictures[0], minutes=1, title="Another title")
        land(connection, "2", minutes=1, removed=True)
        draw(pictures[1], 99)
        draw(tmp_path / "never-sent.png", 98)
        second = run(settings, stores)
        assert second["embeddings"]["pictures_embedded"] == 2
        assert second["embeddings"]["embeddings_saved"] == 3
        assert connection.execute("SELECT title FROM catalog.products WHERE product_id = 'acme:IN:0'").fetchone() == (
            "Another title",
        )
        still_open = "SELECT product_id FROM landing.quarantine WHERE resolved_at IS NULL"
        assert connection.execute(still_open).fetchall() == [("acme:IN:text",)]
        with redis.Redis.from_url(stores.redis_url, decode_responses=True) as cache:
            assert not cache.exists("lookmatch:attributes:acme:IN:2")
        assert second["vector_index"]["products"] == 5
        named = "SELECT check_name FROM dagster.asset_check_executions WHERE asset_key LIKE '%products%'"
        assert {row[0].split("_products_")[0] for row in connection.execute(named)} >= {"known_or_unmapped", "accepted_values"}

        table = connection.execute("SELECT table_name FROM vectors.encoders").fetchone()
        assert table
        connection.execute(f"UPDATE vectors.{table[0]} SET embedding = embedding + embedding WHERE product_id = %s", [copy])
        assert not indexed_again(settings, stores)
        connection.execute(f"UPDATE vectors.{table[0]} SET embedding = l2_normalize(embedding)")
        assert indexed_again(settings, stores)
        assert connection.execute("SELECT count(*) FROM dagster.runs WHERE status = 'SUCCESS'").fetchone() == (3,)
        assert connection.execute("SELECT count(*) > 50 FROM dagster.event_logs").fetchone() == (True,)


def test_a_backfill_of_many_days_and_markets_is_one_run(settings: Settings, stores: Services, tmp_path: Path) -> None:
    import dagster as dg

    from lookmatch_assets.defs.ingestion.packets import newest_count
    from lookmatch_assets.defs.instance import load_definitions

    with psycopg.connect(stores.database_url, autocommit=True) as connection:
        for number, (market, day) in enumerate((m, d) for m in ("IN", "JP") for d in ("2026-01-05", "2026-01-06", "2026-01-07")):
            land(connection, str(number), draw(tmp_path / f"{number}.png", number), market=market, day=day)
        tags = {"dagster/asset_partition_range_start": "2026-01-05|IN", "dagster/asset_partition_range_end": "2026-01-06|JP"}
        with dg.DagsterInstance.ephemeral() as instance:
            definitions = load_definitions({"encoder": TinyEncoderResource()})
            assert definitions.resolve_job_def("load_vocabularies").execute_in_process(instance=instance).success
            result = definitions.resolve_job_def("refresh_catalog").execute_in_process(instance=instance, tags=tags)
            assert result.success
            made = result.asset_materializations_for_node("embeddings")
            markets = ("IN", "US", "JP")  # in the order of the partitions, so that a range from IN to JP holds all three
            assert {str(one.partition) for one in made} == {f"2026-01-0{day}|{market}" for day in (5, 6) for market in markets}
            assert made[0].metadata["pictures_embedded"].value == 4
            asked = [("IN", date(2026, 1, 5)), ("JP", date(2026, 1, 6)), ("JP", date(2026, 1, 7))]
            taken_in = [newest_count(instance, "vector_index", "packets_taken_in", market, day) for market, day in asked]
            assert taken_in == [1, 1, 0]
        live = connection.execute("SELECT market, products FROM vectors.live_encoder WHERE products > 0 ORDER BY 1").fetchall()
        assert live == [("IN", 2), ("JP", 2)]
        with redis.Redis.from_url(stores.redis_url, decode_responses=True) as cache:
            assert cache.smembers("lookmatch:products:JP") == {"acme:JP:3", "acme:JP:4"}


def test_without_its_cache_a_run_makes_products_searchable_and_the_next_catches_up(
    settings: Settings, stores: Services, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from lookmatch_assets.defs.resources import Stores

    with psycopg.connect(stores.database_url, autocommit=True) as connection:
        land(connection, "1", draw(tmp_path / "1.png", 1))
        away = Services(stores.database_url, "redis://127.0.0.1:9/0")
        monkeypatch.setattr(Stores, "services", lambda self: away)
        first = run(settings, stores)
        assert "attribute_cache" not in first
        assert {"vector_index", "duplicates", "looks", "feed_health"} <= set(first)
        assert connection.execute("SELECT products FROM vectors.live_encoder").fetchone() == (1,)
        monkeypatch.setattr(Stores, "services", lambda self: stores)
        land(connection, "2", draw(tmp_path / "2.png", 2), day="2026-01-05")
        second = run(settings, stores, day=date(2026, 1, 5))
        assert (second["attribute_cache"]["written"], second["attribute_cache"]["partitions_caught_up"]) == (2, 1)
        with redis.Redis.from_url(stores.redis_url, decode_responses=True) as cache:
            cache.flushdb()
            assert run(settings, stores, day=date(2026, 1, 5))["attribute_cache"]["written_anew"] is True
            assert cache.smembers("lookmatch:products:IN") == {"acme:IN:1", "acme:IN:2"}
