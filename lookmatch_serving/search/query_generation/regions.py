"""Where on a standing person each kind of garment is looked for: overlapping regions in figure coordinates.

A figure's height runs from 0 (crown) to 1 (soles); across, 0 is the middle line and the unit is again the figure's
height, so that a
region keeps its proportions on a person who holds a bag or spreads an arm. The proportions follow the classical
canon of about seven
heads and were checked on the drawn sample looks.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from PIL import Image

from lookmatch_serving.search.models.garments import ACCESSORY, BOTTOM, FOOT, INNER, ONE_PIECE, OUTER
from lookmatch_serving.search.models.look import Box
from lookmatch_serving.search.query_generation.foreground import Figure, on_neutral_ground

CROP_PIXELS = 160
"""Longer side of a crop before the encoder's own preprocessing."""

_GROUND = (246, 246, 246)
_LEAST_FOREGROUND = 0.08


@dataclass(frozen=True)
class Region:
    """A place to look.

    Attributes:
        name: of the place.
        layers: layers that may be seen there.
        across: left and right in figure heights from the middle line.
        down: top and bottom in figure heights.
        types: only these types are looked for; all of its layers' when empty.
    """

    name: str
    layers: tuple[str, ...]
    across: tuple[float, float]
    down: tuple[float, float]
    types: tuple[str, ...] = ()


_BAGS = ("handbag", "clutch", "backpack", "messenger bag", "laptop bag", "duffel bag")

REGIONS: tuple[Region, ...] = (
    Region("torso", (OUTER, INNER), (-0.19, 0.19), (0.13, 0.53)),
    Region("torso tight", (OUTER, INNER), (-0.14, 0.14), (0.14, 0.50)),
    Region("torso long", (OUTER, INNER), (-0.19, 0.19), (0.13, 0.70)),
    Region("torso short", (OUTER, INNER), (-0.19, 0.19), (0.13, 0.44)),
    Region("front", (INNER,), (-0.065, 0.065), (0.14, 0.48)),
    Region("front narrow", (INNER,), (-0.045, 0.045), (0.15, 0.46)),
    Region("whole", (ONE_PIECE,), (-0.20, 0.20), (0.13, 0.97)),
    Region("to the calf", (ONE_PIECE,), (-0.18, 0.18), (0.13, 0.84)),
    Region("to the knee", (ONE_PIECE,), (-0.18, 0.18), (0.13, 0.74)),
    Region("legs", (BOTTOM,), (-0.15, 0.15), (0.46, 0.97)),
    Region("legs from the waist", (BOTTOM,), (-0.15, 0.15), (0.39, 0.96)),
    Region("lower legs", (BOTTOM,), (-0.13, 0.13), (0.58, 0.95)),
    Region("shins", (BOTTOM,), (-0.13, 0.13), (0.68, 0.93)),
    Region("hips to the knee", (BOTTOM,), (-0.16, 0.16), (0.40, 0.74)),
    Region("thighs", (BOTTOM,), (-0.15, 0.15), (0.46, 0.68)),
    Region("feet", (FOOT,), (-0.13, 0.13), (0.915, 1.01)),
    Region("feet and ankles", (FOOT,), (-0.13, 0.13), (0.86, 1.01)),
    Region("left foot", (FOOT,), (-0.13, 0.0), (0.91, 1.01)),
    Region("right foot", (FOOT,), (0.0, 0.13), (0.91, 1.01)),
    Region("head", (ACCESSORY,), (-0.09, 0.09), (-0.01, 0.10), ("cap", "hat")),
    Region("eyes", (ACCESSORY,), (-0.055, 0.055), (0.045, 0.105), ("sunglasses",)),
    Region("neck", (ACCESSORY,), (-0.09, 0.09), (0.12, 0.30), ("scarf", "stole", "muffler", "tie", "dupatta")),
    Region("left hand", (ACCESSORY,), (-0.30, -0.09), (0.42, 0.66), _BAGS),
    Region("right hand", (ACCESSORY,), (0.09, 0.30), (0.42, 0.66), _BAGS),
    Region("left wrist", (ACCESSORY,), (-0.22, -0.10), (0.40, 0.52), ("watch",)),
    Region("right wrist", (ACCESSORY,), (0.10, 0.22), (0.40, 0.52), ("watch",)),
    Region("waist", (ACCESSORY,), (-0.12, 0.12), (0.37, 0.44), ("belt",)),
)


