"""Looks composed of real shop photos: single products laid out as an outfit, the way stylists' flat lays show them.

For catalogues that come without looks: a few products are kept out of the catalogue, and pictures composed of them ask for
products that are like them. Where each garment lies is known exactly, so that such looks serve evaluation too.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from PIL import Image, ImageChops

LOOK_SIZE = (720, 1024)
_GROUND = (238, 234, 228)
_WHITE_FROM = 244
"""Shop grounds are white with JPEG noise; pixels brighter than this in every channel count as ground when trimming."""

# Boxes (x0, y0, x1, y1) in fractions of the look.
_PLACES: Mapping[str, tuple[float, float, float, float]] = {
    "inner_topwear": (0.20, 0.03, 0.80, 0.42),
    "one_piece": (0.20, 0.03, 0.80, 0.76),
    "bottomwear": (0.26, 0.44, 0.74, 0.81),
    "footwear": (0.29, 0.83, 0.71, 0.99),
    "accessory_1": (0.78, 0.44, 0.98, 0.64),
}
_LAYER_OF_TYPE: Mapping[str, str] = {
    **dict.fromkeys(("Tshirts", "Shirts", "Tops"), "inner_topwear"),
    **dict.fromkeys(("Dresses",), "one_piece"),
    **dict.fromkeys(("Jeans", "Trousers", "Shorts", "Skirts"), "bottomwear"),
    **dict.fromkeys(("Casual Shoes", "Sports Shoes", "Formal Shoes", "Heels", "Flats"), "footwear"),
    **dict.fromkeys(("Handbags", "Backpacks"), "accessory_1"),
}


def layer_of_type(article_type: str) -> str | None:
    """The layer that an article type is laid in; None for types that no look is composed of."""
    return _LAYER_OF_TYPE.get(article_type)


@dataclass(frozen=True)
class StyleRecord:
    """The columns of ``styles.csv`` that composing needs."""

    product_id: str
    article_type: str
    gender: str
    colour: str


@dataclass(frozen=True)
class ComposedLook:
    """A composed picture and what it is made of.

    Attributes:
        image: RGB, ``LOOK_SIZE``.
        garments: layer -> the record whose photo was laid there.
        boxes: layer -> (x0, y0, x1, y1) in pixels of what is visible.
    """

    image: Image.Image
    garments: dict[str, StyleRecord]
    boxes: dict[str, tuple[int, int, int, int]]


def plan_outfits(records: Iterable[StyleRecord]) -> Iterator[dict[str, StyleRecord]]:
    """Combine records into outfits of one gender, each record used once.

    Args:
        records: in a fixed order; the plan depends on nothing else.

    Yields:
        layer -> record, of two to four layers: a one-piece or top and bottom, footwear and a bag, whichever are left.
    """
    waiting: dict[tuple[str, str], list[StyleRecord]] = {}
    for record in records:
        layer = _LAYER_OF_TYPE.get(record.article_type)
        if layer:
            waiting.setdefault((record.gender, layer), []).append(record)
    for gender in sorted({gender for gender, _ in waiting}):
        shelves = {layer: waiting.get((gender, layer), []) for layer in _PLACES}
        while True:
            dressed = ["one_piece"] if shelves["one_piece"] else ["inner_topwear", "bottomwear"]
            layers = [layer for layer in (*dressed, "footwear", "accessory_1") if shelves[layer]]
            if len(layers) < 2:
                break
            yield {layer: shelves[layer].pop(0) for layer in layers}


def compose_look(garments: Mapping[str, StyleRecord], photos: Mapping[str, Image.Image]) -> ComposedLook:
    """Lay product photos out as one outfit.

    Args:
        garments: layer -> record, as ``plan_outfits`` yields.
        photos: layer -> RGB shop photo on a light ground.
    """
    look = Image.new("RGB", LOOK_SIZE, _GROUND)
    boxes: dict[str, tuple[int, int, int, int]] = {}
    for layer in garments:
        boxes[layer] = _lay(look, _trimmed(photos[layer].convert("RGB")), _PLACES[layer])
    return ComposedLook(look, dict(garments), boxes)


def _trimmed(photo: Image.Image) -> Image.Image:
    dark = photo.convert("L").point([255 * (level < _WHITE_FROM) for level in range(256)])
    box = dark.getbbox()
    return photo.crop(box) if box else photo


def _lay(look: Image.Image, photo: Image.Image, place: tuple[float, float, float, float]) -> tuple[int, int, int, int]:
    """Scale a photo into its place and multiply it onto the ground, so that its white ground disappears."""
    left, top, right, bottom = (round(f * LOOK_SIZE[i % 2]) for i, f in enumerate(place))
    scale = min((right - left) / photo.width, (bottom - top) / photo.height)
    size = (max(1, round(photo.width * scale)), max(1, round(photo.height * scale)))
    x, y = left + (right - left - size[0]) // 2, top + (bottom - top - size[1]) // 2
    box = (x, y, x + size[0], y + size[1])
    look.paste(ImageChops.multiply(look.crop(box), photo.resize(size, Image.Resampling.LANCZOS)), box)
    return box
