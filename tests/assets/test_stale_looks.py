"""Looks whose answers no longer hold are tagged again: another encoder version, products that are gone, or no answer yet."""

from __future__ import annotations

from datetime import UTC, datetime

import dagster as dg
import psycopg
import pytest
from psycopg.rows import dict_row

from lookmatch_assets.looks.tagging import looks_to_tag, stale_looks
from lookmatch_serving.embedded import Services
from tests.serving.search_fixtures import Stock, make_market


@pytest.fixture
def db(database_url):
    make_market(database_url, [Stock("a"), Stock("b")])
    with psycopg.connect(database_url, row_factory=dict_row, autocommit=True) as connection:
        yield connection


def add(db, look_id, products=("a",), version="colour-1"):
    db.execute("INSERT INTO looks.looks (look_id, market, image_file, image_digest) VALUES (%s, 'IN', 'x', 'x')", [look_id])
    if products is not None:
        db.execute(
            "INSERT INTO looks.tagged (look_id, market, encoder_version, answer, product_ids) VALUES (%s, 'IN', %s, '{}', %s)",
            [look_id, version, list(products)],
        )


def due(db) -> list[str]:
    return [row["look_id"] for row in looks_to_tag(db, "IN", [datetime.now(UTC).date()])]


def stale(db) -> list[int]:
    return [row["looks"] for row in stale_looks(db, 30)]


def test_a_look_is_tagged_again_when_its_products_vanish_or_the_encoder_changes_and_not_before(db):
    add(db, "fresh", ["a", "b"])
    assert due(db) == []
    assert stale(db) == []
    add(db, "untagged", None)
    add(db, "other-version", ["a"], version="colour-0")
    assert due(db) == ["other-version", "untagged"]
    db.execute("UPDATE catalog.offers SET removed = true WHERE product_id = 'b'")
    assert due(db) == ["fresh", "other-version", "untagged"]
    assert stale(db) == [3]
    db.execute("UPDATE looks.tagged SET product_ids = '{a}', encoder_version = 'colour-1', tagged_at = now()")
    assert due(db) == ["untagged"]
    add(db, "never-heard-of", ["gone"])
    assert "never-heard-of" in due(db)


def test_the_sensor_asks_once_for_a_day_whose_looks_are_stale_and_again_when_they_changed(
    db, database_url, redis_url, settings, monkeypatch
):
    from lookmatch_assets.defs.instance import load_definitions, prepare_instance
    from lookmatch_assets.defs.looks.sensors import stale_looks_sensor
    from lookmatch_assets.defs.resources import Stores

    monkeypatch.setenv("LOOKMATCH_HOME", str(settings.home))
    monkeypatch.setenv("LOOKMATCH_DATABASE_URL", database_url)
    monkeypatch.setenv("LOOKMATCH_REDIS_URL", redis_url)

    prepare_instance(settings, Services(database_url, redis_url))

    def asked() -> list[str]:
        with dg.DagsterInstance.ephemeral() as instance:
            repository = load_definitions().get_repository_def()
            context = dg.build_sensor_context(instance=instance, repository_def=repository, resources={"stores": Stores()})
            return [request.run_key for request in stale_looks_sensor.evaluate_tick(context).run_requests or []]

    add(db, "fresh")
    assert asked() == []
    add(db, "other-version", version="colour-0")
    first = asked()
    assert len(first) == 1
    assert asked() == first
    add(db, "untagged", None)
    assert asked() != first
