"""The pieces that tops, coats and dresses share: torso, sleeves, necklines, buttons, creases and prints."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import atan2, cos, pi, sin
from random import Random

import numpy as np

from lookmatch_assets.synthetic.attributes import Sleeve
from lookmatch_assets.synthetic.body import CHEST_Y, HIP_Y, NECK_Y, WAIST_Y, Body, Side
from lookmatch_assets.synthetic.cloth import Cloth, trim
from lookmatch_assets.synthetic.outlines import Point, Points, along, arc, curve, ellipse, joined, limb, points
from lookmatch_assets.synthetic.palette import Rgb, darker, lighter
from lookmatch_assets.synthetic.pen import Fold, Pen

SLEEVE_SHARE: dict[Sleeve, float] = {Sleeve.SHORT: 0.40, Sleeve.THREE_QUARTER: 0.74, Sleeve.LONG: 1.0}
"""How much of the arm each sleeve covers."""


@dataclass(frozen=True)
class Cut:
    """How a torso is cut, in units.

    Attributes:
        ease: How far the cloth stands off the body.
        hem: Height of the hem.
        flare: Extra half width at the hem.
        neck: Half width of the neckline.
        drop: Depth of the neckline's front below its sides.
        pointed: Whether the neckline is a V.
        gap: Half width of the opening in front at the hem; 0 is closed.
        strap: Half width at the shoulder as a share of the body's, for sleeveless cuts.
        round_hem: How much the hem sinks towards the middle.
    """

    ease: float = 12.0
    hem: float = 500.0
    flare: float = 2.0
    neck: float = 34.0
    drop: float = 26.0
    pointed: bool = False
    gap: float = 0.0
    strap: float = 1.0
    round_hem: float = 6.0


def side_edge(body: Body, side: Side, cut: Cut) -> Points:
    """The outer edge of a torso on one side, from the neckline over the shoulder to the hem."""
    neck = (side.sign * cut.neck, NECK_Y + 2)
    tip = (side.shoulder[0] * cut.strap + side.sign * cut.ease * 0.3, side.shoulder[1] - 4 * cut.strap)
    armpit = body.at(side, CHEST_Y - 12, cut.ease)
    knots = [armpit]
    if cut.hem > WAIST_Y:
        knots.append(body.at(side, WAIST_Y, cut.ease * 1.25))
    if cut.hem > HIP_Y + 30:
        knots.append(body.at(side, HIP_Y, cut.ease + cut.flare * 0.5))
    knots.append(body.at(side, cut.hem, cut.ease + cut.flare))
    armhole = arc(tip, (tip[0] - side.sign * (6 + 16 * (1 - cut.strap)), (tip[1] + armpit[1]) / 2), armpit, 8)
    return joined([neck], armhole[:-1], curve(knots, 6))


def _neckline(cut: Cut) -> Points:
    """The front neckline from left to right."""
    left, right = (-cut.neck, NECK_Y + 2), (cut.neck, NECK_Y + 2)
    if cut.pointed:
        return points([left, (0.0, NECK_Y + cut.drop), right])
    return arc(left, (0.0, NECK_Y + cut.drop * 2), right, 12)


def body_folds(body: Body, cut: Cut, rng: Random, count: int = 5) -> list[Fold]:
    """Soft creases: from the armpits inwards, and lengthwise near the hem."""
    folds = []
    for side in body.sides:
        x, y = body.at(side, CHEST_Y + 6, cut.ease)
        inward = x - side.sign * rng.uniform(34, 56)
        folds.append(Fold((x, y), (inward, y + rng.uniform(22, 48)), 5, -0.34))
        folds.append(Fold((x, y + 9), (inward, y + rng.uniform(44, 62)), 5, 0.20))
    for _ in range(count):
        x = body.centre(cut.hem) + rng.uniform(-0.75, 0.75) * body.half(cut.hem)
        top = cut.hem - rng.uniform(70, 210)
        slant = rng.uniform(-10, 10)
        low = cut.hem + 30
        folds.append(Fold((x, low), (x + slant, top), rng.uniform(7, 12), -rng.uniform(0.08, 0.16)))
        folds.append(Fold((x + 12, low), (x + 12 + slant, top + 20), 8, rng.uniform(0.05, 0.12)))
    return folds


def torso(pen: Pen, body: Body, cut: Cut, cloth: Cloth, rng: Random) -> None:
    """Draw the body of a top: the inside of its back where nobody wears it, then one front or two."""
    lining = cloth.plain(darker(cloth.colour, 0.38))
    if not body.worn:
        back = arc((cut.neck, NECK_Y + 2), (0, NECK_Y + 16), (-cut.neck, NECK_Y + 2))
        pen.panel(joined(_neckline(cut), back), lining, edge=False, depth=0.4)
    left, right = (side_edge(body, side, cut) for side in body.sides)
    folds = body_folds(body, cut, rng)
    middle = body.centre(cut.hem)
    if cut.gap <= 0:
        hem = arc(tuple(right[-1]), (middle, cut.hem + cut.round_hem * 2), tuple(left[-1]))
        pen.panel(joined(right, hem, left[::-1], _neckline(cut)), cloth, folds)
        return
    for side, edge in zip(body.sides, (left, right), strict=True):
        opening = curve(
            [
                (middle + side.sign * cut.gap, cut.hem + cut.round_hem),
                (side.sign * cut.gap * 0.8, WAIST_Y - 40),
                (side.sign * max(cut.gap * 0.55, 8), NECK_Y + cut.drop),
                (side.sign * cut.neck * 0.9, NECK_Y + 2),
            ]
        )
        pen.panel(joined(edge, opening), cloth, folds)


def sleeves(pen: Pen, body: Body, cut: Cut, cloth: Cloth, sleeve: Sleeve | None, width: float, cuff: Rgb | None) -> None:
    """Draw both sleeves.

    Args:
        pen: What to draw with.
        body: Whose arms.
        cut: The cut of the torso that the sleeves join.
        cloth: Cloth of the sleeves.
        sleeve: How long; nothing is drawn for sleeveless or None.
        width: Full width at the shoulder in units.
        cuff: Colour of a band at the end, or None.
    """
    if sleeve is None or sleeve is Sleeve.SLEEVELESS:
        return
    for side in body.sides:
        inner = (side.shoulder[0] - side.sign * width * 0.30, side.shoulder[1] + width * 0.36)
        arm = [inner, *along(side.arm, SLEEVE_SHARE[sleeve])[1:]]
        taper = {Sleeve.SHORT: 0.92, Sleeve.THREE_QUARTER: 0.68, Sleeve.LONG: 0.56}[sleeve]
        widths = np.linspace(width, width * taper, len(arm)).tolist()
        direction = atan2(arm[-1][1] - arm[0][1], arm[-1][0] - arm[0][0]) - pi / 2
        folds = _sleeve_folds(side, sleeve)
        pen.panel(_sleeve_outline(body, side, cut, limb(arm, widths)), cloth.turned(direction), folds)
        end, before = np.array(arm[-1]), np.array(arm[-2])
        back = (before - end) / max(float(np.linalg.norm(before - end)), 1e-6)
        if cuff is not None:
            tip, root = tuple(end), tuple(end + back * 15)
            pen.panel(limb([root, tip], [widths[-1] * 1.03] * 2, 2), cloth.plain(cuff), depth=0.6)
        else:
            normal = np.array([-back[1], back[0]]) * widths[-1] / 2
            pen.stroke([tuple(end + back * 8 + normal), tuple(end + back * 8 - normal)], trim(cloth, 0.3), 1.2)


def _sleeve_outline(body: Body, side: Side, cut: Cut, tube: Points) -> Points:
    """Join a tube around the arm, as made by `limb`, to the shoulder tip above and the armpit below."""
    half = len(tube) // 2
    first, second = tube[:half], tube[half:][::-1]
    outer, inner = (first, second) if side.sign < 0 else (second, first)
    tip = (side.shoulder[0] + side.sign * cut.ease * 0.3, side.shoulder[1] - 5)
    armpit = body.at(side, CHEST_Y - 10, cut.ease)
    cap = arc(tip, (float(outer[1, 0] + tip[0]) / 2 + side.sign * 7, tip[1] + 8), tuple(outer[3]), 6)
    return joined(
        cap,
        outer[4:],
        inner[:2:-1],
        [armpit, (side.shoulder[0] * 0.8, armpit[1] - 10), (side.shoulder[0] * 0.8, tip[1] + 4)],
    )


def _sleeve_folds(side: Side, sleeve: Sleeve) -> list[Fold]:
    """Creases at the inside of the elbow and below the shoulder."""
    elbow = side.elbow
    folds = [Fold(side.shoulder, (side.shoulder[0] - side.sign * 4, side.shoulder[1] + 62), 6, -0.18)]
    if sleeve is not Sleeve.SHORT:
        for shift, tone in ((-14, -0.3), (-4, 0.2), (8, -0.26)):
            folds.append(Fold((elbow[0] - 22, elbow[1] + shift), (elbow[0] + 22, elbow[1] + shift + 8), 5, tone))
    return folds


def collar_band(pen: Pen, cut: Cut, colour: Rgb, width: float = 7.0) -> None:
    """Edge a neckline with ribbing."""
    pen.stroke(_neckline(cut), colour, width)


def shirt_collar(pen: Pen, cut: Cut, cloth: Cloth, length: float = 46.0) -> None:
    """Fold two pointed collar leaves over the neckline."""
    for sign in (-1, 1):
        leaf = points(
            [
                (sign * (cut.neck + 2), NECK_Y - 8),
                (sign * 2.0, NECK_Y + cut.drop + 2),
                (sign * (cut.neck * 0.52 + 4), NECK_Y + cut.drop + length * 0.42),
                (sign * (cut.neck + 12), NECK_Y + 14),
            ]
        )
        pen.panel(leaf, cloth, depth=0.5)


def placket(pen: Pen, body: Body, cloth: Cloth, top: float, bottom: float, buttons: int, button: Rgb) -> None:
    """Stitch a button band down the middle."""
    width = 9.0
    first, last = body.centre(top), body.centre(bottom)
    edge = trim(cloth, 0.3)
    for shift in (-width, width):
        pen.stroke([(first + shift, top), (last + shift, bottom)], edge, 1.4)
    for index in range(buttons):
        y = top + (bottom - top) * (index + 0.5) / buttons
        pen.disc((body.centre(y) + 0.8, y + 1.0), 4.0, darker(cloth.colour, 0.45))
        pen.disc((body.centre(y), y), 3.6, button)


def button_colour(cloth: Cloth) -> Rgb:
    """Pale buttons on dark cloth, brown ones on pale cloth."""
    return lighter(cloth.colour, 0.72) if sum(cloth.colour) < 420 else darker(cloth.colour, 0.5)


def rib(pen: Pen, body: Body, cut: Cut, cloth: Cloth, height: float = 20.0) -> None:
    """Knit a ribbed band along the hem."""
    left, right = (body.at(side, cut.hem, cut.ease + cut.flare - 3) for side in body.sides)
    band = points([left, right, (right[0] - 4, cut.hem + height), (left[0] + 4, cut.hem + height)])
    pen.panel(band, cloth.plain(), depth=0.6)
    edge = trim(cloth, 0.2)
    for x in np.linspace(left[0] + 6, right[0] - 6, 26):
        pen.stroke([(float(x), cut.hem + 3), (float(x), cut.hem + height - 3)], edge, 1.2)


def _sun(centre: Point, size: float) -> list[tuple[Points, int]]:
    """A sun over two hills."""
    x, y = centre
    hill = curve([(x - size, y + size), (x - size * 0.4, y), (x + size * 0.2, y + size * 0.7), (x + size, y + size)])
    far = curve([(x - size * 0.4, y + size), (x + size * 0.5, y + size * 0.2), (x + size, y + size * 0.8)])
    sun = ellipse((x + size * 0.1, y - size * 0.15), (size * 0.62, size * 0.62))
    return [(sun, 0), (joined(far, [(x + size, y + size)]), 1), (hill, 2)]


def _star(centre: Point, size: float) -> list[tuple[Points, int]]:
    """A star in a disc."""
    spokes = [
        (
            centre[0] + sin(k * pi / 5) * size * (0.82 if k % 2 == 0 else 0.36),
            centre[1] - cos(k * pi / 5) * size * (0.82 if k % 2 == 0 else 0.36),
        )
        for k in range(10)
    ]
    return [(ellipse(centre, (size, size)), 1), (points(spokes), 0)]


def _bolt(centre: Point, size: float) -> list[tuple[Points, int]]:
    """A lightning bolt across bars."""
    x, y = centre
    shape = [(0.25, -1.1), (-0.6, 0.15), (-0.05, 0.15), (-0.3, 1.1), (0.65, -0.25), (0.1, -0.25)]
    bars: list[tuple[Points, int]] = []
    for k, bar in enumerate((-0.75, -0.1, 0.55)):
        top, low = y + bar * size, y + bar * size + size * 0.3
        bars.append((points([(x - size, top), (x + size, top), (x + size, low), (x - size, low)]), 1 + k % 2))
    return [*bars, (points([(x + px * size, y + py * size) for px, py in shape]), 0)]


def chest_print(pen: Pen, centre: Point, cloth: Cloth, rng: Random, size: float = 44.0) -> None:
    """Print a motif on the chest in three inks that stand out from the cloth."""
    motif = rng.choice((_sun, _star, _bolt))(centre, size)
    inks: Sequence[Rgb] = [(250, 204, 70), (228, 82, 72), (70, 150, 170)]
    if min(sum(abs(a - b) for a, b in zip(ink, cloth.colour, strict=True)) for ink in inks) < 120:
        inks = [(250, 248, 240), cloth.accent, (40, 44, 60)]
    for shape, ink in motif:
        pen.flat(shape, inks[ink])
    for row, width in enumerate((1.0, 0.62)):
        y = centre[1] + size * 1.25 + row * 12
        pen.stroke([(centre[0] - size * width, y), (centre[0] + size * width, y)], inks[0], 5.5)
