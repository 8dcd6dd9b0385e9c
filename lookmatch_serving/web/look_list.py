"""The feed of looks, and reference images with their products directly below."""

from __future__ import annotations

from flask import Response, request

from lookmatch_serving.api.parts import current_parts
from lookmatch_serving.api.routes import LookListParameters
from lookmatch_serving.api.validation import validate
from lookmatch_serving.settings import Market
from lookmatch_serving.web.blueprint import web
from lookmatch_serving.web.delivery import shared_page
from lookmatch_serving.web.language import Language, current_language
from lookmatch_serving.web.page_state import page_state

_REGIONS = {"IN": Market.INDIA, "US": Market.USA, "JP": Market.JAPAN}


@web.get("/")
def home() -> Response:
    """The looks to shop, and the form for a look of one's own; further looks alone where the page asks for them."""
    return _looks_page("look_list.html", "look")


@web.get("/references")
def references() -> Response:
    """Reference images."""
    return _looks_page("references.html", "reference")


def nearest_market(chosen: Market | None) -> Market:
    """The market that a form offers first: the chosen one, else that of the browser's region or language."""
    if chosen is not None:
        return chosen
    for tag, _ in request.accept_languages:
        region = _REGIONS.get(tag.replace("_", "-").partition("-")[2].upper())
        if region is not None:
            return region
    return Market.JAPAN if current_language() is Language.JAPANESE else Market.USA


def _looks_page(template: str, kind: str) -> Response:
    given = {name: value for name, value in request.args.items() if value and name in LookListParameters.model_fields}
    parameters = validate(LookListParameters, {**given, "kind": kind})
    parts = current_parts()
    looks = parts.stored.looks(parameters.market, parameters.kind, parameters.page_size, parameters.page_token)
    with parts.pool.connection() as connection:
        captions = page_state().captions.of(connection, looks.looks)
    more = request.headers.get("HX-Request") == "true"
    return shared_page(
        "_looks.html" if more else template,
        looks=looks,
        captions=captions,
        market=parameters.market,
        form_market=nearest_market(parameters.market),
    )
