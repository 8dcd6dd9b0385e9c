"""Looks whose garments are known: of a market's own products, drawn anew for the sample's, else laid out from their photos."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from random import Random

from PIL import Image

from lookmatch_assets.calibration.agreement import Garment
from lookmatch_assets.calibration.composed_looks import StyleRecord, compose_look
from lookmatch_assets.synthetic.assortment import Product, products_of
from lookmatch_assets.synthetic.attributes import Layer
from lookmatch_assets.synthetic.drawing import draw_look, layer_names
from lookmatch_assets.synthetic.vendors import VENDORS

_PLACE_OF_LAYER = {"outermost_topwear": "inner_topwear", "accessory": "accessory_1"}
_SAMPLE_SHARE = 0.5
_DRAWN_SIZE = (576, 768)
_SEED = 23

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


def labelled_looks(
    market: str, garments: Sequence[Garment], photo: Callable[[str], Image.Image | None], most: int
) -> Iterator[LabelledLook]:
    """Looks of a market's products; the same products give the same looks.

    Args:
        market: whose products.
        garments: products with pictures, in a fixed order.
        photo: picture of a digest; None where it cannot be read.
        most: looks wanted.
    """
    stock = _sample_stock(market)
    known = {garment.product_id: garment for garment in garments if garment.product_id in stock}
    if len(known) >= _SAMPLE_SHARE * len(garments) > 0:
        yield from _drawn(stock, known, most)
    else:
        yield from _composed(garments, photo, most)


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


def _composed(garments: Sequence[Garment], photo: Callable[[str], Image.Image | None], most: int) -> Iterator[LabelledLook]:
    for outfit in outfits_of(garments, most):
        shown = {place: picture for place, garment in outfit.items() if (picture := photo(garment.digest)) is not None}
        worn = {place: outfit[place] for place in shown}
        records = {place: StyleRecord(one.product_id, one.category, one.gender, one.colour_family) for place, one in worn.items()}
        composed = compose_look(records, shown)
        yield LabelledLook(composed.image, composed.boxes, worn, own_photos=True)


def _drawn(stock: Mapping[str, Product], known: Mapping[str, Garment], most: int) -> Iterator[LabelledLook]:
    """Persons who wear products of the sample: drawn from what the products are, not from their photos."""
    shelves: dict[Layer, list[str]] = {}
    for product_id in sorted(known):
        shelves.setdefault(stock[product_id].attributes.layer, []).append(product_id)
    numbers = Random(_SEED)
    for number in range(most):
        tops = (Layer.ONE_PIECE,) if number % 4 == 3 else (Layer.INNER_TOPWEAR, Layer.BOTTOMWEAR)
        wanted = (*tops, Layer.FOOTWEAR, *((Layer.OUTERMOST_TOPWEAR,) if number % 3 == 1 else ()), Layer.ACCESSORY)
        chosen = [numbers.choice(shelves[layer]) for layer in wanted if shelves.get(layer)]
        attributes = [stock[product_id].attributes for product_id in chosen]
        drawn = draw_look(attributes, seed=_SEED + number, size=_DRAWN_SIZE)
        worn = {place: known[product_id] for place, product_id in zip(layer_names(attributes), chosen, strict=True)}
        yield LabelledLook(drawn.image, drawn.boxes, worn, own_photos=False)


def _sample_stock(market: str) -> dict[str, Product]:
    """Products of the sample's vendors in a market, by the ids that they have in the catalogue."""
    vendors = [vendor for vendor in VENDORS if vendor.market == market]
    return {f"{vendor.name}:{market}:{one.product_id}": one for vendor in vendors for one in products_of(vendor)}
