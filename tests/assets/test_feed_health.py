"""What the feed reports say of packets that landed and of records that were refused."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import dagster as dg
import psycopg
import pytest

from lookmatch_assets.assets.feed_health import feed_health
from lookmatch_assets.partitions import partition_key
from lookmatch_assets.resources import Stores
from lookmatch_assets.status import read_status
from lookmatch_serving.embedded import Services
from tests.assets.landing import land


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
        land(connection, "1", day=yesterday)
        land(connection, "1", minutes=1)
        land(connection, "2", brand=None)
        land(connection, "3", removed=True)
        refuse(connection, 1)
        told, passed = materialise(database_url, redis_url, monkeypatch)
    assert (told["vendors"], told["landed"], told["refused"], passed) == (1, 3, 1, False)
    assert "| acme | 1 | 1 | 1 |" in told["changes"]
    assert "missing_price" in told["issues"]
    assert "Give it a price." in told["issues"]
    header, _, row = told["coverage"].splitlines()
    filled = dict(zip(header.split(" | "), row.split(" | "), strict=True))
    assert (filled["brand"], filled["category"]) == ("50%", "100%")
    assert told["trend"].startswith("![trend](data:image/png;base64,")


def test_few_refusals_pass_the_check(database_url: str, redis_url: str, monkeypatch: pytest.MonkeyPatch):
    with psycopg.connect(database_url) as connection:
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
