"""What a search answers; the API speaks these records."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from uuid import UUID

from pydantic import Field

from lookmatch_serving.search.models.look import Box
from lookmatch_serving.search.models.request import AppliedPreference, FilterName
from lookmatch_serving.settings import Market
from lookmatch_serving.value_types import LayerName, Record


class Ranker(StrEnum):
    """Which step of the fallback chain ordered the hits, best first."""

    LLM = "llm"
    SEGMENT = "segment"
    VECTOR = "vector"


class MatchGrade(StrEnum):
    """How good the match is."""

    EXACT = "exact"
    CLOSE = "close"
    SIMILAR = "similar"
    NONE = "none"


class Hit(Record):
    """One product of a layer. ``price`` is what a buyer pays now, in major units; ``score`` is the ranker's, higher is better."""

    product_id: str
    title: str
    brand: str | None
    price: float | None
    currency: str | None
    image_url: str
    product_url: str
    in_stock: bool
    sizes: list[str]
    score: float
    match: MatchGrade
    variants: list[str] = Field(default_factory=list)
    why: dict[str, str | float] | None = None


class LayerAnswer(Record):
    """Products for one layer. ``match`` is the best hit's grade; ``none`` is an honest answer.

    Attributes:
        category: that the look's piece seems to have, None where the generator names none.
        relaxed: filters that were dropped since too few products passed them; hits that fail one say so.
        explanation: why there is no product at all, and without which filter there would be some.
    """

    layer: LayerName
    box: Box | None
    query: str
    category: str | None = None
    match: MatchGrade
    hits: list[Hit]
    next_page_token: str | None = None
    relaxed: list[FilterName] = Field(default_factory=list)
    explanation: str | None = None


class Degradation(Record):
    """One step of a fallback chain that was not taken, and why."""

    stage: str
    reason: str


class SearchAnswer(Record):
    """The answer of a search; every field is part of the public contract.

    ``grading`` is ``calibrated``, or says which uncalibrated thresholds graded the hits, and why.
    ``preferences`` are those of the shopper that the answer follows; what each hit fits is in its ``why``.
    """

    query_id: UUID
    market: Market
    encoder_version: str
    index_as_of: datetime
    grading: str = "unknown"
    ranker: Ranker
    degraded: list[Degradation] = Field(default_factory=list)
    timings_ms: dict[str, float]
    preferences: list[AppliedPreference] = Field(default_factory=list)
    layers: list[LayerAnswer]
