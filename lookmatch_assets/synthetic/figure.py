"""The person in a look: skin, face and hair, drawn around a posed body."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random

from lookmatch_assets.synthetic.attributes import Pattern
from lookmatch_assets.synthetic.body import ANKLE_Y, CHEST_Y, CROTCH_Y, HIP_Y, NECK_Y, WAIST_Y, Body, Side
from lookmatch_assets.synthetic.cloth import Cloth
from lookmatch_assets.synthetic.footwear import ANKLE_X
from lookmatch_assets.synthetic.outlines import Point, arc, between, curve, ellipse, joined, limb, placed
from lookmatch_assets.synthetic.palette import Rgb, darker, lighter, mix
from lookmatch_assets.synthetic.pen import Pen

HEAD: Point = (0.0, 74.0)
"""The middle of the head."""

_FOOT = 0.86

SKINS: tuple[Rgb, ...] = (
    (250, 218, 194),
    (238, 194, 160),
    (214, 162, 122),
    (180, 124, 86),
    (138, 88, 60),
    (94, 60, 44),
)
HAIRS: tuple[Rgb, ...] = ((32, 26, 26), (58, 38, 30), (96, 60, 38), (150, 100, 54), (206, 164, 98), (120, 50, 32))


@dataclass(frozen=True)
class Person:
    """What a person looks like; `style` picks one of the haircuts of their gender."""

    skin: Rgb
    hair: Rgb
    style: int


def random_person(rng: Random) -> Person:
    """Sample skin, hair colour and haircut; dark skin goes with dark hair."""
    skin = rng.randrange(len(SKINS))
    hair = HAIRS[rng.randrange(len(HAIRS))] if skin < 3 else HAIRS[rng.randrange(3)]
    return Person(SKINS[skin], hair, rng.randrange(3))


def _cloth(colour: Rgb) -> Cloth:
    """Treat a plain colour as cloth, to shade skin and hair like garments."""
    return Cloth(colour, colour, Pattern.SOLID)


def draw_hair_behind(pen: Pen, body: Body, person: Person) -> None:
    """Draw the hair that falls behind neck and shoulders."""
    if not body.feminine or person.style == 2:
        if body.feminine:
            pen.panel(ellipse((HEAD[0], 14), (23, 21)), _cloth(person.hair))
        return
    length = 236.0 if person.style == 0 else 158.0
    x, y = HEAD
    hair = curve(
        [
            (x, y - 66),
            (x + 50, y - 34),
            (x + 58, y + 40),
            (x + 52, length),
            (x, length + 6),
            (x - 52, length),
            (x - 58, y + 40),
            (x - 50, y - 34),
        ],
        6,
        closed=True,
    )
    pen.panel(hair, _cloth(darker(person.hair, 0.12)))


def _draw_leg(pen: Pen, side: Side, skin: Cloth) -> None:
    """Draw a bare leg and foot."""
    foot = [(-44, -6), (-42, -34), (ANKLE_X, -44), (-12, -36), (20, -18), (48, -10), (50, -3), (0, -1)]
    ground = (side.ankle[0] - side.sign * ANKLE_X * _FOOT, 984.0)
    pen.panel(placed(curve(foot, 4, closed=True), ground, _FOOT, side.sign < 0), skin, edge=False)
    top, ankle = (side.hip[0], CROTCH_Y - 30), (side.ankle[0], ANKLE_Y + 12)
    joints = [top, between(top, side.knee, 0.46), side.knee, between(side.knee, ankle, 0.3), ankle]
    pen.panel(limb(joints, [66, 58, 43, 45, 25]), skin, edge=False)


def _draw_arm(pen: Pen, side: Side, skin: Cloth, feminine: bool) -> None:
    """Draw a bare arm and hand."""
    joints = [(side.shoulder[0] - side.sign * 15, side.shoulder[1] + 13), side.elbow, side.wrist]
    pen.panel(limb(joints, [40, 32, 22] if feminine else [46, 37, 22]), skin, edge=False)
    dx, dy = side.wrist[0] - side.elbow[0], side.wrist[1] - side.elbow[1]
    palm = (side.wrist[0] + dx * 0.15, side.wrist[1] + dy * 0.15)
    tip = (side.wrist[0] + dx * 0.31, side.wrist[1] + dy * 0.31)
    pen.panel(limb([side.wrist, palm, tip], [21, 27, 16]), skin, edge=False)


def draw_skin(pen: Pen, body: Body, person: Person) -> None:
    """Draw legs, feet, arms, hands, torso and neck; garments will cover most of it."""
    skin = _cloth(person.skin)
    for side in body.sides:
        _draw_leg(pen, side, skin)
        _draw_arm(pen, side, skin, body.feminine)
    levels = (CHEST_Y, WAIST_Y, HIP_Y, CROTCH_Y)
    left, right = (curve([side.shoulder, *(body.at(side, y) for y in levels)]) for side in body.sides)
    pen.panel(joined([(-20, NECK_Y - 2)], left, right[::-1], [(20, NECK_Y - 2)]), skin, edge=False)
    neck = 19.0 if body.feminine else 25.0
    shape = joined(
        curve([(-neck, 108), (-neck, 146), (-neck - 22, 174)]),
        [(0, 186)],
        curve([(neck + 22, 174), (neck, 146), (neck, 108)]),
    )
    pen.panel(shape, _cloth(darker(person.skin, 0.12)), edge=False, depth=0.5)


def draw_head(pen: Pen, body: Body, person: Person) -> None:
    """Draw ears, face and features."""
    x, y = HEAD
    wide = 40.0 if body.feminine else 43.0
    for s in (-1, 1):
        pen.panel(ellipse((x + s * (wide - 1), y + 8), (7, 12)), _cloth(darker(person.skin, 0.08)), edge=False, depth=0.4)
    jaw = 25.0 if body.feminine else 32.0
    face = [(x, y - 60), (x + wide, y - 22), (x + wide - 2, y + 16), (x + jaw, y + 46), (x, y + 62)]
    mirrored = [(2 * x - px, py) for px, py in face[3:0:-1]]
    pen.panel(curve([*face, *mirrored], 6, closed=True), _cloth(person.skin), edge=False, depth=0.6)
    brow, lip = darker(person.hair, 0.1), mix(person.skin, (190, 60, 70), 0.55 if body.feminine else 0.28)
    for s in (-1, 1):
        pen.disc((x + s * 23, y + 27), 8.5, mix(person.skin, (232, 110, 100), 0.09))
        pen.stroke(arc((x + s * 9, y - 10), (x + s * 19, y - 17), (x + s * 28, y - 10)), brow, 3.2)
        pen.flat(ellipse((x + s * 18, y + 2), (8, 4.8)), (252, 250, 248))
        pen.disc((x + s * 18, y + 2), 4.4, (52, 38, 34))
        pen.stroke(arc((x + s * 9, y + 1), (x + s * 18, y - 7), (x + s * 28, y + 0)), (40, 30, 30), 2.6)
    pen.stroke(curve([(x + 1, y + 6), (x + 6, y + 23), (x - 3, y + 25)]), darker(person.skin, 0.24), 2.2)
    mouth = joined(arc((x - 12, y + 38), (x, y + 35), (x + 12, y + 38)), arc((x + 12, y + 38), (x, y + 50), (x - 12, y + 38)))
    pen.flat(mouth, lip)


def draw_hair_front(pen: Pen, body: Body, person: Person) -> None:
    """Draw the hair on top of the head."""
    x, y = HEAD
    hair = _cloth(person.hair)
    if body.feminine:
        part = x - 10 if person.style != 1 else x + 12
        for s, reach in ((-1, 46), (1, 46)):
            outer = curve([(part, y - 66), (x + s * 38, y - 54), (x + s * 48, y - 14), (x + s * reach, y + 34)])
            inner = curve([(x + s * 39, y + 8), (x + s * 32, y - 20), (part, y - 46)])
            pen.panel(joined(outer, inner), hair, edge=False)
    else:
        fringe = ((x + 38, y - 22), (x + 20, y - 36), (x - 14, y - 34), (x - 38, y - 20))
        lift = (y - 70, y - 64, y - 78)[person.style]
        cap = curve(
            [
                (x - 44, y + 4),
                (x - 48, y - 34),
                (x - 26, lift + 8),
                (x + 6, lift),
                (x + 40, y - 54),
                (x + 47, y - 28),
                (x + 44, y + 4),
            ]
        )
        pen.panel(joined(cap, [(x + 40, y - 4)], curve(fringe), [(x - 40, y - 4)]), hair, edge=False)
        if person.style == 1:
            beard = joined(
                curve([(x - 41, y + 8), (x - 34, y + 44), (x, y + 66), (x + 34, y + 44), (x + 41, y + 8)]),
                curve([(x + 30, y + 26), (x + 14, y + 30), (x, y + 29), (x - 14, y + 30), (x - 30, y + 26)]),
            )
            pen.panel(beard, hair, edge=False, depth=0.4)
            pen.flat(ellipse((x, y + 40), (10, 4)), mix(person.skin, (190, 60, 70), 0.4))
    shine = curve([(x + 12, y - 60), (x + 28, y - 52), (x + 38, y - 36)])
    pen.stroke(shine, lighter(person.hair, 0.22), 3.4)


def belt_line(body: Body) -> list[Point]:
    """The line a worn belt follows, left to right."""
    left, right = (body.at(side, WAIST_Y + 16, 4) for side in body.sides)
    return [left, (body.centre(WAIST_Y), WAIST_Y + 20), right]


def scarf_spot() -> Point:
    """Where the middle of a worn scarf sits."""
    return 0.0, NECK_Y + 26
