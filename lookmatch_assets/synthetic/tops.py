"""Drawing of inner and outer topwear on a body."""

from __future__ import annotations

from dataclasses import replace
from random import Random

from lookmatch_assets.synthetic.attributes import GarmentAttributes, GarmentType, Pattern, Sleeve, Usage
from lookmatch_assets.synthetic.body import CROTCH_Y, NECK_Y, WAIST_Y, Body
from lookmatch_assets.synthetic.cloth import Cloth, trim
from lookmatch_assets.synthetic.outlines import joined, limb, points
from lookmatch_assets.synthetic.palette import Rgb, darker, lighter
from lookmatch_assets.synthetic.pen import Pen
from lookmatch_assets.synthetic.tailoring import (
    Cut,
    button_colour,
    chest_print,
    collar_band,
    placket,
    rib,
    shirt_collar,
    sleeves,
    torso,
)


def _strap(attributes: GarmentAttributes) -> float:
    """Sleeveless cuts end well inside the shoulder."""
    return 0.74 if attributes.sleeve is Sleeve.SLEEVELESS else 1.0


def _print_on(pen: Pen, body: Body, attributes: GarmentAttributes, cloth: Cloth, rng: Random, y: float = 285.0) -> None:
    """Add the chest print where the attributes ask for one."""
    if attributes.pattern is Pattern.GRAPHIC_PRINT:
        chest_print(pen, (body.centre(y), y), cloth, rng, 40.0 if body.feminine else 46.0)


def draw_t_shirt(pen: Pen, body: Body, attributes: GarmentAttributes, cloth: Cloth, rng: Random) -> None:
    """Crew neck, straight hem."""
    cut = Cut(ease=9 if body.feminine else 13, hem=498, neck=36, drop=22, strap=_strap(attributes))
    sleeves(pen, body, cut, cloth, attributes.sleeve, 66, None)
    torso(pen, body, cut, cloth, rng)
    collar_band(pen, cut, trim(cloth, 0.18))
    _print_on(pen, body, attributes, cloth, rng)
    if attributes.usage is Usage.SPORTS:
        for side in body.sides:
            top, low = body.at(side, 270, cut.ease - 5), body.at(side, 478, cut.ease - 5)
            pen.stroke([top, body.at(side, WAIST_Y, cut.ease * 1.2 - 5), low], cloth.accent, 6)


def draw_polo(pen: Pen, body: Body, attributes: GarmentAttributes, cloth: Cloth, rng: Random) -> None:
    """Knit collar and a short button placket."""
    cut = Cut(ease=9 if body.feminine else 13, hem=505, neck=33, drop=24, pointed=True)
    band = trim(cloth, 0.16)
    sleeves(pen, body, cut, cloth, attributes.sleeve, 66, band)
    torso(pen, body, cut, cloth, rng)
    placket(pen, body, cloth, NECK_Y + 26, NECK_Y + 104, 3, button_colour(cloth))
    pen.stroke([(-9, NECK_Y + 104), (9, NECK_Y + 104)], trim(cloth, 0.3), 1.4)
    shirt_collar(pen, cut, cloth.plain(band), 50)


def draw_shirt(pen: Pen, body: Body, attributes: GarmentAttributes, cloth: Cloth, rng: Random) -> None:
    """Stand collar, full placket, a chest pocket and a curved hem."""
    cut = Cut(ease=11 if body.feminine else 14, hem=518, neck=32, drop=24, pointed=True, round_hem=16)
    sleeves(pen, body, cut, cloth, attributes.sleeve, 64, trim(cloth, 0.1) if attributes.sleeve is Sleeve.LONG else None)
    torso(pen, body, cut, cloth, rng)
    placket(pen, body, cloth, NECK_Y + 26, 524, 7, button_colour(cloth))
    if attributes.usage is Usage.CASUAL:
        pen.panel(points([(22, 262), (58, 262), (58, 298), (40, 306), (22, 298)]), cloth, depth=0.25)
    shirt_collar(pen, cut, cloth, 58)


