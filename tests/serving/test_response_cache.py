"""Answers kept in Valkey: what they depend on, what puts them out, and whom they are never kept for."""

from __future__ import annotations

import psycopg
import pytest

from lookmatch_serving.embedded import Services
from lookmatch_serving.errors import UpstreamError
from lookmatch_serving.search.models.request import Filters, SearchRequest
from lookmatch_serving.search.vectorisation.segmentation import AbsentSegmenter, EmbeddedSegmenter
from lookmatch_serving.value_types import PriceRange
from tests.serving.search_fixtures import FixedReader, Stock, colour_pipeline, dressed_look, make_market, red_top

REQUEST = SearchRequest(market="IN", page_size=3, deadline_ms=10_000)


@pytest.fixture
def stores(database_url, redis_url):
    make_market(database_url, [Stock(f"red-{i}", shade=i * 2) for i in range(12)])
    return Services(database_url, redis_url)


@pytest.fixture
def pipeline(settings, stores):
    made = colour_pipeline(settings, stores, reader=FixedReader([red_top()]))
    yield made
    made.close()


def ids(answer):
    return [hit.product_id for hit in answer.layers[0].hits]


def was_kept(answer) -> bool:
    return "retrieval" not in answer.timings_ms


def changed(stores, statement, *values):
    with psycopg.connect(stores.database_url) as db:
        db.execute(statement, values)


def test_the_same_question_is_answered_from_the_cache_with_todays_price_and_an_id_of_its_own(pipeline, stores):
    first = pipeline.search(REQUEST, dressed_look())
    changed(stores, "UPDATE catalog.offers SET price_minor = 4200 WHERE product_id = %s", ids(first)[0])
    heard = []
    again = pipeline.search(REQUEST, dressed_look(), heard.append)
    assert [one.stage for one in heard if one.finished] == ["look", "total"]
    assert not was_kept(first)
    assert was_kept(again)
    assert ids(again) == ids(first)
    assert again.layers[0].hits[0].price == 42.0
    assert again.query_id != first.query_id
    with psycopg.connect(stores.database_url) as db:
        assert db.execute("SELECT count(*) FROM looks.queries").fetchone() == (2,)
    page = pipeline.search(REQUEST.model_copy(update={"page_token": again.layers[0].next_page_token}))
    assert not set(ids(page)) & set(ids(again))


def test_an_index_that_was_brought_up_to_date_or_calibrated_puts_every_kept_answer_out(pipeline, stores):
    pipeline.search(REQUEST, dressed_look())
    changed(stores, "UPDATE vectors.live_encoder SET index_as_of = index_as_of + interval '1 second'")
    assert not was_kept(pipeline.search(REQUEST, dressed_look()))
    assert was_kept(pipeline.search(REQUEST, dressed_look()))
    changed(
        stores,
        "INSERT INTO vectors.match_curves (encoder_version, market, ranker, category, grade, scores, probabilities, pairs,"
        " positives, products) VALUES ('colour-1', 'IN', 'segment', '*', 'similar', '{0.1}', '{0.9}', 60, 50, 12)",
    )
    calibrated = pipeline.search(REQUEST, dressed_look())
    assert not was_kept(calibrated)
    assert calibrated.grading == "calibrated"


def test_other_filters_pages_and_pictures_are_other_questions(pipeline):
    pipeline.search(REQUEST, dressed_look())
    for update in ({"page_size": 4}, {"filters": Filters(brand=["Acme"])}, {"explain": True}, {"layers": ["inner_topwear"]}):
        assert not was_kept(pipeline.search(REQUEST.model_copy(update=update), dressed_look()))
    assert was_kept(pipeline.search(REQUEST.model_copy(update={"deadline_ms": 9_000}), dressed_look()))


def test_a_shoppers_answer_is_neither_kept_nor_served_from_what_was_kept(pipeline):
    pipeline.search(REQUEST, dressed_look())
    personal = REQUEST.model_copy(update={"user_id": "shopper-1"})
    assert not was_kept(pipeline.search(personal, dressed_look()))
    assert not was_kept(pipeline.search(personal, dressed_look()))


def test_a_product_that_is_gone_or_passes_the_filter_no_longer_puts_the_answer_out(pipeline, stores):
    priced = REQUEST.model_copy(update={"filters": Filters(price=PriceRange(max=20, currency="INR"))})
    first = pipeline.search(priced, dressed_look())
    assert was_kept(pipeline.search(priced, dressed_look()))
    changed(stores, "UPDATE catalog.offers SET price_minor = 9900 WHERE product_id = %s", ids(first)[0])
    dearer = pipeline.search(priced, dressed_look())
    assert not was_kept(dearer)
    assert ids(first)[0] not in ids(dearer)
    assert len(ids(dearer)) == 3
    changed(stores, "UPDATE catalog.products SET removed = true WHERE product_id = %s", ids(dearer)[0])
    assert ids(dearer)[0] not in ids(pipeline.search(priced, dressed_look()))


def test_a_degraded_answer_is_not_kept(settings, stores):
    reader = FixedReader([], UpstreamError("the model's server answered 529"))
    pipeline = colour_pipeline(settings, stores, reader=reader)
    assert pipeline.search(REQUEST, dressed_look()).degraded
    assert not was_kept(pipeline.search(REQUEST, dressed_look()))
    pipeline.close()


def test_cut_outs_are_encoded_once_for_all_requests_about_a_look(settings, stores):
    class Counting(EmbeddedSegmenter):
        calls = 0

        def segment(self, picture, queries):
            type(self).calls += 1
            return super().segment(picture, queries)

    pipeline = colour_pipeline(settings, stores, reader=FixedReader([red_top()]))
    pipeline.prefetch.vectorisation.segments._embedded = Counting()
    for size in (3, 4, 5):
        assert pipeline.search(REQUEST.model_copy(update={"page_size": size}), dressed_look()).ranker == "segment"
    assert Counting.calls == 1
    pipeline.close()


def test_a_segmenter_without_weights_hands_over_to_the_embedded_one_and_says_why(settings, stores):
    absent = AbsentSegmenter("the weights of Florence-2 are not on disk")
    pipeline = colour_pipeline(settings, stores, reader=FixedReader([red_top()]), segmenter=absent)
    answer = pipeline.search(REQUEST, dressed_look())
    pipeline.close()
    assert answer.ranker == "segment"
    assert [step.stage for step in answer.degraded] == ["segmentation"]
    assert "Florence-2 are not on disk" in answer.degraded[0].reason


def test_a_segmenter_that_overruns_leaves_time_for_the_embedded_one(settings, stores):
    import time

    class Hanging(EmbeddedSegmenter):
        version = "hanging-1"

        def segment(self, picture, queries):
            time.sleep(2)
            return {}

    pipeline = colour_pipeline(settings, stores, reader=FixedReader([red_top()]), segmenter=Hanging())
    pipeline.warm_up()
    began = time.monotonic()
    answer = pipeline.search(REQUEST.model_copy(update={"deadline_ms": 900}), dressed_look())
    assert time.monotonic() - began < 0.95
    assert answer.ranker == "segment"
    assert "embedded segmenter" in answer.degraded[0].reason
    pipeline.close()
