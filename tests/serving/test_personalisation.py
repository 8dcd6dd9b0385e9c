"""A search follows the preferences of its shopper, says so, and serves nothing of it to anybody else."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import psycopg
import pytest
import redis
from flask.testing import FlaskClient
from psycopg.rows import dict_row
from psycopg.types.json import Jsonb

from benchmarks.fake_model import FakeModel
from lookmatch_serving.api.parts import parts_of
from lookmatch_serving.embedded import Services
from lookmatch_serving.errors import NotFoundError
from lookmatch_serving.llm.client import AnthropicVisionModel
from lookmatch_serving.search.models.answer import Hit, SearchAnswer
from lookmatch_serving.search.models.request import Filters, PreferenceMode, SearchRequest
from lookmatch_serving.search.pipeline import SearchPipeline
from lookmatch_serving.search.reranking.vision_model import ModelReranker
from lookmatch_serving.server import create_app
from lookmatch_serving.settings import Market, Settings
from lookmatch_serving.shoppers.preferences import ExplicitPreferences, InferredPreference
from lookmatch_serving.shoppers.store import replace_inferred_preferences, save_explicit_preferences
from lookmatch_serving.value_types import PreferenceKind, PreferredSize, PriceRange, SizeGroup, SizeSystem
from tests.serving.search_fixtures import FixedReader, Stock, colour_pipeline, dressed_look, make_market, make_size_chart, red_top
from tests.serving.test_shoppers import EVIDENCE

STOCK = [
    *(Stock(f"acme-{n}", brand="Acme", price_minor=100_000, shade=n) for n in range(6)),
    *(Stock(f"bravo-{n}", brand="Bravo", price_minor=300_000, sizes=["L"], shade=6 + n) for n in range(6)),
    *(Stock(f"green-{n}", "green", brand="Bravo", price_minor=300_000, sizes=["L"]) for n in range(2)),
]
Ask = Callable[..., SearchAnswer]


@pytest.fixture
def stores(database_url: str, redis_url: str) -> Services:
    make_market(database_url, STOCK)
    make_size_chart(database_url)
    return Services(database_url, redis_url)


@pytest.fixture
def database(stores: Services) -> Iterator[psycopg.Connection[dict[str, Any]]]:
    with psycopg.connect(stores.database_url, row_factory=dict_row, autocommit=True) as connection:
        yield connection


@pytest.fixture(params=["soft", "hard"])
def mode(request: pytest.FixtureRequest) -> PreferenceMode:
    return PreferenceMode(request.param)


@pytest.fixture
def pipeline(settings: Settings, stores: Services, mode: PreferenceMode) -> Iterator[SearchPipeline]:
    chosen = settings.model_copy(update={"preferences": mode.value})
    made = colour_pipeline(chosen, stores, reader=FixedReader([red_top()]))
    yield made
    made.close()


@pytest.fixture
def ask(pipeline: SearchPipeline) -> Ask:
    def search(user: str | None, page_size: int = 5, **values: Any) -> SearchAnswer:
        request = SearchRequest(market="IN", user_id=user, page_size=page_size, deadline_ms=20_000, **values)
        return pipeline.search(request, None if "look_id" in values or "page_token" in values else dressed_look())

    return search


def inferred(preference_id: str, weight: float = 1.0, **values: Any) -> InferredPreference:
    kind = PreferenceKind(preference_id.split(":")[0])
    return InferredPreference(
        preference_id=preference_id, market=Market.INDIA, kind=kind, weight=weight, evidence=EVIDENCE, **values
    )


def says(database: Any, shopper: str, **values: Any) -> None:
    save_explicit_preferences(database, shopper, ExplicitPreferences.model_validate(values))


def hits(answer: SearchAnswer) -> list[Hit]:
    return answer.layers[0].hits


def brands(answer: SearchAnswer) -> list[str | None]:
    return [hit.brand for hit in hits(answer)]


def test_soft_preferences_move_up_and_hard_ones_leave_out_and_both_say_so(ask: Ask, database: Any, mode: PreferenceMode) -> None:
    replace_inferred_preferences(database, Market.INDIA, {"ann": [inferred("brand:bravo", brand="Bravo")]})
    answer = ask("ann", page_size=12)
    applied = answer.preferences[0]
    assert (applied.kind, applied.mode, applied.origin, applied.brand) == ("brand", mode, "inferred", "Bravo")
    assert brands(answer)[:6] == ["Bravo"] * 6
    why = hits(answer)[0].why or {}
    scores = [hit.score for hit in hits(answer)]
    assert scores == sorted(scores, reverse=True)
    if mode is PreferenceMode.SOFT:
        assert why["preferences"] == "brand Bravo (inferred, +0.050)"
        assert "Acme" in brands(answer)
    else:
        assert why["preferences"] == "brand Bravo (inferred)"
        assert set(brands(answer)) == {"Bravo"}


def test_what_was_said_wins_over_what_was_inferred_and_the_request_over_both(ask: Ask, database: Any) -> None:
    replace_inferred_preferences(database, Market.INDIA, {"ann": [inferred("brand:bravo", brand="Bravo")]})
    says(database, "ann", brands=["ACME"])
    answer = ask("ann")
    assert [(one.origin, one.brand) for one in answer.preferences] == [("explicit", "ACME")]
    assert set(brands(answer)) == {"Acme"}
    filtered = ask("ann", filters=Filters(brand=["Bravo"]))
    assert filtered.preferences == []
    assert set(brands(filtered)) == {"Bravo"}
    says(database, "ann", use_inferred=False)
    assert ask("ann").preferences == []
    says(database, "ann", switched_off=["brand:bravo"])
    assert ask("ann").preferences == []


def test_sizes_and_price_bands_of_the_market_are_followed(ask: Ask, database: Any, mode: PreferenceMode) -> None:
    large = PreferredSize(size="42", system=SizeSystem.UK, group=SizeGroup.BOTTOMWEAR)
    band = PriceRange(min=2000.0, max=4000.0, currency="INR")
    replace_inferred_preferences(
        database, Market.INDIA, {"ann": [inferred("size:bottomwear:UK:42", size=large), inferred("price:INR", price=band)]}
    )
    says(database, "ann", sizes=[{"size": "52", "system": "EU", "group": "topwear"}], price=[{"max": 9.0, "currency": "USD"}])
    answer = ask("ann", page_size=12)
    assert {(one.kind, one.origin) for one in answer.preferences} == {
        ("size", "explicit"),
        ("size", "inferred"),
        ("price", "inferred"),
    }
    assert brands(answer)[:6] == ["Bravo"] * 6
    why = str((hits(answer)[0].why or {})["preferences"])
    assert "price from 2000 to 4000 INR" in why
    assert "size L in stock, an estimate of EU 52" in why
    assert ("Acme" in brands(answer)) is (mode is PreferenceMode.SOFT)


def test_a_preference_never_makes_a_poor_match_a_good_one(settings: Settings, stores: Services, database: Any) -> None:
    pipeline = colour_pipeline(settings, stores, reader=FixedReader([red_top()]))
    replace_inferred_preferences(database, Market.INDIA, {"ann": [inferred("brand:bravo", brand="Bravo")]})
    request = SearchRequest(market="IN", page_size=14, deadline_ms=20_000)
    plain = {hit.product_id: hit for hit in hits(pipeline.search(request, dressed_look()))}
    liked = {hit.product_id: hit for hit in hits(pipeline.search(request.model_copy(update={"user_id": "ann"}), dressed_look()))}
    assert {name: hit.match for name, hit in plain.items()} == {name: hit.match for name, hit in liked.items()}
    assert liked["green-0"].score > plain["green-0"].score
    assert list(liked)[-2:] == ["green-0", "green-1"]
    pipeline.close()


def test_hard_preferences_that_leave_nothing_say_so_and_can_be_relaxed(
    settings: Settings, stores: Services, database: Any
) -> None:
    pipeline = colour_pipeline(settings.model_copy(update={"preferences": "hard"}), stores, reader=FixedReader([red_top()]))
    says(database, "ann", brands=["Nobody's"])
    request = SearchRequest(market="IN", user_id="ann", page_size=3, deadline_ms=20_000)
    empty = pipeline.search(request, dressed_look()).layers[0]
    assert empty.hits == []
    assert empty.explanation == "no product of this layer passes brand; would pass: without brand 14"
    relaxed = pipeline.search(request.model_copy(update={"filters": Filters(relax=["brand"])}), dressed_look()).layers[0]
    assert len(relaxed.hits) == 3
    assert relaxed.relaxed == ["brand"]
    pipeline.close()


def test_one_shoppers_results_are_served_to_nobody_else(ask: Ask, database: Any) -> None:
    says(database, "ann", brands=["Bravo"])
    says(database, "bob", brands=["Acme"])
    anns, bobs, nobodys = ask("ann"), ask("bob"), ask(None)
    assert (set(brands(anns)), set(brands(bobs))) == ({"Bravo"}, {"Acme"})
    assert brands(nobodys) == brands(ask("eve")) == brands(ask(None))
    assert nobodys.preferences == []
    assert all(hit.why is None for hit in hits(nobodys))
    token = anns.layers[0].next_page_token
    for other in ("bob", None):
        with pytest.raises(NotFoundError, match="another user_id"):
            ask(other, page_token=token)
    with pytest.raises(NotFoundError, match="another user_id"):
        ask("ann", page_token=nobodys.layers[0].next_page_token)
    later = ask("ann", page_token=token)
    assert later.preferences == anns.preferences
    assert not {hit.product_id for hit in hits(later)} & {hit.product_id for hit in hits(anns)}


def test_a_tagged_look_is_not_answered_from_store_for_a_shopper_with_preferences(
    ask: Ask, settings: Settings, database: Any
) -> None:
    settings.look_folder.mkdir(parents=True)
    (settings.look_folder / "a.png").write_bytes(dressed_look())
    database.execute("INSERT INTO looks.looks (look_id, market, image_file, image_digest) VALUES ('a', 'IN', 'a.png', 'd')")
    stored = Jsonb(ask(None, look_id="a").model_dump(mode="json"))
    database.execute(
        "INSERT INTO looks.tagged (look_id, market, encoder_version, answer) VALUES ('a', 'IN', 'colour-1', %s)", [stored]
    )
    says(database, "ann", brands=["Bravo"])
    assert set(ask(None, look_id="a").timings_ms) == set(ask("eve", look_id="a").timings_ms) == {"total"}
    assert set(brands(ask("ann", look_id="a"))) == {"Bravo"}


def test_erasing_a_shopper_ends_their_pages_and_their_log_at_once(
    settings: Settings, stores: Services, database: Any, pipeline: SearchPipeline, ask: Ask
) -> None:
    app = create_app(settings, stores, pipeline)
    says(database, "ann", brands=["Bravo"])
    token, others = ask("ann").layers[0].next_page_token, ask("bob").layers[0].next_page_token
    ask("ann", page_token=token)
    client: FlaskClient = app.test_client()
    erased = client.delete("/v1/shoppers/ann/preferences").get_json()
    assert (erased["explicit_preferences"], erased["queries"]) == (1, 2)
    with pytest.raises(NotFoundError, match="expired"):
        ask("ann", page_token=token)
    assert hits(ask("bob", page_token=others))
    assert ask("ann").preferences == []
    with redis.Redis.from_url(stores.redis_url) as valkey:
        assert not [key for key in valkey.scan_iter("*") if b"ann" in key]
    parts_of(app).pool.close()


def test_a_logged_query_tells_why_each_product_ranked_where_it_did(
    settings: Settings, stores: Services, database: Any, pipeline: SearchPipeline, ask: Ask, mode: PreferenceMode
) -> None:
    app = create_app(settings, stores, pipeline)
    client: FlaskClient = app.test_client()
    says(database, "ann", brands=["Bravo"])
    answer = ask("ann", filters=Filters(price=PriceRange(max=5000.0, currency="INR"), relax=["price"]))
    shown = client.get(f"/v1/queries/{answer.query_id}").get_json()
    assert "ann" not in str(shown)
    assert shown["request"]["filters"]["price"]["max"] == 5000
    assert shown["answer"]["preferences"][0]["brand"] == "Bravo"
    layer = shown["ranking"][0]
    assert (layer["ranker"], layer["query"]["layer"]) == ("segment", "inner_topwear")
    assert ("brand" in layer["filters"]) is (mode is PreferenceMode.HARD)
    assert [hit["product_id"] for hit in layer["hits"]] == [hit.product_id for hit in hits(answer)]
    for told, hit in zip(layer["hits"], hits(answer), strict=True):
        assert told["score"] == hit.score
        assert told["grade"] == hit.match
        assert told["boost"] == (0.05 if mode is PreferenceMode.SOFT else 0)
        assert 0 < told["similarity"] <= 1
        assert "brand Bravo (said" in told["notes"]["preferences"]
    later = ask("ann", page_token=answer.layers[0].next_page_token)
    replayed = client.get(f"/v1/queries/{later.query_id}").get_json()
    assert replayed["answered_from"] == str(answer.query_id)
    assert [hit["product_id"] for hit in replayed["ranking"][0]["hits"]] == [hit.product_id for hit in hits(later)]
    parts_of(app).pool.close()


def test_a_logged_query_holds_the_models_reason(settings: Settings, stores: Services, monkeypatch: pytest.MonkeyPatch) -> None:
    with FakeModel() as fake:
        monkeypatch.setenv("ANTHROPIC_BASE_URL", fake.url)
        model = AnthropicVisionModel("test-key", "some-model")
        pipeline = colour_pipeline(settings, stores, reader=FixedReader([red_top()]), reranker=ModelReranker(model))
        answer = pipeline.search(SearchRequest(market="IN", deadline_ms=20_000), dressed_look())
        client = create_app(settings, stores, pipeline).test_client()
        layer = client.get(f"/v1/queries/{answer.query_id}").get_json()["ranking"][0]
        assert layer["ranker"] == "llm"
        assert [hit["reason"] for hit in layer["hits"]] == ["as the look"] * len(hits(answer))
        pipeline.close()
        model.close()
