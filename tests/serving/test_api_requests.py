"""Requests that are accepted and refused, over the real application with a stand-in for the four stages."""

from __future__ import annotations

import base64
import io
import json
import re
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import psycopg
import pytest
from flask import Flask
from flask.testing import FlaskClient
from openapi_spec_validator import validate as validate_specification
from PIL import Image

from lookmatch_serving.api.parts import parts_of
from lookmatch_serving.api.records import Problem
from lookmatch_serving.embedded import Services
from lookmatch_serving.errors import DeadlineExceededError, NotFoundError
from lookmatch_serving.search.models.answer import Degradation, Hit, LayerAnswer, MatchGrade, Ranker, SearchAnswer
from lookmatch_serving.search.models.look import Box
from lookmatch_serving.search.models.request import SearchRequest
from lookmatch_serving.server import ServerConfiguration, create_app
from lookmatch_serving.settings import Settings

HOSTILE = "<script>alert(1)</script> shirt"


class StandIn:
    """Answers every search with one layer, and keeps what it was asked."""

    def __init__(self) -> None:
        self.asked: list[tuple[SearchRequest, bytes | None]] = []
        self.error: Exception | None = None

    def search(self, request: SearchRequest, image: bytes | None, observer: object = None) -> SearchAnswer:
        self.asked.append((request, image))
        if self.error:
            raise self.error
        hit = Hit(product_id="IN/a/1", title=HOSTILE, brand="Acme", price=1299.0, currency="INR", image_url="",
                  product_url="javascript:x", in_stock=False, sizes=["M"], score=0.9, match=MatchGrade.CLOSE)  # fmt: skip
        box = Box(x0=0.1, y0=0.1, x1=0.5, y1=0.9)
        layers = [LayerAnswer(layer="bottomwear", box=box, query="blue jeans", match=MatchGrade.CLOSE, hits=[hit]),
                  LayerAnswer(layer="footwear", box=None, query="red boots", match=MatchGrade.NONE, hits=[])]  # fmt: skip
        return SearchAnswer(query_id=uuid.uuid4(), market=request.market, encoder_version="v", index_as_of=datetime.now(UTC),
                            ranker=Ranker.VECTOR, degraded=[Degradation(stage="rerank", reason="no key")],
                            timings_ms={"total": 12.0}, layers=layers)  # fmt: skip

    def close(self) -> None:
        pass


@pytest.fixture
def stand_in() -> StandIn:
    return StandIn()


@pytest.fixture
def app(settings: Settings, database_url: str, redis_url: str, stand_in: StandIn) -> Iterator[Flask]:
    made = create_app(settings, Services(database_url, redis_url), stand_in, searches=1)
    yield made
    parts_of(made).close()


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    return app.test_client()


def picture_bytes(kind: str = "PNG") -> bytes:
    buffer = io.BytesIO()
    Image.new("RGB", (64, 96), "navy").save(buffer, kind)
    return buffer.getvalue()


PICTURE = base64.b64encode(picture_bytes()).decode()


def test_a_json_search_reaches_the_stages_with_its_picture(client: FlaskClient, stand_in: StandIn) -> None:
    body = {"image": PICTURE, "market": "IN", "filters": {"price": {"max": 2000, "currency": "INR"}}}
    answer = client.post("/v1/looks:search", json=body)
    assert answer.status_code == 200
    assert SearchAnswer.model_validate_json(answer.data).ranker is Ranker.VECTOR
    request, image = stand_in.asked[0]
    assert image == picture_bytes()
    assert request.filters.price is not None
    assert request.filters.price.max == 2000


@pytest.mark.parametrize("fields", [
    {"request": json.dumps({"market": "JP", "layers": ["footwear"], "filters": {"brand": ["Acme"]}})},
    {"market": "JP", "layers": ["footwear"], "filters.brand": ["Acme"], "page_size": "", "explain": "false"},
])  # fmt: skip
def test_a_multipart_search_may_carry_json_or_plain_fields(
    client: FlaskClient, stand_in: StandIn, fields: dict[str, Any]
) -> None:
    answer = client.post("/v1/looks:search", data={**fields, "image": (io.BytesIO(picture_bytes("JPEG")), "x.jpg")})
    assert answer.status_code == 200, answer.text
    request, image = stand_in.asked[0]
    assert (request.market, request.layers, request.filters.brand) == ("JP", ["footwear"], ["Acme"])
    assert image == picture_bytes("JPEG")


