"""The versioned routes."""

from __future__ import annotations

from uuid import UUID

from flask import Blueprint, Response, request
from pydantic import BaseModel, ConfigDict, Field

from lookmatch_serving.api.answering import answer_search
from lookmatch_serving.api.bodies import read_search
from lookmatch_serving.api.parts import current_parts
from lookmatch_serving.api.records import LookKind
from lookmatch_serving.api.validation import shorten, validate
from lookmatch_serving.errors import InvalidInputError, NotFoundError
from lookmatch_serving.opaque_tokens import PAGE_TOKEN
from lookmatch_serving.settings import Market

v1 = Blueprint("v1", __name__, url_prefix="/v1")


class LookListParameters(BaseModel):
    """Query parameters of the list of looks."""

    model_config = ConfigDict(extra="forbid")

    market: Market | None = None
    kind: LookKind | None = None
    page_size: int = Field(default=24, ge=1, le=100)
    page_token: str | None = Field(default=None, max_length=1024, pattern=PAGE_TOKEN)


@v1.post("/looks:search")
def search_looks() -> Response:
    """Find products for each layer of a look."""
    search, image = read_search(request)
    return _json(answer_search(current_parts(), search, image))


@v1.get("/looks")
def list_looks() -> Response:
    """List stored looks, newest first."""
    parameters = validate(LookListParameters, request.args.to_dict())
    return _json(current_parts().stored.looks(parameters.market, parameters.kind, parameters.page_size, parameters.page_token))


@v1.get("/looks/<look_id>")
def get_look(look_id: str) -> Response:
    """One stored look, with its products if they were found ahead of time."""
    return _json(current_parts().stored.look(checked_id(look_id, "look")).look)


@v1.get("/products/<path:product_id>")
def get_product(product_id: str) -> Response:
    """One product."""
    return _json(current_parts().stored.product(checked_id(product_id, "product")))


@v1.get("/queries/<query_id>")
def get_query(query_id: str) -> Response:
    """What was asked and answered."""
    try:
        key = UUID(query_id)
    except ValueError as error:
        raise InvalidInputError("query_id", shorten(query_id), "a UUID, as in the answer of a search") from error
    return _json(current_parts().stored.query(key))


def checked_id(identifier: str, kind: str) -> str:
    """An identifier that may be looked up.

    Raises:
        NotFoundError: nothing can have this identifier.
    """
    if "\x00" in identifier or not identifier.isprintable():
        raise NotFoundError(f"no {kind} has this id")
    return identifier


def _json(record: BaseModel) -> Response:
    return Response(record.model_dump_json(), mimetype="application/json", headers={"Cache-Control": "no-store"})
