"""The look, and places in it."""

from __future__ import annotations

from dataclasses import dataclass

from PIL import Image
from pydantic import Field, model_validator

from lookmatch_serving.value_types import Record


class Box(Record):
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


@dataclass(frozen=True)
class Look:
    """A decoded look.

    Attributes:
        picture: RGB.
        digest: SHA-256 of the encoded file, hex.
    """

    picture: Image.Image
    digest: str