@pytest.mark.parametrize(("change", "field", "accepted"), [
    ({"image": None}, "image", "exactly one of"),
    ({"look_id": "a"}, "look_id", "exactly one of"),
    ({"image": base64.b64encode(b"hello, I am text").decode()}, "image", "JPEG, PNG, WebP, AVIF or HEIC"),
    ({"image": "%%%"}, "image", "base64"),
    ({"image": 7}, "image", "base64"),
    ({"market": "FR"}, "market", "'IN', 'US' or 'JP'"),
    ({"market": None}, "market", "'IN', 'US' or 'JP'"),
    ({"filters": {"price": {"min": -1, "currency": "INR"}}}, "filters.price.min", "greater than or equal to 0"),
    ({"filters": {"price": {"max": 1e999, "currency": "INR"}}}, None, ""),
    ({"filters": {"shoe": 1}}, "filters.shoe", "brand, size, size_system"),
    ({"colour": "red"}, "colour", "market, image_url"),
    ({"layers": ["hat"]}, "layers.0", "outermost_topwear"),
    ({"image": None, "look_id": "a\x00b"}, "look_id", "NUL"),
    ({"user_id": "a/b"}, "user_id", "pattern"),
    ({"page_size": 1000}, "page_size", "less than or equal to 100"),
])  # fmt: skip
def test_a_refused_value_is_named_with_what_is_accepted(
    client: FlaskClient, stand_in: StandIn, change: dict[str, Any], field: str | None, accepted: str
) -> None:
    answer = client.post("/v1/looks:search", json={"image": PICTURE, "market": "IN"} | change)
    problem = Problem.model_validate({"errors": []} | answer.get_json())
    assert answer.mimetype == "application/problem+json"
    if field is None:
        assert answer.status_code == 400
        return
    assert answer.status_code == problem.status == 422
    assert [error.field for error in problem.errors] == [field]
    assert accepted in problem.errors[0].accepted
    assert not stand_in.asked


@pytest.mark.parametrize(("method", "path", "body", "kind", "status"), [
    ("POST", "/v1/looks:search", b"{", "application/json", 400),
    ("POST", "/v1/looks:search", b"[]", "application/json", 400),
    ("POST", "/v1/looks:search", b"[" * 100_000, "application/json", 400),
    ("POST", "/v1/looks:search", b"\xff", "application/json", 400),
    ("POST", "/v1/looks:search", b"a=1", "application/x-www-form-urlencoded", 415),
    ("POST", "/v1/looks:search", b"x" * (29 * 2**20), "application/json", 413),
    ("GET", "/v1/looks:search", None, None, 405),
    ("PUT", "/v1/looks", None, None, 405),
    ("GET", "/v1/nothing", None, None, 404),
    ("GET", "/v1/looks/none", None, None, 404),
    ("GET", "/v1/looks?page_token=zzz", None, None, 404),
    ("GET", "/v1/looks?colour=red", None, None, 422),
    ("GET", "/v1/queries/7", None, None, 422),
    ("GET", "/v1/queries/76f35826-5ea6-4af7-8494-0104ad2ed9da", None, None, 404),
    ("GET", "/images/products/..%2f..%2fetc%2fpasswd", None, None, 404),
    ("GET", "/images/products/" + "a" * 64, None, None, 404),
    ("GET", "/v1/products/x", None, None, 503),
])  # fmt: skip
def test_every_failure_is_a_problem(
    client: FlaskClient, method: str, path: str, body: bytes | None, kind: str | None, status: int
) -> None:
    answer = client.open(path, method=method, data=body, content_type=kind, headers={"X-Request-Id": "request-1234"})
    assert (answer.status_code, answer.mimetype) == (status, "application/problem+json"), answer.text
    problem = Problem.model_validate({"errors": []} | answer.get_json())
    assert problem.request_id == answer.headers["X-Request-Id"] == "request-1234"
    assert (status == 503) == ("Retry-After" in answer.headers)


@pytest.mark.parametrize(("error", "status"), [
    (DeadlineExceededError("slow"), 503), (NotFoundError("no such look"), 404), (RuntimeError("password=hunter2"), 500),
])  # fmt: skip
def test_errors_of_the_stages_become_problems_without_internals(
    client: FlaskClient, stand_in: StandIn, error: Exception, status: int
) -> None:
    stand_in.error = error
    answer = client.post("/v1/looks:search", json={"look_id": "a", "market": "IN"})
    assert answer.status_code == status
    assert "hunter2" not in answer.text


