"""Drawing of bottomwear and one-piece garments on a body."""

from __future__ import annotations

from random import Random

import numpy as np

from lookmatch_assets.synthetic.attributes import GarmentAttributes, GarmentType, Sleeve, Usage
from lookmatch_assets.synthetic.body import ANKLE_Y, CROTCH_Y, HIP_Y, KNEE_Y, NECK_Y, WAIST_Y, Body, Side
from lookmatch_assets.synthetic.cloth import Cloth, trim
from lookmatch_assets.synthetic.outlines import Point, Points, along, arc, curve, joined, limb, points
from lookmatch_assets.synthetic.palette import Rgb, darker, lighter
from lookmatch_assets.synthetic.pen import Fold, Pen
from lookmatch_assets.synthetic.tailoring import Cut, collar_band, placket, sleeves, torso

_BAND_Y = WAIST_Y + 8


def _leg(body: Body, side: Side, share: float, thigh: float, end: float, ease: float) -> Points:
    """Outline one trouser leg from the waist; `share` is how much of hip to ankle is covered."""
    path = along(side.leg, share)
    tip = path[-1]
    knee_width = thigh + (end - thigh) * 0.62
    outer = [body.at(side, _BAND_Y, ease * 0.4), body.at(side, HIP_Y, ease)]
    inner: list[Point] = [(tip[0] - side.sign * end / 2, tip[1])]
    if len(path) > 2:
        outer.append((side.knee[0] + side.sign * knee_width / 2, side.knee[1]))
        inner.append((side.knee[0] - side.sign * knee_width / 2, side.knee[1]))
    outer.append((tip[0] + side.sign * end / 2, tip[1]))
    inner.append((body.centre(CROTCH_Y) + side.sign * 1.5, CROTCH_Y + 8))
    top = (body.centre(_BAND_Y) - side.sign * 2, _BAND_Y)
    return joined(curve(outer), curve(inner), [top])


def _leg_folds(side: Side, rng: Random, full: bool) -> list[Fold]:
    """Creases at the crotch, behind the knee and above the ankle."""
    hip, knee, ankle = side.leg
    folds = [
        Fold((side.sign * 6, CROTCH_Y), (hip[0] + side.sign * 16, CROTCH_Y - 34), 5, -0.34),
        Fold((side.sign * 8, CROTCH_Y + 14), (hip[0] + side.sign * 12, CROTCH_Y + 4), 5, 0.16),
        Fold((hip[0], CROTCH_Y), knee, 16, 0.12),
    ]
    if full:
        for shift in (-26, 0, 20):
            reach = rng.uniform(14, 26)
            start = (knee[0] - side.sign * 24, knee[1] + shift)
            folds.append(Fold(start, (start[0] + side.sign * reach, start[1] + 12), 5, -0.3))
        folds.append(Fold((ankle[0] - 20, ankle[1] - 20), (ankle[0] + 20, ankle[1] - 28), 5, -0.28))
        folds.append(Fold((ankle[0] - 20, ankle[1] - 34), (ankle[0] + 20, ankle[1] - 40), 4, 0.2))
    return folds


def _legs(pen: Pen, body: Body, cloth: Cloth, rng: Random, share: float, thigh: float, end: float, ease: float) -> None:
    """Draw both trouser legs and the seam between them."""
    for side in body.sides:
        pen.panel(_leg(body, side, share, thigh, end, ease), cloth, _leg_folds(side, rng, share > 0.8))
    pen.stroke([(body.centre(_BAND_Y), _BAND_Y), (body.centre(CROTCH_Y), CROTCH_Y + 8)], trim(cloth, 0.4), 2)


def _waistband(pen: Pen, body: Body, cloth: Cloth, ease: float, height: float = 17.0) -> None:
    """Draw the band at the waist, with its inside showing on an empty garment."""
    left, right = (body.at(side, _BAND_Y, ease * 0.4 + 1) for side in body.sides)
    middle = body.centre(WAIST_Y)
    if not body.worn:
        inside = joined(arc(left, (middle, _BAND_Y - 14), right), arc(right, (middle, _BAND_Y + 16), left))
        pen.panel(inside, cloth.plain(darker(cloth.colour, 0.42)), edge=False, depth=0.3)
    sag = 8 if not body.worn else 3
    upper = arc(left, (middle, _BAND_Y + sag * 2), right)
    lower = arc((right[0] + 2, right[1] + height), (middle, _BAND_Y + height + sag * 2), (left[0] - 2, left[1] + height))
    pen.panel(joined(upper, lower), cloth.plain(), depth=0.4)


