"""Reads a flat lay: garments laid out beside each other, as stylists show outfits, instead of a person who wears them.

The figure's mask is cut at empty rows and columns, again and again (recursive X-Y cut; Nagy and Seth, "Hierarchical
representation of optically scanned documents", ICPR 1984). Where no piece reaches over nearly the whole height nobody stands
there, and each piece is taken for one garment.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from lookmatch_serving.search.models.garments import (
    ACCESSORY,
    BOTTOM,
    FOOT,
    INNER,
    LAYER_OF_TYPE,
    ONE_PIECE,
    OUTER,
    RELATED,
    category_of,
)
from lookmatch_serving.search.models.look import Box
from lookmatch_serving.search.query_generation.foreground import Figure
from lookmatch_serving.search.query_generation.outfit import PLAUSIBLE, Evidence, WornGarment
from lookmatch_serving.search.query_generation.regions import Crop, Region, cut

STANDING = 0.8
"""A piece of at least this share of the figure's height is a person (or everything in one), not a laid-out garment."""

_LEAST_GAP = 2
"""Empty rows or columns of the mask (256 rows high) that part two garments."""

_LEAST_AREA = 0.006
"""Share of the picture below which a piece is a speck."""

_MARGIN = 0.008

_LIGHT_GROUND = 160
"""Least value of the ground's darkest channel that is taken for white in poor light; darker grounds are left as they are."""

_WHITE_FROM = 242
"""Darkest channel from which a pixel of the whitened picture counts as ground, shadows and JPEG noise included."""

_FRAME = 8
_LEAST_FILLED = 0.01
_SHOP_WHITE = (255, 255, 255)
_LAYERS = (OUTER, INNER, ONE_PIECE, BOTTOM, FOOT, ACCESSORY)
_PIECE = Region("piece", _LAYERS, (-0.5, 0.5), (0.0, 1.0))


def find_pieces(figure: Figure) -> list[Box]:
    """Boxes of laid-out garments, top to bottom; empty when the picture is no flat lay."""
    if not figure.reliable:
        return []
    rows, columns = figure.mask.shape
    spans = [
        span for span in _cut_up(figure.mask, (0, rows, 0, columns)) if _area(figure.mask, span) >= _LEAST_AREA * rows * columns
    ]
    height = (figure.box[3] - figure.box[1]) * rows
    if len(spans) < 2 or any(bottom - top >= STANDING * height for top, bottom, _, _ in spans):
        return []
    return [
        Box(
            x0=max(0.0, left / columns - _MARGIN),
            y0=max(0.0, top / rows - _MARGIN),
            x1=min(1.0, right / columns + _MARGIN),
            y1=min(1.0, bottom / rows + _MARGIN),
        )
        for top, bottom, left, right in sorted(spans)
    ]


def on_white_ground(picture: Image.Image) -> Image.Image:
    """The picture with its light ground as white as shop photos have it.

    Each channel is divided by the ground's (the correction of a flat field), so that what lies on it keeps its contrast: a mask
    would cut holes into what is as light as the ground. Encoders learnt garments on white: on 138 pieces laid out of real photos
    that no catalogue held, types named right went from 0.73 to 0.80 and colours from 0.65 to 0.70 with this and `cut_piece`.
    """
    pixels = np.asarray(picture)
    sides = (pixels[:_FRAME], pixels[-_FRAME:], pixels[:, :_FRAME], pixels[:, -_FRAME:])
    ground = np.median(np.concatenate([side.reshape(-1, 3) for side in sides]), axis=0)
    if ground.min() < _LIGHT_GROUND:
        return picture
    return picture.point([min(255, round(level * 255 / channel)) for channel in ground for level in range(256)])


def cut_piece(whitened: Image.Image, box: Box) -> tuple[Box, Image.Image]:
    """A piece as shops show products: trimmed to what is not ground, and filling a white square.

    Args:
        whitened: the picture as `on_white_ground` gives it.
        box: around the piece; what is ground at its edges is cut off.

    Returns:
        The box in which the piece really is, and the square.
    """
    width, height = whitened.size
    left, top = int(box.x0 * width), int(box.y0 * height)
    piece = whitened.crop((left, top, max(left + 1, round(box.x1 * width)), max(top + 1, round(box.y1 * height))))
    filled = np.asarray(piece).min(axis=2) < _WHITE_FROM
    rows, columns = (np.flatnonzero(filled.mean(axis=axis) > _LEAST_FILLED) for axis in (1, 0))
    if rows.size and columns.size:
        box = Box(
            x0=(left + int(columns[0])) / width,
            y0=(top + int(rows[0])) / height,
            x1=(left + int(columns[-1]) + 1) / width,
            y1=(top + int(rows[-1]) + 1) / height,
        )
    return box, cut(whitened, box, margin=1.0, ground=_SHOP_WHITE)


