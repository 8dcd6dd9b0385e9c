"""Searches that find no place: what they hear, and which of them still go the whole way."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor

import pytest
from flask import Flask
from werkzeug.test import EnvironBuilder

from lookmatch_serving.api.admission import Admission
from lookmatch_serving.api.parts import parts_of
from lookmatch_serving.embedded import Services
from lookmatch_serving.search.answers import single_flight
from lookmatch_serving.search.models.answer import SearchAnswer
from lookmatch_serving.search.models.request import SearchRequest
from lookmatch_serving.server import create_app
from lookmatch_serving.settings import Settings
from lookmatch_serving.siblings import Siblings
from tests.serving.test_api_requests import StandIn

PATH = "/v1/looks:search"
BODY = {"look_id": "a", "market": "IN", "deadline_ms": 20_000}
HEADERS = {"X-Request-Id": "request-1234"}


class Held(StandIn):
    """Answers once it may."""

    def __init__(self) -> None:
        super().__init__()
        self.begun, self.may_end = threading.Event(), threading.Event()

    def search(self, request: SearchRequest, image: bytes | None, observer: object = None) -> SearchAnswer:
        self.begun.set()
        assert self.may_end.wait(30)
        return super().search(request, image, observer)


@pytest.fixture
def held() -> Held:
    return Held()


@pytest.fixture
def app(settings: Settings, database_url: str, redis_url: str, held: Held) -> Iterator[Flask]:
    made = create_app(settings, Services(database_url, redis_url), held, searches=1, inside=4)
    yield made
    parts_of(made).close()


def test_a_search_turned_away_early_hears_what_the_whole_way_says(app: Flask, held: Held) -> None:
    client = app.test_client()
    with parts_of(app).admission.place():
        early = client.post(PATH, json=BODY, headers=HEADERS)
        whole = client.post(PATH, json=BODY, headers={**HEADERS, "Origin": "https://shop.example"})
        unreadable = client.post(PATH, data=b"{" * 100_000)
    assert (early.status_code, early.json, dict(early.headers)) == (whole.status_code, whole.json, dict(whole.headers))
    assert early.json is not None
    assert (early.status_code, early.headers["Retry-After"], early.json["request_id"]) == (503, "1", "request-1234")
    assert unreadable.status_code == 503
    text = client.get("/metrics").text
    assert "lookmatch_search_shed_total 3.0" in text
    assert f'lookmatch_http_requests_total{{method="POST",route="{PATH}",status="503"}} 3.0' in text
    assert held.asked == []
    held.may_end.set()
    assert client.post(PATH, json=BODY).status_code == 200


def test_what_is_identical_to_a_search_under_way_waits_for_it_and_what_only_has_its_length_is_turned_away(
    app: Flask, held: Held, monkeypatch: pytest.MonkeyPatch
) -> None:
    waits, wait = threading.Event(), single_flight._result

    def noted(future: Future[SearchAnswer], milliseconds: float) -> SearchAnswer:
        waits.set()
        return wait(future, milliseconds)

    monkeypatch.setattr(single_flight, "_result", noted)

    def ask(look: str) -> int:
        return app.test_client().post(PATH, json={**BODY, "look_id": look}).status_code

    with ThreadPoolExecutor(2) as pool:
        first = pool.submit(ask, "a")
        assert held.begun.wait(30)
        same = pool.submit(ask, "a")
        assert waits.wait(30)
        assert [ask("b"), ask("longer")] == [503, 503]
        held.may_end.set()
        assert (first.result(30), same.result(30)) == (200, 200)
    assert len(held.asked) == 1


class GunicornResponse:
    """As much of gunicorn's response as decides about its connection."""

    def __init__(self) -> None:
        self.closes = False

    def force_close(self) -> None:
        self.closes = True

    def start_response(self, status: str, headers: list[tuple[str, str]], exc_info: object = None) -> object:
        return None


def test_the_busier_of_two_workers_closes_the_connections_of_its_searches_and_no_other(
    settings: Settings, database_url: str, redis_url: str
) -> None:
    siblings = Siblings()
    mine, other = siblings.take_seat(), siblings.take_seat()
    app = create_app(settings, Services(database_url, redis_url), StandIn(), searches=2, inside=4, seat=mine)

    def closes(method: str = "POST", path: str = PATH) -> bool:
        response = GunicornResponse()
        environ = EnvironBuilder(path, method=method, json=BODY if method == "POST" else None).get_environ()
        b"".join(app.wsgi_app(environ, response.start_response))
        return response.closes

    try:
        with parts_of(app).admission.place():
            assert not closes()  # the other has not told anything yet
            other.tell(0)
            assert closes()
            assert not closes("GET", "/livez")
            other.tell(1)
            assert not closes()
            other.tell(0)
            siblings.leave_seat(other)
            assert not closes()
        other.tell(0)
        assert not closes()
    finally:
        parts_of(app).close()


def test_a_worker_that_has_left_is_not_thought_to_be_idle() -> None:
    siblings = Siblings()
    mine, leaving = siblings.take_seat(), siblings.take_seat()
    admission = Admission(1, seat=leaving)
    mine.tell(3)
    assert mine.busier
    with admission.place():
        leaving.leave()
    assert not mine.busier
    siblings.leave_seat(leaving)
    assert siblings.take_seat().number == leaving.number
    assert not mine.busier