def draw_top(pen: Pen, body: Body, attributes: GarmentAttributes, cloth: Cloth, rng: Random) -> None:
    """A blouse: scooped neck, gathered waist and a flared hem."""
    cut = Cut(ease=5, hem=470, flare=20, neck=46, drop=44, round_hem=9, strap=_strap(attributes))
    sleeves(pen, body, cut, cloth, attributes.sleeve, 72, None)
    torso(pen, body, cut, cloth, rng)
    collar_band(pen, cut, trim(cloth, 0.3), 3.5)
    left, right = (body.at(side, WAIST_Y - 14, 5) for side in body.sides)
    pen.stroke([left, (body.centre(WAIST_Y), WAIST_Y - 8), right], trim(cloth, 0.35), 4)
    for index in range(-4, 5):
        x = body.centre(WAIST_Y) + index * 12
        pen.stroke([(x, WAIST_Y - 8), (x * 1.12, WAIST_Y + 16)], trim(cloth, 0.22), 1.4)


def draw_kurta(pen: Pen, body: Body, attributes: GarmentAttributes, cloth: Cloth, rng: Random) -> None:
    """A knee-length tunic with a band collar, long placket, side slits and a border."""
    cut = Cut(ease=11, hem=668, flare=16 if body.feminine else 10, neck=30, drop=18, round_hem=4)
    border = lighter(cloth.colour, 0.55) if sum(cloth.colour) < 400 else darker(cloth.colour, 0.45)
    sleeves(pen, body, cut, cloth, attributes.sleeve, 62, border)
    torso(pen, body, cut, cloth, rng)
    placket(pen, body, cloth, NECK_Y + 20, 330, 5, border)
    collar_band(pen, cut, border, 11)
    left, right = (body.at(side, cut.hem - 7, cut.ease + cut.flare - 2) for side in body.sides)
    pen.stroke([left, (body.centre(cut.hem), cut.hem - 3), right], border, 9)
    for side in body.sides:
        top = body.at(side, CROTCH_Y - 6, cut.ease + 4)
        pen.stroke([top, body.at(side, cut.hem, cut.ease + cut.flare - 6)], trim(cloth, 0.4), 2)


def _front(cut: Cut, opened: bool, gap: float) -> Cut:
    """Open a cut in front when something is worn beneath it."""
    return replace(cut, gap=gap) if opened else cut


def draw_jacket(pen: Pen, body: Body, attributes: GarmentAttributes, cloth: Cloth, rng: Random, opened: bool = False) -> None:
    """A zipped bomber: stand collar, ribbed hem and cuffs, slanted pockets."""
    cut = _front(Cut(ease=19, hem=470, flare=0, neck=36, drop=20), opened, 30)
    dark = trim(cloth, 0.3)
    sleeves(pen, body, cut, cloth, Sleeve.LONG, 76, dark)
    torso(pen, body, cut, cloth, rng)
    middle = body.centre(cut.hem)
    metal: Rgb = (206, 208, 212)
    if not opened:
        rib(pen, body, cut, cloth.plain(dark))
        pen.stroke([(0, NECK_Y + 14), (middle, cut.hem + 20)], darker(cloth.colour, 0.4), 6)
        pen.stroke([(0, NECK_Y + 14), (middle, cut.hem + 20)], metal, 2.4)
        pen.flat(points([(-4, NECK_Y + 30), (4, NECK_Y + 30), (3, NECK_Y + 48), (-3, NECK_Y + 48)]), metal)
    for side in body.sides:
        x = middle + side.sign * 52
        pen.stroke([(x + side.sign * 10, 392), (x, 440)], metal, 3.4)
        inner = cut.gap * 0.6 if opened else 1.0
        collar = points(
            [
                (side.sign * (cut.neck + 6), NECK_Y - 14),
                (side.sign * (inner + 3), NECK_Y + 6),
                (side.sign * (inner + 3), NECK_Y + 30),
                (side.sign * (cut.neck + 12), NECK_Y + 10),
            ]
        )
        pen.panel(collar, cloth.plain(dark), depth=0.5)


