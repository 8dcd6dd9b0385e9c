"""From the parser's kinds, which are those of street fashion's labels, to the types that the catalogue and the encoders speak of."""

from __future__ import annotations

from collections.abc import Mapping

from lookmatch_serving.parsing.records import Garment

TYPES_OF_KIND: Mapping[str, str] = {
    "blazer": "blazer",
    "coat": "coat",
    "cardigan": "cardigan",
    "jacket": "jacket",
    "vest": "waistcoat",
    "blouse": "top",
    "hoodie": "sweatshirt",
    "shirt": "shirt",
    "sweater": "sweater",
    "sweatshirt": "sweatshirt",
    "t-shirt": "t-shirt",
    "top": "top",
    "dress": "dress",
    "romper": "jumpsuit",
    "jeans": "jeans",
    "leggings": "leggings",
    "pants": "trousers",
    "skirt": "skirt",
    "shorts": "shorts",
    "boots": "boots",
    "flats": "flats",
    "heels": "heels",
    "loafers": "casual shoes",
    "sandals": "sandals",
    "shoes": "casual shoes",
    "sneakers": "casual shoes",
    "wedges": "heels",
    "bag": "handbag",
    "purse": "clutch",
    "sunglasses": "sunglasses",
    "glasses": "sunglasses",
    "hat": "hat",
    "scarf": "scarf",
    "belt": "belt",
}
"""Kind -> the type that shops would call it."""


def likely_types(garment: Garment) -> dict[str, float]:
    """Return the probability of each type that a garment's kinds stand for, the likeliest first."""
    shares: dict[str, float] = {}
    for kind, share in garment.kinds.items():
        if kind in TYPES_OF_KIND:
            shares[TYPES_OF_KIND[kind]] = shares.get(TYPES_OF_KIND[kind], 0.0) + share
    return dict(sorted(shares.items(), key=lambda item: -item[1]))