@dataclass(frozen=True)
class Crop:
    """A region on one look: its box in fractions of the picture, and the pixels on neutral ground."""

    region: Region
    box: Box
    image: Image.Image


def crops_of(picture: Image.Image, figure: Figure, regions: Sequence[Region] = REGIONS) -> list[Crop]:
    """Cut the regions out of a look; those outside the picture or without foreground are left out."""
    ground = on_neutral_ground(picture, figure)
    crops = []
    for region in regions:
        box = box_of(region, picture, figure)
        if box is None:
            continue
        tight = tightened(box, figure)
        if tight is not None:
            crops.append(Crop(region, tight, cut(ground, tight)))
    return crops


def box_of(region: Region, picture: Image.Image, figure: Figure) -> Box | None:
    """A region's box in fractions of the picture; None when nothing of it is inside."""
    _, top, _, bottom = figure.box
    height = bottom - top
    middle = middle_of(figure)
    unit = height * picture.height / picture.width
    x0, x1 = (min(max(middle + across * unit, 0.0), 1.0) for across in region.across)
    y0, y1 = (min(max(top + down * height, 0.0), 1.0) for down in region.down)
    if x1 - x0 < 0.01 or y1 - y0 < 0.01:
        return None
    return Box(x0=x0, y0=y0, x1=x1, y1=y1)


def middle_of(figure: Figure) -> float:
    """The figure's middle line in fractions of the width: that of chin and neck, which no bag, arm or visor moves."""
    if not figure.reliable:
        return 0.5
    rows, columns = figure.mask.shape
    _, top, _, bottom = figure.box
    band = figure.mask[int((top + 0.09 * (bottom - top)) * rows) : int((top + 0.14 * (bottom - top)) * rows) + 1]
    if not band.any():
        return (figure.box[0] + figure.box[2]) / 2
    weight = band.sum(axis=0)
    return float((np.arange(columns) + 0.5) @ weight / weight.sum() / columns)


def tightened(box: Box, figure: Figure, margin: float = 0.01) -> Box | None:
    """The box shrunk to the person inside it; None when there is next to none."""
    if not figure.reliable:
        return box
    rows, columns = figure.mask.shape
    x0, x1 = int(box.x0 * columns), max(int(box.x1 * columns), int(box.x0 * columns) + 1)
    y0, y1 = int(box.y0 * rows), max(int(box.y1 * rows), int(box.y0 * rows) + 1)
    inside = figure.mask[y0:y1, x0:x1]
    if inside.size == 0 or inside.mean() < _LEAST_FOREGROUND:
        return None
    across, down = np.flatnonzero(inside.any(axis=0)), np.flatnonzero(inside.any(axis=1))
    return Box(
        x0=max(box.x0, (x0 + across[0]) / columns - margin),
        y0=max(box.y0, (y0 + down[0]) / rows - margin),
        x1=min(box.x1, (x0 + across[-1] + 1) / columns + margin),
        y1=min(box.y1, (y0 + down[-1] + 1) / rows + margin),
    )


def cut(
    picture: Image.Image,
    box: Box,
    pixels: int = CROP_PIXELS,
    *,
    margin: float = 1.08,
    ground: tuple[int, int, int] = _GROUND,
) -> Image.Image:
    """Cut a box out, padded to a square of plain ground and at most ``pixels`` wide, as product photos are.

    Args:
        picture: RGB.
        box: in fractions of the picture.
        pixels: longer side of the piece.
        margin: side of the square in longer sides of the piece.
        ground: RGB of the padding.
    """
    left, top = int(box.x0 * picture.width), int(box.y0 * picture.height)
    right, bottom = max(left + 1, round(box.x1 * picture.width)), max(top + 1, round(box.y1 * picture.height))
    piece = picture.crop((left, top, right, bottom))
    piece.thumbnail((pixels, pixels), Image.Resampling.BILINEAR, reducing_gap=2.0)
    side = round(max(piece.size) * margin)
    square = Image.new("RGB", (side, side), ground)
    square.paste(piece, ((side - piece.width) // 2, (side - piece.height) // 2))
    return square