def _lapels(pen: Pen, body: Body, cut: Cut, cloth: Cloth, depth: float, gap: float) -> None:
    """Fold notched lapels from the neck down to the first button."""
    bottom = NECK_Y + depth
    for side in body.sides:
        s = side.sign
        lapel = points(
            [
                (s * (cut.neck - 2), NECK_Y - 6),
                (s * max(gap, 2.0), bottom),
                (s * (cut.neck + 26), NECK_Y + 62),
                (s * (cut.neck + 15), NECK_Y + 54),
                (s * (cut.neck + 24), NECK_Y + 40),
                (s * (cut.neck + 10), NECK_Y + 4),
            ]
        )
        pen.panel(lapel, cloth, depth=0.6)
        notch = [(s * (cut.neck + 15), NECK_Y + 54), (s * (cut.neck - 8), NECK_Y + 44)]
        pen.stroke(notch, trim(cloth, 0.4), 2)


def draw_blazer(pen: Pen, body: Body, attributes: GarmentAttributes, cloth: Cloth, rng: Random, opened: bool = False) -> None:
    """Notched lapels, two buttons, flap pockets."""
    depth = 160.0
    cut = _front(Cut(ease=16, hem=536, flare=5, neck=32, drop=depth, pointed=True, round_hem=8), opened, 36)
    sleeves(pen, body, cut, cloth, Sleeve.LONG, 74, None)
    torso(pen, body, cut, cloth, rng)
    _lapels(pen, body, cut, cloth, depth, cut.gap * 0.6)
    if not opened:
        pen.stroke([(0, NECK_Y + depth), (body.centre(536), 548)], trim(cloth, 0.45), 2)
        for y in (NECK_Y + depth + 12, NECK_Y + depth + 56):
            pen.disc((body.centre(y) + 7, y), 5.2, darker(cloth.colour, 0.5))
            pen.disc((body.centre(y) + 6, y - 1), 4.4, button_colour(cloth))
    for side in body.sides:
        x, s = body.centre(450), side.sign
        pen.panel(points([(x + s * 36, 446), (x + s * 76, 443), (x + s * 76, 458), (x + s * 36, 461)]), cloth, depth=0.3)
    pen.stroke([(44, 268), (72, 264)], trim(cloth, 0.45), 5)


def draw_coat(pen: Pen, body: Body, attributes: GarmentAttributes, cloth: Cloth, rng: Random, opened: bool = False) -> None:
    """A knee-length double-breasted coat with wide lapels and a belt line."""
    depth = 112.0
    cut = _front(Cut(ease=20, hem=742, flare=24, neck=34, drop=depth, pointed=True, round_hem=5), opened, 34)
    sleeves(pen, body, cut, cloth, Sleeve.LONG, 80, trim(cloth, 0.14))
    torso(pen, body, cut, cloth, rng)
    _lapels(pen, body, cut, cloth, depth, cut.gap * 0.6)
    if not opened:
        pen.stroke([(14, NECK_Y + depth), (body.centre(742) + 18, 748)], trim(cloth, 0.45), 2)
        for y in (300.0, 366.0, 432.0):
            for x in (-22.0, 26.0):
                pen.disc((body.centre(y) + x + 1, y + 1), 6.6, darker(cloth.colour, 0.5))
                pen.disc((body.centre(y) + x, y), 5.8, button_colour(cloth))
    for side in body.sides:
        x, s = body.centre(490), side.sign
        pen.panel(points([(x + s * 44, 484), (x + s * 92, 478), (x + s * 92, 500), (x + s * 44, 506)]), cloth, depth=0.3)


