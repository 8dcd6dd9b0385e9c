"""Around each request: origins of browsers, secrets kept out of logs, metrics."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from flask.testing import FlaskClient

from lookmatch_serving.api.observing import mask_secrets
from lookmatch_serving.api.parts import parts_of
from lookmatch_serving.embedded import Services
from lookmatch_serving.errors import ConfigurationError
from lookmatch_serving.server import create_app
from lookmatch_serving.settings import Settings, read_settings
from tests.serving.test_api_requests import StandIn
from tests.serving.test_shoppers import EVENT

ORIGIN = "https://app.example"
Make = Callable[..., FlaskClient]


@pytest.fixture
def make(settings: Settings, database_url: str, redis_url: str) -> Iterator[Make]:
    opened = []

    def client(**changed: object) -> FlaskClient:
        app = create_app(settings.model_copy(update=changed), Services(database_url, redis_url), StandIn())
        opened.append(app)
        return app.test_client()

    yield client
    for app in opened:
        parts_of(app).close()


def preflight(client: FlaskClient, origin: str, method: str = "POST") -> dict[str, str]:
    headers = {"Origin": origin, "Access-Control-Request-Method": method, "Access-Control-Request-Headers": "idempotency-key"}
    answer = client.options("/v1/events", headers=headers)
    return {name: value for name, value in answer.headers.items() if name.startswith("Access-Control-")}


def test_no_origin_is_allowed_unless_named(make: Make) -> None:
    assert preflight(make(), ORIGIN) == {}
    strict = make(cors_origins=(ORIGIN,), require_api_key=True)
    allowed = preflight(strict, ORIGIN)
    assert allowed["Access-Control-Allow-Origin"] == ORIGIN
    assert "Idempotency-Key".lower() in allowed["Access-Control-Allow-Headers"].lower()
    assert "Access-Control-Allow-Credentials" not in allowed
    assert "Access-Control-Allow-Origin" not in preflight(strict, "https://app.example.evil.example")
    assert "Access-Control-Allow-Origin" not in preflight(strict, "null")


def test_a_refusal_is_readable_to_the_page_that_asked(make: Make) -> None:
    answer = make(cors_origins=(ORIGIN,), require_api_key=True).post("/v1/events", json=EVENT, headers={"Origin": ORIGIN})
    assert answer.status_code == 401
    assert answer.headers["Access-Control-Allow-Origin"] == ORIGIN
    assert "X-Request-Id" in answer.headers["Access-Control-Expose-Headers"]


@pytest.mark.parametrize(("text", "origins"), [
    ("https://a.example, http://localhost:3000", ("https://a.example", "http://localhost:3000")), ("", ()),
])  # fmt: skip
def test_origins_are_read_from_the_environment(monkeypatch: pytest.MonkeyPatch, text: str, origins: tuple[str, ...]) -> None:
    monkeypatch.setenv("LOOKMATCH_CORS_ORIGINS", text)
    assert read_settings().cors_origins == origins


@pytest.mark.parametrize("text", ["*", "app.example", "https://a.example/path", "https://*.example", "null"])
def test_an_origin_that_is_none_is_refused_by_name(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    monkeypatch.setenv("LOOKMATCH_CORS_ORIGINS", text)
    with pytest.raises(ConfigurationError, match=r"LOOKMATCH_CORS_ORIGINS.*https://app\.example"):
        read_settings()


@pytest.mark.parametrize(("text", "secret"), [
    ("postgresql://lookmatch:hunter2@db/x", "hunter2"), ("lm_0123456789ab_SecretSecret", "SecretSecret"),
    ("key sk-ant-api03-abc-DEF_1 was refused", "api03"), ("Authorization: Bearer abc.def", "abc.def"),
    ("password=hunter2 host=db", "hunter2"), ("x-api-key: hunter2", "hunter2"),
])  # fmt: skip
def test_secrets_do_not_reach_the_log(text: str, secret: str) -> None:
    masked = mask_secrets(None, "info", {"event": f"before {text} after"})["event"]
    assert secret not in masked
    assert masked.startswith("before ")
    assert masked.endswith(" after") or "host=db" in masked


def test_events_and_preferences_are_counted(make: Make) -> None:
    client = make()
    client.post("/v1/events", json={"events": [EVENT, EVENT | {"event_id": "2", "kind": "buy"}]})
    text = client.get("/metrics").text
    assert 'lookmatch_shopper_events_total{kind="buy"} 1.0' in text
    assert 'route="/v1/events",status="200"' in text
