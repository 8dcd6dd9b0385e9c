"""Untrusted pictures and addresses."""

from __future__ import annotations

import io
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from PIL import Image

from lookmatch_serving import fetching, pictures
from lookmatch_serving.errors import InvalidInputError, UpstreamError
from lookmatch_serving.fetching import FetchLimits, fetch_picture
from lookmatch_serving.pictures import decode_picture, rgb_on_white


def encoded(size=(40, 30), form="PNG", mode="RGB"):
    buffer = io.BytesIO()
    Image.new(mode, size).save(buffer, form)
    return buffer.getvalue()


def test_accepted_formats_decode_to_upright_rgb():
    for form in ("PNG", "JPEG", "WEBP"):
        assert decode_picture(encoded(form=form)).mode == "RGB"


@pytest.mark.parametrize("mode", ["RGBA", "LA", "PA"])
def test_transparent_parts_of_a_picture_become_white(mode):
    assert rgb_on_white(Image.new("RGBA", (2, 2), (255, 0, 0, 0)).convert(mode)).getpixel((0, 0)) == (255, 255, 255)
    assert decode_picture(encoded(mode="RGBA")).getpixel((1, 1)) == (255, 255, 255)


def test_a_picture_without_transparency_only_becomes_rgb():
    assert rgb_on_white(Image.new("L", (2, 2), 7)).getpixel((0, 0)) == (7, 7, 7)


@pytest.mark.parametrize("data", [b"", b"hello", encoded(form="GIF"), encoded(form="BMP"), encoded()[:50], encoded(size=(4, 4))])
def test_what_is_no_acceptable_picture_is_refused_by_field(data):
    with pytest.raises(InvalidInputError) as refused:
        decode_picture(data)
    assert refused.value.field == "image"


def test_too_many_pixels_are_refused_before_decoding(monkeypatch):
    monkeypatch.setattr(pictures, "MAX_PIXELS", 1000)
    with pytest.raises(InvalidInputError):
        decode_picture(encoded(size=(100, 100)))


@pytest.fixture
def server():
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            if self.path == "/picture":
                self._send(200, encoded())
            elif self.path == "/loop":
                self._send(302, b"", "/loop")
            elif self.path == "/metadata":
                self._send(302, b"", "http://169.254.169.254/latest")
            elif self.path == "/trickle":
                self.send_response(200)
                self.end_headers()
                for _ in range(50):
                    try:
                        self.wfile.write(b"x")
                    except OSError:
                        return
                    time.sleep(0.1)
            else:
                self._send(404 if self.path == "/missing" else 503, b"")

        def _send(self, status, body, location=None):
            self.send_response(status)
            if location:
                self.send_header("Location", location)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *args):
            pass

    made = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    made.daemon_threads = True
    threading.Thread(target=made.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{made.server_port}"
    made.shutdown()
    made.server_close()


OPEN = FetchLimits(seconds=1, allow_private_addresses=True)


def test_a_picture_is_fetched_within_its_limits(server):
    assert fetch_picture(f"{server}/picture", OPEN) == encoded()
    with pytest.raises(InvalidInputError, match="larger than"):
        fetch_picture(f"{server}/picture", FetchLimits(seconds=1, max_bytes=10, allow_private_addresses=True))
    with pytest.raises(InvalidInputError, match="404"):
        fetch_picture(f"{server}/missing", OPEN)
    with pytest.raises(UpstreamError, match="503"):
        fetch_picture(f"{server}/broken", OPEN)
    with pytest.raises(InvalidInputError, match="redirects more than"):
        fetch_picture(f"{server}/loop", OPEN)


def test_a_trickling_server_does_not_outlast_the_time(server):
    started = time.monotonic()
    with pytest.raises(UpstreamError):
        fetch_picture(f"{server}/trickle", OPEN)
    assert time.monotonic() - started < 2


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1/x", "http://localhost/x", "http://10.0.0.1/x", "http://169.254.169.254/x", "http://[::1]/x",
        "http://[::ffff:127.0.0.1]/x", "http://0.0.0.0/x", "http://2130706433/x", "http://100.64.0.1/x", "http://[64:ff9b::7f00:1]/x",
        "file:///etc/passwd", "ftp://example.org/x", "http://user:pw@example.org/x", "http://", "x", "http://example.org:99999/",
    ],
)  # fmt: skip
def test_addresses_that_are_not_public_http_are_refused_by_field(url):
    with pytest.raises(InvalidInputError) as refused:
        fetch_picture(url)
    assert refused.value.field == "image_url"


def test_a_redirect_to_a_private_address_is_refused(server, monkeypatch):
    public = fetching._is_public
    monkeypatch.setattr(fetching, "_is_public", lambda address: address == "127.0.0.1" or public(address))
    with pytest.raises(InvalidInputError, match="not a public address"):
        fetch_picture(f"{server}/metadata", FetchLimits(seconds=1))
