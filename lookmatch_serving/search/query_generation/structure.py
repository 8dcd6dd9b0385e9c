"""What colour alone tells of an outfit: where the top ends, whether legs are bare, whether a jacket stands open, colours' names.

The encoder knows types from product photos; how garments divide a body is plainer in the pixels. All of it reads
the figure's mask at ``WORK_HEIGHT`` and costs a few milliseconds.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from lookmatch_serving.search.models.look import Box
from lookmatch_serving.search.query_generation.foreground import Figure
from lookmatch_serving.search.query_generation.regions import middle_of

PALETTE = 12
"""Colours that a figure is reduced to before its bands are compared."""

_BANDS = np.arange(0.18, 0.90, 0.03)
_SAME = 0.45
"""Least overlap of two bands' colour histograms (0 to 1) that is the same cloth."""

_SKIN_DISTANCE = 60.0
"""Colour distance (RGB, Euclidean) from the face within which bare legs lie, in the shade of a skirt too."""

_SHOE_DISTANCE = 42.0
"""The same for feet, where leather of much the same colour is to be told from skin."""

_FACE = (0.05, 0.10)
_SHINS = (0.78, 0.87)
_FEET = (0.93, 1.0)
_BARE_FEET = 0.1
"""Least share of skin between ankle and sole that open shoes show."""
_HALF_WIDTH = 0.10

REFERENCE_RGB: Mapping[str, tuple[tuple[int, int, int], ...]] = {
    "black": ((22, 22, 24), (40, 40, 44)),
    "white": ((250, 250, 250), (232, 232, 232)),
    "grey": ((128, 130, 134), (160, 162, 166), (95, 97, 102)),
    "navy blue": ((24, 36, 88), (34, 44, 100), (20, 28, 64)),
    "blue": ((52, 104, 190), (90, 140, 215), (40, 80, 160)),
    "red": ((206, 32, 40), (225, 60, 55)),
    "green": ((34, 120, 66), (70, 160, 90), (30, 90, 50)),
    "yellow": ((240, 210, 40), (225, 190, 30)),
    "pink": ((240, 130, 170), (245, 175, 195)),
    "purple": ((120, 56, 160), (150, 90, 190)),
    "brown": ((110, 70, 42), (85, 52, 32), (140, 92, 58)),
    "beige": ((220, 200, 165), (205, 182, 145), (232, 216, 188)),
    "orange": ((245, 128, 32), (230, 110, 30)),
    "maroon": ((112, 22, 44), (90, 18, 36)),
}
"""Common garment colours by typical values; the first label of each in the encoder's vocabulary."""


@dataclass(frozen=True)
class Structure:
    """How an outfit divides the body.

    Attributes:
        top_ends: down (figure heights) to where the cloth of the chest goes on.
        bare_legs: whether the shins show skin.
        bare_feet: whether the feet show skin, as they do in sandals, flats and heels.
        open_front: colour distance (RGB, Euclidean) between the chest's middle and its sides, large for an open jacket.
        known: False when there was no reliable figure; the rest then means nothing.
    """

    top_ends: float
    bare_legs: bool
    bare_feet: bool
    open_front: float
    known: bool


def read_structure(picture: Image.Image, figure: Figure) -> Structure:
    """Read how the outfit divides the body."""
    if not figure.reliable:
        return Structure(0.5, False, False, 0.0, known=False)
    labels, palette = _reduced(picture, figure)
    chest = _histogram(labels, figure, (0.26, 0.36), (-_HALF_WIDTH, _HALF_WIDTH))
    ends = 0.36
    misses = 0
    for down in _BANDS[_BANDS > 0.36]:
        overlap = float(np.minimum(chest, _histogram(labels, figure, (down, down + 0.03), (-_HALF_WIDTH, _HALF_WIDTH))).sum())
        misses = 0 if overlap >= _SAME else misses + 1
        if misses == 2:
            break
        if overlap >= _SAME:
            ends = float(down) + 0.03
    middle = _mean_colour(labels, palette, figure, (-0.03, 0.03))
    sides = [_mean_colour(labels, palette, figure, across) for across in ((-0.11, -0.065), (0.065, 0.11))]
    open_front = min(float(np.linalg.norm(middle - side)) for side in sides)
    bare_legs = _skin_share(labels, palette, figure, _SHINS, _SKIN_DISTANCE) > 0.5
    bare_feet = _skin_share(labels, palette, figure, _FEET, _SHOE_DISTANCE) >= _BARE_FEET
    return Structure(ends, bare_legs, bare_feet, open_front, known=True)


