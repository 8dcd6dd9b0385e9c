"""Dresses a person: the order in which skin, garments, hair and accessories are drawn."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from math import atan2
from random import Random

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

from lookmatch_assets.synthetic.accessories import ACCESSORIES, Spot, draw_watch
from lookmatch_assets.synthetic.attributes import (
    Colour,
    GarmentAttributes,
    GarmentType,
    Gender,
    Layer,
    Pattern,
    Sleeve,
    Usage,
)
from lookmatch_assets.synthetic.body import WAIST_Y, Body, Side, posed_body
from lookmatch_assets.synthetic.bottoms import BOTTOMS, ONE_PIECES
from lookmatch_assets.synthetic.cloth import Cloth
from lookmatch_assets.synthetic.figure import (
    HEAD,
    Person,
    belt_line,
    draw_hair_behind,
    draw_hair_front,
    draw_head,
    draw_skin,
    random_person,
    scarf_spot,
)
from lookmatch_assets.synthetic.footwear import ANKLE_X, FOOTWEAR, Last
from lookmatch_assets.synthetic.outlines import limb
from lookmatch_assets.synthetic.palette import Rgb
from lookmatch_assets.synthetic.pen import CanvasPen
from lookmatch_assets.synthetic.scenes import SCENE_STEP, scene
from lookmatch_assets.synthetic.tops import OUTERWEAR, TOPS

Worn = Mapping[str, tuple[GarmentAttributes, Cloth]]
"""Layer name -> garment and its cloth, in the order in which owners are numbered from 1."""

_FIGURE_HEIGHT = 1000.0


@dataclass(frozen=True)
class Sitting:
    """One picture in progress."""

    pen: CanvasPen
    body: Body
    person: Person
    worn: Worn
    rng: Random

    def owner(self, layer: str) -> None:
        """Attribute what is drawn next to a layer's garment, or to nobody."""
        self.pen.owner = list(self.worn).index(layer) + 1 if layer in self.worn else 0


def _contact_shadow(ground: Image.Image, centre: tuple[float, float], reach: float) -> None:
    """Darken the floor under the feet; centre and reach in pixels of the ground."""
    shadow = Image.new("L", ground.size, 0)
    x, y = centre
    high = reach * 0.13
    ImageDraw.Draw(shadow).ellipse((x - reach, y - high, x + reach, y + high), fill=120)
    shadow = shadow.filter(ImageFilter.GaussianBlur(max(1.0, high * 0.7)))
    ground.paste((60, 54, 60), (0, 0, *ground.size), shadow)


def _undergarment(sitting: Sitting) -> None:
    """Cover what the outfit leaves open with plain basics in a quiet colour that no layer owns."""
    pen, body, worn = sitting.pen, sitting.body, sitting.worn
    gender = Gender.WOMEN if body.feminine else Gender.MEN
    pale: Rgb = (226, 222, 216)
    cloth = Cloth(pale, (200, 196, 190))
    pen.owner = 0
    if Layer.ONE_PIECE in worn:
        return
    if Layer.BOTTOMWEAR not in worn:
        plain = GarmentAttributes(GarmentType.TROUSERS, Colour.BEIGE, Pattern.SOLID, None, gender, Usage.CASUAL)
        BOTTOMS[GarmentType.TROUSERS](pen, body, plain, cloth, sitting.rng)
    if Layer.INNER_TOPWEAR not in worn:
        plain = GarmentAttributes(GarmentType.T_SHIRT, Colour.WHITE, Pattern.SOLID, Sleeve.SHORT, gender, Usage.CASUAL)
        TOPS[GarmentType.T_SHIRT](pen, body, plain, cloth.plain((240, 238, 234)), sitting.rng)


def _feet(sitting: Sitting) -> None:
    """Put footwear on both feet, toes pointing outwards."""
    if Layer.FOOTWEAR not in sitting.worn:
        return
    sitting.owner(Layer.FOOTWEAR)
    garment, cloth = sitting.worn[Layer.FOOTWEAR]
    scale = 0.94
    for side in sitting.body.sides:
        origin = (side.ankle[0] - side.sign * ANKLE_X * scale, 986.0)
        FOOTWEAR[garment.type](Last(sitting.pen, origin, scale, side.sign < 0, replace(cloth, period=9.0)))


def _tucked(worn: Worn) -> bool:
    """Whether the inner top goes into the waistband: formal shirts do, and tops worn with a skirt."""
    if Layer.INNER_TOPWEAR not in worn or Layer.BOTTOMWEAR not in worn:
        return False
    top, bottom = worn[Layer.INNER_TOPWEAR][0], worn[Layer.BOTTOMWEAR][0]
    formal = top.type is GarmentType.SHIRT and top.usage is Usage.FORMAL
    return formal or (bottom.type is GarmentType.SKIRT and top.type is not GarmentType.KURTA)


def _slimmer(body: Body) -> Body:
    """A narrower body for what is worn beneath an outer layer, so that it does not show at its edges."""
    return replace(body, chest=body.chest - 14, waist=body.waist - 12, hips=body.hips - 10)


