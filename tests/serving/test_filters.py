"""Filters: hard unless relaxation is asked for, sizes across systems, and why nothing was found."""

from __future__ import annotations

import os
import random
from collections.abc import Callable, Iterator
from typing import Any

import psycopg
import pytest
from psycopg.rows import dict_row

from lookmatch_serving.embedded import Services
from lookmatch_serving.search.models.answer import LayerAnswer
from lookmatch_serving.search.models.request import FilterName, Filters, SearchRequest
from lookmatch_serving.search.models.sizes import SizeChart
from lookmatch_serving.search.retrieval.size_systems import (
    AcceptedSize,
    accepted_sizes,
    fitting_sizes,
    read_size_chart,
    size_as_written,
)
from lookmatch_serving.value_types import PreferredSize, PriceRange, SizeSystem
from tests.serving.search_fixtures import (
    FixedReader,
    Stock,
    blue_bottom,
    colour_pipeline,
    dressed_look,
    make_market,
    make_size_chart,
    red_top,
)

RANDOM_FILTERS = int(os.environ.get("LOOKMATCH_TEST_FILTERS", "60"))
SHOES = {"category": "casual-shoes", "layer": "footwear"}
STOCK = [
    *(Stock(f"acme-{n}", brand="Acme", price_minor=100_000 + n, shade=n) for n in range(3)),
    *(Stock(f"bravo-{n}", brand="Bravo", price_minor=300_000 + n, shade=10 + n) for n in range(4)),
    Stock("charlie", brand="Charlie", price_minor=900_000, sizes=["XL"], shade=30),
    Stock("sold-out", brand="Acme", availability="out_of_stock", sizes=[], shade=5),
    Stock("jeans", "blue", "jeans", "bottomwear", sizes=["32x32", "34x32"]),
    Stock("eu-42", sizes=["41", "42"], size_system="EU", **SHOES),
    Stock("uk-7.5", sizes=["UK 7.5"], **SHOES),
    Stock("in-9", sizes=["9"], **SHOES),
    Stock("us-8.5", sizes=["8.5"], size_system="US", **SHOES),
    Stock("us-8.5-women", sizes=["8.5"], size_system="US", gender="women", **SHOES),
    Stock("jp-26.5", sizes=["26.5cm"], size_system="JP", gender="unisex", **SHOES),
]
Search = Callable[..., list[LayerAnswer]]


@pytest.fixture
def stores(database_url: str, redis_url: str) -> Services:
    make_market(database_url, STOCK)
    make_size_chart(database_url)
    return Services(database_url, redis_url)


@pytest.fixture
def chart(stores: Services) -> SizeChart:
    with psycopg.connect(stores.database_url, row_factory=dict_row) as connection:
        return read_size_chart(connection)


@pytest.fixture
def search(settings: Any, stores: Services) -> Iterator[Search]:
    shoes = red_top().model_copy(update={"layer": "footwear", "query": "red shoes", "categories": (), "gender": None})
    pipeline = colour_pipeline(settings, stores, reader=FixedReader([red_top(), blue_bottom(), shoes]))

    def find(layer: str = "inner_topwear", page_size: int = 5, **filters: Any) -> LayerAnswer:
        request = SearchRequest(market="IN", filters=Filters(**filters), layers=[layer], page_size=page_size, deadline_ms=20_000)
        return pipeline.search(request, dressed_look()).layers[0]

    yield find
    pipeline.close()


def names(layer: LayerAnswer) -> list[str]:
    return [hit.product_id for hit in layer.hits]


def test_filters_are_hard_when_nothing_may_be_relaxed(search: Search) -> None:
    for filters in (
        {"brand": ["Acme"], "in_stock": True},
        {"price": PriceRange(max=1500.0, currency="INR"), "size": ["S"]},
        {"category": ["t-shirt"], "brand": ["acme "], "size": ["M"]},
    ):
        found = search(**filters)
        assert set(names(found)) == {"acme-0", "acme-1", "acme-2"}
        assert (found.relaxed, found.explanation) == ([], None)
    assert names(search(brand=["Acme"], price=PriceRange(max=15.0, currency="USD"))) == []


