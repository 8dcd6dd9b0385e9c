"""Partitions that lag behind what landed, before dbt's first run and after it."""

from __future__ import annotations

from datetime import UTC, datetime

import psycopg
import pytest
from psycopg.rows import RowFactory, dict_row, tuple_row

from lookmatch_assets.feeds.landed import partitions_behind
from tests.assets.landing import land
from tests.serving.search_fixtures import Stock, make_market


@pytest.mark.parametrize("rows", [dict_row, tuple_row])
def test_every_partition_lags_before_the_catalogue_is_made_whatever_rows_a_connection_gives(
    database_url: str, rows: RowFactory
) -> None:
    with psycopg.connect(database_url, row_factory=rows) as connection:
        land(connection, "1", day="2026-01-02")
        land(connection, "2", market="US", day="2026-01-03")
        behind = partitions_behind(connection, "lookmatch-mini", "colour-1")
    assert {(market, str(day)) for market, day in behind} == {("IN", "2026-01-02"), ("US", "2026-01-03")}


def test_a_partition_lags_while_its_product_is_not_catalogued_or_the_encoder_has_another_version(database_url: str) -> None:
    make_market(database_url, [Stock("acme:IN:1")])
    today = datetime.now(UTC).date()
    with psycopg.connect(database_url) as connection:
        land(connection, "1")
        connection.execute("UPDATE catalog.products SET event_time = now() + interval '1 day', packet_key = 1000000")
        assert partitions_behind(connection, "lookmatch-mini", "colour-1") == set()
        assert partitions_behind(connection, "lookmatch-mini", "colour-2") == {("IN", today)}
        land(connection, "2")
        assert partitions_behind(connection, "lookmatch-mini", "colour-1") == {("IN", today)}
