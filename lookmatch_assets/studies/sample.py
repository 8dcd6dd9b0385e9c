"""Looks for studies drawn from the sample: any number, with the gain of every product of their market."""

from __future__ import annotations

import io
from collections.abc import Iterator
from dataclasses import dataclass
from random import Random

from lookmatch_assets.sample.assortment import products_of
from lookmatch_assets.sample.drawing import draw_look
from lookmatch_assets.sample.looks import LOOK_SIZE, attribute_distance
from lookmatch_assets.sample.sampling import random_look
from lookmatch_assets.sample.vendors import VENDORS
from lookmatch_serving.settings import Market

_LEVELS = (0.0, 1.0, 2.0, 3.9)
"""Greatest attribute distances of the gains 4, 3, 2 and 1; another type is at least 4 away."""


@dataclass(frozen=True)
class LabelledLook:
    """A drawn look and (layer, product id, gain) of every product with a gain above 0."""

    look_id: str
    market: Market
    picture: bytes
    gains: list[tuple[str, str, int]]


def labelled_looks(count: int, seed: int = 7) -> Iterator[LabelledLook]:
    """Draw looks; the same seed gives the same."""
    stock = {vendor.market: products_of(vendor) for vendor in VENDORS}
    for number in range(count):
        market = VENDORS[number % len(VENDORS)].market
        drawn = draw_look(random_look(Random(seed * 1_000_003 + number)), seed=seed * 7919 + number, size=LOOK_SIZE)
        file = io.BytesIO()
        drawn.image.save(file, "JPEG", quality=92)
        gains = [
            (layer, f"{product.vendor.name}:{market}:{product.product_id}", gain)
            for layer, garment in drawn.garments.items()
            for product in stock[market]
            if (gain := gain_of(attribute_distance(garment, product.attributes)))
        ]
        yield LabelledLook(f"study-look-{number + 1:03d}", Market(market), file.getvalue(), gains)


def gain_of(distance: float) -> int:
    """Gain 4 (alike in every attribute) to 1 (the type only) of an attribute distance, else 0."""
    return next((4 - level for level, most in enumerate(_LEVELS) if distance <= most), 0)
