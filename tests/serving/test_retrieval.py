"""Hard filters, duplicates and the promise on the number of rows, on real Postgres."""

from __future__ import annotations

import pytest

from lookmatch_serving.db import open_pool
from lookmatch_serving.search import retrieval
from lookmatch_serving.search.look import Filters, PriceRange
from lookmatch_serving.search.retrieval import (
    conditions_of,
    layer_candidates,
    live_index,
    major_units,
    minor_units,
    nearest_products,
)
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
    monkeypatch.setattr(retrieval, "EXACT_ROWS", 0)
    assert len(searched(stock, limit=200, groups=groups).candidates) == 200
    rare = searched(stock, Filters(brand=["Rare"]), limit=25)
    assert len(rare.candidates) == 25


def test_the_index_and_the_exact_scan_agree(searched, monkeypatch):
    stock = [Stock(f"p{i}", shade=i * 0.13) for i in range(600)]
    exact = ids(searched(stock, limit=20))
    monkeypatch.setattr(retrieval, "EXACT_ROWS", 0)
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
