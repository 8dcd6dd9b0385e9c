"""What ``lookmatch explain product`` says at each step of a product's way, beside what search really finds."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import psycopg
import pytest
import redis
from click.testing import CliRunner, Result
from pgvector.psycopg import register_vector
from psycopg.rows import dict_row

from lookmatch_assets.cli.main import lookmatch
from lookmatch_assets.explanation.facts import read_facts
from lookmatch_assets.explanation.product import Explanation, explain
from lookmatch_assets.vectors.tables import VectorTable, build_index, ensure_vector_table, go_live, save_vectors
from lookmatch_serving.search.models.garments import catalogue_layers
from lookmatch_serving.search.models.request import Filters
from lookmatch_serving.search.retrieval.nearest import conditions_of, live_index, nearest_products
from lookmatch_serving.settings import Settings
from tests.assets.landing import land

PRODUCT = "acme:IN:7"
TABLE = VectorTable("tiny", "0123456789abcdef", 4, "IN")
CATALOGUE = Path(__file__).parent.parent / "serving" / "catalog_products.sql"


@pytest.fixture
def database(database_url: str) -> Iterator[psycopg.Connection[dict[str, Any]]]:
    with psycopg.connect(database_url, row_factory=dict_row, autocommit=True) as connection:
        register_vector(connection)
        yield connection


@pytest.fixture
def ask(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setattr("lookmatch_assets.cli.explain.read_settings", lambda: settings)
    return lambda *arguments: CliRunner().invoke(lookmatch, ["explain", "product", *arguments])


def standardise(database: Any, *, layer: str = "inner_topwear", category: str = "t-shirt", removed: bool = False) -> None:
    """What dbt makes of the product's newest packet."""
    if not database.execute("SELECT to_regclass('catalog.products') AS made").fetchone()["made"]:
        database.execute(CATALOGUE.read_text())
    database.execute("DELETE FROM catalog.products WHERE product_id = %s", [PRODUCT])
    database.execute(
        "INSERT INTO catalog.products (product_id, market, vendor, vendor_product_id, title, category, category_raw, layer,"
        " gender, colour_family, image_url, removed, event_time, landed_day, packet_key)"
        " SELECT product_id, market, vendor, subject, 'Shirt', %s, 'Wunderding', %s, 'men', 'blue', 'https://a.example/7.jpg',"
        " %s, event_time, landed_day, packet_key FROM landing.packets WHERE product_id = %s ORDER BY event_time DESC LIMIT 1",
        [category, layer, removed, PRODUCT],
    )


def picture(database: Any, status: str = "ok", code: str | None = None) -> None:
    digest = "d" * 64 if status == "ok" else None
    database.execute("DELETE FROM vectors.images")
    database.execute(
        "INSERT INTO vectors.images (product_id, market, image_url, status, digest, width, height, code)"
        " VALUES (%s, 'IN', 'https://a.example/7.jpg', %s, %s, 60, 80, %s)",
        [PRODUCT, status, digest, code],
    )


def embed(database: Any, table: VectorTable = TABLE) -> None:
    ensure_vector_table(database, table)
    vectors = np.array([[1, 0, 0, 0]], dtype=np.float32)
    # save_vectors needs a transaction from its temporary table to its commit
    with psycopg.connect(database.info.dsn, password=database.info.password, row_factory=dict_row) as own:
        register_vector(own)
        save_vectors(own, table, [("d" * 64, [PRODUCT])], vectors)


def index(database: Any, table: VectorTable = TABLE) -> None:
    build_index(database, table)
    go_live(database, table)


def offered(database: Any, *, removed: bool = False) -> None:
    database.execute("DELETE FROM catalog.offers")
    database.execute(
        "INSERT INTO catalog.offers (product_id, market, vendor, currency, price_minor, sale_price_minor, availability,"
        " sizes_in_stock, removed, event_time) VALUES (%s, 'IN', 'acme', 'INR', 129900, 99900, 'in_stock', '{M,L}', %s, now())",
        [PRODUCT, removed],
    )


def really_found(database: Any) -> bool:
    """Whether retrieval finds the product for a top of a look, as it is."""
    if not database.execute("SELECT to_regclass('catalog.products') AS made").fetchone()["made"]:
        return False
    live = live_index(database, "IN") if database.execute("SELECT FROM vectors.live_encoder").fetchone() is not None else None
    if live is None:
        return False
    conditions = conditions_of("IN", Filters(), catalogue_layers("inner_topwear"))
    found = nearest_products(database, live, np.array([1, 0, 0, 0], dtype=np.float32), conditions, 5)
    return PRODUCT in [candidate.product_id for candidate in found.candidates]


def told(database: Any) -> Explanation:
    """The explanation, whose verdict is compared with what search does."""
    found = explain(read_facts(database, PRODUCT))
    assert found.searchable is really_found(database)
    assert "\n" not in found.why
    return found