def draw_jeans(pen: Pen, body: Body, attributes: GarmentAttributes, cloth: Cloth, rng: Random) -> None:
    """Five-pocket denim with contrast stitching, washed thighs and a turned hem."""
    _legs(pen, body, cloth, rng, 1.0, 84, 56, 5)
    _waistband(pen, body, cloth, 5)
    stitch: Rgb = (214, 164, 92) if sum(cloth.colour) < 640 else (150, 150, 150)
    middle = body.centre(WAIST_Y)
    for side in body.sides:
        s = side.sign
        worn = limb([(side.hip[0], 545), (side.knee[0], KNEE_Y - 40)], [10, 8])
        pen.panel(worn, cloth.plain(lighter(cloth.colour, 0.13)), edge=False, depth=0)
        pocket = arc((middle + s * 26, _BAND_Y + 21), (middle + s * 34, _BAND_Y + 56), body.at(side, 450, 3))
        pen.stroke(pocket, stitch, 2.2)
        pen.stroke([(middle + s * 38, _BAND_Y - 1), (middle + s * 38, _BAND_Y + 21)], trim(cloth, 0.3), 6)
        foot = side.ankle
        pen.stroke([(foot[0] - 28, foot[1] - 12), (foot[0] + 28, foot[1] - 12)], stitch, 2)
    pen.stroke(arc((middle + 2, CROTCH_Y - 14), (middle + 22, CROTCH_Y - 20), (middle + 18, _BAND_Y + 22)), stitch, 2.2)
    pen.disc((middle, _BAND_Y + 12), 4.6, (196, 160, 96))


def draw_trousers(pen: Pen, body: Body, attributes: GarmentAttributes, cloth: Cloth, rng: Random) -> None:
    """Pressed trousers with a front crease and slant pockets."""
    formal = attributes.usage is Usage.FORMAL
    _legs(pen, body, cloth, rng, 1.0, 88, 62 if formal else 70, 7)
    _waistband(pen, body, cloth, 7)
    middle = body.centre(WAIST_Y)
    for side in body.sides:
        s = side.sign
        pen.stroke([(middle + s * 40, _BAND_Y + 20), body.at(side, 462, 4)], trim(cloth, 0.4), 2)
        pen.stroke([(middle + s * 26, _BAND_Y - 1), (middle + s * 26, _BAND_Y + 22)], trim(cloth, 0.3), 5)
        if formal:
            crease = [(side.hip[0], HIP_Y), side.knee, (side.ankle[0], side.ankle[1] - 2)]
            pen.stroke(crease, trim(cloth, 0.24), 2.2)
    pen.disc((middle, _BAND_Y + 12), 3.8, darker(cloth.colour, 0.5))


def draw_shorts(pen: Pen, body: Body, attributes: GarmentAttributes, cloth: Cloth, rng: Random) -> None:
    """Wide legs ending above the knee."""
    _legs(pen, body, cloth, rng, 0.42, 98, 100, 9)
    _waistband(pen, body, cloth, 9)
    middle = body.centre(WAIST_Y)
    for side in body.sides:
        tip = along(side.leg, 0.42)[-1]
        pen.stroke([(tip[0] - 49, tip[1] - 12), (tip[0] + 49, tip[1] - 12)], trim(cloth, 0.3), 2)
        pen.stroke([(middle + side.sign * 40, _BAND_Y + 20), body.at(side, 462, 5)], trim(cloth, 0.4), 2)
        if attributes.usage is Usage.SPORTS:
            edge = [body.at(side, _BAND_Y + 18, 2), body.at(side, HIP_Y, 3), (tip[0] + side.sign * 43, tip[1])]
            pen.stroke(edge, cloth.accent, 8)
    for s in (-1, 1):
        pen.stroke([(middle + s * 4, _BAND_Y + 14), (middle + s * 11, _BAND_Y + 46)], cloth.accent, 3)