def test_no_product_fails_a_filter_and_none_that_passes_is_missing_over_random_filters(
    settings: Any, database_url: str, redis_url: str
) -> None:
    chance = random.Random(1)
    brands, sizes = ["Acme", "Bravo", "Ç & Söhne"], ["S", "M", "L", "42"]
    genders, kinds = ["men", "women", "unisex"], ["t-shirt", "shirt"]
    stock = [
        Stock(
            f"p{n}",
            category=chance.choice(kinds),
            gender=chance.choice(genders),
            brand=chance.choice(brands),
            price_minor=chance.randrange(50_000, 500_000),
            sale_price_minor=chance.choice([None, chance.randrange(10_000, 50_000)]),
            availability=chance.choice(["in_stock", "in_stock", "out_of_stock"]),
            sizes=chance.sample(sizes, chance.randrange(4)),
            shade=n / 9,
        )
        for n in range(300)
    ]
    make_market(database_url, stock)
    pipeline = colour_pipeline(settings, Services(database_url, redis_url), reader=FixedReader([red_top()]))
    by_id, hits, empty = {one.product_id: one for one in stock}, 0, 0
    for _ in range(RANDOM_FILTERS):
        low = chance.uniform(0, 3000)
        given: dict[str, Any] = {
            "brand": chance.sample(brands, 2), "size": chance.sample(sizes, 2), "gender": chance.choice(["men", "women"]),
            "category": [chance.choice(kinds)], "in_stock": True,
            "price": PriceRange(min=round(low, 2), max=round(low + chance.uniform(0, 3000), 2), currency="INR"),
        }  # fmt: skip
        filters = Filters(**{name: given[name] for name in chance.sample(list(given), chance.randrange(1, 5))})
        request = SearchRequest(market="IN", filters=filters, page_size=20, deadline_ms=20_000)
        layer = pipeline.search(request, dressed_look()).layers[0]
        passing = {one.product_id for one in stock if passes(one, filters)}
        assert set(names(layer)) <= passing, filters
        assert len(layer.hits) == min(20, len(passing)), filters
        assert [hit.brand for hit in layer.hits] == [by_id[hit.product_id].brand for hit in layer.hits]
        assert (layer.explanation is not None) is (not passing)
        hits, empty = hits + len(layer.hits), empty + (not passing)
    pipeline.close()
    print(f"{RANDOM_FILTERS} random filters: {hits} hits, none fails one, none is missing; {empty} empty layers explained")
    assert hits > RANDOM_FILTERS


def passes(one: Stock, filters: Filters) -> bool:
    """The filters' meaning, said again."""
    price = (one.price_minor if one.sale_price_minor is None else one.sale_price_minor) / 100
    wanted = filters.price
    return (
        (filters.brand is None or one.brand in filters.brand)
        and (filters.size is None or bool(set(filters.size) & set(one.sizes)))
        and (filters.gender is None or one.gender in (filters.gender, "unisex"))
        and (filters.category is None or one.category in filters.category)
        and (not filters.in_stock or one.availability == "in_stock")
        and (wanted is None or (wanted.min or 0) <= price <= (wanted.max or 0))
    )


def test_filters_are_relaxed_in_the_order_asked_for_until_a_page_is_full(search: Search) -> None:
    filters = {"brand": ["Acme"], "price": PriceRange(max=1500.0, currency="INR"), "in_stock": True}
    found = search(**filters, relax=["brand", "price"])
    assert found.relaxed == [FilterName.BRAND, FilterName.PRICE]
    assert sorted(names(found)[:3]) == ["acme-0", "acme-1", "acme-2"]
    assert all(name.startswith("bravo") for name in names(found)[3:])
    assert found.hits[0].why is None
    assert found.hits[3].why == {"relaxed": "found without the filters brand, price"}
    assert "sold-out" not in names(search(**filters, relax=["price", "brand"], page_size=20))
    assert search(**filters, relax=["price", "brand"], page_size=3).relaxed == []
    assert search(brand=["Acme"], relax=["price", "brand"], in_stock=True).relaxed == [FilterName.BRAND]


def test_what_was_dropped_is_told_on_later_pages_too(settings: Any, stores: Services) -> None:
    pipeline = colour_pipeline(settings, stores, reader=FixedReader([red_top()]))
    filters = Filters(brand=["Acme"], in_stock=True, relax=["brand"])
    request = SearchRequest(market="IN", page_size=4, filters=filters, deadline_ms=20_000)
    first = pipeline.search(request, dressed_look()).layers[0]
    second = pipeline.search(request.model_copy(update={"page_token": first.next_page_token})).layers[0]
    assert first.relaxed == second.relaxed == [FilterName.BRAND]
    assert [hit.why for hit in second.hits] == [{"relaxed": "found without the filters brand"}] * len(second.hits)
    assert not set(names(first)) & set(names(second))
    pipeline.close()


