"""Drawn figures with exact labels, and a network that answers with them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from lookmatch_assets.synthetic.attributes import Colour, GarmentAttributes, GarmentType, Gender, Pattern, Sleeve, Usage
from lookmatch_assets.training.parser.export import parser_config
from lookmatch_assets.training.parser.labels import CLASS_NAMES, IGNORED, KIND_NAMES
from lookmatch_assets.training.parser.photos import Example
from lookmatch_serving.parsing.parser import LookParser
from lookmatch_serving.parsing.records import ParsedLook


class Exact:
    """A network that answers with the labels of one known picture."""

    version = "exact"
    config = parser_config()

    def __init__(self, truth: Example) -> None:
        self._truth = truth

    def run(self, pictures: NDArray[np.float32]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        high, wide = pictures.shape[2:]
        classes = _spread(self._truth.classes, len(CLASS_NAMES), (wide, high))
        return classes, _spread(self._truth.kinds, len(KIND_NAMES), (wide // 4, high // 4))


def _spread(labels: NDArray[np.uint8], count: int, size: tuple[int, int]) -> NDArray[np.float32]:
    small = np.asarray(Image.fromarray(labels).resize(size, Image.Resampling.NEAREST))
    known = np.where(small == IGNORED, 0, small)
    return np.where(known[None] == np.arange(count)[:, None, None], 0.9, 0.1 / (count - 1)).astype(np.float32)[None]


def garment_of_type(kind: GarmentType, colour: Colour = Colour.BLUE, sleeve: Sleeve | None = None) -> GarmentAttributes:
    return GarmentAttributes(kind, colour, Pattern.SOLID, sleeve, Gender.WOMEN, Usage.CASUAL)


OUTFIT = [
    garment_of_type(GarmentType.JACKET, Colour.RED, Sleeve.LONG),
    garment_of_type(GarmentType.T_SHIRT, Colour.WHITE, Sleeve.SHORT),
    garment_of_type(GarmentType.JEANS, Colour.BLUE),
    garment_of_type(GarmentType.CASUAL_SHOES, Colour.GREEN),
    garment_of_type(GarmentType.HANDBAG, Colour.BLACK),
]


def parse(truth: Example) -> ParsedLook:
    return LookParser(Exact(truth)).parse(Image.fromarray(truth.pixels))


def part_of(truth: Example, rows: slice, columns: slice = slice(None)) -> Example:
    return Example("part", truth.pixels[rows, columns], truth.classes[rows, columns], truth.kinds[rows, columns])


def beside(people: Sequence[Example]) -> Example:
    return Example(
        "group",
        np.hstack([person.pixels for person in people]),
        np.hstack([person.classes for person in people]),
        np.hstack([person.kinds for person in people]),
    )
