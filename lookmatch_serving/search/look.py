"""The records that the stages hand on, and the request and answer that the API speaks (one definition for both)."""

from __future__ import annotations

import re
from datetime import datetime
from enum import StrEnum
from typing import Annotated, Literal
from uuid import UUID

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, WithJsonSchema, model_validator

from lookmatch_serving.settings import Market

FIXED_LAYERS = ("outermost_topwear", "inner_topwear", "one_piece", "bottomwear", "footwear")
_ACCESSORY = re.compile(r"accessory_[1-9][0-9]?")


def _layer_name(name: str) -> str:
    if name in FIXED_LAYERS or _ACCESSORY.fullmatch(name):
        return name
    raise ValueError(f"{name!r} is no layer; accepted: {', '.join(FIXED_LAYERS)}, accessory_1 .. accessory_99")


LayerName = Annotated[
    str,
    AfterValidator(_layer_name),
    WithJsonSchema({"type": "string", "pattern": f"^({'|'.join(FIXED_LAYERS)}|{_ACCESSORY.pattern})$"}),
]
_STORABLE = {"pattern": r"^[^\x00]*$"}
Text = Annotated[str, Field(json_schema_extra=_STORABLE)]
"""Text that a database stores; whoever takes it in refuses NUL."""

SizeName = Annotated[Text, Field(min_length=1, max_length=60)]

ShopperId = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._:@|+=~-]{0,199}$")]
"""Whom the app knows a shopper as; it can stand in a path."""

PictureUrl = Annotated[
    str, Field(max_length=2048, json_schema_extra={"pattern": r"^https?://[^\x00]+$", "format": "picture-url"})
]


def _whole(value: object) -> object:
    return int(value) if isinstance(value, float) and value.is_integer() else value


_WHOLE = BeforeValidator(_whole)
"""Takes an integer as JSON Schema has it: 35.0 is one, "35" and true are none."""

PAGE_TOKEN = r"^[A-Za-z0-9_-]+$"  # noqa: S105  a pattern


