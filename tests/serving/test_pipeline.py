"""The four stages together, on real Postgres and Valkey."""

from __future__ import annotations

import time

import psycopg
import pytest
from psycopg.types.json import Jsonb

from lookmatch_serving.embedded import Services
from lookmatch_serving.errors import ConfigurationError, InvalidInputError, NotFoundError, UpstreamError
from lookmatch_serving.search.models.answer import MatchGrade, Ranker
from lookmatch_serving.search.models.request import Filters, SearchRequest
from lookmatch_serving.search.query_generation.look_source import usable_as_stored
from lookmatch_serving.settings import Market
from tests.serving.search_fixtures import (
    FixedReader,
    Stock,
    blue_bottom,
    colour_pipeline,
    dressed_look,
    make_market,
    red_top,
)

STOCK = [Stock(f"red-{i}", shade=i * 2) for i in range(25)] + [
    Stock("blue-tee", "blue"),
    Stock("green-shirt", "green", category="shirt"),
    Stock("jeans-1", "blue", "jeans", "bottomwear"),
    Stock("jeans-2", "black", "jeans", "bottomwear"),
    Stock("us-red", market="US", currency="USD"),
]


@pytest.fixture
def stores(database_url: str, redis_url: str) -> Services:
    make_market(database_url, STOCK)
    return Services(database_url, redis_url)


def ids(answer, layer="inner_topwear"):
    return [hit.product_id for found in answer.layers if found.layer == layer for hit in found.hits]


def test_a_look_is_answered_layer_by_layer_with_the_nearest_products_first(settings, stores):
    pipeline = colour_pipeline(settings, stores, reader=FixedReader([red_top(), blue_bottom()]))
    answer = pipeline.search(SearchRequest(market="IN", deadline_ms=10_000), dressed_look())
    assert [layer.layer for layer in answer.layers] == ["inner_topwear", "bottomwear"]
    assert ids(answer)[0].startswith("red-")
    assert ids(answer, "bottomwear")[0] == "jeans-1"
    assert answer.ranker == Ranker.SEGMENT
    assert answer.degraded == []
    assert {"query_generation", "vectorisation", "retrieval", "reranking", "total"} <= set(answer.timings_ms)
    assert answer.layers[0].match in (MatchGrade.EXACT, MatchGrade.CLOSE)
    pipeline.close()


def test_the_query_log_holds_the_answer(settings, stores):
    pipeline = colour_pipeline(settings, stores, reader=FixedReader([red_top()]))
    answer = pipeline.search(SearchRequest(market="IN", deadline_ms=10_000), dressed_look())
    with psycopg.connect(stores.database_url) as db:
        row = db.execute(
            "SELECT look_digest, answer->>'query_id' FROM looks.queries WHERE query_id = %s", [answer.query_id]
        ).fetchone()
    assert row is not None
    assert len(row[0]) == 64
    assert row[1] == str(answer.query_id)
    pipeline.close()


def test_pages_never_show_a_product_twice_even_while_the_market_changes(settings, stores):
    pipeline = colour_pipeline(settings, stores, reader=FixedReader([red_top()]))
    request = SearchRequest(market="IN", page_size=5, deadline_ms=10_000)
    answer = pipeline.search(request, dressed_look())
    shown = ids(answer)
    token = answer.layers[0].next_page_token
    with psycopg.connect(stores.database_url) as db:
        db.execute("UPDATE catalog.products SET removed = true WHERE product_id = 'blue-tee'")
    while token:
        page = pipeline.search(request.model_copy(update={"page_token": token}))
        shown += ids(page)
        token = page.layers[0].next_page_token
    assert len(shown) == len(set(shown)) >= 20
    assert "blue-tee" not in shown
    pipeline.close()


def test_a_page_token_that_is_not_ours_is_refused_by_name(settings, stores):
    pipeline = colour_pipeline(settings, stores)
    for token in ("nonsense", "WyJhIiwiYiIsMV0", "e30", "W1tb" * 1000):
        with pytest.raises(NotFoundError, match="page_token"):
            pipeline.search(SearchRequest(market="IN", page_token=token))
    pipeline.close()


def test_a_failing_reader_hands_over_to_the_embedded_one_and_says_so(settings, stores):
    reader = FixedReader([], UpstreamError("the model's server answered 529"))
    pipeline = colour_pipeline(settings, stores, reader=reader)
    answer = pipeline.search(SearchRequest(market="IN", deadline_ms=10_000), dressed_look())
    assert answer.layers
    assert [d.stage for d in answer.degraded] == ["query_generation"]
    assert "529" in answer.degraded[0].reason
    pipeline.close()


def test_a_hanging_reader_does_not_outlast_the_deadline(settings, stores):
    class Hanging(FixedReader):
        version = "hanging-1"

        def generate(self, look, seconds, ledger=None):
            time.sleep(3)
            return []

    pipeline = colour_pipeline(settings, stores, reader=Hanging([]))
    pipeline.warm_up()
    started = time.monotonic()
    answer = pipeline.search(SearchRequest(market="IN", deadline_ms=1500), dressed_look())
    assert time.monotonic() - started < 1.6
    assert answer.degraded[0].stage == "query_generation"
    pipeline.close()


