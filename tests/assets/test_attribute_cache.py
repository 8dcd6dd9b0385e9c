"""The attribute cache beside the catalogue: written, compared, rebuilt and reported on."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
import redis
from click.testing import CliRunner
from psycopg.rows import dict_row

from lookmatch_assets.attribute_cache.reports import compare, fingerprint_rows, fingerprints_from_rows, report_on
from lookmatch_assets.attribute_cache.store import (
    attribute_key,
    members_key,
    read_attributes,
    rebuild_attributes,
    refresh_attributes,
)
from lookmatch_assets.cli.main import lookmatch
from lookmatch_serving.settings import Settings

CATALOGUE = Path(__file__).parent.parent / "serving" / "catalog_products.sql"
ROWS = 1_203


@pytest.fixture
def cache(redis_url: str) -> Iterator[redis.Redis]:
    with redis.Redis.from_url(redis_url, decode_responses=True) as client:
        yield client


@pytest.fixture
def catalogue(database_url: str) -> Iterator[psycopg.Connection[dict[str, Any]]]:
    with psycopg.connect(database_url, row_factory=dict_row, autocommit=True) as connection:
        connection.execute(CATALOGUE.read_text())
        connection.execute(
            "INSERT INTO catalog.products (product_id, market, vendor, vendor_product_id, title, category, layer, gender,"
            " colour_family, image_url, removed, event_time, landed_day, packet_key, brand)"
            " SELECT 'v' || n %% 2 || ':IN:' || n, 'IN', 'v' || n %% 2, n::text, 'Product ' || n, 'shirt', 'inner_topwear',"
            " CASE WHEN n %% 4 = 0 THEN 'unknown' ELSE 'men' END, 'blue', 'https://a.example/1', false, now(),"
            " current_date, n, CASE WHEN n %% 2 = 0 THEN 'Acme' END FROM generate_series(1, %s) AS n",
            [ROWS],
        )
        yield connection


def rows(connection: psycopg.Connection[dict[str, Any]]) -> list[dict[str, Any]]:
    return connection.execute("SELECT * FROM catalog.products WHERE NOT removed").fetchall()


def ask(settings: Settings, monkeypatch: pytest.MonkeyPatch, *arguments: str) -> tuple[int, str]:
    monkeypatch.setattr("lookmatch_assets.cli.cache.read_settings", lambda: settings)
    done = CliRunner().invoke(lookmatch, ["cache", *arguments])
    return done.exit_code, done.stdout


def test_a_report_counts_coverage_and_names_what_is_unsound(catalogue: Any, cache: redis.Redis):
    refresh_attributes(cache, "IN", rows(catalogue), {})
    cache.delete(attribute_key("v1:IN:1"))
    cache.hdel(attribute_key("v0:IN:2"), "title")
    cache.hset(attribute_key("v1:IN:3"), "market", "US")
    report = report_on("IN", read_attributes(cache, "IN"))
    assert report.products == ROWS - 1
    assert dict(report.problems) == {"hash_missing": 1, "title_missing": 1, "other_market": 1}
    assert report.examples["hash_missing"] == ["v1:IN:1"]
    even = next(row for row in report.coverage_rows() if row["vendor"] == "v0")
    assert (even["products"], even["brand"], even["gender"]) == (ROWS // 2, 1.0, round(1 - 300 / 601, 4))


def test_a_removed_product_leaves_with_its_refresh(catalogue: Any, cache: redis.Redis):
    refresh_attributes(cache, "IN", rows(catalogue), {})
    gone = {**rows(catalogue)[0], "removed": True}
    assert refresh_attributes(cache, "IN", [gone], {}) == (0, 1)
    assert not cache.exists(attribute_key(gone["product_id"]))
    assert not cache.sismember(members_key("IN"), gone["product_id"])


def test_the_check_finds_what_differs_and_a_rebuild_mends_it(
    catalogue: Any, cache: redis.Redis, settings: Settings, monkeypatch: pytest.MonkeyPatch
):
    rebuild_attributes(cache, "IN", rows(catalogue), {"products": ROWS})
    assert ask(settings, monkeypatch, "check", "--market", "IN")[0] == 0
    cache.hset(attribute_key("v0:IN:2"), "title", "Another")
    cache.hset(attribute_key("v0:IN:ghost"), mapping={"product_id": "v0:IN:ghost", "market": "IN"})
    cache.sadd(members_key("IN"), "v0:IN:ghost")
    catalogue.execute("DELETE FROM catalog.products WHERE product_id = 'v1:IN:1'")
    code, said = ask(settings, monkeypatch, "check", "--market", "IN", "--json")
    differences = {(one["vendor"], one["category"], one["differs"]) for one in json.loads(said)["IN"]["differences"]}
    assert code == 1
    assert differences == {("v0", "shirt", "content"), ("v1", "shirt", "count"), ("", "", "count")}
    assert ask(settings, monkeypatch, "rebuild", "--market", "IN")[1] == f"IN: {ROWS - 1} written, 2 dropped\n"
    assert ask(settings, monkeypatch, "check")[0] == 0
    cache.flushdb()
    assert ask(settings, monkeypatch, "check")[0] == 1


def test_a_rebuild_before_the_catalogue_is_made_writes_nothing(
    cache: redis.Redis, settings: Settings, monkeypatch: pytest.MonkeyPatch
):
    assert ask(settings, monkeypatch, "rebuild", "--market", "IN") == (0, "IN: 0 written, 0 dropped\n")


def test_fingerprints_compare_two_systems_whatever_their_order(
    catalogue: Any, cache: redis.Redis, settings: Settings, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
):
    rebuild_attributes(cache, "IN", rows(catalogue), {"products": ROWS})
    before = report_on("IN", read_attributes(cache, "IN")).fingerprints
    rebuild_attributes(cache, "IN", reversed(rows(catalogue)), {"products": ROWS})
    again = report_on("IN", read_attributes(cache, "IN")).fingerprints
    assert compare(before, again) == []
    assert fingerprints_from_rows(json.loads(json.dumps(fingerprint_rows(before)))) == before
    (tmp_path / "other.json").write_text(ask(settings, monkeypatch, "fingerprint")[1])
    assert ask(settings, monkeypatch, "fingerprint", "--against", str(tmp_path / "other.json"))[0] == 0
    cache.hset(attribute_key("v0:IN:2"), "gender", "women")
    code, said = ask(settings, monkeypatch, "fingerprint", "--against", str(tmp_path / "other.json"))
    assert (code, said.splitlines()[0]) == (1, "1 of 2 groups differ")


def test_the_report_asset_draws_coverage_and_its_checks_tell_a_cache_that_lags(
    catalogue: Any, cache: redis.Redis, settings: Settings, monkeypatch: pytest.MonkeyPatch
):
    import dagster as dg

    from lookmatch_assets.defs.catalog.attribute_cache import attribute_report
    from lookmatch_assets.defs.resources import Stores
    from lookmatch_serving.embedded import Services

    found = Services(settings.database_url.get_secret_value(), settings.redis_url.get_secret_value())  # type: ignore[union-attr]
    monkeypatch.setattr(Stores, "services", lambda self: found)
    rebuild_attributes(cache, "IN", rows(catalogue), {"products": ROWS})

    def checks() -> tuple[dict[str, bool], str]:
        done = dg.materialize(
            [attribute_report], partition_key="IN", resources={"stores": Stores()}, instance=dg.DagsterInstance.ephemeral()
        )
        made = done.get_asset_materialization_events()[0].materialization.metadata
        return {one.check_name: one.passed for one in done.get_asset_check_evaluations()}, str(made["plot"].value)

    passed, plot = checks()
    assert passed == {"hashes_are_sound": True, "cache_is_as_the_catalogue": True}
    assert plot.startswith("![Coverage in IN")
    cache.hset(attribute_key("v0:IN:2"), "title", "Another")
    assert checks()[0] == {"hashes_are_sound": True, "cache_is_as_the_catalogue": False}
