"""Types of single values that several rooms speak of: names, sizes, prices. Each checks itself and knows its JSON schema."""

from __future__ import annotations

import re
from enum import StrEnum
from typing import Annotated

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, WithJsonSchema, model_validator

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


WHOLE_NUMBER = BeforeValidator(_whole)
"""Takes an integer as JSON Schema has it: 35.0 is one, "35" and true are none."""


class Record(BaseModel):
    """A frozen record that accepts no fields but its own."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class PriceRange(Record):
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


class PreferredSize(Record):
    """A size. Without ``system`` it is compared as it is written; without ``group`` it is meant for all clothing."""

    size: SizeName
    system: SizeSystem | None = None
    group: SizeGroup | None = None


class PreferenceKind(StrEnum):
    """What a preference of a shopper is about."""

    BRAND = "brand"
    SIZE = "size"
    PRICE = "price"
