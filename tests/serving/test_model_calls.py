"""What calls of the model cost, how they are tried again, and that neither places in a list nor vendors' words rank products."""

from __future__ import annotations

import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from typing import get_args

import psycopg
import pytest
from anthropic.types.model import Model
from PIL import Image

from benchmarks.fake_model import Mode
from lookmatch_serving.api.metrics import Metrics
from lookmatch_serving.embedded import Services
from lookmatch_serving.errors import UpstreamError
from lookmatch_serving.llm.accounting import Ledger, cost_of, total_cost
from lookmatch_serving.llm.client import LOW_EFFORT, THINKING_OFF, AnthropicVisionModel, Question, text_block
from lookmatch_serving.llm.schemas import SeenLook
from lookmatch_serving.search.models.answer import Ranker
from lookmatch_serving.search.models.look import Look
from lookmatch_serving.search.models.protocols import Offered
from lookmatch_serving.search.models.request import SearchRequest
from lookmatch_serving.search.query_generation.vision_model import ModelQueryGenerator
from lookmatch_serving.search.reranking.vision_model import ModelReranker
from lookmatch_serving.settings import Settings
from tests.serving.search_fixtures import Stock, colour_pipeline, dressed_look, make_market, red_top

QUESTION = Question("query_generation", "Read.", [text_block("Read this look.")], SeenLook)
LOOK = Look(Image.new("RGB", (60, 80), (200, 30, 30)), "digest")


@pytest.fixture
def stores(database_url, redis_url):
    make_market(database_url, [Stock(f"red-{i}", shade=i) for i in range(6)])
    return Services(database_url, redis_url)


def offered(count: int, start: int = 0) -> dict[str, list[Offered]]:
    return {"inner_topwear": [Offered(f"p{i}", "Tee", "Acme", None) for i in range(start, start + count)]}


def test_the_default_model_is_one_of_the_sdks_and_its_price_is_known(settings: Settings):
    named = {name for part in get_args(Model) for name in get_args(part)}
    assert settings.anthropic_model in named
    assert settings.anthropic_model in THINKING_OFF & LOW_EFFORT
    assert named >= THINKING_OFF | LOW_EFFORT
    assert all(cost_of(name, 1_000, 100, 10, 10) for name in THINKING_OFF | LOW_EFFORT)


def test_costs_follow_the_price_list_with_its_long_prompts_and_batches_and_are_unknown_for_other_models():
    assert cost_of("claude-haiku-5-5", 2_000, 400, 0, 0) == pytest.approx(0.0004)
    assert cost_of("claude-haiku-5-5", 2_000, 400, 0, 0, batch=True) == pytest.approx(0.0002)
    assert cost_of("claude-haiku-5-5", 200_000, 0, 0, 0) == pytest.approx(0.1)
    assert cost_of("claude-haiku-5-5", 0, 0, 1_000_00, 1) == pytest.approx((100_000 * 0.625 + 0.05) / 1e6)
    assert cost_of("some-model", 2_000, 400, 0, 0) is None
    assert total_cost([{"cost_usd": 0.1}, {"cost_usd": None}]) is None


def test_a_search_keeps_what_its_calls_used_with_the_query_and_in_the_metrics(fake, model, settings, stores):
    fake.usage = {"input_tokens": 1_500, "output_tokens": 300, "cache_read_input_tokens": 200, "cache_creation_input_tokens": 0}
    metrics = Metrics()
    stages = {"reader": ModelQueryGenerator(model), "reranker": ModelReranker(model)}
    pipeline = colour_pipeline(settings, stores, on_model_call=metrics.model_called, **stages)
    pipeline.warm_up()
    answer = pipeline.search(SearchRequest(market="IN", deadline_ms=20_000), dressed_look())
    again = pipeline.search(SearchRequest(market="IN", deadline_ms=20_000), dressed_look())
    pipeline.close()
    assert answer.ranker == Ranker.LLM
    with psycopg.connect(stores.database_url) as db:
        kept = dict(db.execute("SELECT query_id, model_calls FROM looks.queries").fetchall())
    calls = kept[answer.query_id]
    each = cost_of("claude-haiku-5-5", 1_500, 300, 0, 200)
    assert [call["purpose"] for call in calls] == ["query_generation", "reranking"]
    assert [call["cost_usd"] for call in calls] == [each, each]
    assert calls[0]["cache_read_tokens"] == 200
    assert kept[again.query_id] == []
    text = metrics.exposition()[0].decode()
    assert 'lookmatch_model_tokens_total{kind="input",model="claude-haiku-5-5"} 3000.0' in text
    assert 'lookmatch_model_calls_total{model="claude-haiku-5-5",outcome="answered",purpose="reranking"} 1.0' in text


def test_a_reply_that_cannot_be_used_is_paid_for_all_the_same(fake, model):
    fake.mode, fake.usage = Mode.GARBAGE, {"input_tokens": 900, "output_tokens": 20}
    ledger = Ledger()
    with pytest.raises(UpstreamError, match="schema"):
        model.ask(QUESTION, 5, ledger)
    (call,) = ledger.rows()
    assert (call["outcome"], call["input_tokens"]) == ("useless", 900)
    assert call["cost_usd"] > 0


