"""Preferences of shoppers: what they said, what their interactions say, and which of both is in force.

What a shopper said wins. A list that was given, an empty one too, takes the place of everything inferred of its kind; sizes
do so for the groups of clothing that they name. An inferred preference can also be switched off by its id.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from enum import StrEnum
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from lookmatch_serving.settings import Market
from lookmatch_serving.shoppers.interactions import InteractionKind
from lookmatch_serving.value_types import PreferenceKind, PreferredSize, PriceRange, Text

_MOST = 50


class _Record(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class ExplicitPreferences(_Record):
    """What a shopper said outright. A field left out leaves its kind to what was inferred; an empty list means none.

    Attributes:
        brands: liked.
        sizes: worn.
        price: bands, each in its own currency.
        use_inferred: whether anything inferred is used at all.
        switched_off: ids of inferred preferences that shall not be used.
    """

    brands: list[Annotated[Text, Field(min_length=1, max_length=200)]] | None = Field(default=None, max_length=_MOST)
    sizes: list[PreferredSize] | None = Field(default=None, max_length=_MOST)
    price: list[PriceRange] | None = Field(default=None, max_length=_MOST)
    use_inferred: bool = Field(default=True, strict=True)
    switched_off: list[Annotated[Text, Field(max_length=300)]] = Field(default_factory=list, max_length=4 * _MOST)


class Evidence(_Record):
    """What an inferred preference rests on.

    Attributes:
        counts: interactions of each kind.
        first_event_at: the earliest of them.
        last_event_at: the latest.
        weight: their sum, each worth its kind's weight, halved for every half life that has passed.
    """

    counts: dict[InteractionKind, int]
    first_event_at: datetime
    last_event_at: datetime
    weight: float = Field(ge=0)


class InferredPreference(_Record):
    """What the interactions of a shopper in a market say. One of ``brand``, ``size`` and ``price`` is set, by its kind.

    Attributes:
        preference_id: stays the same while the preference does, for example ``brand:acme``.
        weight: in (0, 1]: its share of what speaks for any value of its kind.
    """

    preference_id: str
    market: Market
    kind: PreferenceKind
    brand: str | None = None
    size: PreferredSize | None = None
    price: PriceRange | None = None
    weight: float = Field(gt=0, le=1)
    evidence: Evidence


class PreferenceState(StrEnum):
    """Whether an inferred preference is used, and why not."""

    IN_FORCE = "in_force"
    OVERRIDDEN = "overridden"
    SWITCHED_OFF = "switched_off"


def state_of(inferred: InferredPreference, explicit: ExplicitPreferences) -> PreferenceState:
    """Whether an inferred preference is used beside what the shopper said."""
    if not explicit.use_inferred or inferred.preference_id in explicit.switched_off:
        return PreferenceState.SWITCHED_OFF
    return PreferenceState.OVERRIDDEN if _overridden(inferred, explicit) else PreferenceState.IN_FORCE


def in_force(inferred: Iterable[InferredPreference], explicit: ExplicitPreferences) -> list[InferredPreference]:
    """Those inferred preferences that are used."""
    return [one for one in inferred if state_of(one, explicit) is PreferenceState.IN_FORCE]


def _overridden(inferred: InferredPreference, explicit: ExplicitPreferences) -> bool:
    if inferred.size is not None:
        if explicit.sizes is None:
            return False
        group = inferred.size.group
        return not explicit.sizes or any(said.group is None or said.group is group for said in explicit.sizes)
    if inferred.price is not None:
        currency = inferred.price.currency
        return explicit.price is not None and (not explicit.price or any(said.currency == currency for said in explicit.price))
    return explicit.brands is not None
