"""What the feed reports say of packets that landed and of records that were refused."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import dagster as dg
import psycopg
import pytest
from click.testing import CliRunner

from lookmatch_assets.cli.feed import feed
from lookmatch_assets.cli.status import read_status
from lookmatch_assets.defs.ingestion.feed_health import feed_health
from lookmatch_assets.defs.partitions import partition_key
from lookmatch_assets.defs.resources import Stores
from lookmatch_serving.embedded import Services
from lookmatch_serving.settings import Settings
from tests.assets.landing import land

STANDARDISED = (
    (Path(__file__).parent.parent / "serving" / "catalog_products.sql").read_text()
    + """;
CREATE TABLE catalog.age_group_synonyms (word text, age_group text);
CREATE TABLE catalog.pattern_synonyms (word text, pattern text);
CREATE TABLE catalog.sleeve_synonyms (word text, sleeve text);
CREATE TABLE catalog.size_system_synonyms (word text, size_system text);
INSERT INTO catalog.pattern_synonyms VALUES ('plain', 'solid');
INSERT INTO catalog.products (product_id, market, vendor, vendor_product_id, title, category, category_raw, layer, gender,
    gender_raw, colour_family, pattern, image_url, removed, event_time, landed_day, packet_key)
VALUES ('acme:IN:1', 'IN', 'acme', '1', 'Thing', 'unmapped', 'Wunderding', 'none', 'unknown', 'folks', 'blue', 'batik',
    'https://a.example/1', false, now(), current_date, 1),
    ('acme:IN:2', 'IN', 'acme', '2', 'Thing', 'shirt', 'Shirts', 'inner_topwear', 'men', 'Men', 'blue', 'solid',
    'https://a.example/1', false, now(), current_date, 2)
"""
)


def today() -> date:
    return datetime.now(UTC).date()


def refuse(connection: psycopg.Connection[Any], number: int) -> None:
    connection.execute(
        "INSERT INTO landing.quarantine (source, packet_id, market, vendor, stage, code, field, value, message, resolution, body)"
        " VALUES ('s', %s, 'IN', 'acme', 'packet', 'missing_price', 'price', '', 'price: empty', 'Give it a price.', '{}')",
        [str(number)],
    )
    connection.commit()


def materialise(database_url: str, redis_url: str, monkeypatch: pytest.MonkeyPatch) -> tuple[dict[str, Any], bool]:
    monkeypatch.setattr(Stores, "services", lambda self: Services(database_url, redis_url))
    done = dg.materialize(
        [feed_health],
        partition_key=partition_key("IN", today()),
        resources={"stores": Stores()},
        instance=dg.DagsterInstance.ephemeral(),
    )
    metadata = done.get_asset_materialization_events()[0].materialization.metadata
    return {name: value.value for name, value in metadata.items()}, done.get_asset_check_evaluations()[0].passed


def test_a_day_is_told_by_issues_changes_coverage_and_trend(database_url: str, redis_url: str, monkeypatch: pytest.MonkeyPatch):
    yesterday = (today() - timedelta(days=1)).isoformat()
    with psycopg.connect(database_url) as connection:
        connection.execute(STANDARDISED)
        for subject in ("1", "4", "5"):
            land(connection, subject, day=yesterday)
        land(connection, "1", minutes=1, price_minor=900)
        land(connection, "2", brand=None)
        land(connection, "3", removed=True)
        land(connection, "4", minutes=1, updated_at="2026-01-05T09:01:00Z")
        land(connection, "5", "file:///moved.png", minutes=1)
        connection.execute(
            "INSERT INTO vectors.images (product_id, market, image_url, status, digest, previous_digest, changed_at)"
            " VALUES ('acme:IN:5', 'IN', 'file:///moved.png', 'ok', 'b', 'a', now() + interval '1 second')"
        )
        refuse(connection, 1)
        told, passed = materialise(database_url, redis_url, monkeypatch)
    assert (told["vendors"], told["landed"], told["refused"], passed) == (1, 5, 1, False)
    assert told["changes_of_all"] == {"new": 1, "picture_changed": 1, "metadata_only": 1, "unchanged": 1, "removed": 1}
    assert "| acme | 1 | 1 | 1 | 1 | 1 |" in told["changes"]
    assert [line for line in told["unmapped_words"].splitlines() if "acme" in line] == [
        "| acme | category | Wunderding | 1 |",
        "| acme | gender | folks | 1 |",
        "| acme | pattern | batik | 1 |",
    ]
    assert "missing_price" in told["issues"]
    assert "Give it a price." in told["issues"]
    header, _, row = told["coverage"].splitlines()
    filled = dict(zip(header.split(" | "), row.split(" | "), strict=True))
    assert (filled["brand"], filled["category"]) == ("75%", "100%")
    assert told["trend"].startswith("![trend](data:image/png;base64,")


def test_few_refusals_pass_the_check(database_url: str, redis_url: str, monkeypatch: pytest.MonkeyPatch):
    with psycopg.connect(database_url) as connection:
        connection.execute(STANDARDISED)
        for number in range(20):
            land(connection, str(number))
        refuse(connection, 1)
    assert materialise(database_url, redis_url, monkeypatch)[1]


def test_status_tells_how_fresh_each_vendor_is(database_url: str):
    with psycopg.connect(database_url) as connection:
        connection.execute("CREATE TABLE catalog.products (product_id text, market text, category text, removed boolean)")
        land(connection, "1", minutes=5)
        refuse(connection, 1)
    (vendor,) = read_status(database_url)["vendors"]
    assert (vendor["market"], vendor["vendor"], vendor["products"], vendor["quarantined"]) == ("IN", "acme", 1, 1)
    assert vendor["newest_change"] == datetime(2026, 1, 5, 9, 5, tzinfo=UTC)


def test_words_of_a_whole_market_are_listed_by_vendor(settings: Settings, database_url: str, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("lookmatch_assets.cli.feed.read_settings", lambda: settings)

    def ask(*arguments: str) -> Any:
        return json.loads(CliRunner().invoke(feed, ["words", "--json", *arguments]).stdout)

    assert ask("--market", "IN") == []  # there is no catalogue yet
    with psycopg.connect(database_url) as connection:
        connection.execute(STANDARDISED)
    assert [(row["attribute"], row["word"]) for row in ask("--market", "IN", "--vendor", "acme")] == [
        ("category", "Wunderding"),
        ("gender", "folks"),
        ("pattern", "batik"),
    ]
    assert ask("--market", "IN", "--vendor", "other") == ask("--market", "JP") == []
