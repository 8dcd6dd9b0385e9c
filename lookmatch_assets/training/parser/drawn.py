"""Figures that the project draws itself, with exact pixel labels: posed people of every skin, and pieces laid out on a ground.

Seeds start at `FIRST_SEED`, far above those of the sample data, so that no sample look is trained on.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from random import Random

import numpy as np
from PIL import Image, ImageDraw

from lookmatch_assets.synthetic.attributes import GarmentAttributes, GarmentType, Layer
from lookmatch_assets.synthetic.cloth import Cloth, cloth_for
from lookmatch_assets.synthetic.drawing import layer_names
from lookmatch_assets.synthetic.figure import HAIRS, SKINS
from lookmatch_assets.synthetic.outlines import Point, Points
from lookmatch_assets.synthetic.palette import Rgb, darker
from lookmatch_assets.synthetic.pen import CanvasPen, Fold
from lookmatch_assets.synthetic.sampling import random_look
from lookmatch_assets.synthetic.wearing import dress_person
from lookmatch_assets.training.parser.labels import CLASS_NAMES, IGNORED, KIND_NAMES
from lookmatch_assets.training.parser.photos import Example

FIRST_SEED = 700_000_000
SIZE = (360, 480)

_CLASS_OF_TYPE = {GarmentType.SHORTS: "shorts", GarmentType.SKIRT: "skirt", GarmentType.SWEATSHIRT: "inner"}
"""Types whose class is not that of their layer; the street photos' labels have sweatshirts among inner topwear."""

_ACCESSORIES = {
    GarmentType.HANDBAG: "bag",
    GarmentType.BACKPACK: "bag",
    GarmentType.SUNGLASSES: "eyewear",
    GarmentType.BELT: "belt",
    GarmentType.CAP: "hat",
    GarmentType.SCARF: "scarf",
}
_LAYERS = {
    Layer.OUTERMOST_TOPWEAR: "outer",
    Layer.INNER_TOPWEAR: "inner",
    Layer.ONE_PIECE: "one_piece",
    Layer.BOTTOMWEAR: "pants",
    Layer.FOOTWEAR: "footwear",
}
_KINDS = {
    GarmentType.T_SHIRT: "t-shirt",
    GarmentType.TROUSERS: "pants",
    GarmentType.HANDBAG: "bag",
    GarmentType.SUNGLASSES: "sunglasses",
    GarmentType.CAP: "hat",
    GarmentType.HEELS: "heels",
}
"""Drawn types whose kind has another name; other types have the kind of their own name, where there is one."""


def class_of(garment: GarmentAttributes) -> int:
    """Return the class number of a drawn garment, `IGNORED` for what the parser does not know (watches)."""
    if garment.layer is Layer.ACCESSORY:
        name = _ACCESSORIES.get(garment.type)
        return IGNORED if name is None else CLASS_NAMES.index(name)
    return CLASS_NAMES.index(_CLASS_OF_TYPE.get(garment.type, _LAYERS[garment.layer]))


def kind_of(garment: GarmentAttributes) -> int:
    """Return the kind number of a drawn garment, `IGNORED` where its type has none."""
    name = _KINDS.get(garment.type, str(garment.type))
    return KIND_NAMES.index(name) if name in KIND_NAMES else IGNORED


_BODY: Mapping[Rgb, str] = {darker(tone, share): "skin" for tone in SKINS for share in (0.12, 0.08)} | {
    **{darker(tone, 0.12): "hair" for tone in HAIRS},
    **{tone: "skin" for tone in SKINS},
    **{tone: "hair" for tone in HAIRS},
    (226, 222, 216): "pants",
    (240, 238, 234): "inner",
}
"""What nobody's shapes are, by their colour: skin, hair and the basics under an incomplete outfit."""


class LabellingPen(CanvasPen):
    """A pen that also paints the class and the kind of what it draws, pixel by pixel."""

    def __init__(self, garments: Sequence[GarmentAttributes], ground: Image.Image, size: tuple[int, int], *rest: object) -> None:
        super().__init__(ground, size, *rest)  # type: ignore[arg-type]
        self._garments = garments
        self.classes = Image.new("L", size, 0)
        self.kinds = Image.new("L", size, IGNORED)
        self._colour: Rgb | None = None

    def panel(self, shape: Points, cloth: Cloth, folds: Sequence[Fold] = (), edge: bool = True, depth: float = 1.0) -> None:
        """Draw, knowing the cloth's colour."""
        self._colour = cloth.colour
        super().panel(shape, cloth, folds, edge, depth)
        self._colour = None

    def stroke(self, path: Sequence[Point] | Points, colour: Rgb, width: float) -> None:
        """Draw; wide strokes of a garment (straps, frames) belong to it."""
        super().stroke(path, colour, width)
        if self.owner and width >= 3:
            line = [float(v) for v in (self._to_pixels(path) / self._factor).ravel()]
            self._label(lambda draw, value: draw.line(line, fill=value, width=max(1, round(width * self._pixels / self._factor))))

    def _own(self, outline: Points) -> None:
        super()._own(outline)
        shape = [float(v) for v in (outline / self._factor).ravel()]
        self._label(lambda draw, value: draw.polygon(shape, fill=value))

    def _label(self, paint: object) -> None:
        if self.owner:
            garment = self._garments[self.owner - 1]
            labels = class_of(garment), kind_of(garment)
        elif self._colour is not None and self._colour in _BODY:
            labels = CLASS_NAMES.index(_BODY[self._colour]), IGNORED
        else:
            return
        for image, value in zip((self.classes, self.kinds), labels, strict=True):
            paint(ImageDraw.Draw(image), value)  # type: ignore[operator]


def draw_figure(seed: int, garments: Sequence[GarmentAttributes] | None = None) -> Example:
    """Draw one dressed person at `SIZE`; deterministic in its arguments."""
    worn_by = list(garments) if garments is not None else random_look(Random(seed))
    cloths = [cloth_for(garment, Random(seed * 31 + index)) for index, garment in enumerate(worn_by)]
    worn = {name: (garment, cloth) for name, garment, cloth in zip(layer_names(worn_by), worn_by, cloths, strict=True)}
    pen = dress_person(worn, seed, SIZE, lambda *args: LabellingPen(worn_by, *args))
    assert isinstance(pen, LabellingPen)
    return Example(f"drawn-{seed}", np.asarray(pen.finished()), np.asarray(pen.classes), np.asarray(pen.kinds))


def draw_figures(count: int, first_seed: int = FIRST_SEED) -> list[Example]:
    """Draw people with consecutive seeds."""
    return [draw_figure(seed) for seed in range(first_seed, first_seed + count)]
