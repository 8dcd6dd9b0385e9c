"""The shoppers' blueprint that the page families add their routes to, and what their templates can call."""

from __future__ import annotations

from typing import cast
from urllib.parse import quote

from flask import Blueprint, Flask, Response, redirect, request
from flask.blueprints import BlueprintSetupState
from werkzeug.wrappers import Response as AnyResponse

from lookmatch_serving.errors import NotFoundError
from lookmatch_serving.resized_pictures import WIDTHS
from lookmatch_serving.settings import Market
from lookmatch_serving.web import formatting
from lookmatch_serving.web.delivery import install_delivery
from lookmatch_serving.web.language import (
    LANGUAGE_COOKIE,
    LANGUAGE_NAMES,
    Language,
    current_language,
    gettext,
    ngettext,
    text_language,
)
from lookmatch_serving.web.static_files import inline_style, static_files, static_path

web = Blueprint("web", __name__)

_YEAR_SECONDS = 365 * 24 * 3600
_SHORT_SECONDS = 3600
_ROBOTS = "User-agent: *\n" + "".join(
    f"Disallow: {path}\n" for path in ("/buy/", "/console", "/looks/uploads/", "/preferences", "/rate")
)


@web.record
def _install(state: BlueprintSetupState) -> None:
    environment = state.app.jinja_env
    environment.add_extension("jinja2.ext.i18n")
    environment.install_gettext_callables(gettext, ngettext, newstyle=True)  # type: ignore[attr-defined]
    environment.filters.update(
        money=formatting.money,
        number=formatting.number,
        moment=formatting.moment,
        market_name=formatting.market_name,
        layer_name=formatting.layer_name,
        grade_name=formatting.grade_name,
        availability_name=formatting.availability_name,
        gender_name=formatting.gender_name,
        language_of=text_language,
        in_path=lambda text: quote(text, safe=""),
    )
    environment.globals.update(
        current_language=current_language,
        language_names=LANGUAGE_NAMES,
        markets=list(Market),
        style=inline_style(),
        static_path=static_path,
        picture_widths=WIDTHS,
    )
    install_delivery(cast(Flask, state.app))


@web.before_app_request
def switch_language() -> AnyResponse | None:
    """``?lang=ja`` on any page keeps the choice in a cookie and shows the page again without the parameter."""
    wanted = request.args.get("lang")
    if wanted not in set(Language) or request.blueprint not in {"web", "console"} or request.method != "GET":
        return None
    rest = [(name, value) for name, value in request.args.items(multi=True) if name != "lang"]
    query = "&".join(f"{quote(name)}={quote(value)}" for name, value in rest)
    place = "/" + quote(request.path.lstrip("/\\"), safe="/:@+,;=~-._")
    response = redirect(place + (f"?{query}" if query else ""), 303)
    response.set_cookie(
        LANGUAGE_COOKIE, str(wanted), max_age=_YEAR_SECONDS, httponly=True, secure=request.is_secure, samesite="Lax"
    )
    response.headers["Cache-Control"] = "no-store"
    return response


@web.get("/static/<path:name>")
def static(name: str) -> Response:
    """A file of the pages; for good when asked for by its digest."""
    file = static_files().get(name)
    if file is None:
        raise NotFoundError("no such file")
    zipped = file.compressed is not None and "gzip" in request.headers.get("Accept-Encoding", "")
    response = Response(file.compressed if zipped else file.plain, content_type=file.content_type)
    if zipped:
        response.headers["Content-Encoding"] = "gzip"
    response.headers["Vary"] = "Accept-Encoding"
    response.cache_control.public = True
    response.cache_control.max_age = _YEAR_SECONDS if request.args.get("v") == file.version else _SHORT_SECONDS
    response.cache_control.immutable = request.args.get("v") == file.version
    response.set_etag(file.version, weak=True)
    response.make_conditional(request)
    return response


@web.get("/robots.txt")
def robots() -> Response:
    """What robots stay out of: redirects to shops, private pages and the console."""
    return Response(_ROBOTS, mimetype="text/plain")
