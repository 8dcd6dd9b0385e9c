"""Drawing of footwear from the side, in a local frame: heel at x = -52, toe at x = 52, ground at y = 0, y down."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from lookmatch_assets.synthetic.attributes import GarmentType
from lookmatch_assets.synthetic.cloth import Cloth, trim
from lookmatch_assets.synthetic.outlines import Point, Points, curve, joined, placed
from lookmatch_assets.synthetic.palette import Rgb, darker, lighter, luminance
from lookmatch_assets.synthetic.pen import Pen

ANKLE_X = -28.0
"""Where the ankle stands in the local frame."""


@dataclass(frozen=True)
class Last:
    """Where one shoe is drawn: its place, size and direction, and the cloth of its upper."""

    pen: Pen
    origin: Point
    scale: float
    flip: bool
    cloth: Cloth
    turn: float = 0.0

    def shape(self, values: Sequence[Point] | Points) -> Points:
        """Place local points in the drawing."""
        return placed(values, self.origin, self.scale, self.flip, self.turn)

    def panel(self, values: Sequence[Point] | Points, colour: Rgb | None = None, depth: float = 0.9) -> None:
        """Cut a panel from the upper's cloth or another colour of it."""
        self.pen.panel(self.shape(values), self.cloth if colour is None else self.cloth.plain(colour), depth=depth)

    def line(self, values: Sequence[Point] | Points, colour: Rgb, width: float) -> None:
        """Draw a line of a local width."""
        self.pen.stroke(self.shape(values), colour, width * self.scale)


def _laces(last: Last, start: Point, end: Point, count: int, colour: Rgb) -> None:
    """Cross laces over the instep from `start` (top) to `end`."""
    for index in range(count):
        share = index / max(1, count - 1)
        x, y = start[0] + (end[0] - start[0]) * share, start[1] + (end[1] - start[1]) * share
        last.line([(x - 4.5, y + 2.5), (x + 6, y - 1)], colour, 3.0)


def _pale(cloth: Cloth) -> Rgb:
    """Rubber that stands out from the upper: white, or grey below a white upper."""
    return (226, 226, 222) if luminance(cloth.colour) > 225 else (246, 246, 243)


def draw_casual(last: Last) -> None:
    """A canvas sneaker with a flat rubber sole."""
    upper = joined(curve([(-48, -9), (-51, -28), (-46, -47)]), curve([(-12, -47), (4, -40), (24, -27), (46, -22), (52, -9)]))
    last.panel([(-44, -47), (-14, -47), (-10, -52), (-38, -54)], darker(last.cloth.colour, 0.45), 0.3)
    last.panel(upper)
    last.panel(joined(curve([(24, -27), (46, -22), (53, -8)]), [(24, -8)]), _pale(last.cloth), 0.6)
    last.panel([(-50, -13), (52, -13), (54, -8), (52, 0), (-50, 0), (-53, -6)], _pale(last.cloth), 0.4)
    last.line([(-50, -7), (52, -7)], trim(last.cloth.plain(last.cloth.colour), 0.1), 1.8)
    _laces(last, (-8, -44), (20, -28), 5, _pale(last.cloth))
    last.line([(-30, -13), (-24, -45)], trim(last.cloth, 0.3), 1.4)


def draw_sports(last: Last) -> None:
    """A running shoe: thick foam sole, side stripes, heel loop."""
    upper = joined(
        curve([(-50, -16), (-55, -34), (-47, -52)]),
        [(-40, -47)],
        curve([(-20, -48), (-4, -49), (16, -35), (40, -26), (54, -14)]),
    )
    last.panel([(-42, -48), (-8, -50), (-10, -58), (-30, -54)], darker(last.cloth.colour, 0.45), 0.3)
    last.panel(upper)
    last.panel(joined(curve([(28, -31), (44, -25), (55, -14)]), [(32, -14)]), trim(last.cloth, 0.3), 0.5)
    for shift in (0, 13, 26):
        last.line([(-24 + shift, -17), (-12 + shift, -41 + shift * 0.22)], last.cloth.accent, 5.6)
    foam = joined(curve([(-56, -20), (-20, -15), (20, -15), (58, -17)]), curve([(60, -7), (50, 0), (10, 0), (-50, 0), (-60, -9)]))
    last.panel(foam, _pale(last.cloth), 0.7)
    last.line([(-54, -2), (52, -2)], (70, 72, 78), 4.0)
    _laces(last, (-2, -46), (20, -34), 4, _pale(last.cloth))


def draw_formal(last: Last) -> None:
    """A polished lace-up with a toe cap and a low heel."""
    upper = joined(curve([(-48, -10), (-51, -28), (-45, -42)]), curve([(-14, -42), (0, -38), (20, -25), (44, -21), (57, -9)]))
    last.panel([(-43, -42), (-15, -42), (-12, -46), (-36, -48)], darker(last.cloth.colour, 0.5), 0.3)
    last.panel(upper, depth=1.3)
    last.line(curve([(24, -26), (31, -18), (30, -9)]), trim(last.cloth, 0.4), 2.0)
    last.line(curve([(-16, -41), (-10, -24), (8, -18), (18, -25)]), trim(last.cloth, 0.4), 1.8)
    last.line(curve([(36, -20), (44, -18), (50, -14)]), lighter(last.cloth.colour, 0.5), 2.4)
    last.panel([(-50, -10), (58, -10), (58, -5), (-18, -5), (-20, 0), (-50, 0)], (44, 32, 28), 0.2)
    _laces(last, (-8, -39), (8, -32), 3, darker(last.cloth.colour, 0.6))


