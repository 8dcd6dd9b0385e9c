"""Which pixels are the main person's, where a picture shows several."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import cv2
import numpy as np
from numpy.typing import NDArray

LEAST_PERSON = 0.12
"""Smallest person that counts, as a share of the largest one's pixels."""

LEAST_SHAPE = 24
"""Pixels of the network's grid below which a loose shape is a speck: a third of the smallest garment."""

LEAST_HEAD = 0.3
"""Smallest head of a group, as a share of the largest one's pixels."""

LEAST_BODY = 0.01
"""Share of skin and hair from which a connected shape is a person."""


@dataclass(frozen=True)
class People:
    """The main person's pixels, bool (h, w), with what they carry, and how many people there are."""

    main: NDArray[np.bool_]
    count: int


def components(mask: NDArray[np.bool_], least: int = 1) -> list[NDArray[np.bool_]]:
    """Return the connected parts of a mask that have at least so many pixels, the largest first."""
    _, labels, stats, _ = cv2.connectedComponentsWithStats(mask.astype(np.uint8), connectivity=8)
    areas = stats[1:, cv2.CC_STAT_AREA]
    order = np.argsort(-areas, kind="stable")
    return [labels == number + 1 for number in order.tolist() if areas[number] >= least]


def find_people(covered: NDArray[np.bool_], body: NDArray[np.bool_], heads: NDArray[np.bool_]) -> People:
    """Choose the main person: the largest, those nearer the middle first.

    Args:
        covered: everything that is not background.
        body: skin and hair.
        heads: hair and what is worn on the head.

    Returns:
        People; count 0 (and all of `covered`) where nobody is.
    """
    shapes = [part for shape in components(_joined(covered), LEAST_SHAPE) for part in _parted(shape, heads)]
    people = [shape for shape in shapes if (shape & body).sum() >= LEAST_BODY * shape.sum()]
    if not people:
        return People(covered, 0)
    people = [shape for shape in people if shape.sum() >= LEAST_PERSON * max(int(s.sum()) for s in people)]
    main = max(people, key=_prominence)
    others = [shape for shape in people if shape is not main]
    carried = [shape for shape in shapes if not any(shape is person for person in people) and _nearest(shape, main, others)]
    mine = np.logical_or.reduce([main, *carried]) & covered
    return People(mine, len(people))


def _joined(mask: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Bridge gaps of a few pixels, as straps and belts leave them."""
    return np.asarray(cv2.morphologyEx(mask.astype(np.uint8), cv2.MORPH_CLOSE, np.ones((5, 5), np.uint8)) > 0)


def _prominence(shape: NDArray[np.bool_]) -> float:
    centre = float(np.flatnonzero(shape.any(0)).mean()) / shape.shape[1]
    return float(shape.sum() * (1.2 - abs(centre - 0.5)))


def _nearest(shape: NDArray[np.bool_], main: NDArray[np.bool_], others: list[NDArray[np.bool_]]) -> bool:
    """Whether a loose shape is nearer to the main person than to anybody else."""
    if not others:
        return True

    def distance(person: NDArray[np.bool_]) -> float:
        field = cv2.distanceTransform((~person).astype(np.uint8), cv2.DIST_L2, 3)
        return float(field[shape].min())

    mine = distance(main)
    return all(mine <= distance(other) for other in others)


def _parted(shape: NDArray[np.bool_], heads: NDArray[np.bool_]) -> list[NDArray[np.bool_]]:
    """Part people who touch, half way between their heads."""
    found = components(heads & shape, LEAST_SHAPE)
    if len(found) < 2:
        return [shape]
    wide = max(int(np.ptp(np.flatnonzero(found[0].any(0)))), 3)
    kernel = np.ones((1, wide | 1), np.uint8)
    closed = cv2.morphologyEx((heads & shape).astype(np.uint8), cv2.MORPH_CLOSE, kernel) > 0
    found = components(np.asarray(closed), int(LEAST_HEAD * found[0].sum()))
    centres = sorted(float(np.flatnonzero(head.any(0)).mean()) for head in found)
    borders = [(a + b) / 2 for a, b in pairwise(centres) if b - a > 1.8 * wide]
    if not borders:
        return [shape]
    column = np.searchsorted(np.array(borders), np.arange(shape.shape[1]))
    return [shape & (column == number)[None, :] for number in range(len(borders) + 1)]
