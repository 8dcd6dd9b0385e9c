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
    from lookmatch_assets.instance import run_partitions

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

    from lookmatch_assets.instance import load_definitions
    from lookmatch_assets.partitions import partition_key

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
