"""The body that garments hang on: a relaxed flat-lay one for product photos, a posed one for looks.

Units: the crown of a standing figure is at y = 10 and its soles at about y = 985; x = 0 is the middle.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import cos, sin
from random import Random

import numpy as np

from lookmatch_assets.synthetic.attributes import Gender
from lookmatch_assets.synthetic.outlines import Point

NECK_Y = 158.0
CHEST_Y = 250.0
WAIST_Y = 385.0
HIP_Y = 470.0
CROTCH_Y = 522.0
KNEE_Y = 735.0
ANKLE_Y = 945.0


@dataclass(frozen=True)
class Side:
    """The joints of one side; `sign` is -1 on the left of the picture and 1 on the right."""

    sign: int
    shoulder: Point
    elbow: Point
    wrist: Point
    hip: Point
    knee: Point
    ankle: Point

    @property
    def arm(self) -> list[Point]:
        """Shoulder, elbow and wrist."""
        return [self.shoulder, self.elbow, self.wrist]

    @property
    def leg(self) -> list[Point]:
        """Hip, knee and ankle."""
        return [self.hip, self.knee, self.ankle]


@dataclass(frozen=True)
class Body:
    """Joints and half widths of a body; `worn` tells a person from an empty flat lay."""

    left: Side
    right: Side
    chest: float
    waist: float
    hips: float
    lean: float
    feminine: bool
    worn: bool

    @property
    def sides(self) -> tuple[Side, Side]:
        """Both sides, the left of the picture first."""
        return self.left, self.right

    def centre(self, y: float) -> float:
        """The x of the middle of the torso at height y: the hips may be shifted by `lean`."""
        return float(np.interp(y, [NECK_Y, HIP_Y], [0.0, self.lean]))

    def half(self, y: float) -> float:
        """Half the width of the torso at height y."""
        return float(np.interp(y, [CHEST_Y, WAIST_Y, HIP_Y, CROTCH_Y], [self.chest, self.waist, self.hips, self.hips]))

    def at(self, side: Side, y: float, ease: float = 0.0) -> Point:
        """The point of the torso's outline at height y on one side, moved out by `ease`."""
        return self.centre(y) + side.sign * (self.half(y) + ease), y


def _arm(shoulder: Point, sign: int, upper: float, fore: float) -> tuple[Point, Point]:
    """Elbow and wrist from the angles of upper arm and forearm away from straight down, in radians."""
    elbow = (shoulder[0] + sign * 142 * sin(upper), shoulder[1] + 142 * cos(upper))
    return elbow, (elbow[0] + sign * 132 * sin(fore), elbow[1] + 132 * cos(fore))


def _measures(gender: Gender) -> tuple[float, float, float, float]:
    """Half widths of shoulders, chest, waist and hips."""
    return (78.0, 66.0, 54.0, 76.0) if gender is Gender.WOMEN else (92.0, 78.0, 68.0, 74.0)


def flat_body(gender: Gender) -> Body:
    """A symmetric body with arms held a little out, as a garment is laid for a photo."""
    shoulders, chest, waist, hips = _measures(gender)
    sides = []
    for sign in (-1, 1):
        shoulder = (sign * shoulders, 180.0)
        elbow, wrist = _arm(shoulder, sign, 0.42, 0.30)
        hip = (sign * hips * 0.52, HIP_Y)
        sides.append(Side(sign, shoulder, elbow, wrist, hip, (sign * 52.0, KNEE_Y), (sign * 58.0, ANKLE_Y)))
    return Body(sides[0], sides[1], chest, waist, hips, 0.0, gender is Gender.WOMEN, worn=False)


def posed_body(gender: Gender, rng: Random) -> Body:
    """A standing person: weight on one leg, arms down, on the hip or a little out; build varies by about 6 %."""
    shoulders, chest, waist, hips = (value * rng.uniform(0.96, 1.07) for value in _measures(gender))
    lean = rng.uniform(-12, 12)
    poses = [(0.16, 0.08), (0.24, 0.02), (0.20, 0.20), (0.60, -0.62)]
    chosen = [rng.choice(poses), rng.choice(poses)]
    tilt, stance = rng.uniform(-4, 4), rng.uniform(0.0, 18.0)
    sides = []
    for sign, (upper, fore) in zip((-1, 1), chosen, strict=True):
        shoulder = (sign * shoulders, 182.0 + sign * tilt)
        elbow, wrist = _arm(shoulder, sign, upper + rng.uniform(-0.04, 0.04), fore)
        hip = (lean + sign * hips * 0.52, HIP_Y)
        knee = (lean * 0.6 + sign * (40 + stance * 0.7), KNEE_Y)
        ankle = (lean * 0.3 + sign * (38 + stance), ANKLE_Y)
        sides.append(Side(sign, shoulder, elbow, wrist, hip, knee, ankle))
    return Body(sides[0], sides[1], chest, waist, hips, lean, gender is Gender.WOMEN, worn=True)
