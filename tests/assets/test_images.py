"""From an address to a verified picture in the store, or to the code that says why not."""

from __future__ import annotations

import http.server
import threading
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from lookmatch_assets.images.obtaining import (
    ATTEMPTS,
    GIVE_UP_AFTER,
    HOST_CONNECTIONS,
    ImageCode,
    WantedPicture,
    obtain_picture,
    obtain_pictures,
)
from lookmatch_assets.images.store import picture_path
from lookmatch_serving.fetching import FetchLimits
from tests.assets.landing import draw


@pytest.fixture
def server(tmp_path: Path) -> Iterator[str]:
    """A web server on the loopback address; its folder is ``web``."""
    draw(tmp_path / "web" / "good.png", 1)

    class Quiet(http.server.SimpleHTTPRequestHandler):
        def __init__(self, *args: object, **kwargs: object) -> None:
            super().__init__(*args, directory=str(tmp_path / "web"), **kwargs)  # type: ignore[arg-type]

        def log_message(self, *args: object) -> None:
            """Nothing."""

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Quiet) as running:
        threading.Thread(target=running.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{running.server_port}"
        running.shutdown()


class Busy:
    """A server that notes how many requests it has in hand at once, and fails the first ``failures`` of each address."""

    def __init__(self, picture: bytes, failures: int = 0) -> None:
        self.lock, self.now, self.most = threading.Lock(), 0, 0
        self.asked: Counter[str] = Counter()
        busy = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                with busy.lock:
                    busy.now += 1
                    busy.most = max(busy.most, busy.now)
                    busy.asked[self.path] += 1
                    failed = busy.asked[self.path] <= failures
                time.sleep(0.02)
                with busy.lock:
                    busy.now -= 1
                self.send_response(503 if failed else 200)
                self.end_headers()
                self.wfile.write(b"" if failed else picture)

            def log_message(self, *args: object) -> None:
                """Nothing."""

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        self.address = f"http://127.0.0.1:{self.server.server_port}"

    def __enter__(self) -> Busy:
        return self

    def __exit__(self, *error: object) -> None:
        self.server.shutdown()
        self.server.server_close()


OPEN = FetchLimits(allow_private_addresses=True)


def test_a_server_is_asked_for_a_few_pictures_at_a_time(tmp_path: Path) -> None:
    with Busy(draw(tmp_path / "good.png", 3).read_bytes()) as busy:
        wanted = [WantedPicture(str(number), f"{busy.address}/{number}") for number in range(30)]
        got = list(obtain_pictures(wanted, tmp_path / "store", OPEN))
    assert {one.product_id for one in got if one.code is None} == {str(number) for number in range(30)}
    assert 2 <= busy.most <= HOST_CONNECTIONS


def test_a_server_that_fails_is_asked_again_after_a_pause(tmp_path: Path) -> None:
    with Busy(draw(tmp_path / "good.png", 4).read_bytes(), failures=ATTEMPTS - 1) as busy:
        (got,) = obtain_pictures([WantedPicture("p", f"{busy.address}/p")], tmp_path / "store", OPEN, pause_seconds=0.01)
    assert (got.code, busy.asked["/p"]) == (None, ATTEMPTS)


def test_a_dead_server_is_left_alone_and_others_are_served(tmp_path: Path) -> None:
    with (
        Busy(b"", failures=99) as dead,
        Busy(draw(tmp_path / "good.png", 5).read_bytes()) as alive,
    ):
        wanted = [WantedPicture(f"dead-{number}", f"{dead.address}/{number}") for number in range(60)]
        wanted += [WantedPicture(f"alive-{number}", f"{alive.address}/{number}") for number in range(10)]
        got = {one.product_id: one for one in obtain_pictures(wanted, tmp_path / "store", OPEN, pause_seconds=0.01)}
    assert {one.code for name, one in got.items() if name.startswith("dead")} == {ImageCode.UNREACHABLE}
    assert {one.code for name, one in got.items() if name.startswith("alive")} == {None}
    assert len(got) == 70
    assert len(dead.asked) < GIVE_UP_AFTER + HOST_CONNECTIONS
    assert "not asked" in (got["dead-59"].message or "")


def code_of(url: str, store: Path, limits: FetchLimits) -> ImageCode | None:
    return obtain_picture(WantedPicture("p", url), store, limits).code


def test_a_picture_over_http_is_kept_by_its_digest(server: str, tmp_path: Path) -> None:
    got = obtain_picture(WantedPicture("p", f"{server}/good.png"), tmp_path / "store", FetchLimits(allow_private_addresses=True))
    assert (got.code, got.width, got.height) == (None, 64, 64)
    assert got.digest
    assert picture_path(tmp_path / "store", got.digest).read_bytes() == (tmp_path / "web" / "good.png").read_bytes()


def test_what_cannot_be_had_is_named(server: str, tmp_path: Path) -> None:
    store, private = tmp_path / "store", FetchLimits(allow_private_addresses=True)
    (tmp_path / "web" / "text.png").write_text("<html>")
    assert code_of(f"{server}/good.png", store, FetchLimits()) is ImageCode.ADDRESS_REFUSED
    assert code_of(f"{server}/absent.png", store, private) is ImageCode.MISSING
    assert code_of(f"{server}/text.png", store, private) is ImageCode.NOT_DECODABLE
    small = FetchLimits(allow_private_addresses=True, max_bytes=100)
    assert code_of(f"{server}/good.png", store, small) is ImageCode.TOO_LARGE
    assert code_of((tmp_path / "web" / "good.png").as_uri(), store, FetchLimits(max_bytes=100)) is ImageCode.TOO_LARGE
    assert code_of("http://127.0.0.1:9/x.png", store, private) is ImageCode.UNREACHABLE
    assert code_of((tmp_path / "absent.png").as_uri(), store, private) is ImageCode.MISSING


def test_a_picture_of_too_many_pixels_is_refused_before_it_is_decoded(tmp_path: Path) -> None:
    from PIL import Image

    Image.new("1", (8_000, 6_000)).save(tmp_path / "bomb.png")
    assert code_of((tmp_path / "bomb.png").as_uri(), tmp_path / "store", FetchLimits()) is ImageCode.TOO_LARGE


def test_one_failure_concerns_its_own_product_only(tmp_path: Path) -> None:
    good = draw(tmp_path / "good.png", 2).as_uri()
    wanted = [WantedPicture("a", good), WantedPicture("b", "file:///absent.png"), WantedPicture("c", good)]
    got = obtain_pictures(wanted, tmp_path / "store", FetchLimits())
    assert {one.product_id: one.code for one in got} == {"a": None, "b": ImageCode.MISSING, "c": None}