def _clothes(sitting: Sitting) -> None:
    """Draw bottomwear, one-piece, inner and outer topwear in the order that shows what is tucked or worn over."""
    pen, body, worn, rng = sitting.pen, sitting.body, sitting.worn, sitting.rng
    beneath = [Layer.BOTTOMWEAR, Layer.ONE_PIECE, Layer.INNER_TOPWEAR]
    if _tucked(worn):
        beneath.reverse()
    for layer in beneath:
        if layer in worn:
            sitting.owner(layer)
            garment, cloth = worn[layer]
            draw = BOTTOMS.get(garment.type) or ONE_PIECES.get(garment.type) or TOPS[garment.type]
            if Layer.OUTERMOST_TOPWEAR in worn and layer is not Layer.BOTTOMWEAR:
                draw(pen, _slimmer(body), replace(garment, sleeve=Sleeve.SLEEVELESS), cloth, rng)
            else:
                draw(pen, body, garment, cloth, rng)
    if Layer.OUTERMOST_TOPWEAR in worn:
        sitting.owner(Layer.OUTERMOST_TOPWEAR)
        garment, cloth = worn[Layer.OUTERMOST_TOPWEAR]
        opened = Layer.INNER_TOPWEAR in worn or Layer.ONE_PIECE in worn
        OUTERWEAR[garment.type](pen, body, garment, cloth, rng, opened=opened)


def _worn_belt(sitting: Sitting, cloth: Cloth) -> None:
    """Buckle a belt over the waist."""
    line = belt_line(sitting.body)
    sitting.pen.panel(limb(line, [20, 20, 20]), cloth, depth=0.4)
    x, y = sitting.body.centre(WAIST_Y), WAIST_Y + 20
    frame = [(x - 13, y - 11), (x + 13, y - 11), (x + 13, y + 11), (x - 13, y + 11), (x - 13, y - 13)]
    sitting.pen.stroke(frame, (214, 176, 92), 5)


def _worn_watch(sitting: Sitting, side: Side, cloth: Cloth) -> None:
    """Strap a watch around the wrist."""
    turn = atan2(side.wrist[1] - side.elbow[1], side.wrist[0] - side.elbow[0])
    draw_watch(Spot(sitting.pen, side.wrist, 0.56, cloth, turn=turn), strap=34.0)


def _hand(side: Side) -> tuple[float, float]:
    """The middle of the hand."""
    dx, dy = side.wrist[0] - side.elbow[0], side.wrist[1] - side.elbow[1]
    return side.wrist[0] + dx * 0.2, side.wrist[1] + dy * 0.2


def _lower_side(body: Body) -> Side:
    """The side whose hand hangs lowest, where a bag is carried."""
    return max(body.sides, key=lambda side: side.wrist[1])


def _accessory(sitting: Sitting, garment: GarmentAttributes, cloth: Cloth) -> None:
    """Wear or carry one accessory."""
    body, pen = sitting.body, sitting.pen
    kind, cloth = garment.type, replace(cloth, period=11.0)
    if kind is GarmentType.BELT:
        _worn_belt(sitting, cloth)
        return
    carrying = _lower_side(body)
    if kind is GarmentType.WATCH:
        _worn_watch(sitting, body.left if carrying is body.right else body.right, cloth)
        return
    x, y = _hand(carrying)
    spots = {
        GarmentType.HANDBAG: Spot(pen, (x + carrying.sign * 10, y + 82), 1.42, cloth),
        GarmentType.BACKPACK: Spot(pen, (x + carrying.sign * 18, y + 96), 1.40, cloth),
        GarmentType.SUNGLASSES: Spot(pen, (HEAD[0], HEAD[1] + 2), 0.66, cloth),
        GarmentType.CAP: Spot(pen, (HEAD[0] + 2, HEAD[1] - 36), 1.06, cloth),
        GarmentType.SCARF: Spot(pen, scarf_spot(), 1.12, replace(cloth, period=20.0)),
    }
    ACCESSORIES[kind](spots[kind])


def _feminine(worn: Worn) -> bool:
    """Whether the outfit is women's: most of its garments decide."""
    return sum({Gender.WOMEN: 1, Gender.MEN: -1}.get(garment.gender, 0) for garment, _ in worn.values()) > 0


def dress_person(worn: Worn, seed: int, size: tuple[int, int]) -> CanvasPen:
    """Draw a person wearing the garments.

    Args:
        worn: Layer name -> garment and cloth.
        seed: Decides the scene, the person and the pose.
        size: Width and height in pixels.

    Returns:
        The pen, holding the picture and, as owner i, what is visible of the i-th garment.
    """
    rng = Random(seed)
    ground = scene(size, rng)
    body = posed_body(Gender.WOMEN if _feminine(worn) else Gender.MEN, rng)
    scale = size[1] * rng.uniform(0.88, 0.92) / _FIGURE_HEIGHT
    origin = np.array([size[0] * rng.uniform(0.47, 0.53), size[1] * 0.955 - 985 * scale])
    feet = (float(origin[0]) / SCENE_STEP, float(origin[1] + 984 * scale) / SCENE_STEP)
    _contact_shadow(ground, feet, 150 * scale / SCENE_STEP)
    pen = CanvasPen(ground, size, scale, (float(origin[0]), float(origin[1])))
    sitting = Sitting(pen, body, random_person(rng), worn, rng)
    draw_hair_behind(pen, body, sitting.person)
    draw_skin(pen, body, sitting.person)
    tall_boots = Layer.FOOTWEAR in worn and worn[Layer.FOOTWEAR][0].type is GarmentType.BOOTS
    if not tall_boots:
        _feet(sitting)
    _undergarment(sitting)
    _clothes(sitting)
    if tall_boots:
        _feet(sitting)
    pen.owner = 0
    draw_head(pen, body, sitting.person)
    draw_hair_front(pen, body, sitting.person)
    for layer, (garment, cloth) in worn.items():
        if garment.layer is Layer.ACCESSORY:
            sitting.owner(layer)
            _accessory(sitting, garment, cloth)
    return pen