def test_a_passing_failure_is_tried_again_inside_the_time(fake, model):
    fake.failures = 2
    ledger = Ledger()
    assert model.ask(QUESTION, 5, ledger).layers
    assert [call["outcome"] for call in ledger.rows()] == ["failed", "failed", "answered"]
    assert ledger.rows()[0]["cost_usd"] is None


def test_the_servers_wish_to_wait_is_granted_when_it_fits_and_else_ends_the_attempt_at_once(fake, model):
    fake.failures, fake.retry_after = 1, 0.4
    began = time.monotonic()
    assert model.ask(QUESTION, 5, Ledger()).layers
    assert time.monotonic() - began >= 0.4
    fake.failures, fake.retry_after = 1, 30
    began = time.monotonic()
    with pytest.raises(UpstreamError, match="529"):
        model.ask(QUESTION, 2, Ledger())
    assert time.monotonic() - began < 1


def test_calls_run_at_the_same_time(fake, model):
    together = threading.Barrier(4, timeout=10)

    def reply(request):
        together.wait()  # breaks unless four calls are under way
        return {"layers": []}

    fake.reply = reply
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(lambda _: model.ask(QUESTION, 20, Ledger()), range(4)))
    assert len(found) == 4
    assert len(fake.asked) == 4


def test_a_model_that_was_left_alone_is_tried_by_one_call_and_then_used_again(fake):
    fake.mode = Mode.BROKEN
    model = AnthropicVisionModel("test-key", "claude-haiku-5-5", open_seconds=1)
    for _ in range(5):
        with pytest.raises(UpstreamError):
            model.ask(QUESTION, 0.05, Ledger())
    asked = len(fake.asked)
    with pytest.raises(UpstreamError, match="left alone"):
        model.ask(QUESTION, 5, Ledger())
    assert len(fake.asked) == asked
    time.sleep(1.1)
    fake.mode, fake.delay = Mode.NORMAL, 0.5
    with ThreadPoolExecutor(3) as pool:
        found = [pool.submit(model.ask, QUESTION, 5, Ledger()) for _ in range(3)]
        refused = [one for one in found if isinstance(one.exception(), UpstreamError)]
    assert (len(refused), len(fake.asked) - asked) == (2, 1)
    with ThreadPoolExecutor(3) as pool:
        assert len(list(pool.map(lambda _: model.ask(QUESTION, 5, Ledger()), range(3)))) == 3
    model.close()


def test_answers_that_come_too_late_open_the_breaker_and_are_still_handed_on(fake, model):
    fake.mode, fake.trickle, fake.reply = Mode.TRICKLING, 0.001, {"layers": []}
    assert model.ask(QUESTION, 0.15, Ledger()).layers == []
    threads = [threading.Thread(target=lambda: model.ask(QUESTION, 0.15, Ledger())) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with pytest.raises(UpstreamError, match="left alone"):
        model.ask(QUESTION, 5, Ledger())


def test_thinking_is_turned_off_and_the_same_prompt_is_offered_to_the_cache(fake, model):
    model.ask(QUESTION, 5, Ledger())
    request = fake.asked[-1]
    assert request["thinking"] == {"type": "disabled"}
    assert request["output_config"]["effort"] == "low"
    assert request["output_config"]["format"]["type"] == "json_schema"
    assert request["system"][0]["cache_control"] == {"type": "ephemeral"}
    other = AnthropicVisionModel("test-key", "somebody-elses-model")
    other.ask(QUESTION, 5, Ledger())
    other.close()
    assert "thinking" not in fake.asked[-1]


def test_a_model_that_prefers_the_first_place_does_not_prefer_what_retrieval_put_first(fake, model):
    fake.mode = Mode.BIASED
    reranker = ModelReranker(model)
    first = Counter()
    for start in range(0, 600, 10):
        shown = offered(10, start)
        told = reranker.rerank(LOOK.picture, [red_top()], shown, 5, Ledger())
        first[[one.product_id for one in shown["inner_topwear"]].index(told["inner_topwear"][0][0])] += 1
    assert max(first.values()) <= 15  # of 60, were each of ten places as likely: 6
    assert len(first) >= 8


def test_the_same_products_in_another_order_are_judged_alike(fake, model):
    fake.mode = Mode.BIASED
    reranker = ModelReranker(model)
    shown = offered(8)
    swapped = {"inner_topwear": list(reversed(shown["inner_topwear"]))}
    told = [reranker.rerank(LOOK.picture, [red_top()], one, 5, Ledger())["inner_topwear"] for one in (shown, swapped)]
    assert [name for name, _, _ in told[0]] == [name for name, _, _ in told[1]]


def test_with_two_orders_a_preference_for_places_cancels_out(fake, model):
    fake.mode = Mode.BIASED
    shown = offered(9)
    told = ModelReranker(model, orders=2).rerank(LOOK.picture, [red_top()], shown, 5, Ledger())["inner_topwear"]
    assert len({round(score, 6) for _, score, _ in told}) == 1
    assert [name for name, _, _ in told] == [one.product_id for one in shown["inner_topwear"]]
    assert fake.judgements == 2
