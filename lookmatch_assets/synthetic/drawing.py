"""Draws product photos and AI-style looks from garment attributes.

Product photos show one garment on a light ground; looks show a person wearing several over a soft scene. Everything
follows from the attributes and a seed, so the same call gives the same picture.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from random import Random

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

from lookmatch_assets.synthetic.accessories import ACCESSORIES, Spot
from lookmatch_assets.synthetic.attributes import GarmentAttributes, Layer
from lookmatch_assets.synthetic.body import flat_body
from lookmatch_assets.synthetic.bottoms import BOTTOMS, ONE_PIECES
from lookmatch_assets.synthetic.cloth import Cloth, cloth_for
from lookmatch_assets.synthetic.footwear import FOOTWEAR, draw_pair
from lookmatch_assets.synthetic.outlines import Points
from lookmatch_assets.synthetic.pen import Box, CanvasPen, OutlinePen, Pen
from lookmatch_assets.synthetic.scenes import vertical_blend
from lookmatch_assets.synthetic.tops import OUTERWEAR, TOPS
from lookmatch_assets.synthetic.wearing import dress_person

GENERATOR_VERSION = "1"
"""Changes whenever the same attributes and seed would be drawn differently."""

_LOCAL_PERIOD = 11.0
_GROUND_STEP = 4


@dataclass(frozen=True)
class DrawnLook:
    """A picture of an outfit with what is known about it.

    Attributes:
        image: The RGB picture.
        boxes: For each layer, the visible extent of its garment in pixels: left, top, right, bottom (exclusive).
        garments: For each layer, what the garment is. Accessories are `accessory_1`, `accessory_2`, ...
    """

    image: Image.Image
    boxes: Mapping[str, Box]
    garments: Mapping[str, GarmentAttributes]


def _scaled(size: tuple[int, int], scale: float) -> tuple[int, int]:
    """Scale a size, keeping at least 16 pixels a side."""
    return max(16, round(size[0] * scale)), max(16, round(size[1] * scale))


def _draw_alone(pen: Pen, attributes: GarmentAttributes, cloth: Cloth, rng: Random) -> None:
    """Draw a garment as it is laid out for a photo."""
    kind = attributes.type
    if kind in FOOTWEAR:
        draw_pair(pen, kind, replace(cloth, period=_LOCAL_PERIOD))
    elif kind in ACCESSORIES:
        ACCESSORIES[kind](Spot(pen, (0.0, 0.0), 1.0, replace(cloth, period=_LOCAL_PERIOD), turn=rng.uniform(-0.05, 0.05)))
    else:
        body = flat_body(attributes.gender)
        draw = TOPS.get(kind) or OUTERWEAR.get(kind) or BOTTOMS.get(kind) or ONE_PIECES[kind]
        draw(pen, body, attributes, cloth, rng)


def _shadowed_ground(size: tuple[int, int], shapes: Sequence[Points], scale: float, origin: Points, rng: Random) -> Image.Image:
    """A light studio ground, at a quarter of the size, with the soft shadow of the shapes below and to the right."""
    small = (-(-size[0] // _GROUND_STEP), -(-size[1] // _GROUND_STEP))
    tone, warmth = rng.randint(244, 252), rng.randint(0, 2)
    low = tone - 9
    ground = vertical_blend(small, (tone, tone, tone - warmth), (low, low, low - warmth))
    shadow = Image.new("L", small, 0)
    draw = ImageDraw.Draw(shadow)
    shift = np.array([size[0] * 0.012, size[1] * 0.016])
    for shape in shapes:
        outline = (shape * scale + origin + shift) / _GROUND_STEP
        draw.polygon([float(value) for value in outline.ravel()], fill=88)
    shadow = shadow.filter(ImageFilter.GaussianBlur(max(0.8, small[0] * 0.022)))
    ground.paste((64, 62, 74), (0, 0, *small), shadow)
    return ground


def draw_product(
    attributes: GarmentAttributes, *, seed: int, size: tuple[int, int] = (480, 640), scale: float = 1.0
) -> Image.Image:
    """Draw a catalogue photo of one garment.

    Args:
        attributes: What to draw.
        seed: Decides shade, folds, pattern phase, framing and ground within small limits.
        size: Width and height in pixels.
        scale: Multiplies the size; smaller is faster.

    Returns:
        An RGB image.
    """
    pixels = _scaled(size, scale)
    cloth = cloth_for(attributes, Random(seed))
    outlines = OutlinePen()
    _draw_alone(outlines, attributes, cloth, Random(seed + 1))
    left, top, right, bottom = outlines.bounds()
    framing = Random(seed + 2)
    fill = framing.uniform(0.80, 0.88)
    per_unit = min(pixels[0] * fill / (right - left), pixels[1] * fill / (bottom - top))
    middle = np.array([(left + right) / 2, (top + bottom) / 2])
    wander = np.array([framing.uniform(-0.015, 0.015) * pixels[0], framing.uniform(-0.015, 0.015) * pixels[1]])
    origin = np.array(pixels) / 2 - middle * per_unit + wander
    ground = _shadowed_ground(pixels, outlines.shapes, per_unit, origin, framing)
    pen = CanvasPen(ground, pixels, per_unit, (float(origin[0]), float(origin[1])))
    _draw_alone(pen, attributes, cloth, Random(seed + 1))
    return pen.finished()


def layer_names(garments: Sequence[GarmentAttributes]) -> list[str]:
    """Name the layer of each garment of one outfit, numbering accessories from 1.

    Raises:
        ValueError: If two garments share a layer that can be worn only once, or a one-piece meets bottomwear or an
            inner top.
    """
    names: list[str] = []
    for garment in garments:
        accessories = sum(name.startswith(Layer.ACCESSORY) for name in names)
        names.append(f"accessory_{accessories + 1}" if garment.layer is Layer.ACCESSORY else garment.layer.value)
    if len(set(names)) < len(names):
        raise ValueError(f"an outfit holds one garment a layer, got {names}")
    if Layer.ONE_PIECE in names and (Layer.BOTTOMWEAR in names or Layer.INNER_TOPWEAR in names):
        raise ValueError(f"a one-piece is worn without inner topwear and bottomwear, got {names}")
    return names


def draw_look(
    garments: Sequence[GarmentAttributes], *, seed: int, size: tuple[int, int] = (768, 1024), scale: float = 1.0
) -> DrawnLook:
    """Draw a person wearing garments over a soft scene.

    Args:
        garments: 1 to 8 garments; at most one of each layer except accessories.
        seed: Decides the person, the pose, the scene, shades and folds.
        size: Width and height in pixels.
        scale: Multiplies the size; smaller is faster.

    Raises:
        ValueError: If the garments cannot be worn together.
    """
    names = layer_names(garments)
    cloths = [cloth_for(garment, Random(seed * 31 + index)) for index, garment in enumerate(garments)]
    worn = {name: (garment, cloth) for name, garment, cloth in zip(names, garments, cloths, strict=True)}
    pen = dress_person(worn, seed, _scaled(size, scale))
    boxes = {name: box for index, name in enumerate(worn, start=1) if (box := pen.box_of(index)) is not None}
    return DrawnLook(pen.finished(), boxes, dict(zip(names, garments, strict=True)))
