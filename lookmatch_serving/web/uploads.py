"""A look of one's own: uploaded or pasted, its stages watched by server-sent events, its products on a page of its own.

With JavaScript the form's answer is a panel that listens to the events; the search runs within that listening request, so that no
other process has to be asked how far it is. Without JavaScript the form waits for the answer and is sent on to its page.
"""

from __future__ import annotations

import queue
import threading
from collections.abc import Iterator, Sequence

import structlog
from flask import Response, make_response, redirect, render_template, request, stream_with_context, url_for
from werkzeug.datastructures import FileStorage
from werkzeug.wrappers import Response as AnyResponse

from lookmatch_serving.api.answering import answer_search
from lookmatch_serving.api.parts import Parts, current_parts
from lookmatch_serving.api.validation import validate
from lookmatch_serving.errors import InvalidInputError, LookmatchError
from lookmatch_serving.search.models.answer import LayerAnswer, SearchAnswer
from lookmatch_serving.search.models.query import LayerQuery
from lookmatch_serving.search.models.request import SearchRequest
from lookmatch_serving.search.runtime.trace import StageEvent
from lookmatch_serving.web.blueprint import web
from lookmatch_serving.web.delivery import private_page
from lookmatch_serving.web.formatting import N_
from lookmatch_serving.web.language import gettext
from lookmatch_serving.web.looks import HITS_SHOWN, Shown, outfit_page
from lookmatch_serving.web.shopper import known_shopper
from lookmatch_serving.web.upload_store import KEPT_SECONDS, Upload, find_upload, keep_answer, keep_upload

_log = structlog.get_logger("lookmatch.web")
STEPS = {
    "query_generation": N_("Reading the look"),
    "vectorisation": N_("Describing each piece"),
    "retrieval": N_("Searching the shops"),
    "reranking": N_("Choosing the best matches"),
}
"""Stages of a search that are shown, in their order."""

_LONGEST_SEARCH_SECONDS = 60.0


@web.post("/looks")
def upload() -> AnyResponse:
    """Take a look in, and answer it at once or show its progress."""
    file = request.files.get("image") or FileStorage()
    data = file.read()
    if not data:
        raise InvalidInputError("image", "nothing", "choose a picture of an outfit (JPEG, PNG, WebP, AVIF or HEIC)")
    market = validate(SearchRequest, {"market": request.form.get("market", "")}).market
    parts = current_parts()
    token = keep_upload(parts.valkey, data, market)
    if request.headers.get("HX-Request") == "true":
        found = find_upload(parts.valkey, token)
        return private_page("_upload.html", token=token, upload=found, steps=STEPS, states={}, layers=(), failure=None)
    _answered(parts, token)
    return redirect(url_for("web.uploaded_look", token=token), 303)


@web.get("/looks/uploads/<token>")
def uploaded_look(token: str) -> Response:
    """The products of a look that was brought."""
    parts = current_parts()
    found = find_upload(parts.valkey, token)
    whole = found.answer or _answered(parts, token)
    shown = Shown(url_for("web.upload_picture", token=token), found.size, resizable=False)
    template = "_sheet.html" if request.headers.get("HX-Request") == "true" else "look.html"
    return outfit_page(template, _search_of(found), whole, found.picture, shown, look_id=None, here=request.path)


@web.get("/looks/uploads/<token>/picture")
def upload_picture(token: str) -> Response:
    """The picture that was brought, for its own pages."""
    response = make_response(find_upload(current_parts().valkey, token).picture)
    response.mimetype = "image/jpeg"
    response.headers["Cache-Control"] = f"private, max-age={KEPT_SECONDS}, immutable"
    return response


@web.get("/looks/uploads/<token>/events")
def upload_events(token: str) -> Response:
    """The stages of the search as they happen: events ``progress``, then one ``done``, each an HTML fragment."""
    parts = current_parts()
    found = find_upload(parts.valkey, token)
    response = Response(stream_with_context(_events(parts, token, found)), mimetype="text/event-stream")
    response.headers["Cache-Control"] = "no-store"
    response.headers["X-Accel-Buffering"] = "no"
    return response


def _events(parts: Parts, token: str, found: Upload) -> Iterator[str]:
    """Run the search on a thread and tell of it."""
    heard: queue.SimpleQueue[StageEvent | SearchAnswer | Exception] = queue.SimpleQueue()
    search = _search_of(found)

    def run() -> None:
        try:
            answer = found.answer or answer_search(parts, search, found.picture, heard.put)
            keep_answer(parts.valkey, token, answer)
            heard.put(answer)
        except Exception as error:  # it ends this thread; the page is told
            heard.put(error)

    threading.Thread(target=run, name="upload", daemon=True).start()
    states: dict[str, str] = {}
    layers: tuple[LayerQuery, ...] = ()
    yield "retry: 3000\n\n"
    while True:
        try:
            told = heard.get(timeout=_LONGEST_SEARCH_SECONDS)
        except queue.Empty:
            told = TimeoutError("the search did not end")
        if isinstance(told, SearchAnswer):  # one that was kept comes without stages: they were done before
            yield _event("done", token, found, dict.fromkeys(STEPS, "done"), told.layers, None)
            return
        if isinstance(told, Exception):
            yield _event("done", token, found, states, layers, _failure(told))
            return
        layers = told.layers or layers
        if told.stage in STEPS and not told.layers:
            states[told.stage] = "done" if told.finished else "now"
        if told.stage in STEPS:
            yield _event("progress", token, found, states, layers, None)


def _event(
    name: str, token: str, found: Upload, states: dict[str, str], layers: Sequence[LayerQuery | LayerAnswer], failure: str | None
) -> str:
    values = {"token": token, "upload": found, "steps": STEPS, "states": states, "layers": layers, "failure": failure}
    text = render_template("_upload_progress.html", done=name == "done" and failure is None, **values)
    return f"event: {name}\n" + "".join(f"data: {line}\n" for line in text.splitlines()) + "\n"


def _failure(told: Exception) -> str:
    """What the page says of an error."""
    if isinstance(told, LookmatchError):
        return gettext("The search could not be finished just now. Please try again in a moment.")
    _log.error("upload_failed", exc_info=told)
    return gettext("Something went wrong on our side. Please try again.")


def _answered(parts: Parts, token: str) -> SearchAnswer:
    found = find_upload(parts.valkey, token)
    answer = found.answer or answer_search(parts, _search_of(found), found.picture)
    keep_answer(parts.valkey, token, answer)
    return answer


def _search_of(found: Upload) -> SearchRequest:
    return SearchRequest(market=found.market, user_id=known_shopper(), page_size=HITS_SHOWN)