def test_an_empty_layer_says_which_filters_nothing_passes_and_what_would_help(search: Search) -> None:
    found = search(brand=["Acme"], size=["XL"], category=["t-shirt"])
    assert names(found) == []
    assert found.explanation == (
        "no product of this layer passes brand, size, category; would pass: without brand 1, without size 4, without category 0"
    )
    unknown = search(category=["no-such-slug"])
    assert unknown.explanation == "no product of this layer passes category; would pass: without category 9"
    assert search("bottomwear", brand=["Nobody"], relax=["brand"]).relaxed == [FilterName.BRAND]


def test_a_size_with_its_system_finds_products_sized_in_other_systems_and_says_that_it_is_an_estimate(search: Search) -> None:
    found = search("footwear", size=["42"], size_system="EU", page_size=10)
    assert set(names(found)) == {"eu-42", "uk-7.5", "us-8.5", "jp-26.5"}
    why = {hit.product_id: hit.why for hit in found.hits}
    assert why["eu-42"] is None
    assert why["uk-7.5"] == {"size": "UK 7.5 is an estimate of the size asked for"}
    assert why["jp-26.5"] == {"size": "26.5cm is an estimate of the size asked for"}
    assert names(search("footwear", size=["42"])) == ["eu-42"]
    assert set(names(search("footwear", size=["10"], size_system="US", page_size=10))) == {"in-9"}
    assert names(search("bottomwear", size=["48"], size_system="EU")) == ["jeans"]
    tops = names(search(size=["L"], size_system="JP", page_size=20))
    assert len(tops) == 7
    assert "charlie" not in tops


@pytest.mark.parametrize(("size", "system", "layer", "fits"), [
    ("M", "letter", "inner_topwear", [("M", "IN", "men"), ("40", "IN", "men"), ("L", "JP", "men")]),
    ("eu 42", "EU", "footwear", [("42", "EU", "men"), ("EU-42", None, "women"), ("7.5", "UK", "men"), ("10", "US", "women")]),
    ("32", "US", "bottomwear", [("32x30", "US", "men"), ("81cm", "JP", "men"), ("M", None, "men"), ("48", "EU", "men")]),
    ("26.5", "JP", "footwear", [("26.5cm", "JP", "men"), ("42", "EU", "unisex"), ("9.5", "US", "women")]),
    ("5XL", "letter", "inner_topwear", [("5XL", "US", "men"), ("5xl", "letter", "women")]),
])  # fmt: skip
def test_a_size_is_known_by_its_names_elsewhere(chart: SizeChart, size: str, system: str, layer: str, fits: list[Any]) -> None:
    accepted = accepted_sizes([PreferredSize(size=size, system=SizeSystem(system))], layer, chart)
    for name, written_in, gender in fits:
        assert fitting_sizes([name], written_in, gender, "IN", accepted), (name, written_in, gender)


def test_a_size_of_another_country_is_not_mistaken_for_ones_own(chart: SizeChart) -> None:
    def passes(size: str, system: str, name: str, written_in: str, gender: str, layer: str = "footwear") -> bool:
        accepted = accepted_sizes([PreferredSize(size=size, system=SizeSystem(system))], layer, chart)
        return bool(fitting_sizes([name], written_in, gender, "IN", accepted))

    assert not passes("8", "US", "8", "UK", "men")
    assert not passes("8", "US", "8", "IN", "men")
    assert passes("8", "US", "41", "EU", "men")
    assert passes("8", "US", "39", "EU", "women")
    assert not passes("8", "US", "39", "EU", "men")
    assert not passes("M", "letter", "M", "JP", "men", "inner_topwear")
    assert passes("S", "letter", "M", "JP", "men", "inner_topwear")


@pytest.mark.parametrize(("size", "system", "market", "written"), [
    ("m", None, "IN", ("M", "letter")), ("LL", None, "JP", ("LL", "JP")), ("UK 8", None, "IN", ("8", "UK")),
    ("32x32", None, "US", ("32", "US")), ("25.0cm", "JP", "JP", ("25cm", "JP")), ("42", "EU", "IN", ("42", "EU")),
    ("Onesize", None, "IN", None), ("フリーサイズ", None, "JP", None), ("42", "shop's", "US", ("42", "US")),
    ("7", "letter", "US", None),
])  # fmt: skip
def test_a_products_size_is_read_with_its_system(size: str, system: str | None, market: str, written: Any) -> None:
    assert size_as_written(size, system, market) == written


def test_a_size_without_a_system_stands_for_itself_alone(chart: SizeChart) -> None:
    assert accepted_sizes([PreferredSize(size="42")], "footwear", chart) == [AcceptedSize("42")]