def draw_track_pants(pen: Pen, body: Body, attributes: GarmentAttributes, cloth: Cloth, rng: Random) -> None:
    """Loose sports trousers with side stripes, ribbed cuffs and a drawstring."""
    _legs(pen, body, cloth, rng, 0.97, 96, 62, 9)
    _waistband(pen, body, cloth, 9, 22)
    middle = body.centre(WAIST_Y)
    for side in body.sides:
        s = side.sign
        edge = curve(
            [
                body.at(side, _BAND_Y + 22, 0),
                body.at(side, HIP_Y, 1),
                (side.knee[0] + s * 29, KNEE_Y),
                (side.ankle[0] + s * 22, ANKLE_Y - 26),
            ]
        )
        pen.stroke(edge, cloth.accent, 9)
        pen.stroke(edge - np.array([s * 2.0, 0.0]), cloth.colour, 2.5)
        cuff = limb([(side.ankle[0], ANKLE_Y - 28), (side.ankle[0], ANKLE_Y + 2)], [60, 44], 3)
        pen.panel(cuff, cloth.plain(trim(cloth, 0.2)), depth=0.5)
        pen.stroke([(middle + s * 4, _BAND_Y + 16), (middle + s * 12, _BAND_Y + 62)], cloth.accent, 3.4)


def draw_leggings(pen: Pen, body: Body, attributes: GarmentAttributes, cloth: Cloth, rng: Random) -> None:
    """Close-fitting stretch trousers with a high band."""
    _legs(pen, body, cloth, rng, 0.96, 70, 36, -1)
    _waistband(pen, body, cloth, 0, 30)
    for side in body.sides:
        shine = [(side.hip[0] + 4, 540), (side.knee[0] + 2, KNEE_Y), (side.ankle[0] + 2, ANKLE_Y - 40)]
        pen.stroke(shine, lighter(cloth.colour, 0.16), 3)


def _pleats(pen: Pen, top: Points, hem: Points, cloth: Cloth, count: int) -> None:
    """Draw pleat lines from waist to hem, both of shape (2, 2): left and right ends."""
    for index in range(1, count):
        share = index / count
        start, end = top[0] + (top[1] - top[0]) * share, hem[0] + (hem[1] - hem[0]) * share
        pen.stroke([tuple(start), tuple(end)], trim(cloth, 0.24), 1.8)


def _skirt_panel(pen: Pen, body: Body, cloth: Cloth, rng: Random, hem_y: float, flare: float) -> None:
    """Draw a flared skirt with rolling folds."""
    left, right = (body.at(side, _BAND_Y, 2) for side in body.sides)
    middle = body.centre(HIP_Y)
    half = body.hips + flare
    hips = [body.at(side, HIP_Y, 8 + flare * 0.12) for side in body.sides]
    sway = rng.uniform(-8, 8)
    ends = ((middle - half + sway, hem_y), (middle + half + sway, hem_y))
    waves = [
        (ends[1][0] + (ends[0][0] - ends[1][0]) * k / 8, hem_y + (13 if k % 2 else 4) + 10 * np.sin(np.pi * k / 8))
        for k in range(9)
    ]
    outline = joined(curve([left, hips[0], ends[0]])[::-1], curve([right, hips[1], ends[1]]), curve(waves))
    folds = []
    for k in range(1, 8):
        foot = waves[k]
        waist = (left[0] + (right[0] - left[0]) * (8 - k) / 8, _BAND_Y + 40)
        folds.append(Fold(foot, waist, 9, -0.30 if k % 2 == 0 else 0.16))
    pen.panel(outline, cloth, folds)


def draw_skirt(pen: Pen, body: Body, attributes: GarmentAttributes, cloth: Cloth, rng: Random) -> None:
    """A flared skirt to the knee."""
    _skirt_panel(pen, body, cloth, rng, 690, 62)
    left, right = (body.at(side, _BAND_Y + 18, 4) for side in body.sides)
    _pleats(pen, points([left, right]), points([(left[0] - 18, 520), (right[0] + 18, 520)]), cloth, 9)
    _waistband(pen, body, cloth, 4, 18)


def draw_dress(pen: Pen, body: Body, attributes: GarmentAttributes, cloth: Cloth, rng: Random) -> None:
    """A fitted bodice with a belt line and a flared skirt."""
    strap = 0.66 if attributes.sleeve is Sleeve.SLEEVELESS else 1.0
    pointed = attributes.usage is Usage.PARTY
    cut = Cut(ease=4, hem=400, flare=1, neck=40, drop=66 if pointed else 38, pointed=pointed, strap=strap)
    sleeves(pen, body, cut, cloth, attributes.sleeve, 60, None)
    _skirt_panel(pen, body, cloth, rng, 770 if attributes.usage is Usage.PARTY else 715, 58)
    torso(pen, body, cut, cloth, rng)
    collar_band(pen, cut, trim(cloth, 0.3), 3.5)
    left, right = (body.at(side, WAIST_Y + 4, 6) for side in body.sides)
    pen.panel(limb([left, (body.centre(WAIST_Y), WAIST_Y + 9), right], [17, 17, 17]), cloth.plain(trim(cloth, 0.3)), depth=0.3)


