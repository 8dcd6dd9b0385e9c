"""Drawing of accessories in a local frame around (0, 0), about 100 units wide, for photos and for figures."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from math import cos, pi, sin

import numpy as np

from lookmatch_assets.synthetic.attributes import GarmentType
from lookmatch_assets.synthetic.cloth import Cloth, trim
from lookmatch_assets.synthetic.outlines import Point, Points, arc, curve, ellipse, joined, limb, placed
from lookmatch_assets.synthetic.palette import Rgb, darker, lighter, luminance, mix
from lookmatch_assets.synthetic.pen import Pen

_GOLD: Rgb = (212, 172, 88)
_STEEL: Rgb = (198, 202, 208)


@dataclass(frozen=True)
class Spot:
    """Where an accessory is drawn: its place, size, mirroring and turn, and its cloth."""

    pen: Pen
    origin: Point
    scale: float
    cloth: Cloth
    flip: bool = False
    turn: float = 0.0

    def shape(self, values: Sequence[Point] | Points) -> Points:
        """Place local points in the drawing."""
        return placed(values, self.origin, self.scale, self.flip, self.turn)

    def panel(self, values: Sequence[Point] | Points, colour: Rgb | None = None, depth: float = 0.9) -> None:
        """Cut a panel from the cloth, or plain in another colour."""
        self.pen.panel(self.shape(values), self.cloth if colour is None else self.cloth.plain(colour), depth=depth)

    def flat(self, values: Sequence[Point] | Points, colour: Rgb) -> None:
        """Fill a shape with one colour."""
        self.pen.flat(self.shape(values), colour)

    def line(self, values: Sequence[Point] | Points, colour: Rgb, width: float) -> None:
        """Draw a line of a local width."""
        self.pen.stroke(self.shape(values), colour, width * self.scale)


def draw_handbag(spot: Spot) -> None:
    """A structured bag with a handle above, a flap and a metal clasp; the handle's top is at (0, -62)."""
    handle = curve([(-24, -12), (-22, -46), (0, -60), (22, -46), (24, -12)])
    spot.line(handle, trim(spot.cloth, 0.35), 7.5)
    spot.line(handle, spot.cloth.colour, 4.5)
    body = curve([(-40, -14), (40, -14), (50, 40), (44, 52), (-44, 52), (-50, 40)], 5, closed=True)
    spot.panel(body)
    flap = joined([(-42, -15), (42, -15)], curve([(46, 12), (24, 20), (0, 24), (-24, 20), (-46, 12)]))
    spot.panel(flap, depth=0.7)
    spot.line(curve([(-45, 9), (-24, 16), (0, 20), (24, 16), (45, 9)]), trim(spot.cloth, 0.35), 1.6)
    spot.flat([(-7, 16), (7, 16), (7, 30), (-7, 30)], _GOLD)
    for x in (-24, 24):
        spot.pen.disc(tuple(spot.shape([(x, -11)])[0]), 4.4 * spot.scale, _GOLD)


def draw_backpack(spot: Spot) -> None:
    """A rucksack with a top loop, a front pocket, zips and side straps."""
    dark = trim(spot.cloth, 0.35)
    spot.line(curve([(-13, -58), (-9, -74), (9, -74), (13, -58)]), dark, 7)
    for s in (-1, 1):
        spot.line(curve([(s * 26, -48), (s * 52, -20), (s * 47, 44)]), dark, 11)
    body = curve([(-34, -46), (-18, -62), (18, -62), (34, -46), (42, 20), (38, 58), (-38, 58), (-42, 20)], 6, closed=True)
    spot.panel(body)
    spot.line(curve([(-34, -28), (-24, -44), (24, -44), (34, -28)]), _STEEL, 2.4)
    pocket = curve([(-28, 2), (28, 2), (32, 44), (26, 50), (-26, 50), (-32, 44)], 5, closed=True)
    spot.panel(pocket, dark, depth=0.7)
    spot.line([(-25, 12), (25, 12)], _STEEL, 2.6)
    spot.panel([(-11, -28), (11, -28), (11, -10), (-11, -10)], lighter(spot.cloth.colour, 0.4), 0.2)


def draw_watch(spot: Spot, strap: float = 82.0) -> None:
    """A wristwatch seen from the front: strap as far as `strap` above and below, metal case, dial with hands."""
    spot.panel([(-15, 6 - strap), (15, 6 - strap), (19, -20), (-19, -20)], depth=0.7)
    spot.panel([(-19, 20), (19, 20), (14, strap), (0, strap + 6), (-14, strap)], depth=0.7)
    for y in np.arange(48.0, strap, 12.0):
        spot.pen.disc(tuple(spot.shape([(0, y)])[0]), 2.4 * spot.scale, darker(spot.cloth.colour, 0.6))
    metal = _GOLD if luminance(spot.cloth.colour) > 150 else _STEEL
    spot.flat([(30, -5), (39, -5), (39, 5), (30, 5)], darker(metal, 0.2))
    spot.panel(ellipse((0, 0), (35, 35)), metal, 0.8)
    dial = mix(spot.cloth.colour, (250, 250, 248), 0.15 if luminance(spot.cloth.colour) > 150 else 0.0)
    spot.panel(ellipse((0, 0), (28, 28)), dial, 0.3)
    ink: Rgb = (40, 42, 48) if luminance(dial) > 130 else (240, 240, 238)
    for hour in range(12):
        x, y = sin(hour * pi / 6), -cos(hour * pi / 6)
        spot.line([(x * 21, y * 21), (x * 25, y * 25)], ink, 3.0 if hour % 3 == 0 else 1.8)
    spot.line([(0, 0), (-9, -9)], ink, 3.2)
    spot.line([(0, 0), (9, -15)], ink, 2.4)


