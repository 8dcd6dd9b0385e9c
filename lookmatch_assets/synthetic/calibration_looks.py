"""Looks that the sample's own products are calibrated with: drawn from what the products are, not from their photos."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from random import Random

from lookmatch_assets.calibration.agreement import Garment
from lookmatch_assets.calibration.looks import LabelledLook
from lookmatch_assets.synthetic.assortment import Product, products_of
from lookmatch_assets.synthetic.attributes import Layer
from lookmatch_assets.synthetic.drawing import draw_look, layer_names
from lookmatch_assets.synthetic.vendors import VENDORS

_SAMPLE_SHARE = 0.5
_DRAWN_SIZE = (576, 768)
_SEED = 23


def drawn_looks(market: str, garments: Sequence[Garment], most: int) -> Iterator[LabelledLook] | None:
    """Persons who wear products of the sample; None for a market of which less than half are the sample's."""
    stock = _sample_stock(market)
    known = {garment.product_id: garment for garment in garments if garment.product_id in stock}
    return _drawn(stock, known, most) if len(known) >= _SAMPLE_SHARE * len(garments) > 0 else None


def _drawn(stock: Mapping[str, Product], known: Mapping[str, Garment], most: int) -> Iterator[LabelledLook]:
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
