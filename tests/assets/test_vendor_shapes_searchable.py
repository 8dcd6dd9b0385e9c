"""Feeds in every shape from file to index, counts exact.

``LOOKMATCH_SHAPE_RECORDS`` says how many records each has, and ``LOOKMATCH_SHAPES`` which shapes are written, by commas.
"""

from __future__ import annotations

import os
import time
from datetime import UTC, datetime
from pathlib import Path

import psycopg
from psycopg import sql
from psycopg.rows import dict_row

from lookmatch_assets.defs.instance import run_partitions
from lookmatch_assets.explanation.facts import read_facts
from lookmatch_assets.explanation.product import explain
from lookmatch_assets.feeds.consumer import consume_until_empty
from lookmatch_assets.feeds.formats import detect_format
from lookmatch_assets.feeds.publisher import FeedFile, publish_feed
from lookmatch_serving.embedded import Services
from lookmatch_serving.settings import Market, Settings
from tests.assets.landing import draw
from tests.assets.shape_feeds import BAD_EVERY, SHAPES, write_shape

RECORDS = int(os.environ.get("LOOKMATCH_SHAPE_RECORDS", "52"))
CHOSEN = os.environ.get("LOOKMATCH_SHAPES", ",".join(SHAPES)).split(",")
SEARCHABLE = """
SELECT p.vendor, count(*) AS products
FROM {table} AS v
JOIN catalog.products AS p USING (product_id)
JOIN catalog.offers AS o USING (product_id)
WHERE NOT p.removed
GROUP BY p.vendor
"""


def test_feeds_of_every_shape_are_pushed_landed_and_searchable_and_counts_are_exact(
    settings: Settings, database_url: str, redis_url: str, tmp_path: Path
) -> None:
    stores, refused = Services(database_url, redis_url), RECORDS // BAD_EVERY
    for number in range(1, RECORDS + 1):
        draw(tmp_path / "pictures" / f"{number}.png", seed=number, size=32)
    started = time.monotonic()
    for name in CHOSEN:
        path = write_shape(name, tmp_path, RECORDS)
        assert detect_format(path, name) == name
        report = publish_feed(settings, stores, FeedFile(name, Market.JAPAN, name, path))
        counts = consume_until_empty(settings, stores)
        assert (report.packets, counts.received) == (RECORDS, RECORDS), name
        assert (counts.landed, counts.quarantined, counts.duplicate) == (RECORDS - refused, refused, 0), name
    landed = time.monotonic()
    run_partitions(settings, stores, [(Market.JAPAN, datetime.now(UTC).date())], lambda line: None)
    print(f"{len(CHOSEN)} feeds of {RECORDS}: landed in {landed - started:.1f} s, run in {time.monotonic() - landed:.1f} s")
    with psycopg.connect(database_url, row_factory=dict_row) as connection:
        table = connection.execute(
            "SELECT table_name FROM information_schema.tables WHERE table_schema = 'vectors' AND table_name LIKE 'embeddings%%jp'"
        ).fetchone()
        assert table is not None
        query = sql.SQL(SEARCHABLE).format(table=sql.Identifier("vectors", table["table_name"]))
        found = {row["vendor"]: row["products"] for row in connection.execute(query)}
        assert found == {name: RECORDS - refused for name in CHOSEN}
        counted = "SELECT vendor, code, count(*) AS records FROM landing.quarantine GROUP BY vendor, code"
        codes = connection.execute(counted).fetchall()
        assert {(row["vendor"], row["code"], row["records"]) for row in codes} == {
            (name, "invalid_price", refused) for name in CHOSEN if refused
        }
        for name in CHOSEN:
            told = explain(read_facts(connection, f"{name}:JP:P1"))
            assert told.searchable, (name, told.why)