def draw_cardigan(pen: Pen, body: Body, attributes: GarmentAttributes, cloth: Cloth, rng: Random, opened: bool = False) -> None:
    """A knitted V-neck with a button band and patch pockets."""
    depth = 128.0
    cut = _front(Cut(ease=17, hem=520, flare=3, neck=34, drop=depth, pointed=True), opened, 30)
    band = trim(cloth, 0.2)
    sleeves(pen, body, cut, cloth, Sleeve.LONG, 74, band)
    torso(pen, body, cut, cloth, rng)
    middle = body.centre(cut.hem)
    if opened:
        for s in (-1, 1):
            edge = [(s * 31.0, NECK_Y), (s * 17.0, NECK_Y + depth), (s * 25.0, WAIST_Y - 40), (middle + s * 30, 526)]
            pen.stroke(edge, band, 11)
    else:
        for s in (-1, 1):
            pen.stroke([(s * (cut.neck - 1), NECK_Y), (0, NECK_Y + depth)], band, 12)
        pen.panel(limb([(0, NECK_Y + depth - 4), (middle, cut.hem + 8)], [18, 18]), cloth.plain(band), depth=0.4)
        for index in range(5):
            y = NECK_Y + depth + 16 + index * 46
            pen.disc((body.centre(y), y), 5.0, button_colour(cloth))
        rib(pen, body, cut, cloth.plain(band), 16)
    for side in body.sides:
        x, s = middle, side.sign
        pen.panel(points([(x + s * 34, 436), (x + s * 76, 436), (x + s * 76, 488), (x + s * 34, 488)]), cloth, depth=0.3)
        pen.stroke([(x + s * 34, 439), (x + s * 76, 439)], band, 6)


def draw_sweatshirt(pen: Pen, body: Body, attributes: GarmentAttributes, cloth: Cloth, rng: Random, opened: bool = False) -> None:
    """A hoodie: hood, drawstrings, kangaroo pocket and ribbed ends."""
    cut = Cut(ease=20, hem=488, flare=0, neck=38, drop=30)
    band = trim(cloth, 0.16)
    inside = darker(cloth.colour, 0.4)
    sleeves(pen, body, cut, cloth, Sleeve.LONG, 80, band)
    torso(pen, body, cut, cloth, rng)
    rib(pen, body, cut, cloth.plain(band))
    _print_on(pen, body, attributes, cloth, rng, 290)
    pocket = [(-30, 398), (30, 398), (54, 446), (54, 484), (-54, 484), (-54, 446)]
    middle = body.centre(440)
    pen.panel(points([(x + middle, y) for x, y in pocket]), cloth.plain(), depth=0.35)
    hood = joined([(-56, NECK_Y + 16), (-52, NECK_Y - 22), (-30, NECK_Y - 4 if body.worn else NECK_Y - 44)])
    crown = joined([(30, NECK_Y - 4 if body.worn else NECK_Y - 44), (52, NECK_Y - 22), (56, NECK_Y + 16)])
    if body.worn:
        for s in (-1, 1):
            shape = [
                (s * 30, NECK_Y - 16),
                (s * 62, NECK_Y - 8),
                (s * 60, NECK_Y + 26),
                (0, NECK_Y + 48),
                (s * 30, NECK_Y + 14),
            ]
            pen.panel(points(shape), cloth.plain(), depth=0.6)
    else:
        pen.panel(joined(hood, crown, [(0, NECK_Y + 52)]), cloth.plain(), depth=0.9)
        pen.panel(
            points([(-32, NECK_Y + 6), (0, NECK_Y - 30), (32, NECK_Y + 6), (0, NECK_Y + 36)]),
            cloth.plain(inside),
            depth=0.5,
        )
    for s in (-1, 1):
        cord = [(s * 15.0, NECK_Y + 34), (s * 17.0, NECK_Y + 60), (s * 14.0, NECK_Y + 92)]
        pen.stroke(cord, lighter(cloth.colour, 0.75) if sum(cloth.colour) < 480 else darker(cloth.colour, 0.4), 3.4)


TOPS = {
    GarmentType.T_SHIRT: draw_t_shirt,
    GarmentType.POLO_SHIRT: draw_polo,
    GarmentType.SHIRT: draw_shirt,
    GarmentType.TOP: draw_top,
    GarmentType.KURTA: draw_kurta,
}
"""How each inner top is drawn."""

OUTERWEAR = {
    GarmentType.JACKET: draw_jacket,
    GarmentType.BLAZER: draw_blazer,
    GarmentType.COAT: draw_coat,
    GarmentType.CARDIGAN: draw_cardigan,
    GarmentType.SWEATSHIRT: draw_sweatshirt,
}
"""How each outer top is drawn; these take `opened` when something is worn beneath."""