def draw_jumpsuit(pen: Pen, body: Body, attributes: GarmentAttributes, cloth: Cloth, rng: Random) -> None:
    """A bodice joined to wide trousers with a tied waist."""
    strap = 0.66 if attributes.sleeve is Sleeve.SLEEVELESS else 1.0
    cut = Cut(ease=7, hem=408, flare=1, neck=36, drop=72, pointed=True, strap=strap)
    sleeves(pen, body, cut, cloth, attributes.sleeve, 62, None)
    _legs(pen, body, cloth, rng, 0.97, 96, 88, 9)
    torso(pen, body, cut, cloth, rng)
    placket(pen, body, cloth, NECK_Y + 78, 390, 4, darker(cloth.colour, 0.5))
    left, right = (body.at(side, WAIST_Y + 8, 9) for side in body.sides)
    sash = cloth.plain(trim(cloth, 0.3))
    middle = body.centre(WAIST_Y)
    pen.panel(limb([left, (middle, WAIST_Y + 14), right], [20, 20, 20]), sash, depth=0.3)
    for s in (-1, 1):
        pen.panel(limb([(middle - 20, WAIST_Y + 16), (middle - 20 + s * 14, WAIST_Y + 84)], [9, 14]), sash, depth=0.3)


def draw_saree(pen: Pen, body: Body, attributes: GarmentAttributes, cloth: Cloth, rng: Random) -> None:
    """A pleated drape with a gold border, its end falling over one shoulder, above a blouse."""
    gold: Rgb = (214, 168, 70) if sum(cloth.colour) < 560 else (150, 40, 60)
    blouse = cloth.plain(darker(cloth.colour, 0.3))
    cut = Cut(ease=3, hem=330, flare=0, neck=44, drop=44)
    sleeves(pen, body, cut, blouse, Sleeve.SHORT, 58, gold)
    torso(pen, body, cut, blouse, rng)
    middle = body.centre(HIP_Y)
    left, right = (body.at(side, _BAND_Y, 3) for side in body.sides)
    hem = [(middle - body.hips - 20, 950.0), (middle + body.hips + 20, 950.0)]
    hips = [body.at(side, HIP_Y, 7) for side in body.sides]
    skirt = joined(curve([left, hips[0], hem[0]])[::-1], curve([right, hips[1], hem[1]]))
    folds = [Fold((middle + k * 15, 948), (middle + k * 6, 430), 8, -0.3 if k % 2 else 0.18) for k in range(-3, 4)]
    pen.panel(skirt, cloth, folds)
    pen.stroke([(hem[0][0], 942), (hem[1][0], 942)], gold, 14)
    shoulder = body.right.shoulder
    upper = curve([(body.left.hip[0] - 40, 440), (-30, 330), (shoulder[0] - 30, shoulder[1] - 10)])
    lower = curve([(shoulder[0] + 6, shoulder[1] + 4), (body.right.hip[0] + 22, 350), (body.right.hip[0] + 34, 470)])
    drape = joined(upper, lower, [(middle, 500)])
    pen.panel(drape, cloth, [Fold((-20, 430), (shoulder[0] - 14, 200), 9, -0.26), Fold((20, 440), shoulder, 9, 0.16)])
    pen.stroke(upper, gold, 9)
    tail = limb([(shoulder[0] - 8, shoulder[1] - 6), (shoulder[0] + 34, 360), (shoulder[0] + 40, 640)], [44, 70, 78])
    pen.panel(tail, cloth, [Fold((shoulder[0] + 20, 240), (shoulder[0] + 34, 630), 9, -0.28)])
    pen.stroke([(shoulder[0] + 2, 634), (shoulder[0] + 78, 634)], gold, 16)


BOTTOMS = {
    GarmentType.JEANS: draw_jeans,
    GarmentType.TROUSERS: draw_trousers,
    GarmentType.SHORTS: draw_shorts,
    GarmentType.SKIRT: draw_skirt,
    GarmentType.TRACK_PANTS: draw_track_pants,
    GarmentType.LEGGINGS: draw_leggings,
}
"""How each piece of bottomwear is drawn."""

ONE_PIECES = {
    GarmentType.DRESS: draw_dress,
    GarmentType.JUMPSUIT: draw_jumpsuit,
    GarmentType.SAREE: draw_saree,
}
"""How each one-piece is drawn."""
