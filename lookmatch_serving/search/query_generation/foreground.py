"""Which pixels of a look are the person: those unlike the background that its left and right borders show.

A per-row background colour is estimated from both borders and smoothed; a pixel's distance from it is compared with
how much the
borders themselves vary. What can be reached from the border without crossing an edge is background too, whatever its
colour: that
drops soft shapes behind the person. This suffices before a calm background; where nothing plausible is found the
answer says so, and
the whole picture is used.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFilter

WORK_HEIGHT = 256
"""Pixels of height at which the mask is computed; the cost is below 10 ms."""

_BORDER_SHARE = 0.08
_SMOOTH_ROWS = 9
_LEAST_DISTANCE = 18.0
"""Least colour distance (RGB, Euclidean) that counts as foreground: below it lie JPEG noise and soft shading."""

_BORDER_QUANTILE = 0.97
_PLAUSIBLE_COVERAGE = (0.04, 0.62)
_ROW_SHARE = 0.02
_EDGE = 9.0
"""Colour step (RGB, Euclidean) between neighbours at ``WORK_HEIGHT`` that is an outline and not soft scenery."""

_EDGE_ROWS = 3


@dataclass(frozen=True)
class Figure:
    """Where the person is.

    Attributes:
        mask: bool (h, w) at ``WORK_HEIGHT``, True on the person.
        box: left, top, right, bottom of the person in fractions of the picture.
        reliable: False when no plausible foreground was found; mask and box then cover the whole picture.
    """

    mask: NDArray[np.bool_]
    box: tuple[float, float, float, float]
    reliable: bool


def find_figure(picture: Image.Image) -> Figure:
    """Estimate the person's mask and box of an RGB picture."""
    width = max(16, round(picture.width * WORK_HEIGHT / picture.height))
    small = picture.resize((width, WORK_HEIGHT), Image.Resampling.BOX)
    pixels = np.asarray(small, dtype=np.float32)
    distance = _distance_from_background(pixels)
    border = max(2, round(width * _BORDER_SHARE))
    edges = np.concatenate([distance[:, :border].ravel(), distance[:, -border:].ravel()])
    threshold = max(_LEAST_DISTANCE, 1.6 * float(np.quantile(edges, _BORDER_QUANTILE)))
    mask = _cleaned((distance > threshold) & ~_reached_from_border(pixels))
    coverage = float(mask.mean())
    if not _PLAUSIBLE_COVERAGE[0] <= coverage <= _PLAUSIBLE_COVERAGE[1]:
        return Figure(np.ones(mask.shape, dtype=bool), (0.0, 0.0, 1.0, 1.0), reliable=False)
    box = _extent(mask)
    if box[3] - box[1] < 0.3:
        return Figure(np.ones(mask.shape, dtype=bool), (0.0, 0.0, 1.0, 1.0), reliable=False)
    return Figure(mask, box, reliable=True)


def _distance_from_background(pixels: NDArray[np.float32]) -> NDArray[np.float32]:
    """Euclidean RGB distance (h, w) of each pixel from its row's background, interpolated between the borders."""
    width = pixels.shape[1]
    border = max(2, round(width * _BORDER_SHARE))
    kernel = np.ones(_SMOOTH_ROWS, dtype=np.float32) / _SMOOTH_ROWS
    sides = []
    for columns in (pixels[:, :border], pixels[:, -border:]):
        middle = np.median(columns, axis=1)
        padded = np.pad(middle, ((_SMOOTH_ROWS // 2, _SMOOTH_ROWS // 2), (0, 0)), mode="edge")
        sides.append(np.stack([np.convolve(padded[:, c], kernel, mode="valid") for c in range(3)], axis=1))
    share = np.linspace(0, 1, width, dtype=np.float32)[None, :, None]
    ground = sides[0][:, None, :] * (1 - share) + sides[1][:, None, :] * share
    to_left = np.linalg.norm(pixels - sides[0][:, None, :], axis=2)
    to_right = np.linalg.norm(pixels - sides[1][:, None, :], axis=2)
    between = np.linalg.norm(pixels - ground, axis=2)
    return np.asarray(np.minimum(np.minimum(to_left, to_right), between), dtype=np.float32)


def _reached_from_border(pixels: NDArray[np.float32]) -> NDArray[np.bool_]:
    """Pixels (h, w) that a walk from the border reaches without a step over ``_EDGE``.

    Four neighbours; all walkers of a round move at once.
    """
    down = np.linalg.norm(np.diff(pixels, axis=0), axis=2) < _EDGE
    across = np.linalg.norm(np.diff(pixels, axis=1), axis=2) < _EDGE
    reached = np.zeros(pixels.shape[:2], dtype=bool)
    reached[0] = reached[:, 0] = reached[:, -1] = True
    count = 0
    while count != (count := int(reached.sum())):
        for _ in range(8):
            reached[1:] |= reached[:-1] & down
            reached[:-1] |= reached[1:] & down
            reached[:, 1:] |= reached[:, :-1] & across
            reached[:, :-1] |= reached[:, 1:] & across
    return reached


def _cleaned(mask: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Close small holes and drop specks (median, then closing by 5 x 5)."""
    image = Image.fromarray(mask.astype(np.uint8) * 255).filter(ImageFilter.MedianFilter(5))
    image = image.filter(ImageFilter.MaxFilter(5)).filter(ImageFilter.MinFilter(5))
    return np.asarray(image) > 127


def _extent(mask: NDArray[np.bool_]) -> tuple[float, float, float, float]:
    """Box in fractions, of the rows and columns that hold more than a few foreground pixels."""
    height, width = mask.shape
    rows = np.flatnonzero(mask.mean(axis=1) > _ROW_SHARE)
    columns = np.flatnonzero(mask.mean(axis=0) > _ROW_SHARE)
    if rows.size < _EDGE_ROWS or columns.size < _EDGE_ROWS:
        return 0.0, 0.0, 0.0, 0.0
    return float(columns[0] / width), float(rows[0] / height), float((columns[-1] + 1) / width), float((rows[-1] + 1) / height)


def on_neutral_ground(picture: Image.Image, figure: Figure, ground: int = 246) -> Image.Image:
    """The picture with everything but the person replaced by the light grey that product photos have."""
    if not figure.reliable:
        return picture
    mask = Image.fromarray(figure.mask.astype(np.uint8) * 255).resize(picture.size, Image.Resampling.BILINEAR)
    return Image.composite(picture, Image.new("RGB", picture.size, (ground, ground, ground)), mask)
