"""Polygons around masks."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from lookmatch_serving.parsing.records import Edges, Ring

_SCALE = 3
_STRAY = 0.8
"""Pixels of the mask's grid that a simplified outline may stray (Douglas and Peucker's tolerance)."""

LEAST_RING = 0.04
MOST_RINGS = 6


def box_of(mask: NDArray[np.bool_]) -> Edges:
    """Return the box of a mask that is not empty."""
    rows, columns = mask.shape
    down, across = np.flatnonzero(mask.any(1)), np.flatnonzero(mask.any(0))
    return float(across[0] / columns), float(down[0] / rows), float((across[-1] + 1) / columns), float((down[-1] + 1) / rows)


def outline_of(mask: NDArray[np.bool_]) -> tuple[Ring, ...]:
    """Return polygons around the parts of a mask, the largest first; parts below a twenty-fifth of the largest are left out."""
    rows, columns = mask.shape
    size = (columns * _SCALE, rows * _SCALE)
    large = cv2.resize(mask.astype(np.float32), size, interpolation=cv2.INTER_LINEAR) > 0.5
    found, _ = cv2.findContours(large.astype(np.uint8), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    ordered = sorted(found, key=lambda contour: -cv2.contourArea(contour))
    least = LEAST_RING * cv2.contourArea(ordered[0]) if ordered else 0.0
    rings = []
    for contour in ordered[:MOST_RINGS]:
        corners = cv2.approxPolyDP(contour, _STRAY * _SCALE, True)[:, 0, :]
        if len(corners) >= 3 and cv2.contourArea(contour) >= least:
            rings.append(tuple((_fraction(x, size[0]), _fraction(y, size[1])) for x, y in corners.tolist()))
    return tuple(rings)


def _fraction(pixel: int, pixels: int) -> float:
    """Return where a contour's pixel lies, those at an edge on the edge itself."""
    if pixel == 0:
        return 0.0
    return 1.0 if pixel == pixels - 1 else round((pixel + 0.5) / pixels, 4)
