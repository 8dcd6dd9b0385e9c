"""Pages from templates to the wire: rendered once for the same data, compressed once, checked by ETag, under a strict policy.

What a page shows is read afresh for every request; only the rendering is kept, by everything that went into it (template,
language and data). So a changed price is a changed page, and nothing has to be invalidated. No library is used since none keeps
bodies with their compressed form and tag by the digest of the data.
"""

from __future__ import annotations

import gzip
import hashlib
import threading
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass

from flask import Flask, Response, current_app, render_template, request

from lookmatch_serving.web.language import current_language
from lookmatch_serving.web.static_files import style_hash

_PLACES = 2048  # some 8 KB each
_EXTENSION = "lookmatch_rendered_pages"
_VARY = "Accept-Encoding, Accept-Language, Cookie, HX-Request"
_PERMISSIONS = "camera=(), display-capture=(), geolocation=(), microphone=(), payment=(), usb=()"


@dataclass(frozen=True)
class _Body:
    """A page as gzip, in which it is held and nearly always sent, and its digest."""

    compressed: bytes
    tag: str


class RenderedPages:
    """The pages rendered last, by what went into them; safe to use from many threads."""

    def __init__(self, places: int = _PLACES) -> None:
        self._places = places
        self._bodies: OrderedDict[bytes, _Body] = OrderedDict()
        self._lock = threading.Lock()

    def body(self, ingredients: str, render: Callable[[], str]) -> _Body:
        """The body made of these ingredients, rendered unless it is held."""
        key = hashlib.sha256(ingredients.encode("utf-8", "surrogatepass")).digest()
        with self._lock:
            if key in self._bodies:
                self._bodies.move_to_end(key)
                return self._bodies[key]
        plain = render().encode("utf-8", "replace")
        made = _Body(gzip.compress(plain, 6, mtime=0), hashlib.sha256(plain).hexdigest()[:32])
        with self._lock:
            self._bodies[key] = made
            while len(self._bodies) > self._places:
                self._bodies.popitem(last=False)
        return made


def shared_page(template: str, **values: object) -> Response:
    """A page that says nothing about who asks: held, compressed, with an ETag.

    The representations of the values must tell everything that the template shows of them.
    """
    pages: RenderedPages = current_app.extensions[_EXTENSION]
    ingredients = f"{template}\n{current_language()}\n{request.full_path}\n{values!r}"
    body = pages.body(ingredients, lambda: render_template(template, **values))
    zipped = "gzip" in request.headers.get("Accept-Encoding", "")
    response = Response(body.compressed if zipped else gzip.decompress(body.compressed), mimetype="text/html")
    if zipped:
        response.headers["Content-Encoding"] = "gzip"
    response.headers["Vary"] = _VARY
    response.headers["Cache-Control"] = "private, no-cache"
    response.set_etag(body.tag, weak=True)
    response.make_conditional(request)
    return response


def private_page(template: str, status: int = 200, **values: object) -> Response:
    """A page about who asks: rendered each time, kept nowhere, not compressed (it may hold a token beside what was asked)."""
    response = Response(render_template(template, **values), status=status, mimetype="text/html")
    response.headers["Cache-Control"] = "private, no-store"
    response.headers["Vary"] = _VARY
    return response


def install_delivery(app: Flask) -> None:
    """Give the application its held pages, and every page its policy and headers."""
    app.extensions[_EXTENSION] = RenderedPages()
    policy = (
        f"default-src 'none'; script-src 'self'; style-src 'self' '{style_hash()}'; img-src 'self'; font-src 'self'; "
        "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    )

    def guard(response: Response) -> Response:
        if response.mimetype == "text/html" and request.blueprint != "rating":
            response.headers["Content-Security-Policy"] = policy
            response.headers["Permissions-Policy"] = _PERMISSIONS
            response.headers["Cross-Origin-Resource-Policy"] = "same-origin"
            response.headers.setdefault("Vary", _VARY)
            if request.is_secure:
                response.headers["Strict-Transport-Security"] = "max-age=31536000; includeSubDomains"
        return response

    app.after_request(guard)
