"""Many looks at a time: what is made in batches is what a search alone would make, and searches find it."""

from __future__ import annotations

import io

import psycopg
import pytest
from PIL import Image
from psycopg.types.json import Jsonb

from benchmarks.fake_model import Mode
from lookmatch_serving.embedded import Services
from lookmatch_serving.errors import UpstreamError
from lookmatch_serving.llm.accounting import Ledger, cost_of
from lookmatch_serving.llm.batches import ModelBatches
from lookmatch_serving.llm.client import Question, text_block
from lookmatch_serving.llm.schemas import SeenLook
from lookmatch_serving.search.models.answer import Ranker
from lookmatch_serving.search.models.request import SearchRequest
from lookmatch_serving.search.prefetch_batches import OfflineModel
from lookmatch_serving.search.query_generation.vision_model import ModelQueryGenerator
from lookmatch_serving.search.reranking.vision_model import ModelReranker
from lookmatch_serving.settings import Market
from tests.serving.search_fixtures import FixedReader, Stock, colour_pipeline, dressed_look, make_market, red_top

REQUEST = SearchRequest(market="IN", deadline_ms=20_000)


@pytest.fixture
def stores(database_url, redis_url):
    stock = [Stock(f"red-{i}", shade=i) for i in range(12)]
    make_market(
        database_url, [*stock, Stock("jeans", "blue", "jeans", "bottomwear"), Stock("us-red", market="US", currency="USD")]
    )
    return Services(database_url, redis_url)


def pictures(count: int) -> list[bytes]:
    found = []
    for number in range(count):
        with Image.open(io.BytesIO(dressed_look())) as opened:
            opened.paste((number * 40, 0, 0), (0, 0, 40, 40))
            buffer = io.BytesIO()
            opened.save(buffer, "PNG")
        found.append(buffer.getvalue())
    return found


def stages(model, memory=None, **changes):
    memory = {} if memory is None else memory
    known = {"recall": memory.get, "remember": lambda name, text, seconds: memory.update({name: text})}
    batches = ModelBatches(model.client, model.name, **known, **{"wait_seconds": 5, "poll_seconds": 0.02, **changes})
    reader, reranker = ModelQueryGenerator(model), ModelReranker(model)
    return {"reader": reader, "reranker": reranker, "batch_model": OfflineModel(reader, reranker, batches)}


def told(answer):
    return [(layer.layer, layer.query, [(hit.product_id, hit.score) for hit in layer.hits]) for layer in answer.layers]


def test_looks_prepared_together_are_answered_as_each_would_be_alone_without_reading_them_again(settings, stores):
    looks = pictures(5)
    alone = colour_pipeline(settings, stores)
    expected = [told(alone.search(REQUEST, look)) for look in looks]
    alone.prefetch.cache._client.flushdb()
    alone.prepare(Market.INDIA, [*looks, b"no picture"])
    encoder = alone.live.settle(*_live(alone))[1]
    encoder.encode_images = lambda images: pytest.fail("a picture was encoded again")
    answers = [alone.search(REQUEST, look) for look in looks]
    alone.close()
    assert [told(answer) for answer in answers] == expected
    assert all(answer.layers for answer in answers)
    assert all("retrieval" in answer.timings_ms and not answer.degraded for answer in answers)


def _live(pipeline):
    from lookmatch_serving.search.retrieval.nearest import live_index
    from lookmatch_serving.search.runtime.trace import Trace

    with pipeline.pool.connection() as connection:
        return live_index(connection, "IN"), Trace()


def test_with_a_model_two_batches_do_what_calls_would_at_half_the_price(fake, model, settings, stores):
    fake.usage, fake.looks_at_batch = {"input_tokens": 1_000, "output_tokens": 100}, 3
    calls = []
    pipeline = colour_pipeline(settings, stores, on_model_call=calls.append, **stages(model))
    looks = pictures(4)
    pipeline.prepare(Market.INDIA, looks)
    answers = [pipeline.search(REQUEST, look) for look in looks]
    pipeline.close()
    assert fake.asked == []
    assert [len(requests) for requests in fake.batches.values()] == [4, 4]
    assert {answer.ranker for answer in answers} == {Ranker.LLM}
    assert not any(answer.degraded for answer in answers)
    assert {call.cost_usd for call in calls} == {cost_of("claude-haiku-5-5", 1_000, 100, 0, 0, batch=True)}
    assert [call.purpose for call in calls] == ["query_generation"] * 4 + ["reranking"] * 4


def test_a_batch_that_fails_leaves_the_looks_to_their_searches(fake, model, settings, stores):
    fake.mode = Mode.OVERLOADED
    pipeline = colour_pipeline(settings, stores, **stages(model))
    looks = pictures(2)
    pipeline.prepare(Market.INDIA, looks)
    fake.mode = Mode.NORMAL
    assert {pipeline.search(REQUEST, look).ranker for look in looks} == {Ranker.LLM}
    pipeline.close()
    assert (fake.readings, fake.judgements) == (2, 2)


def test_a_batch_that_was_begun_before_is_waited_for_and_not_begun_again(fake, model):
    fake.looks_at_batch = 1_000
    memory: dict[str, str] = {}
    questions = {"one": Question("query_generation", "Read.", [text_block("Read this look.")], SeenLook)}

    def batches(wait: float) -> ModelBatches:
        remember = {"recall": memory.get, "remember": lambda name, text, seconds: memory.update({name: text})}
        return ModelBatches(model.client, model.name, **remember, wait_seconds=wait, poll_seconds=0.02)

    with pytest.raises(UpstreamError, match="did not end"):
        batches(0.1).ask_all(questions, Ledger())
    fake.looks_at_batch = 1
    assert batches(5).ask_all(questions, Ledger())["one"].layers
    assert len(fake.batches) == 1


def test_a_tagged_look_says_what_is_gone_and_is_found_afresh_when_a_layer_has_nothing_left(settings, stores):
    settings.look_folder.mkdir(parents=True)
    (settings.look_folder / "a.png").write_bytes(dressed_look())
    pipeline = colour_pipeline(settings, stores, reader=FixedReader([red_top()]))
    request = REQUEST.model_copy(update={"look_id": "a", "page_size": 5})
    with psycopg.connect(stores.database_url) as db:
        db.execute("INSERT INTO looks.looks (look_id, market, image_file, image_digest) VALUES ('a', 'IN', 'a.png', 'd')")
    fresh = pipeline.search(request)
    shown = [hit.product_id for hit in fresh.layers[0].hits]
    with psycopg.connect(stores.database_url) as db:
        statement = "INSERT INTO looks.tagged (look_id, market, encoder_version, answer) VALUES ('a', 'IN', 'colour-1', %s)"
        db.execute(statement, [Jsonb(fresh.model_dump(mode="json"))])
        db.execute("UPDATE catalog.offers SET removed = true WHERE product_id = %s", [shown[0]])
    answer = pipeline.search(request)
    assert [hit.product_id for hit in answer.layers[0].hits] == shown[1:]
    assert answer.degraded[0].stage == "stored"
    assert "1 products are no longer sold" in answer.degraded[0].reason
    with psycopg.connect(stores.database_url) as db:
        db.execute("UPDATE catalog.products SET removed = true WHERE product_id = ANY (%s)", [shown])
    again = pipeline.search(request)
    pipeline.close()
    assert again.layers[0].hits
    assert not {hit.product_id for hit in again.layers[0].hits} & set(shown)
    assert not any(step.stage == "stored" for step in again.degraded)
