"""One look with its products: as a page, as a sheet over the feed, and as a reference image's page."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from flask import Response, request

from lookmatch_serving.api.answering import answer_search
from lookmatch_serving.api.parts import current_parts
from lookmatch_serving.api.picture_routes import look_file
from lookmatch_serving.api.routes import checked_id
from lookmatch_serving.errors import InvalidInputError, NotFoundError
from lookmatch_serving.pictures import check_picture
from lookmatch_serving.search.models.answer import LayerAnswer, SearchAnswer
from lookmatch_serving.search.models.request import SearchRequest
from lookmatch_serving.settings import Market
from lookmatch_serving.shop.cards import Card, cards_by_id
from lookmatch_serving.shop.filters import CURRENCIES, ShopFilters, read_filters, sizes_offered
from lookmatch_serving.web.blueprint import web
from lookmatch_serving.web.delivery import private_page
from lookmatch_serving.web.shopper import known_shopper

HITS_SHOWN = 10


@dataclass(frozen=True)
class Shown:
    """The picture of an answer: its address without and with a width, and its size in pixels."""

    path: str
    size: tuple[int, int]
    resizable: bool


@web.get("/looks/<look_id>")
def look(look_id: str) -> Response:
    """A stored look with its products; over the feed as a sheet where the page asks for one."""
    return _stored_look(look_id, "_sheet.html" if request.headers.get("HX-Request") == "true" else "look.html")


@web.get("/references/<look_id>")
def reference(look_id: str) -> Response:
    """A reference image, its products listed directly below it."""
    return _stored_look(look_id, "reference.html")


def outfit_page(
    template: str, base: SearchRequest, whole: SearchAnswer, image: bytes | None, shown: Shown, **more: Any
) -> Response:
    """The page of an answer, filtered as the query string says.

    Args:
        template: of the page.
        base: the search that was answered, without filters.
        whole: its answer, which says what can be filtered by.
        image: the look's file where it came with the request.
        shown: the look's picture.
        more: values for the template.
    """
    filters = read_filters(request.args.to_dict(flat=False))
    answer = _filtered(base, whole, image, filters) if filters.active else whole
    ids = {hit.product_id for layer in answer.layers for hit in layer.hits}
    with current_parts().pool.connection() as connection:
        cards: dict[str, Card] = cards_by_id(connection, ids)
    return private_page(
        template,
        answer=answer,
        cards=cards,
        filters=filters,
        offered=sizes_offered(whole.layers),
        currency=CURRENCIES[answer.market],
        shown=shown,
        **more,
    )


def _stored_look(look_id: str, template: str) -> Response:
    parts = current_parts()
    stored = parts.stored.look(checked_id(look_id, "look"))
    base = SearchRequest(
        market=_market(stored.look.market), look_id=stored.look.look_id, user_id=known_shopper(), page_size=HITS_SHOWN
    )
    whole = answer_search(parts, base, None)
    shown = Shown(f"/images/looks/{stored.image_digest}", _size_of(stored.image_file), resizable=True)
    return outfit_page(template, base, whole, None, shown, look_id=stored.look.look_id, here=request.path)


def _filtered(base: SearchRequest, whole: SearchAnswer, image: bytes | None, filters: ShopFilters) -> SearchAnswer:
    """The same layers with what passes the filters."""
    order = [layer.layer for layer in whole.layers]
    answers = [answer_search(current_parts(), search, image) for search in filters.searches(base, order)]
    layers: dict[str, LayerAnswer] = {layer.layer: layer for answer in answers for layer in answer.layers}
    steps = list(dict.fromkeys(step for answer in answers for step in answer.degraded))
    times = {"total": round(sum(answer.timings_ms.get("total", 0.0) for answer in answers), 1)}
    kept = [layers[name] for name in order if name in layers]
    first = answers[0] if answers else whole
    return first.model_copy(update={"layers": kept, "degraded": steps, "timings_ms": times})


def _market(own: Market) -> Market:
    given = request.args.get("market")
    if not given:
        return own
    try:
        return Market(given)
    except ValueError as error:
        raise InvalidInputError("market", given, f"one of {', '.join(Market)}") from error


def _size_of(image_file: str) -> tuple[int, int]:
    """Width and height from the file's header, so that the page does not shift when the picture arrives."""
    try:
        return check_picture(look_file(image_file).read_bytes())
    except (OSError, InvalidInputError) as error:
        raise NotFoundError("the picture of this look is not stored here") from error
