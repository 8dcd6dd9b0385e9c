"""The query log: what was asked, what was answered, and what would be answered now."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from flask import Response, request

from lookmatch_serving.api.answering import answer_search
from lookmatch_serving.api.parts import current_parts
from lookmatch_serving.errors import NotFoundError
from lookmatch_serving.search.models.answer import SearchAnswer
from lookmatch_serving.search.models.request import SearchRequest
from lookmatch_serving.web.console.access import console, session_secret
from lookmatch_serving.web.console.page import console_page, rows, rows_or_reason
from lookmatch_serving.web.shopper import check_form

_MOST = 60


@dataclass(frozen=True)
class Place:
    """A product's place in a layer then and now; None where it is not among the products shown."""

    product_id: str
    title: str
    then: int | None
    now: int | None


@console.get("/queries")
def recent_queries() -> Response:
    """The queries asked last."""
    found, missing = rows_or_reason("queries", most=_MOST)
    return console_page("queries.html", found=found, missing=missing)


@console.get("/queries/<uuid:query_id>")
def logged_query(query_id: UUID) -> Response:
    """One query."""
    return _query_page(query_id, None)


@console.post("/queries/<uuid:query_id>/replay")
def replay_query(query_id: UUID) -> Response:
    """Ask it again and show what changed."""
    check_form(session_secret())
    record = current_parts().stored.query(query_id)
    asked = _askable(record.request, record.look_digest)
    if asked is None:
        raise NotFoundError("the picture of this query was the asker's own and is not kept, so it cannot be asked again")
    return _query_page(query_id, answer_search(current_parts(), asked, None))


def places(then: dict[str, Any], now: SearchAnswer) -> dict[str, list[Place]]:
    """Layer -> its products of both answers, in the order of now and then."""
    before = {layer["layer"]: layer["hits"] for layer in then["layers"]}
    after = {layer.layer: [hit.model_dump() for hit in layer.hits] for layer in now.layers}
    compared = {}
    for layer in dict.fromkeys([*after, *before]):
        ranks = [{hit["product_id"]: place for place, hit in enumerate(one.get(layer, []), 1)} for one in (before, after)]
        titles = {hit["product_id"]: hit["title"] for one in (before, after) for hit in one.get(layer, [])}
        order = dict.fromkeys([*ranks[1], *ranks[0]])
        compared[layer] = [Place(one, titles[one], ranks[0].get(one), ranks[1].get(one)) for one in order]
    return compared


def _query_page(query_id: UUID, now: SearchAnswer | None) -> Response:
    record = current_parts().stored.query(query_id)
    return console_page(
        "query.html",
        record=record,
        now=now,
        compared=places(record.answer, now) if now is not None else None,
        askable=_askable(record.request, record.look_digest) is not None,
        posted=request.method == "POST",
    )


def _askable(asked: dict[str, Any], digest: str) -> SearchRequest | None:
    """The request as it can be asked again: by the look's id, its address, or a stored look of the same picture."""
    again = {name: value for name, value in asked.items() if name != "page_token"}
    if not again.get("look_id") and not again.get("image_url"):
        found = rows("look_of_picture", digest=digest)
        if not found:
            return None
        again["look_id"] = found[0]["look_id"]
    return SearchRequest.model_validate(again)
