"""Looks whose garments are known: of a market's own products."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from PIL import Image

from lookmatch_assets.calibration.agreement import Garment
from lookmatch_assets.calibration.composed_looks import StyleRecord, compose_look

_PLACE_OF_LAYER = {"outermost_topwear": "inner_topwear", "accessory": "accessory_1"}

Boxes = Mapping[str, tuple[int, int, int, int]]


@dataclass(frozen=True)
class LabelledLook:
    """A look and the products that it shows.

    Attributes:
        image: RGB.
        boxes: place -> pixels (x0, y0, x1, y1).
        worn: place -> the product.
        own_photos: whether it is made of the products' own photos, which then must not be found.
    """

    image: Image.Image
    boxes: Boxes
    worn: Mapping[str, Garment]
    own_photos: bool


DrawnLooks = Callable[[str, Sequence[Garment], int], Iterator[LabelledLook] | None]
"""(market, its products with pictures, looks wanted) -> looks that are better than laid out photos; None where it has none."""


def labelled_looks(garments: Sequence[Garment], photo: Callable[[str], Image.Image | None], most: int) -> Iterator[LabelledLook]:
    """Looks of a market's products, laid out from their photos; the same products give the same looks.

    Args:
        garments: products with pictures, in a fixed order.
        photo: picture of a digest; None where it cannot be read.
        most: looks wanted.
    """
    for outfit in outfits_of(garments, most):
        shown = {place: picture for place, garment in outfit.items() if (picture := photo(garment.digest)) is not None}
        worn = {place: outfit[place] for place in shown}
        records = {place: StyleRecord(one.product_id, one.category, one.gender, one.colour_family) for place, one in worn.items()}
        composed = compose_look(records, shown)
        yield LabelledLook(composed.image, composed.boxes, worn, own_photos=True)


def outfits_of(garments: Sequence[Garment], most: int) -> list[dict[str, Garment]]:
    """Outfits of one gender, place -> garment, each garment used once; the same garments give the same outfits."""
    shelves: dict[str, dict[str, list[Garment]]] = {}
    for garment in garments:
        place = _PLACE_OF_LAYER.get(garment.layer, garment.layer)
        shelves.setdefault(garment.gender, {}).setdefault(place, []).append(garment)
    found: list[dict[str, Garment]] = []
    while len(found) < most:
        before = len(found)
        for _, shelf in sorted(shelves.items()):
            one_piece = len(found) % 4 == 3 and bool(shelf.get("one_piece"))
            dressed = ["one_piece"] if one_piece else ["inner_topwear", "bottomwear"]
            places = [place for place in (*dressed, "footwear", "accessory_1") if shelf.get(place)]
            if len(places) >= 2:
                found.append({place: shelf[place].pop() for place in places})
        if len(found) == before:
            break
    return found[:most]
