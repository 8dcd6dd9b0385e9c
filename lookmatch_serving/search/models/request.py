"""What is asked of a search; the API speaks these records."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Literal

from pydantic import Field

from lookmatch_serving.opaque_tokens import PAGE_TOKEN
from lookmatch_serving.settings import Market
from lookmatch_serving.value_types import (
    WHOLE_NUMBER,
    LayerName,
    PictureUrl,
    PreferenceKind,
    PreferredSize,
    PriceRange,
    Record,
    ShopperId,
    SizeName,
    SizeSystem,
    Text,
)


class FilterName(StrEnum):
    """A filter by name."""

    BRAND = "brand"
    SIZE = "size"
    PRICE = "price"
    GENDER = "gender"
    CATEGORY = "category"
    IN_STOCK = "in_stock"


class Filters(Record):
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


class SearchRequest(Record):
    """One search. Exactly one of the picture's bytes (given beside this record), ``image_url`` and ``look_id`` names the look."""

    market: Market
    image_url: PictureUrl | None = None
    look_id: Text | None = Field(default=None, max_length=200)
    layers: list[LayerName] | None = Field(default=None, min_length=1, max_length=20)
    filters: Filters = Field(default_factory=Filters)
    user_id: ShopperId | None = None
    page_size: Annotated[int, Field(ge=1, le=100, strict=True), WHOLE_NUMBER] = 10
    page_token: str | None = Field(default=None, max_length=4096, pattern=PAGE_TOKEN)
    deadline_ms: Annotated[int, Field(ge=50, le=60_000, strict=True), WHOLE_NUMBER] | None = None
    explain: bool = Field(default=False, strict=True)


class PreferenceMode(StrEnum):
    """How preferences are followed: ``soft`` moves what fits up, ``hard`` leaves out what does not."""

    SOFT = "soft"
    HARD = "hard"


class AppliedPreference(Record):
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
