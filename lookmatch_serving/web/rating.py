"""The raters' pages: one pair at a time, by plain forms that a keyboard, a phone and a reload can work with.

Pictures go by the item's own id and are never cached, and nothing on a page, in an address or in a header says where a product
came from. The link's token is kept in a cookie for these pages alone.
"""

from __future__ import annotations

import time
from uuid import UUID

from flask import Blueprint, Response, make_response, redirect, render_template, request, send_file, send_from_directory
from werkzeug.wrappers import Response as AnyResponse

from lookmatch_serving.api.parts import current_parts
from lookmatch_serving.api.picture_routes import content_type, look_file
from lookmatch_serving.errors import InvalidInputError, NotFoundError
from lookmatch_serving.rating.facets import FACETS
from lookmatch_serving.rating.store import (
    Item,
    Progress,
    Rater,
    find_rater,
    item_of,
    next_item,
    progress_of,
    rated_before,
    save_rating,
)

rating = Blueprint("rating", __name__, url_prefix="/rate")

_COOKIE, _SITTING = "rater", "sitting"
_COOKIE_SECONDS = 60 * 24 * 3600
_SITTING_SECONDS = 4 * 3600
_HEAD = 12
_STATIC = {"rating.css": "text/css", "rating.js": "text/javascript"}
_POLICY = (
    "default-src 'none'; img-src 'self' data:; style-src 'self'; script-src 'self'; form-action 'self'; base-uri 'none'; "
    "frame-ancestors 'none'"
)
"""The site's policy, and this blueprint's one script."""


@rating.get("/<any('rating.css', 'rating.js'):name>")
def static(name: str) -> Response:
    """The pages' style sheet and script."""
    return send_from_directory(rating.root_path + "/static", name, mimetype=_STATIC[name], max_age=3600)


@rating.get("/<token>")
def enter(token: str) -> AnyResponse:
    """Log in by link: the token moves from the address into a cookie."""
    with current_parts().pool.connection() as connection:
        find_rater(connection, token)
    answer = redirect("/rate")
    answer.set_cookie(
        _COOKIE, token, max_age=_COOKIE_SECONDS, path="/rate", httponly=True, secure=request.is_secure, samesite="Lax"
    )
    return answer


@rating.get("")
def item() -> Response:
    """The next pair; a pause after a sitting's most items; thanks at the end."""
    rater = _rater()
    with current_parts().pool.connection() as connection:
        progress, shown = progress_of(connection, rater), next_item(connection, rater)
        before = rated_before(connection, rater, None)
    if shown is None:
        return _page("rating_done.html", progress=progress, before=before)
    if _sitting() >= rater.session_items:
        return _page("rating_pause.html", progress=progress, before=before)
    return _item_page(rater, shown, progress, before)


@rating.get("/items/<uuid:assignment_id>")
def rated_item(assignment_id: UUID) -> Response:
    """A pair again, with the scores that it has, which may be changed."""
    rater = _rater()
    with current_parts().pool.connection() as connection:
        shown, progress = item_of(connection, rater, assignment_id), progress_of(connection, rater)
        before = rated_before(connection, rater, assignment_id)
    if shown.scores is None:
        raise NotFoundError("this item is not rated yet; it comes in its turn")
    return _item_page(rater, shown, progress, before)


@rating.post("")
def answer() -> AnyResponse:
    """Keep the answers of one pair and show the next."""
    rater = _rater()
    scores = {facet: _score(facet, request.form.get(facet)) for facet in rater.facets}
    try:
        assignment_id, shown_at = UUID(request.form.get("item", "")), int(request.form.get("shown_at", ""))
    except ValueError as error:
        raise InvalidInputError("item", request.form.get("item"), "the form as it was shown") from error
    with current_parts().pool.connection() as connection:
        again = item_of(connection, rater, assignment_id).scores is not None
        save_rating(connection, rater, assignment_id, scores, time.time() - shown_at)
    return _sat(_sitting() + (0 if again else 1))


@rating.post("/go-on")
def go_on() -> AnyResponse:
    """Begin another sitting."""
    return _sat(0)


@rating.get("/items/<uuid:assignment_id>/<any(look, product):side>")
def picture(assignment_id: UUID, side: str) -> Response:
    """A picture of one of the rater's own items."""
    rater, parts = _rater(), current_parts()
    with parts.pool.connection() as connection:
        found = item_of(connection, rater, assignment_id)
    digest = found.product_digest
    path = look_file(found.look_file) if side == "look" else parts.settings.image_folder / digest[:2] / digest
    try:
        with path.open("rb") as file:
            kind = content_type(file.read(_HEAD))
    except OSError as error:
        raise NotFoundError("the picture is not stored here") from error
    if kind is None:
        raise NotFoundError("the picture is not of a kind that is served")
    response = send_file(path, mimetype=kind, etag=False, conditional=False)
    for name in ("Last-Modified", "Content-Disposition"):  # the latter carries the file's name
        response.headers.pop(name, None)
    response.headers["Cache-Control"] = "private, no-store"
    return response


def _item_page(rater: Rater, shown: Item, progress: Progress, before: UUID | None) -> Response:
    facets = [(key, FACETS[key]) for key in rater.facets]
    chosen = {key: "cannot_tell" if score is None else str(score) for key, score in (shown.scores or {}).items()}
    now = int(time.time())
    return _page("rating_item.html", item=shown, facets=facets, chosen=chosen, progress=progress, before=before, shown_at=now)


def _rater() -> Rater:
    with current_parts().pool.connection() as connection:
        return find_rater(connection, request.cookies.get(_COOKIE, ""))


def _score(facet: str, value: str | None) -> int | None:
    if value == "cannot_tell":
        return None
    if value not in ("1", "2", "3", "4", "5"):
        raise InvalidInputError(facet, value, '1 to 5, or "cannot tell"')
    return int(value)


def _sitting() -> int:
    value = request.cookies.get(_SITTING, "0")
    return int(value) if value.isdecimal() and len(value) < 6 else 0


def _sat(count: int) -> AnyResponse:
    response = redirect("/rate", 303)
    response.set_cookie(_SITTING, str(count), max_age=_SITTING_SECONDS, path="/rate", httponly=True, samesite="Lax")
    return response


def _page(name: str, **values: object) -> Response:
    response = make_response(render_template(name, **values))
    response.headers["Cache-Control"] = "no-store"
    response.headers["Content-Security-Policy"] = _POLICY
    response.headers["Referrer-Policy"] = "same-origin"
    return response
