"""Outlines of shapes as arrays of points: curves, mirrored halves and limbs.

All coordinates are drawing units: x to the right, y down; a standing figure is about 1000 units tall.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

Point = tuple[float, float]
Points = npt.NDArray[np.float64]
"""Points of shape (n, 2)."""


def points(values: Sequence[Point] | Points) -> Points:
    """Convert a sequence of (x, y) to an array of shape (n, 2)."""
    return np.asarray(values, dtype=np.float64).reshape(-1, 2)


def curve(values: Sequence[Point] | Points, steps: int = 8, closed: bool = False) -> Points:
    """Run a Catmull-Rom curve through the given points.

    Args:
        values: Points to pass through, shape (n, 2), n >= 2.
        steps: Samples between two neighbours.
        closed: Whether the last point joins the first.

    Returns:
        Samples of shape (m, 2), both ends included.
    """
    knots = points(values)
    if closed:
        padded = np.vstack([knots[-1:], knots, knots[:2]])
    else:
        padded = np.vstack([2 * knots[:1] - knots[1:2], knots, 2 * knots[-1:] - knots[-2:-1]])
    p0, p1, p2, p3 = (padded[i : len(padded) - 3 + i, None, :] for i in range(4))
    t = np.linspace(0.0, 1.0, steps, endpoint=False)[None, :, None]
    samples = 0.5 * (2 * p1 + (p2 - p0) * t + (2 * p0 - 5 * p1 + 4 * p2 - p3) * t**2 + (3 * p1 - p0 - 3 * p2 + p3) * t**3)
    flat = samples.reshape(-1, 2)
    return flat if closed else np.vstack([flat, knots[-1:]])


def arc(start: Point, through: Point, end: Point, steps: int = 10) -> Points:
    """Draw a quadratic curve from `start` to `end` pulled towards the control point `through`."""
    t = np.linspace(0.0, 1.0, steps)[:, None]
    a, b, c = points([start]), points([through]), points([end])
    result: Points = (1 - t) ** 2 * a + 2 * t * (1 - t) * b + t**2 * c
    return result


def joined(*parts: Sequence[Point] | Points) -> Points:
    """Chain several runs of points into one outline."""
    return np.vstack([points(part) for part in parts])


def limb(joints: Sequence[Point], widths: Sequence[float], steps: int = 6) -> Points:
    """Outline a limb, sleeve or trouser leg around a bent centre line.

    Args:
        joints: Points of the centre line, two or more.
        widths: Full width at each joint.
        steps: Samples between two joints.
    """
    centre = curve(joints, steps)
    along = np.linspace(0.0, len(joints) - 1.0, len(centre))
    half = np.interp(along, np.arange(len(joints)), np.asarray(widths, dtype=np.float64) / 2)[:, None]
    direction = np.gradient(centre, axis=0)
    direction /= np.maximum(np.linalg.norm(direction, axis=1, keepdims=True), 1e-6)
    normal = np.column_stack([-direction[:, 1], direction[:, 0]])
    return np.vstack([centre + normal * half, (centre - normal * half)[::-1]])


def ellipse(centre: Point, radii: Point, steps: int = 28, turn: float = 0.0) -> Points:
    """Outline an ellipse; `turn` rotates it in radians."""
    t = np.linspace(0.0, 2 * np.pi, steps, endpoint=False)
    x, y = np.cos(t) * radii[0], np.sin(t) * radii[1]
    return np.column_stack([centre[0] + x * np.cos(turn) - y * np.sin(turn), centre[1] + x * np.sin(turn) + y * np.cos(turn)])


def between(start: Point, end: Point, share: float) -> Point:
    """Return the point at `share` (0 to 1) of the way from `start` to `end`."""
    return start[0] + (end[0] - start[0]) * share, start[1] + (end[1] - start[1]) * share


def along(joints: Sequence[Point], share: float) -> list[Point]:
    """Cut a polyline off at `share` (0 to 1) of its length, keeping its inner joints."""
    path = points(joints)
    lengths = np.linalg.norm(np.diff(path, axis=0), axis=1)
    left = float(lengths.sum()) * share
    kept: list[Point] = [(float(path[0, 0]), float(path[0, 1]))]
    for index, length in enumerate(lengths):
        start = (float(path[index, 0]), float(path[index, 1]))
        end = (float(path[index + 1, 0]), float(path[index + 1, 1]))
        if left <= length:
            return [*kept, between(start, end, left / max(float(length), 1e-6))]
        kept.append(end)
        left -= float(length)
    return kept


def placed(shape: Sequence[Point] | Points, origin: Point, scale: float, flip: bool = False, turn: float = 0.0) -> Points:
    """Move a shape drawn around (0, 0) to `origin`, scaled, perhaps mirrored, and turned by radians."""
    local = points(shape) * scale
    if flip:
        local = local * np.array([-1.0, 1.0])
    cos, sin = np.cos(turn), np.sin(turn)
    x, y = local[:, 0] * cos - local[:, 1] * sin, local[:, 0] * sin + local[:, 1] * cos
    return np.column_stack([x + origin[0], y + origin[1]])