class _Record(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Box(_Record):
    """A rectangle in fractions of the look's width and height, each in [0, 1]."""

    x0: float = Field(ge=0, le=1)
    y0: float = Field(ge=0, le=1)
    x1: float = Field(ge=0, le=1)
    y1: float = Field(ge=0, le=1)

    @model_validator(mode="after")
    def _ordered(self) -> Box:
        if self.x0 >= self.x1 or self.y0 >= self.y1:
            raise ValueError("a box needs x0 < x1 and y0 < y1")
        return self


class LayerQuery(_Record):
    """What query generation says of one layer.

    Attributes:
        layer: layer name.
        query: descriptive text, for example "Men's charcoal grey polo shirt, solid, short sleeves, casual."
        category: category slug of ``catalog.products`` that the layer's product should have, when known.
        categories: every plausible category slug, best first; search prefers products of these.
        gender: ``men``, ``women``, ``boys``, ``girls``, ``unisex`` or None when not said.
        box: where the layer is in the look, when known.
        confidence: of the generator in this layer, in [0, 1].
        attributes: named attributes read from the look (type, colour, pattern, sleeve, ...).
    """

    layer: LayerName
    query: str = Field(min_length=1, max_length=500)
    category: str | None = None
    categories: tuple[str, ...] = ()
    gender: str | None = None
    box: Box | None = None
    confidence: float = Field(default=1.0, ge=0, le=1)
    attributes: dict[str, str] = Field(default_factory=dict)


class Ranker(StrEnum):
    """Which step of the ladder ordered the hits, best first."""

    LLM = "llm"
    SEGMENT = "segment"
    VECTOR = "vector"


class MatchGrade(StrEnum):
    """How good the match is."""

    EXACT = "exact"
    CLOSE = "close"
    SIMILAR = "similar"
    NONE = "none"


class PriceRange(_Record):
    """Bounds in major units of ``currency`` (49.99), both inclusive."""

    min: float | None = Field(default=None, ge=0, strict=True)
    max: float | None = Field(default=None, ge=0, strict=True)
    currency: str = Field(pattern=r"^[A-Z]{3}$")

    @model_validator(mode="after")
    def _ordered(self) -> PriceRange:
        if self.min is not None and self.max is not None and self.min > self.max:
            raise ValueError("min must not exceed max")
        return self


class SizeSystem(StrEnum):
    """How a size is written: a country's system, or letters (S, M, L)."""

    INDIA = "IN"
    US = "US"
    EU = "EU"
    UK = "UK"
    JAPAN = "JP"
    LETTER = "letter"


class SizeGroup(StrEnum):
    """What is sized alike; ``topwear`` stands for dresses too."""

    TOPWEAR = "topwear"
    BOTTOMWEAR = "bottomwear"
    FOOTWEAR = "footwear"


class PreferredSize(_Record):
    """A size. Without ``system`` it is compared as it is written; without ``group`` it is meant for all clothing."""

    size: SizeName
    system: SizeSystem | None = None
    group: SizeGroup | None = None


class FilterName(StrEnum):
    """A filter by name."""

    BRAND = "brand"
    SIZE = "size"
    PRICE = "price"
    GENDER = "gender"
    CATEGORY = "category"
    IN_STOCK = "in_stock"


class Filters(_Record):
    """Hard filters; a product that fails one is not returned.

    Attributes:
        size: sizes in stock, any of them; as the products list them, unless ``size_system`` is given.
        size_system: what ``size`` is written in; then products sized in other systems pass by the estimates of the size chart.
        category: slugs of the catalogue's categories, such as ``casual-shoes``.
        relax: filters that may be dropped in a layer where fewer products pass than a page holds: the first named is dropped
            first, then the second too, until a page is full. What passes all filters comes first. The answer says what was
            dropped. Preferences that are applied as filters can be relaxed by the same names.
    """

    brand: list[Text] | None = Field(default=None, min_length=1, max_length=50)
    size: list[SizeName] | None = Field(default=None, min_length=1, max_length=50)
    size_system: SizeSystem | None = None
    price: PriceRange | None = None
    gender: str | None = Field(default=None, pattern="^(men|women|boys|girls|unisex)$")
    category: list[Text] | None = Field(default=None, min_length=1, max_length=50)
    in_stock: bool | None = Field(default=None, strict=True)
    relax: list[FilterName] | None = Field(default=None, min_length=1, max_length=6)


class SearchRequest(_Record):
    """One search. Exactly one of the picture's bytes (given beside this record), ``image_url`` and ``look_id`` names the look."""

    market: Market
    image_url: PictureUrl | None = None
    look_id: Text | None = Field(default=None, max_length=200)
    layers: list[LayerName] | None = Field(default=None, min_length=1, max_length=20)
    filters: Filters = Field(default_factory=Filters)
    user_id: ShopperId | None = None
    page_size: Annotated[int, Field(ge=1, le=100, strict=True), _WHOLE] = 10
    page_token: str | None = Field(default=None, max_length=4096, pattern=PAGE_TOKEN)
    deadline_ms: Annotated[int, Field(ge=50, le=60_000, strict=True), _WHOLE] | None = None
    explain: bool = Field(default=False, strict=True)


class PreferenceKind(StrEnum):
    """What a preference of a shopper is about."""

    BRAND = "brand"
    SIZE = "size"
    PRICE = "price"


class PreferenceMode(StrEnum):
    """How preferences are followed: ``soft`` moves what fits up, ``hard`` leaves out what does not."""

    SOFT = "soft"
    HARD = "hard"


class AppliedPreference(_Record):
    """A preference of the shopper that the answer follows. One of ``brand``, ``size`` and ``price`` is set, by its kind.

    Attributes:
        origin: ``explicit``: the shopper said so; ``inferred``: from what they did.
        preference_id: of an inferred one.
        weight: in (0, 1]; 1 for what was said.
    """

    kind: PreferenceKind
    mode: PreferenceMode
    origin: Literal["explicit", "inferred"]
    preference_id: str | None = None
    brand: str | None = None
    size: PreferredSize | None = None
    price: PriceRange | None = None
    weight: float = Field(default=1.0, gt=0, le=1)


class Hit(_Record):
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


class LayerAnswer(_Record):
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


class Degradation(_Record):
    """One step of the ladder that was not taken, and why."""

    stage: str
    reason: str


class SearchAnswer(_Record):
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