def test_a_missing_valkey_degrades_and_never_breaks(settings, stores):
    lost = Services(stores.database_url, "unix:///nowhere/valkey.sock")
    pipeline = colour_pipeline(settings, lost, reader=FixedReader([red_top()]))
    answer = pipeline.search(SearchRequest(market="IN", deadline_ms=10_000), dressed_look())
    assert ids(answer)
    assert answer.layers[0].next_page_token is None
    assert [d.stage for d in answer.degraded] == ["cache"]
    pipeline.close()


def test_the_same_look_is_read_once(settings, stores):
    reader = FixedReader([red_top()])
    pipeline = colour_pipeline(settings, stores, reader=reader)
    for _ in range(3):
        pipeline.search(SearchRequest(market="IN", deadline_ms=10_000), dressed_look())
    assert reader.calls == 1
    pipeline.close()


def test_only_the_layers_asked_for_are_answered(settings, stores):
    pipeline = colour_pipeline(settings, stores, reader=FixedReader([red_top(), blue_bottom()]))
    answer = pipeline.search(SearchRequest(market="IN", layers=["bottomwear"], deadline_ms=10_000), dressed_look())
    assert [layer.layer for layer in answer.layers] == ["bottomwear"]
    pipeline.close()


def test_a_layer_with_nothing_good_says_none(settings, stores):
    query = red_top().model_copy(update={"layer": "footwear", "query": "Men's red boots.", "categories": ("boots",)})
    pipeline = colour_pipeline(settings, stores, reader=FixedReader([query]))
    answer = pipeline.search(SearchRequest(market="IN", deadline_ms=10_000), dressed_look())
    assert answer.layers[0].match == MatchGrade.NONE
    assert answer.layers[0].hits == []
    pipeline.close()


def test_a_market_without_an_index_and_another_encoder_version_are_named(settings, stores):
    pipeline = colour_pipeline(settings, stores)
    with pytest.raises(UpstreamError, match="JP has no index"):
        pipeline.search(SearchRequest(market="JP"), dressed_look())
    with psycopg.connect(stores.database_url) as db:
        db.execute("INSERT INTO vectors.encoders VALUES ('lookmatch-mini', 'other', 8, 'other_table')")
        db.execute("UPDATE vectors.live_encoder SET encoder_version = 'other' WHERE market = 'IN'")
    with pytest.raises(ConfigurationError, match="materialise the vectors again"):
        pipeline.search(SearchRequest(market="IN"), dressed_look())
    pipeline.close()


def test_a_request_names_exactly_one_look(settings, stores):
    pipeline = colour_pipeline(settings, stores)
    for request, image in ((SearchRequest(market="IN"), None), (SearchRequest(market="IN", look_id="x"), dressed_look())):
        with pytest.raises(InvalidInputError) as refused:
            pipeline.search(request, image)
        assert refused.value.field == "image"
    with pytest.raises(InvalidInputError, match="JPEG, PNG, WebP, AVIF or HEIC"):
        pipeline.search(SearchRequest(market="IN"), b"not a picture at all")
    with pytest.raises(NotFoundError, match="nobody"):
        pipeline.search(SearchRequest(market="IN", look_id="nobody"))
    pipeline.close()


def test_a_tagged_look_is_answered_from_store_with_todays_prices_unless_filtered(settings, stores):
    settings.look_folder.mkdir(parents=True)
    (settings.look_folder / "a.png").write_bytes(dressed_look())
    reader = FixedReader([red_top()])
    pipeline = colour_pipeline(settings, stores, reader=reader)
    request = SearchRequest(market="IN", look_id="a", page_size=5, deadline_ms=10_000)
    with psycopg.connect(stores.database_url) as db:
        db.execute("INSERT INTO looks.looks (look_id, market, image_file, image_digest) VALUES ('a', 'IN', 'a.png', 'd')")
    fresh = pipeline.search(request)
    with psycopg.connect(stores.database_url) as db:
        stored = Jsonb(fresh.model_dump(mode="json"))
        db.execute(
            "INSERT INTO looks.tagged (look_id, market, encoder_version, answer) VALUES ('a', 'IN', 'colour-1', %s)", [stored]
        )
        db.execute("UPDATE catalog.offers SET price_minor = 777 WHERE product_id = %s", [ids(fresh)[0]])
    answer = pipeline.search(request)
    assert ids(answer) == ids(fresh)
    assert answer.layers[0].hits[0].price == 7.77
    assert set(answer.timings_ms) == {"total"}
    filtered = pipeline.search(request.model_copy(update={"filters": Filters(size=["S"])}))
    assert "retrieval" in filtered.timings_ms
    assert not usable_as_stored(request.model_copy(update={"market": Market.JAPAN}), answer, "colour-1")
    assert not usable_as_stored(request, answer, "colour-2")
    pipeline.close()