def colour_name(picture: Image.Image, figure: Figure, box: Box) -> str | None:
    """Name of the commonest colour inside a box, of the person only; None when there is nothing to see."""
    rows, columns = figure.mask.shape
    y0, y1, x0, x1 = int(box.y0 * rows), int(np.ceil(box.y1 * rows)), int(box.x0 * columns), int(np.ceil(box.x1 * columns))
    small = np.asarray(picture.resize((columns, rows), Image.Resampling.BOX))[y0:y1, x0:x1]
    inside = small[figure.mask[y0:y1, x0:x1]]
    if len(inside) < 12:
        return None
    strip = Image.fromarray(inside.reshape(1, -1, 3)).quantize(6, kmeans=2)
    counts = np.bincount(np.asarray(strip).ravel(), minlength=6)
    palette = np.asarray(strip.getpalette(), dtype=np.float32).reshape(-1, 3)
    shares: dict[str, float] = {}
    for entry in np.flatnonzero(counts):
        name = _nearest_name(palette[entry])
        shares[name] = shares.get(name, 0.0) + float(counts[entry])
    return max(shares, key=lambda name: shares[name])


def _nearest_name(rgb: NDArray[np.float32]) -> str:
    def distance(name: str) -> float:
        values = (np.asarray(value, dtype=np.float32) for value in REFERENCE_RGB[name])
        return min(float(np.linalg.norm(_perceived(rgb) - _perceived(value))) for value in values)

    return min(REFERENCE_RGB, key=distance)


def _perceived(rgb: NDArray[np.float32]) -> NDArray[np.float32]:
    """Lightness, and red-green and yellow-blue opponents, which count double."""
    red, green, blue = rgb
    return np.asarray([(red + green + blue) / 3, red - green, (red + green) / 2 - blue], dtype=np.float32)


def _reduced(picture: Image.Image, figure: Figure) -> tuple[NDArray[np.intp], NDArray[np.float32]]:
    """Palette index of each pixel (h, w), -1 off the person, and the palette (k, 3)."""
    rows, columns = figure.mask.shape
    small = np.asarray(picture.resize((columns, rows), Image.Resampling.BOX))
    strip = Image.fromarray(small[figure.mask].reshape(1, -1, 3)).quantize(PALETTE, kmeans=1)
    labels = np.full(figure.mask.shape, -1, dtype=np.intp)
    labels[figure.mask] = np.asarray(strip).ravel()
    return labels, np.asarray(strip.getpalette(), dtype=np.float32).reshape(-1, 3)


def _histogram(
    labels: NDArray[np.intp], figure: Figure, down: tuple[float, float], across: tuple[float, float]
) -> NDArray[np.float64]:
    """Shares of the palette's colours in a part of the figure; all zero where there is no person."""
    rows, columns = labels.shape
    _, top, _, bottom = figure.box
    height = (bottom - top) * rows
    y0, y1 = (round(top * rows + value * height) for value in down)
    x0, x1 = (round(middle_of(figure) * columns + value * height) for value in across)
    inside = labels[max(0, y0) : max(y0 + 1, y1), max(0, x0) : max(x0 + 1, x1)].ravel()
    counts = np.bincount(inside[inside >= 0], minlength=PALETTE).astype(np.float64)
    shares: NDArray[np.float64] = counts / max(1.0, float(counts.sum()))
    return shares


def _mean_colour(
    labels: NDArray[np.intp], palette: NDArray[np.float32], figure: Figure, across: tuple[float, float]
) -> NDArray[np.float64]:
    """Mean RGB of a strip of the chest."""
    shares = _histogram(labels, figure, (0.22, 0.40), across)
    mean: NDArray[np.float64] = shares[: len(palette)] @ palette[:PALETTE]
    return mean


def _skin_share(
    labels: NDArray[np.intp], palette: NDArray[np.float32], figure: Figure, down: tuple[float, float], within: float
) -> float:
    """Share (0 to 1) of a part of the legs that is ``within`` a distance of the face's colour; 0 where either is not seen."""
    face = _histogram(labels, figure, _FACE, (-0.03, 0.03))
    part = _histogram(labels, figure, down, (-_HALF_WIDTH, _HALF_WIDTH))
    if face.sum() == 0:
        return 0.0
    tone = palette[int(face.argmax())]
    skin = np.linalg.norm(palette[:PALETTE] - tone, axis=1) < within
    return float(part[: len(skin)][skin].sum())
