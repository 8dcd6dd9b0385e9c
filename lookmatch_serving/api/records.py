"""What the API speaks besides the search answer; the OpenAPI document is generated from these records."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Annotated, Any
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from lookmatch_serving.search.answers.result_lists import RankedList
from lookmatch_serving.search.models.answer import SearchAnswer
from lookmatch_serving.search.models.request import SearchRequest
from lookmatch_serving.settings import Market


class _Record(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class FieldError(_Record):
    """One refused value: where it was (dotted path), what it was (shortened) and what is accepted."""

    field: str
    value: str
    accepted: str


class Problem(_Record):
    """An RFC 9457 problem. ``instance`` is the request's path, ``request_id`` finds it in the logs."""

    type: str
    title: str
    status: int = Field(ge=400, le=599)
    detail: str
    instance: str
    request_id: str
    errors: list[FieldError] = Field(default_factory=list)


Base64Picture = Annotated[str, Field(json_schema_extra={"contentEncoding": "base64", "format": "picture-base64"})]
SOURCES = ("image", "image_url", "look_id")
"""What a look is named by, one at a time."""


def _only(source: str) -> dict[str, Any]:
    """The schema of a body whose look is named by that and nothing else."""
    rest = {name: {"type": "null"} for name in SOURCES if name != source}
    return {"required": [source], "properties": {source: {"type": "string"}, **rest}}


class SearchBody(SearchRequest):
    """JSON body of a search. Exactly one of ``image`` (base64 of the file), ``image_url`` and ``look_id`` names the look."""

    model_config = ConfigDict(json_schema_extra={"oneOf": [_only(source) for source in SOURCES]})

    image: Base64Picture | None = None


class LookKind(StrEnum):
    """A look was made for a person; a reference image shows an outfit to take up."""

    LOOK = "look"
    REFERENCE = "reference"


class SizeStock(_Record):
    """One size of a product. ``stock`` is None when the vendor does not say."""

    size: str
    stock: int | None = None
    in_stock: bool = False


class ProductAnswer(_Record):
    """A product of the catalogue. Prices are in major units of ``currency``; ``price`` is what a buyer pays now."""

    product_id: str
    market: Market
    vendor: str | None
    title: str
    brand: str | None
    description: str | None
    category: str | None
    gender: str | None
    colour: str | None
    price: float | None
    list_price: float | None
    currency: str | None
    availability: str | None
    in_stock: bool
    sizes: list[SizeStock]
    image_url: str | None
    product_url: str | None
    offer_updated_at: datetime | None


class LookSummary(_Record):
    """A stored look, or a reference image; ``tagged_at`` is when its products were found ahead of time, None when not yet.

    ``image_digest`` is the SHA-256 of the picture; ``/images/looks/<image_digest>/<width>.webp`` is the picture resized.
    """

    look_id: str
    kind: LookKind
    market: Market
    image_url: str
    image_digest: str
    added_at: datetime
    tagged_at: datetime | None


class LookList(_Record):
    """One page of looks, newest first. ``next_page_token`` is None on the last page."""

    looks: list[LookSummary]
    next_page_token: str | None


class LookAnswer(LookSummary):
    """A stored look with the answer the offline job gave it, if any."""

    answer: SearchAnswer | None


class QueryAnswer(_Record):
    """What was asked and answered, and why each product of the answer ranked where it did. Who asked is not shown.

    Attributes:
        ranking: by layer, in the order of the answer; empty for queries whose ranking was not kept.
        answered_from: the query that ranked the products, where this one's were stored, or were a later page of its.
        model_calls: of the vision model that this query paid for, with tokens and ``cost_usd``, null where that is unknown.
    """

    query_id: UUID
    asked_at: datetime
    market: Market
    look_digest: str
    request: dict[str, Any]
    answer: dict[str, Any]
    answered_from: UUID | None
    ranking: list[RankedList]
    model_calls: list[dict[str, Any]] = Field(default_factory=list)


class HealthCheck(_Record):
    """One thing that serving depends on. Only a failed ``required`` check makes the server unready."""

    name: str
    ok: bool
    required: bool
    detail: str


class Health(_Record):
    """``status`` is ``ok``, ``degraded`` (an optional part fails) or ``unready``."""

    status: str
    checks: list[HealthCheck] = Field(default_factory=list)
