"""What the API speaks of shoppers."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field

from lookmatch_serving.shoppers.interactions import Interaction
from lookmatch_serving.shoppers.preferences import ExplicitPreferences, InferredPreference, PreferenceState
from lookmatch_serving.value_types import ShopperId

MOST_EVENTS = 1_000
"""Events of one request."""


class _Record(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class ShopperPath(_Record):
    """The shopper that a path names."""

    shopper_id: ShopperId


class EventBatch(_Record):
    """Several interactions, of any shoppers."""

    events: list[Interaction] = Field(min_length=1, max_length=MOST_EVENTS)


class EventsAnswer(_Record):
    """How many events were new, and how many had been recorded before."""

    recorded: int
    duplicates: int


class InferredAnswer(InferredPreference):
    """An inferred preference, and whether it is used."""

    state: PreferenceState


class PreferencesAnswer(_Record):
    """What a shopper said, and what their interactions say with its evidence."""

    shopper_id: str
    explicit: ExplicitPreferences
    inferred: list[InferredAnswer]


class ErasureAnswer(_Record):
    """How much was erased; all zero when nothing was stored."""

    interactions: int
    explicit_preferences: int
    inferred_preferences: int
    queries: int
    stored_answers: int
