"""Hard filters, duplicates and the promise on the number of rows, on real Postgres."""

from __future__ import annotations

import pytest

from lookmatch_serving.currency import major_units, minor_units
from lookmatch_serving.db import open_pool
from lookmatch_serving.search.models.request import Filters
from lookmatch_serving.search.retrieval import nearest
from lookmatch_serving.search.retrieval.nearest import (
    conditions_of,
    layer_candidates,
    live_index,
    nearest_products,
)
from lookmatch_serving.value_types import PriceRange
from tests.serving.search_fixtures import COLOURS, Stock, _row, make_market, red_top

TOPS = ("inner_topwear", "outermost_topwear")


@pytest.fixture
def searched(database_url):
    """Search a stock with filters: returns the ids found for a red top."""
    opened = []

    def search(stock, filters=None, limit=10, groups=None):
        if not opened:
            make_market(database_url, stock, groups)
            opened.append(open_pool(database_url))
        with opened[0].connection() as connection:
            index = live_index(connection, "IN")
            conditions = conditions_of("IN", filters or Filters(), TOPS)
            return nearest_products(connection, index, _row(COLOURS["red"]), conditions, limit)

    yield search
    for pool in opened:
        pool.close()


def ids(found):
    return [candidate.product_id for candidate in found.candidates]


def test_each_filter_keeps_only_what_passes(searched):
    stock = [
        Stock("plain"),
        Stock("other-brand", brand="Zed", shade=3),
        Stock("large", sizes=["XL"], shade=6),
        Stock("sold-out", availability="out_of_stock", shade=9),
        Stock("women", gender="women", shade=12),
        Stock("unisex", gender="unisex", shade=15),
        Stock("unknown", gender="unknown", shade=18),
        Stock("shirt", category="shirt", shade=21),
        Stock("sale", price_minor=9900, sale_price_minor=500, shade=24),
        Stock("dollars", currency="USD", shade=27),
        Stock("removed", removed=True),
        Stock("shoe", layer="footwear", category="boots"),
        Stock("abroad", market="US"),
    ]
    everything = set(ids(searched(stock, limit=50)))
    assert everything == {s.product_id for s in stock} - {"removed", "shoe", "abroad"}
    assert ids(searched(stock, Filters(brand=[" ZED "]))) == ["other-brand"]
    assert ids(searched(stock, Filters(size=["XL", "XXL"]))) == ["large"]
    assert "sold-out" not in ids(searched(stock, Filters(in_stock=True)))
    assert ids(searched(stock, Filters(category=["shirt"]))) == ["shirt"]
    assert ids(searched(stock, Filters(gender="unisex"))) == ["unisex"]
    assert set(ids(searched(stock, Filters(gender="women")))) == {"women", "unisex"}
    assert ids(searched(stock, Filters(price=PriceRange(max=5, currency="INR")))) == ["sale"]
    assert ids(searched(stock, Filters(price=PriceRange(min=1, currency="USD")))) == ["dollars"]


def test_near_duplicates_collapse_to_the_nearest_and_list_the_others(searched):
    stock = [Stock("a", shade=4), Stock("b"), Stock("c", shade=8), Stock("d", shade=20)]
    found = searched(stock, groups={"a": "a", "b": "a", "c": "a"})
    assert ids(found) == ["b", "d"] or ids(found) == ["a", "d"]
    assert len(found.candidates[0].variants) == 2


def test_as_many_rows_come_back_as_asked_for_whenever_that_many_exist(searched, monkeypatch):
    stock = [Stock(f"p{i}", colour="green", shade=i % 40, brand="Rare" if i % 40 == 0 else "Acme") for i in range(1200)]
    groups = {f"p{i}": f"p{i - i % 4}" for i in range(400)}
    monkeypatch.setattr(nearest, "EXACT_ROWS", 0)
    assert len(searched(stock, limit=200, groups=groups).candidates) == 200
    rare = searched(stock, Filters(brand=["Rare"]), limit=25)
    assert len(rare.candidates) == 25


def test_the_index_and_the_exact_scan_agree(searched, monkeypatch):
    stock = [Stock(f"p{i}", shade=i * 0.13) for i in range(600)]
    exact = ids(searched(stock, limit=20))
    monkeypatch.setattr(nearest, "EXACT_ROWS", 0)
    by_index = searched(stock, limit=20)
    assert by_index.method == "index"
    assert len(set(ids(by_index)) & set(exact)) >= 19


def test_what_was_read_from_the_look_is_preferred_and_not_required(database_url):
    make_market(database_url, [Stock("tee", shade=40), Stock("shirt", category="shirt"), Stock("women-tee", gender="women")])
    pool = open_pool(database_url)
    with pool.connection() as connection:
        index = live_index(connection, "IN")
        found = layer_candidates(connection, index, red_top(), _row(COLOURS["red"]), Filters(), 10)
    pool.close()
    assert found[0].product_id == "tee"
    assert found[0].plausible
    assert {c.product_id for c in found if not c.plausible} == {"shirt", "women-tee"}


def test_prices_follow_the_precision_of_their_currency():
    assert minor_units(12.99, "USD", up=False) == 1299
    assert minor_units(1299, "JPY", up=True) == 1299
    assert minor_units(0.001, "USD", up=True) == 1
    assert major_units(1299, "JPY") == 1299
    assert major_units(None, "USD") is None


def test_a_market_with_a_bit_index_is_scanned_by_signs_and_ordered_by_vectors(database_url, monkeypatch):
    from dataclasses import replace

    import numpy as np
    import psycopg
    from pgvector import HalfVector
    from psycopg.rows import dict_row

    from lookmatch_assets.vectors.tables import VectorTable, build_index, ensure_vector_table

    numbers = np.random.default_rng(3)
    centres = np.repeat(numbers.normal(size=(50, 64)), 30, axis=0)  # products come in kinds, as pictures of them do
    rows = (centres + 0.5 * numbers.normal(size=centres.shape)).astype(np.float32)
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    make_market(database_url, [Stock(f"p{i}", brand="Rare" if i % 100 == 0 else "Acme") for i in range(len(rows))])
    table = VectorTable("lookmatch-mini", "wide-1", 64, "IN")
    with psycopg.connect(database_url, row_factory=dict_row) as db:
        ensure_vector_table(db, table)
        for i, row in enumerate(rows):
            half = HalfVector(row).to_text()
            db.execute(f"INSERT INTO vectors.{table.name} VALUES (%s, 'IN', 'd', 'wide-1', %s::halfvec)", [f"p{i}", half])
        db.execute("UPDATE vectors.live_encoder SET encoder_version = 'wide-1', products = 1500")
        build_index(db, table, bits_from=2_000)
        assert not live_index(db, "IN").bit_index
        build_index(db, table, bits_from=1_000)
    monkeypatch.setattr(nearest, "EXACT_ROWS", 0)
    pool = open_pool(database_url)
    with pool.connection() as connection:
        index = live_index(connection, "IN")
        assert index.bit_index
        for seed in range(5):
            near = rows[seed] + 0.1 * numbers.normal(size=64).astype(np.float32)
            query = near / np.linalg.norm(near)
            everything = conditions_of("IN", Filters(), TOPS)
            by_bits = nearest_products(connection, index, query, everything, 20)
            exact = nearest_products(connection, replace(index, search_by="exact"), query, everything, 20)
            assert by_bits.method == "bits"
            assert len(set(ids(by_bits)) & set(ids(exact))) >= 19
            rare = nearest_products(connection, index, query, conditions_of("IN", Filters(brand=["Rare"]), TOPS), 10)
            assert len(rare.candidates) == 10
    pool.close()