def test_each_missing_step_is_named_in_turn_with_what_to_run(database):
    land(database, "7")
    day = database.execute("SELECT landed_day FROM landing.packets").fetchone()["landed_day"]
    first = told(database)
    assert (first.missing, f"partition {day}|IN" in first.run) == ("standardised", True)
    standardise(database)
    assert told(database).missing == "pictured"
    picture(database, "failed", "image_missing")
    database.execute(
        "INSERT INTO landing.quarantine (stage, product_id, code, message, resolution)"
        " VALUES ('image', %s, 'image_missing', 'there is no file 7.jpg', 'Put it there.')",
        [PRODUCT],
    )
    failed = told(database)
    assert (failed.missing, "image_missing" in failed.why, "Put it there." in failed.why) == ("pictured", True, True)
    picture(database)
    assert told(database).missing == "embedded"
    embed(database)
    assert told(database).missing == "indexed"
    index(database)
    done = told(database)
    assert (done.searchable, done.missing, done.run) == (True, None, None)
    assert "no price or stock filter finds it" in done.why


@pytest.fixture
def searchable(database) -> None:
    land(database, "7")
    standardise(database)
    picture(database)
    embed(database)
    index(database)
    offered(database)
    assert told(database).searchable


def detail(found: Explanation, name: str) -> str:
    return next(step.detail for step in found.steps if step.name == name)


def test_a_searchable_product_shows_its_offer_encoder_and_group(searchable, database):
    database.execute(
        "INSERT INTO vectors.duplicate_groups SELECT unnest(%s::text[]), 'IN', 'acme:IN:1', 'variant'", [[PRODUCT, "acme:IN:1"]]
    )
    found = told(database)
    assert detail(found, "offered") == "1299.0 INR, on sale for 999.0, in_stock, sizes M, L"
    assert detail(found, "embedded") == "tiny 0123456789ab"
    assert detail(found, "indexed") == "in embeddings_tiny_0123456789ab_in_hnsw"
    assert detail(found, "grouped").startswith("one of 2 near-duplicates (variant), represented by acme:IN:1")
    assert "of which an answer shows one" in found.why


def test_a_removed_product_says_who_removed_it_and_when(searchable, database):
    land(database, "7", removed=True, minutes=5)
    offered(database, removed=True)
    removed = told(database)
    assert (removed.searchable, removed.run, "the vendor removed it at 2026-01-05 09:05:00 UTC" in removed.why) == (
        False,
        None,
        True,
    )
    standardise(database, removed=True)
    offered(database)
    land(database, "7", minutes=9)
    back = told(database)
    assert (back.missing, "brings it back" in back.why) == ("standardised", True)


def test_an_unmapped_category_is_why_no_look_finds_it(searchable, database):
    standardise(database, layer="none", category="unmapped")
    found = told(database)
    assert found.missing == "standardised"
    assert "'Wunderding'" in found.why
    assert "category_synonyms.csv" in found.run


def test_a_new_encoder_that_is_live_without_the_product_is_named(searchable, database):
    newer = VectorTable("tiny", "fedcba9876543210", 4, "IN")
    ensure_vector_table(database, newer)
    index(database, newer)
    found = told(database)
    assert (found.missing, "tiny fedcba987654" in found.why) == ("embedded", True)
    assert [vector.image_digest is not None for vector in found.facts.vectors] == [False, True]


def test_a_refused_product_says_why_and_how_to_replay_it(database, ask):
    database.execute(
        "INSERT INTO landing.quarantine (stage, source, packet_id, vendor, market, product_id, code, message, resolution)"
        " VALUES ('packet', '/feeds/acme/IN', 'e1', 'acme', 'IN', %s, 'invalid_price', 'price: negative', 'Send one amount.')",
        [PRODUCT],
    )
    shown: Result = ask(PRODUCT)
    assert shown.exit_code == 0
    assert "landed is the first step missing: its packet was refused for invalid_price: price: negative." in shown.output
    assert "lookmatch feed replay --vendor acme --code invalid_price" in shown.output


def test_the_command_prints_tables_for_people_and_json_for_programs(searchable, ask, database):
    land(database, "7", minutes=1)
    shown = ask(PRODUCT)
    assert shown.exit_code == 0
    assert all(word in shown.output for word in ("standardised", "indexed", "Packets", "searchable: in IN's live index"))
    found = json.loads(ask(PRODUCT, "--json").stdout)
    assert (found["product_id"], found["searchable"], found["packets_in_all"]) == (PRODUCT, True, 2)
    assert [packet["event_time"] for packet in found["packets"]] == ["2026-01-05T09:01:00+00:00", "2026-01-05T09:00:00+00:00"]
    assert {step["name"]: step["done"] for step in found["steps"]}["indexed"] is True
    assert found["offer"]["price_minor"] == 129900


def test_an_unknown_id_names_what_is_accepted_or_what_may_be_meant(database, ask, settings: Settings, redis_url: str):
    land(database, "7")
    bare, other, wrong = ask("7"), ask("acme:US:7"), ask("acme:XX:7")
    assert [answer.exit_code for answer in (bare, other, wrong)] == [1, 1, 1]
    assert "<vendor>:<market>:<vendor's id> is accepted" in bare.output
    assert f"perhaps {PRODUCT}" in bare.output
    assert "no packet of product 'acme:US:7' has landed" in other.output
    assert f"perhaps {PRODUCT}" in other.output
    assert "IN, US, JP are accepted" in wrong.output
    with redis.Redis.from_url(redis_url) as client:
        client.xadd(settings.packet_stream, {"packet": b"{}"})
    assert "packets that wait on the stream: 1" in ask("acme:US:7").output
