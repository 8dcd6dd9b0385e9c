"""What the parser says of a picture."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

Edges = tuple[float, float, float, float]
"""Left, top, right, bottom in fractions of the picture's width and height."""

Ring = tuple[tuple[float, float], ...]
"""A polygon: x and y of its corners in fractions of the picture's width and height, not closed."""


class Setting(StrEnum):
    """How clothes are shown."""

    WORN = "worn"
    LAID_OUT = "laid_out"
    NOTHING = "nothing"


@dataclass(frozen=True)
class Part:
    """One shoe of a pair."""

    box: Edges
    outline: Ring


@dataclass(frozen=True)
class Garment:
    """One garment of the picture.

    Attributes:
        name: ``outer``, ``inner``, ``one_piece``, ``bottomwear``, ``footwear``, ``bag``, ``eyewear``, ``hat``, ``scarf`` or
            ``belt``.
        class_name: the network's class that most of its pixels have.
        mask: bool (h, w) on the network's grid, which covers the whole picture.
        box: of the mask.
        outline: polygons around the mask, the largest first.
        area: share of the picture that the mask covers, in (0, 1].
        confidence: mean probability of its classes over the mask, in [0, 1].
        kinds: probability of each kind of its class, over the whole mask; they sum to 1.
        cut_by: edges of the picture that cut it: ``left``, ``top``, ``right``, ``bottom``.
        parts: left and right shoe (as the picture shows them) where both are seen apart; otherwise empty.
    """

    name: str
    class_name: str
    mask: NDArray[np.bool_]
    box: Edges
    outline: tuple[Ring, ...]
    area: float
    confidence: float
    kinds: Mapping[str, float]
    cut_by: frozenset[str]
    parts: tuple[Part, ...] = ()


@dataclass(frozen=True)
class ParsedLook:
    """A parsed picture.

    Attributes:
        setting: whether somebody wears the garments, nobody does, or there are none.
        people: how many people are told apart; the garments are those of one of them.
        person: box of that person, what they carry included; None where nobody is.
        garments: in the order outer, inner, one_piece, bottomwear, footwear, then what is small.
        skin: bool (h, w), bare skin of the person.
    """

    setting: Setting
    people: int
    person: Edges | None
    garments: tuple[Garment, ...]
    skin: NDArray[np.bool_]