def test_a_search_without_a_free_place_is_shed(app: Flask, client: FlaskClient) -> None:
    with parts_of(app).admission.place():
        answer = client.post("/v1/looks:search", json={"look_id": "a", "market": "IN"})
        assert (answer.status_code, answer.headers["Retry-After"]) == (503, "1")
    assert client.post("/v1/looks:search", json={"look_id": "a", "market": "IN"}).status_code == 200
    assert "lookmatch_search_shed_total 1.0" in client.get("/metrics").text


def test_an_answer_is_counted_by_ranker_stage_and_degradation(client: FlaskClient) -> None:
    client.post("/v1/looks:search", json={"look_id": "a", "market": "IN"})
    text = client.get("/metrics").text
    assert 'lookmatch_search_answers_total{market="IN",ranker="vector"} 1.0' in text
    assert 'lookmatch_search_degraded_total{reason="no key",stage="rerank"} 1.0' in text
    assert 'route="/v1/looks:search",status="200"' in text


def test_the_server_is_ready_when_a_market_has_a_live_index(client: FlaskClient, database_url: str) -> None:
    assert client.get("/livez").status_code == 200
    assert client.get("/readyz").status_code == 503
    with psycopg.connect(database_url) as connection:
        connection.execute("INSERT INTO vectors.encoders VALUES ('mini', 'v', 8, 'mini_v')")
        connection.execute("INSERT INTO vectors.live_encoder VALUES ('IN', 'mini', 'v', now(), 3)")
    ready = client.get("/readyz")
    assert (ready.status_code, ready.get_json()["status"]) == (200, "degraded")


def add_looks(database_url: str, settings: Settings, count: int) -> None:
    settings.look_folder.mkdir(parents=True)
    (settings.look_folder / "d").write_bytes(picture_bytes("JPEG"))
    with psycopg.connect(database_url) as connection:
        for number in range(count):
            row = (f"look-{number}", "IN", "d", "d" * 64)
            connection.execute("INSERT INTO looks.looks (look_id, market, image_file, image_digest) VALUES (%s, %s, %s, %s)", row)


def test_looks_are_listed_once_each_over_pages(client: FlaskClient, database_url: str, settings: Settings) -> None:
    add_looks(database_url, settings, 5)
    seen, token = [], None
    for _ in range(3):
        page = client.get("/v1/looks", query_string={"page_size": 2} | ({"page_token": token} if token else {})).get_json()
        seen += [look["look_id"] for look in page["looks"]]
        token = page["next_page_token"]
    assert token is None
    assert sorted(seen) == [f"look-{n}" for n in range(5)]


def test_pictures_are_served_by_what_their_bytes_are_and_cached_for_good(
    client: FlaskClient, database_url: str, settings: Settings
) -> None:
    add_looks(database_url, settings, 1)
    answer = client.get("/images/looks/look-0")
    assert (answer.mimetype, answer.headers["X-Content-Type-Options"]) == ("image/jpeg", "nosniff")
    assert "immutable" in answer.headers["Cache-Control"]
    assert client.get("/images/looks/look-0", headers={"If-None-Match": answer.headers["ETag"]}).status_code == 304


def test_the_specification_is_valid_and_names_every_route(app: Flask, client: FlaskClient) -> None:
    document = client.get("/openapi.json").get_json()
    validate_specification(document)
    routes = {re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", rule.rule) for rule in app.url_map.iter_rules()
              if not rule.endpoint.startswith(("web.", "console.", "rating."))}  # fmt: skip
    assert routes == set(document["paths"])
    problem = {"$ref": "#/components/schemas/Problem"}
    for operations in document["paths"].values():
        for operation in operations.values():
            for status, response in operation["responses"].items():
                if int(status) >= 400 and operation["operationId"] != "readyz":
                    assert response["content"]["application/problem+json"]["schema"] == problem


def test_gunicorn_accepts_the_configuration_and_keeps_threads_for_probes() -> None:
    from gunicorn.config import Config

    chosen = ServerConfiguration()
    config = Config()
    for name, value in chosen.gunicorn("127.0.0.1", 8080).items():
        config.set(name, value)
    assert config.worker_class_str == "gthread"
    assert not config.preload_app
    assert chosen.searches < chosen.threads