def draw_sunglasses(spot: Spot) -> None:
    """Two lenses in a thick coloured frame."""
    frame = spot.cloth.colour
    lens = mix(darker(frame, 0.68), (24, 26, 32), 0.55)
    for s in (-1, 1):
        spot.line([(s * 52, -11), (s * 66, -14), (s * 70, -2)], darker(frame, 0.2), 6)
        rim = curve([(s * 7, -14), (s * 32, -18), (s * 54, -13), (s * 51, 8), (s * 32, 19), (s * 12, 11)], 6, closed=True)
        spot.panel(rim, frame, 0.4)
        glass = curve([(s * 12, -9), (s * 32, -12), (s * 48, -8), (s * 46, 6), (s * 32, 13), (s * 16, 7)], 6, closed=True)
        spot.panel(glass, lens, 0.2)
        spot.line([(s * 32 - 12, 4), (s * 32 - 2, -8)], lighter(lens, 0.5), 3)
    spot.line(arc((-9, -8), (0, -14), (9, -8)), frame, 6)


def draw_belt(spot: Spot) -> None:
    """A coiled leather belt with a square buckle."""
    outer = ellipse((0, 6), (56, 30), 40)
    spot.panel(outer, depth=0.8)
    spot.panel(ellipse((0, -4), (47, 21), 40), darker(spot.cloth.colour, 0.5), 0.3)
    spot.flat(ellipse((0, 1), (46, 18), 40), (236, 236, 234))
    tongue = curve([(-44, 24), (0, 37), (52, 27), (70, 16)])
    spot.panel(limb([tuple(p) for p in tongue[::6]], [18.0] * len(tongue[::6]), 3), depth=0.6)
    for x in (34, 46, 57):
        spot.pen.disc(tuple(spot.shape([(x, 30 - (x - 34) * 0.35)])[0]), 1.9 * spot.scale, darker(spot.cloth.colour, 0.6))
    for width, colour in ((6.0, darker(_GOLD, 0.3)), (4.0, _GOLD)):
        spot.line([(-18, 22), (8, 26), (8, 49), (-18, 45), (-18, 20)], colour, width)
    spot.line([(-18, 34), (9, 37)], _GOLD, 3.2)


def draw_cap(spot: Spot) -> None:
    """A baseball cap from the side-front: panels, a button and a curved visor to the right."""
    crown = joined(
        curve([(-46, 14), (-46, -18), (-22, -44), (8, -46), (34, -26), (40, 10)]), curve([(40, 10), (0, 18), (-46, 14)])
    )
    spot.panel(crown)
    for seam in ([(-6, -46), (-22, -22), (-26, 16)], [(-6, -46), (16, -20), (18, 15)]):
        spot.line(curve(seam), trim(spot.cloth, 0.3), 1.8)
    spot.pen.disc(tuple(spot.shape([(-6, -47)])[0]), 4.4 * spot.scale, trim(spot.cloth, 0.3))
    visor = joined(curve([(6, 14), (38, 4), (64, 6), (84, 22)]), curve([(80, 27), (48, 22), (8, 22)]))
    spot.panel(visor, trim(spot.cloth, 0.15), 0.7)
    badge = spot.cloth.accent
    spot.flat(ellipse((2, -12), (11, 11)), badge)


def draw_scarf(spot: Spot) -> None:
    """A looped scarf with two hanging, fringed ends; the loop's top is at (0, -50)."""
    ends = (((-14, -14), (-22, 30), (-20, 78)), ((12, -12), (22, 26), (26, 62)))
    for (x0, y0), (x1, y1), (x2, y2) in ends:
        spot.panel(limb([(x0, y0), (x1, y1), (x2, y2)], [26, 31, 32]), depth=0.8)
        for k in range(-3, 4):
            spot.line([(x2 + k * 4.5, y2), (x2 + k * 5, y2 + 13)], spot.cloth.colour, 2.4)
    loop = joined(curve([(-44, -34), (-40, -8), (0, 8), (40, -8), (44, -34)]), curve([(26, -38), (0, -24), (-26, -38)]))
    spot.panel(loop, depth=1.0)
    for y in (-16, -8):
        spot.line(curve([(-38, y - 8), (0, y + 8), (38, y - 8)]), trim(spot.cloth, 0.2), 1.6)
    spot.panel(curve([(-16, -20), (12, -22), (18, 4), (-14, 8)], 5, closed=True), depth=0.8)


ACCESSORIES: Mapping[GarmentType, Callable[[Spot], None]] = {
    GarmentType.HANDBAG: draw_handbag,
    GarmentType.BACKPACK: draw_backpack,
    GarmentType.WATCH: draw_watch,
    GarmentType.SUNGLASSES: draw_sunglasses,
    GarmentType.BELT: draw_belt,
    GarmentType.CAP: draw_cap,
    GarmentType.SCARF: draw_scarf,
}
"""How each accessory is drawn."""
