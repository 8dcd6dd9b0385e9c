"""Keys, scopes and rates over the real application, Postgres and Valkey."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from typing import Any

import psycopg
import pytest
from click.testing import CliRunner
from flask.testing import FlaskClient
from psycopg.rows import dict_row

from lookmatch_assets.cli.main import lookmatch
from lookmatch_serving.api.access import RateLimiter
from lookmatch_serving.api.keys import ApiKey, Scope, create_key, find_key, revoke_key
from lookmatch_serving.api.parts import parts_of
from lookmatch_serving.embedded import Services
from lookmatch_serving.errors import InvalidInputError, NotFoundError
from lookmatch_serving.server import create_app
from lookmatch_serving.settings import Settings
from tests.serving.test_api_requests import StandIn

QUERY = f"/v1/queries/{uuid.UUID(int=1)}"
Client = Callable[..., FlaskClient]


@pytest.fixture
def database(database_url: str) -> Iterator[psycopg.Connection[dict[str, Any]]]:
    with psycopg.connect(database_url, row_factory=dict_row, autocommit=True) as connection:
        yield connection


@pytest.fixture
def client(settings: Settings, database_url: str, redis_url: str) -> Iterator[Client]:
    opened = []

    def make(required: bool = True, valkey: str = redis_url) -> FlaskClient:
        app = create_app(settings.model_copy(update={"require_api_key": required}), Services(database_url, valkey), StandIn())
        opened.append(app)
        return app.test_client()

    yield make
    for app in opened:
        parts_of(app).close()


def ask(client: FlaskClient, key: str | None, path: str = "/v1/looks") -> Any:
    return client.get(path, headers={"Authorization": f"Bearer {key}"} if key else {})


def test_a_key_is_found_by_its_secret_alone_and_the_store_does_not_hold_it(database):
    key, text = create_key(database, "app", [Scope.SEARCH])
    assert find_key(database, text) == key
    other = text[:-1] + ("A" if text[-1] != "A" else "B")
    for wrong in (other, text[:-1], "", "lm_000000000000_" + "x" * 43, f"lm_{key.key_id}_", text + "x"):
        assert find_key(database, wrong) is None
    held = database.execute("SELECT to_jsonb(k)::text AS row FROM api.keys AS k").fetchone()["row"]
    assert text.split("_", 2)[2] not in held
    revoke_key(database, key.key_id)
    assert find_key(database, text) is None
    with pytest.raises(NotFoundError):
        revoke_key(database, key.key_id)


@pytest.mark.parametrize(
    "wrong", [("", [Scope.SEARCH], 1), ("app", [], 1), ("app", [Scope.SEARCH], 0), ("a\nb", [Scope.SEARCH], 1)]
)
def test_a_key_needs_a_name_a_scope_and_a_rate(database, wrong):
    with pytest.raises(InvalidInputError):
        create_key(database, *wrong)


def test_without_a_valid_key_nothing_is_told_where_one_is_required(client: Client, database):
    _, text = create_key(database, "app", [Scope.SEARCH])
    strict = client()
    for answer in (ask(strict, None), ask(strict, "lm_x"), strict.get("/v1/looks", headers={"Authorization": f"Basic {text}"})):
        assert (answer.status_code, answer.json["title"]) == (401, "Unauthenticated")
        assert answer.headers["WWW-Authenticate"].startswith("Bearer")
        assert text not in answer.text
    assert ask(strict, text).status_code == 200
    assert strict.get("/livez").status_code == 200


def test_where_no_key_is_required_a_wrong_one_is_refused_all_the_same(client: Client):
    open_ = client(required=False)
    assert ask(open_, None).status_code == 200
    assert ask(open_, "lm_x").status_code == 401


def test_scopes_bound_what_a_key_may_do(client: Client, database):
    strict = client()
    _, search = create_key(database, "app", [Scope.SEARCH])
    _, events = create_key(database, "app", [Scope.EVENTS])
    _, admin = create_key(database, "ops", [Scope.ADMIN])
    assert [ask(strict, key).status_code for key in (search, events, admin)] == [200, 403, 200]
    assert [ask(strict, key, QUERY).status_code for key in (search, events, admin)] == [403, 403, 404]


def test_a_key_is_held_to_its_rate_and_told_what_it_has_left(client: Client, database):
    strict = client()
    _, text = create_key(database, "app", [Scope.SEARCH], 3)
    _, other = create_key(database, "other", [Scope.SEARCH], 3)
    answers = [ask(strict, text) for _ in range(4)]
    assert [answer.status_code for answer in answers] == [200, 200, 200, 429]
    assert [answer.headers["RateLimit"].split(";")[1] for answer in answers] == ["r=2", "r=1", "r=0", "r=0"]
    assert answers[0].headers["RateLimit-Policy"] == '"default";q=3;w=60'
    assert 1 <= int(answers[3].headers["Retry-After"]) <= 60
    assert ask(strict, other).status_code == 200


def test_the_rate_is_shared_by_all_workers_and_a_window_frees_places(redis_url: str, monkeypatch):
    key = ApiKey("0" * 12, "app", frozenset([Scope.SEARCH]), 2)
    first, second = RateLimiter(redis_url), RateLimiter(redis_url)
    assert [limiter.take(key).remaining for limiter in (first, second)] == [1, 0]


def test_a_valkey_that_does_not_answer_lets_requests_through_and_says_so(client: Client, database, redis_url: str):
    _, text = create_key(database, "app", [Scope.SEARCH], 1)
    strict = client(valkey="redis://127.0.0.1:1/0")
    assert [ask(strict, text).status_code for _ in range(2)] == [200, 200]
    assert "lookmatch_rate_limit_unavailable_total 2.0" in strict.get("/metrics").text


def test_keys_are_made_listed_and_revoked_from_the_shell(settings: Settings, database, monkeypatch):
    monkeypatch.setattr("lookmatch_serving.cli.keys.read_settings", lambda: settings)
    run = CliRunner().invoke
    text = run(lookmatch, ["keys", "create", "--name", "app", "--scope", "search", "--per-minute", "5"]).stdout.strip()
    key = find_key(database, text)
    assert key is not None
    assert key.rate_per_minute == 5
    listed = run(lookmatch, ["keys", "list"]).stdout
    assert key.key_id in listed
    assert text.split("_", 2)[2] not in listed
    assert run(lookmatch, ["keys", "revoke", key.key_id]).exit_code == 0
    assert find_key(database, text) is None
