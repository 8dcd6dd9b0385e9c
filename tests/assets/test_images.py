"""From an address to a verified picture in the store, or to the code that says why not."""

from __future__ import annotations

import http.server
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from lookmatch_assets.images.obtaining import ImageCode, WantedPicture, obtain_picture, obtain_pictures
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
    got = list(obtain_pictures(wanted, tmp_path / "store", FetchLimits()))
    assert [(one.product_id, one.code) for one in got] == [("a", None), ("b", ImageCode.MISSING), ("c", None)]