def draw_heels(last: Last) -> None:
    """A pump on a high heel."""
    last.panel([(-50, -44), (-40, -42), (-43, -12), (-43, 0), (-49, 0), (-49, -20)], darker(last.cloth.colour, 0.2), 0.5)
    upper = joined(
        curve([(-51, -38), (-53, -60), (-46, -70)]),
        curve([(-36, -54), (-10, -34), (18, -22), (26, -24), (42, -18), (58, -5)]),
        curve([(58, -3), (30, -4), (4, -12), (-20, -30), (-42, -38)]),
    )
    last.panel(upper, depth=1.2)
    last.line(curve([(58, -1), (30, -1), (4, -8), (-20, -26), (-44, -36)]), darker(last.cloth.colour, 0.6), 2.6)
    last.line(curve([(36, -17), (46, -12), (52, -7)]), lighter(last.cloth.colour, 0.5), 2.2)


def draw_sandals(last: Last) -> None:
    """A strapped sandal on a cork footbed."""
    cork: Rgb = (186, 146, 100)
    last.panel(joined(curve([(-50, -12), (0, -9), (54, -12)]), [(55, 0), (-51, 0)]), (78, 60, 48), 0.3)
    last.panel(joined(curve([(-50, -17), (0, -13), (54, -16)]), curve([(54, -9), (0, -6), (-50, -9)])), cork, 0.4)
    straps = (
        [(-46, -15), (-42, -50), (-30, -50), (-33, -15)],
        [(-44, -42), (-12, -46), (-8, -36), (-44, -33)],
        [(6, -12), (14, -32), (30, -29), (36, -13)],
        [(-22, -12), (-16, -41), (-6, -40), (-6, -12)],
    )
    for strap in straps:
        last.panel(strap, depth=0.6)
    for x, y in ((-18, -41), (20, -25)):
        last.line([(x - 3, y), (x + 4, y)], (222, 196, 120), 6.0)


def draw_flip_flops(last: Last) -> None:
    """A thin sole with a thong strap."""
    sole = darker(last.cloth.colour, 0.35)
    last.panel(joined(curve([(-52, -12), (0, -8), (54, -11)]), curve([(56, -3), (0, 0), (-52, -1)])), sole, 0.4)
    last.panel(joined(curve([(-52, -15), (0, -11), (54, -13)]), curve([(54, -9), (0, -6), (-52, -10)])), depth=0.4)
    strap = joined(curve([(-22, -11), (-4, -28), (20, -29), (34, -12)]), curve([(28, -12), (14, -21), (0, -20), (-10, -10)]))
    last.panel(strap, last.cloth.accent, 0.5)


def draw_boots(last: Last) -> None:
    """An ankle boot with a pull tab, elastic side and a stacked sole."""
    shaft = [(-50, -10), (-49, -50), (-52, -98), (-8, -98), (-4, -58)]
    upper = joined(curve(shaft[:3]), curve([(-8, -98), (-5, -60), (14, -36), (42, -29), (55, -10)]))
    last.panel([(-50, -97), (-10, -97), (-14, -103), (-44, -103)], darker(last.cloth.colour, 0.5), 0.3)
    last.panel(upper, depth=1.1)
    last.panel([(-36, -94), (-18, -94), (-22, -46), (-30, -46)], darker(last.cloth.colour, 0.4), 0.3)
    last.line([(-51, -108), (-51, -88)], trim(last.cloth, 0.2), 5)
    last.line(curve([(20, -35), (28, -22), (26, -10)]), trim(last.cloth, 0.3), 1.8)
    last.panel([(-52, -12), (57, -12), (57, -4), (-14, -4), (-17, 0), (-52, 0)], (52, 40, 34), 0.2)


FOOTWEAR = {
    GarmentType.CASUAL_SHOES: draw_casual,
    GarmentType.SPORTS_SHOES: draw_sports,
    GarmentType.FORMAL_SHOES: draw_formal,
    GarmentType.HEELS: draw_heels,
    GarmentType.SANDALS: draw_sandals,
    GarmentType.FLIP_FLOPS: draw_flip_flops,
    GarmentType.BOOTS: draw_boots,
}
"""How one shoe of each type is drawn."""


def draw_pair(pen: Pen, kind: GarmentType, cloth: Cloth) -> None:
    """Draw a pair for a product photo: the far shoe behind, the near one in front."""
    far = Last(pen, (-22.0, -34.0), 1.0, False, cloth, turn=-0.05)
    near = Last(pen, (12.0, 0.0), 1.08, False, cloth)
    for last in (far, near):
        FOOTWEAR[kind](last)
