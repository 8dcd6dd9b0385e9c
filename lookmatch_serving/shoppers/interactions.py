"""What shoppers did with products that they were shown."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import UTC, datetime
from enum import StrEnum
from typing import Annotated
from uuid import UUID

from psycopg.types.json import Jsonb
from pydantic import AfterValidator, AwareDatetime, BaseModel, BeforeValidator, ConfigDict, Field

from lookmatch_serving.db import DictConnection, read_sql
from lookmatch_serving.settings import Market
from lookmatch_serving.value_types import LayerName, ShopperId, SizeName, Text


def _spelled_out(value: object) -> object:
    if isinstance(value, datetime) or (isinstance(value, str) and re.match(r"\d{4}-\d{2}-\d{2}[Tt ]", value)):
        return value
    raise ValueError("a time such as 2026-01-31T12:00:00Z")


def _in_utc(value: datetime) -> datetime:
    """In UTC, since Postgres takes no offset of more than 16 hours; the first and last hours of all time stay where they are."""
    try:
        return value.astimezone(UTC)
    except OverflowError:
        return value.replace(tzinfo=UTC)


Moment = Annotated[AwareDatetime, BeforeValidator(_spelled_out), AfterValidator(_in_utc)]


class InteractionKind(StrEnum):
    """What a shopper did with a product, from the least to the most telling."""

    VIEW = "view"
    CLICK = "click"
    SAVE = "save"
    BUY = "buy"


class Interaction(BaseModel):
    """One thing that a shopper did.

    Attributes:
        event_id: chosen by the sender; the same one of the same shopper counts once.
        shopper_id: what a search calls ``user_id``.
        query_id: of the answer that showed the product, when known.
        layer: of that answer, when known.
        size: that was chosen, as the product lists it; what sizes are inferred from.
        occurred_at: when, with its offset from UTC; a time to come counts as now.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    event_id: Annotated[Text, Field(min_length=1, max_length=200)]
    shopper_id: ShopperId
    kind: InteractionKind
    market: Market
    product_id: Annotated[Text, Field(min_length=1, max_length=500)]
    query_id: UUID | None = None
    layer: LayerName | None = None
    size: SizeName | None = None
    occurred_at: Moment = Field(default_factory=lambda: datetime.now(UTC))


def record_interactions(connection: DictConnection, interactions: Sequence[Interaction]) -> int:
    """Keep interactions, in the connection's current transaction.

    Args:
        connection: rows as dictionaries.
        interactions: of any shoppers, in any order.

    Returns:
        How many were new; the others had been recorded before, and stay as they were.
    """
    values = {"interactions": Jsonb([one.model_dump(mode="json") for one in interactions])}
    return len(connection.execute(read_sql(__package__, "record_interactions"), values).fetchall())