def crops_of_pieces(picture: Image.Image, pieces: list[Box]) -> list[Crop]:
    """The pieces cut out, each with the box in which it really is."""
    whitened = on_white_ground(picture)
    return [Crop(_PIECE, *cut_piece(whitened, box)) for box in pieces]


def read_pieces(evidence: Evidence) -> list[WornGarment]:
    """One garment a layer (accessories: one a piece), each from the piece that shows it most surely, outermost first."""
    columns = np.array([i for i, label in enumerate(evidence.labels) if label in LAYER_OF_TYPE], dtype=np.intp)
    best: dict[str, WornGarment] = {}
    accessories: list[WornGarment] = []
    for row, crop in enumerate(evidence.crops):
        garment = _read_piece(evidence, columns, row, crop)
        if garment.layer == ACCESSORY:
            accessories.append(garment)
        elif garment.layer not in best or garment.confidence > best[garment.layer].confidence:
            best[garment.layer] = garment
    numbered = [
        WornGarment(**{**vars(garment), "layer": f"{ACCESSORY}_{number}"})
        for number, garment in enumerate(sorted(accessories, key=lambda one: -one.confidence), start=1)
    ]
    return [best[layer] for layer in _LAYERS if layer in best] + numbered


def _read_piece(evidence: Evidence, columns: NDArray[np.intp], row: int, crop: Crop) -> WornGarment:
    shares = evidence.probabilities[row, columns]
    shares = shares / max(float(shares.sum()), 1e-9)
    names = [evidence.labels[int(column)] for column in columns]
    mass = {
        layer: sum(float(s) for s, name in zip(shares, names, strict=True) if LAYER_OF_TYPE[name] == layer) for layer in _LAYERS
    }
    layer = max(mass, key=lambda one: mass[one])
    ranked = sorted(
        ((float(s), name) for s, name in zip(shares, names, strict=True) if LAYER_OF_TYPE[name] == layer), reverse=True
    )
    likely = [name for share, name in ranked if share >= PLAUSIBLE * ranked[0][0]]
    kind = ranked[0][1]
    categories = tuple(dict.fromkeys(category_of(name) for name in (*likely, *RELATED.get(kind, ()))))
    area = (crop.box.x1 - crop.box.x0) * (crop.box.y1 - crop.box.y0)
    return WornGarment(layer, kind, category_of(kind), categories, crop.box, row, mass[layer], area)


_Span = tuple[int, int, int, int]
"""Top, bottom, left, right in pixels of the mask; the ends are exclusive."""


def _cut_up(mask: NDArray[np.bool_], span: _Span) -> list[_Span]:
    """The span's parts after cutting at empty rows and columns until nothing can be cut."""
    top, bottom, left, right = span
    inside = mask[top:bottom, left:right]
    if not inside.any():
        return []
    down, across = _runs(np.logical_or.reduce(inside, axis=1)), _runs(np.logical_or.reduce(inside, axis=0))
    if len(down) == 1 and len(across) == 1:
        return [(top + down[0][0], top + down[0][1], left + across[0][0], left + across[0][1])]
    parts = [(top + a, top + b, left + c, left + d) for a, b in down for c, d in across]
    return [piece for part in parts for piece in _cut_up(mask, part)]


def _runs(filled: NDArray[np.bool_]) -> list[tuple[int, int]]:
    """Start and end of the runs of True, those less than ``_LEAST_GAP`` apart joined."""
    places = np.flatnonzero(filled)
    breaks = np.flatnonzero(np.diff(places) > _LEAST_GAP)
    starts, ends = places[np.r_[0, breaks + 1]], places[np.r_[breaks, len(places) - 1]]
    return [(int(start), int(end) + 1) for start, end in zip(starts, ends, strict=True)]


def _area(mask: NDArray[np.bool_], span: _Span) -> int:
    top, bottom, left, right = span
    return int(mask[top:bottom, left:right].sum())
