"""Events and preferences of shoppers over the real application and stores."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
import pytest
from flask import Flask
from flask.testing import FlaskClient
from psycopg.rows import dict_row
from psycopg.types.json import Jsonb

from lookmatch_serving.api.keys import Scope, create_key
from lookmatch_serving.api.parts import parts_of
from lookmatch_serving.embedded import Services
from lookmatch_serving.server import create_app
from lookmatch_serving.settings import Market, Settings
from lookmatch_serving.shoppers.interactions import Interaction, InteractionKind, record_interactions
from lookmatch_serving.shoppers.preferences import (
    Evidence,
    ExplicitPreferences,
    InferredPreference,
    PreferenceState,
    state_of,
)
from lookmatch_serving.shoppers.store import inferred_preferences, replace_inferred_preferences
from lookmatch_serving.value_types import PreferenceKind, PreferredSize, PriceRange, SizeGroup, SizeSystem
from tests.serving.test_api_requests import StandIn

EVENT = {"event_id": "e1", "shopper_id": "ann", "kind": "view", "market": "IN", "product_id": "a:IN:1"}
PREFERENCES = "/v1/shoppers/ann/preferences"
EVIDENCE = Evidence(
    counts={InteractionKind.BUY: 2},
    first_event_at=datetime(2026, 1, 1, tzinfo=UTC),
    last_event_at=datetime(2026, 1, 2, tzinfo=UTC),
    weight=9.0,
)


@pytest.fixture
def app(settings: Settings, database_url: str, redis_url: str) -> Iterator[Flask]:
    made = create_app(settings, Services(database_url, redis_url), StandIn())
    yield made
    parts_of(made).close()


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    return app.test_client()


@pytest.fixture
def database(database_url: str) -> Iterator[psycopg.Connection[dict[str, Any]]]:
    with psycopg.connect(database_url, row_factory=dict_row, autocommit=True) as connection:
        yield connection


def inferred(preference_id: str, **values: Any) -> InferredPreference:
    kind = PreferenceKind(preference_id.split(":")[0])
    return InferredPreference(
        preference_id=preference_id, market=Market.INDIA, kind=kind, weight=0.5, evidence=EVIDENCE, **values
    )


BRAND = inferred("brand:acme", brand="Acme")
SHOE = inferred("size:footwear:EU:42", size=PreferredSize(size="42", system=SizeSystem.EU, group=SizeGroup.FOOTWEAR))
BAND = inferred("price:INR", price=PriceRange(min=500.0, max=2000.0, currency="INR"))


def test_an_event_counts_once_whether_it_comes_alone_or_in_a_batch(client: FlaskClient, database) -> None:
    assert client.post("/v1/events", json=EVENT).get_json() == {"recorded": 1, "duplicates": 0}
    batch = {"events": [EVENT, EVENT | {"event_id": "e2", "kind": "buy", "size": "M"}, EVENT | {"shopper_id": "bob"}]}
    assert client.post("/v1/events", json=batch).get_json() == {"recorded": 2, "duplicates": 1}
    rows = database.execute("SELECT shopper_id, event_id, kind, size FROM shoppers.interactions ORDER BY 1, 2").fetchall()
    assert [tuple(row.values()) for row in rows] == [
        ("ann", "e1", "view", None), ("ann", "e2", "buy", "M"), ("bob", "e1", "view", None),
    ]  # fmt: skip


def test_a_clock_that_runs_ahead_does_not_make_an_event_of_tomorrow(database) -> None:
    late = Interaction.model_validate(EVENT | {"occurred_at": datetime.now(UTC) + timedelta(days=9)})
    first = Interaction.model_validate(EVENT | {"event_id": "e2", "occurred_at": "0001-01-01T00:00:00+14:00"})
    far = Interaction.model_validate(EVENT | {"event_id": "e3", "occurred_at": "9999-12-31T23:04:59-22:57"})
    assert record_interactions(database, [late, first, far]) == 3
    rows = database.execute("SELECT occurred_at <= now() AS past FROM shoppers.interactions").fetchall()
    assert all(row["past"] for row in rows)


@pytest.mark.parametrize(("change", "field"), [
    ({"kind": "stare"}, "kind"), ({"market": "FR"}, "market"), ({"shopper_id": "a/b"}, "shopper_id"),
    ({"shopper_id": ""}, "shopper_id"), ({"occurred_at": "2026-01-01T00:00:00"}, "occurred_at"),
    ({"occurred_at": 0}, "occurred_at"), ({"occurred_at": "1700000000"}, "occurred_at"), ({"mood": "good"}, "mood"),
    ({"query_id": "7"}, "query_id"), ({"layer": "hat"}, "layer"), ({"product_id": "a\x00"}, "product_id"),
])  # fmt: skip
def test_a_refused_event_is_named_and_its_batch_changes_nothing(client: FlaskClient, database, change, field) -> None:
    answer = client.post("/v1/events", json={"events": [EVENT, EVENT | {"event_id": "e2"} | change]})
    assert answer.status_code == 422
    assert [error["field"] for error in answer.get_json()["errors"]] == [f"events.1.{field}"]
    assert database.execute("SELECT count(*) AS n FROM shoppers.interactions").fetchone()["n"] == 0


def test_preferences_are_shown_with_their_evidence_and_what_the_shopper_says_wins(client: FlaskClient, database) -> None:
    replace_inferred_preferences(database, Market.INDIA, {"ann": [BRAND, SHOE, BAND], "bob": [BRAND]})
    shown = client.get(PREFERENCES).get_json()
    assert {one["preference_id"]: one["state"] for one in shown["inferred"]} == dict.fromkeys(
        ("brand:acme", "size:footwear:EU:42", "price:INR"), "in_force"
    )
    assert shown["inferred"][0]["evidence"] == {
        "counts": {"buy": 2}, "first_event_at": "2026-01-01T00:00:00Z", "last_event_at": "2026-01-02T00:00:00Z", "weight": 9.0,
    }  # fmt: skip
    said = {"brands": ["Bravo"], "switched_off": ["price:INR"], "sizes": [{"size": "M", "group": "topwear"}]}
    answer = client.put(PREFERENCES, json=said)
    assert answer.status_code == 200
    assert answer.get_json() == client.get(PREFERENCES).get_json()
    assert {one["preference_id"]: one["state"] for one in answer.get_json()["inferred"]} == {
        "brand:acme": "overridden", "size:footwear:EU:42": "in_force", "price:INR": "switched_off",
    }  # fmt: skip
    assert answer.get_json()["explicit"]["brands"] == ["Bravo"]
    assert client.get("/v1/shoppers/bob/preferences").get_json()["explicit"]["brands"] is None


@pytest.mark.parametrize(("said", "states"), [
    ({}, "ffs"), ({"use_inferred": False}, "sss"), ({"brands": []}, "ofs"), ({"sizes": []}, "fos"),
    ({"sizes": [{"size": "M"}]}, "fos"), ({"sizes": [{"size": "9", "group": "footwear"}]}, "fos"),
    ({"price": [{"max": 9, "currency": "USD"}]}, "ffs"), ({"price": [{"max": 9, "currency": "INR"}]}, "ffs"),
])  # fmt: skip
def test_what_a_shopper_says_takes_the_place_of_its_own_kind_alone(said: dict[str, Any], states: str) -> None:
    explicit = ExplicitPreferences.model_validate(said | {"switched_off": ["price:INR"]})
    names = {"f": PreferenceState.IN_FORCE, "o": PreferenceState.OVERRIDDEN, "s": PreferenceState.SWITCHED_OFF}
    assert [state_of(one, explicit) for one in (BRAND, SHOE, BAND)] == [names[one] for one in states]


def test_a_price_band_is_overridden_in_its_own_currency() -> None:
    def state(currency: str) -> PreferenceState:
        return state_of(BAND, ExplicitPreferences.model_validate({"price": [{"max": 9, "currency": currency}]}))

    assert (state("USD"), state("INR")) == (PreferenceState.IN_FORCE, PreferenceState.OVERRIDDEN)


def test_erasing_a_shopper_leaves_nothing_of_theirs_and_everything_of_others(client: FlaskClient, database) -> None:
    for shopper in ("ann", "bob"):
        client.post("/v1/events", json=EVENT | {"shopper_id": shopper})
        client.put(f"/v1/shoppers/{shopper}/preferences", json={"brands": ["B"]}, headers={"Idempotency-Key": shopper})
        values = [Jsonb({"user_id": shopper, "market": "IN"}), Jsonb({})]
        query = "INSERT INTO looks.queries (query_id, market, look_digest, request, answer)"
        database.execute(f"{query} VALUES (gen_random_uuid(), 'IN', 'd', %s, %s)", values)
    replace_inferred_preferences(database, Market.INDIA, {"ann": [BRAND], "bob": [BRAND]})
    names = ("interactions", "explicit_preferences", "inferred_preferences", "queries", "stored_answers")
    assert client.delete(PREFERENCES).get_json() == dict.fromkeys(names, 1)
    assert client.delete(PREFERENCES).get_json() == dict.fromkeys(names, 0)
    tables = database.execute(
        "SELECT format('%I.%I', schemaname, tablename) AS name FROM pg_tables WHERE schemaname IN ('shoppers', 'looks', 'api')"
    ).fetchall()
    for table in tables:
        rows = database.execute(f"SELECT t::text AS row FROM {table['name']} AS t").fetchall()
        assert not [row for row in rows if "ann" in row["row"]], table
    assert inferred_preferences(database, "bob") == [BRAND]
    assert client.delete("/v1/shoppers/bob/preferences").get_json() == dict.fromkeys(names, 1)


def test_the_same_key_and_request_get_the_stored_answer_and_nothing_is_done_twice(client: FlaskClient, database) -> None:
    for key in ('"k-1"', "k-1"):
        answer = client.post("/v1/events", json=EVENT, headers={"Idempotency-Key": key})
        assert answer.get_json() == {"recorded": 1, "duplicates": 0}
    assert answer.headers["Idempotent-Replayed"] == "true"
    put = client.put(PREFERENCES, json={"brands": ["A"]}, headers={"Idempotency-Key": "k-2"})
    client.put(PREFERENCES, json={"brands": ["B"]})
    again = client.put(PREFERENCES, json={"brands": ["A"]}, headers={"Idempotency-Key": "k-2"})
    assert again.data == put.data
    assert client.get(PREFERENCES).get_json()["explicit"]["brands"] == ["B"]


def test_a_key_of_another_request_is_refused_and_a_misspelled_one_too(client: FlaskClient) -> None:
    def status(key: str, body: dict[str, Any]) -> tuple[int, str]:
        answer = client.post("/v1/events", json=body, headers={"Idempotency-Key": key})
        return answer.status_code, answer.mimetype

    problem = "application/problem+json"
    assert status("k-1", EVENT | {"kind": "stare"}) == (422, problem)
    assert status("k-1", EVENT) == (200, "application/json")
    assert status("k-1", EVENT | {"event_id": "e2"}) == (422, problem)
    assert status("two words", EVENT) == (400, problem)
    assert client.put(PREFERENCES, json={}, headers={"Idempotency-Key": "k-1"}).status_code == 422


def test_a_key_belongs_to_its_caller(client: FlaskClient, database) -> None:
    keys = [create_key(database, name, [Scope.EVENTS])[1] for name in ("one", "two")]
    for number, key in enumerate(keys):
        headers = {"Idempotency-Key": "k-1", "Authorization": f"Bearer {key}"}
        answer = client.post("/v1/events", json=EVENT | {"event_id": str(number)}, headers=headers)
        assert answer.get_json() == {"recorded": 1, "duplicates": 0}


def test_a_key_that_is_being_answered_is_told_so(client: FlaskClient, database, database_url: str) -> None:
    entered, leave = threading.Event(), threading.Event()

    def hold() -> None:
        with psycopg.connect(database_url) as other:
            other.execute("SELECT pg_try_advisory_xact_lock(hashtextextended('anonymous k-1', 0))")
            entered.set()
            leave.wait(20)

    holder = threading.Thread(target=hold)
    holder.start()
    assert entered.wait(20)
    answer = client.post("/v1/events", json=EVENT, headers={"Idempotency-Key": "k-1"})
    assert (answer.status_code, answer.headers["Retry-After"]) == (409, "1")
    leave.set()
    holder.join()
    assert client.post("/v1/events", json=EVENT, headers={"Idempotency-Key": "k-1"}).status_code == 200


@pytest.mark.parametrize("path", ["/v1/events", PREFERENCES])
def test_shoppers_need_the_scope_of_events(client: FlaskClient, database, path: str) -> None:
    search, events = (create_key(database, "app", [scope])[1] for scope in (Scope.SEARCH, Scope.EVENTS))
    method = client.post if path.endswith("events") else client.put
    body = EVENT if path.endswith("events") else {}
    assert method(path, json=body, headers={"Authorization": f"Bearer {search}"}).status_code == 403
    assert method(path, json=body, headers={"Authorization": f"Bearer {events}"}).status_code == 200
