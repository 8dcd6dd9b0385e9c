"""The load of ``python -m benchmarks pages``, against a small server that is slow and fails on purpose."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator

import pytest
from werkzeug.serving import make_server
from werkzeug.wrappers import Request, Response

from benchmarks.pages import ask_flat_out, ask_steadily, failures

RATE, SECONDS = 100.0, 0.5


@pytest.fixture
def port() -> Iterator[int]:
    """A server whose ``/slow`` takes a tenth of a second and whose ``/broken`` fails."""

    @Request.application
    def answer(request: Request) -> Response:
        if request.path == "/slow":
            time.sleep(0.1)
        return Response("x" * 10, status=500 if request.path == "/broken" else 200)

    server = make_server("127.0.0.1", 0, answer, threaded=True)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    yield server.server_port
    server.shutdown()
    thread.join()
    server.server_close()


def test_a_steady_load_asks_as_often_as_it_says_and_counts_what_fails(port: int) -> None:
    replies = ask_steadily(port, ["/", "/broken"], RATE, SECONDS)
    assert len(replies) == RATE * SECONDS
    assert len(failures(replies)) == RATE * SECONDS / 2
    assert {reply.size for reply in replies} == {10}


def test_time_counts_from_when_a_request_was_due_so_that_a_slow_server_cannot_hide_it(port: int) -> None:
    replies = ask_steadily(port, ["/slow"], RATE, 0.2, clients=1)  # one client cannot keep up: each waits for those before
    ordered = sorted(replies, key=lambda reply: reply.ended)
    assert ordered[-1].seconds > 10 * 0.1
    assert ordered[-1].seconds > ordered[0].seconds


def test_a_server_that_is_gone_is_an_error_and_not_a_crash(port: int) -> None:
    replies = ask_flat_out(1, ["/"], 0.05, clients=2)
    assert replies
    assert {reply.status for reply in replies} == {0}
    assert failures(replies) == replies
