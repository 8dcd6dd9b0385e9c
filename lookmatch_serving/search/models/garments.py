"""What the embedded generator knows of garment types: the layer each is worn in and the category that shops file it under.

Types are the labels of ``lookmatch_serving.encoders.vocabulary`` (the first phrase of each type); category slugs are those of
``catalog.products``.
"""

from __future__ import annotations

from collections.abc import Mapping

OUTER, INNER, ONE_PIECE, BOTTOM, FOOT, ACCESSORY = (
    "outermost_topwear",
    "inner_topwear",
    "one_piece",
    "bottomwear",
    "footwear",
    "accessory",
)

TOP_LAYERS = (OUTER, INNER)

TYPES_BY_LAYER: Mapping[str, tuple[str, ...]] = {
    OUTER: (
        "jacket",
        "rain jacket",
        "nehru jacket",
        "blazer",
        "waistcoat",
        "coat",
        "cardigan",
        "sweater",
        "sweatshirt",
        "hoodie",
        "shrug",
    ),
    INNER: ("t-shirt", "polo shirt", "shirt", "top", "kurta", "kurti", "tunic", "camisole"),
    ONE_PIECE: ("dress", "jumpsuit", "saree", "kurta set", "lehenga choli", "romper"),
    BOTTOM: (
        "jeans",
        "trousers",
        "track pants",
        "leggings",
        "jeggings",
        "capris",
        "shorts",
        "skirt",
        "lounge pants",
        "salwar",
        "churidar",
        "patiala",
    ),
    FOOT: ("casual shoes", "sports shoes", "formal shoes", "heels", "flats", "flip flops", "sandals", "sports sandals", "boots"),
    ACCESSORY: (
        "handbag",
        "clutch",
        "backpack",
        "messenger bag",
        "laptop bag",
        "duffel bag",
        "belt",
        "watch",
        "sunglasses",
        "cap",
        "hat",
        "tie",
        "scarf",
        "stole",
        "muffler",
        "dupatta",
    ),
}
"""Layer -> types that a look shows. Underwear, jewellery and personal care are left out: they are not seen or too small."""

LAYER_OF_TYPE: Mapping[str, str] = {kind: layer for layer, kinds in TYPES_BY_LAYER.items() for kind in kinds}

RELATED: Mapping[str, tuple[str, ...]] = {
    "t-shirt": ("polo shirt", "top"),
    "polo shirt": ("t-shirt",),
    "shirt": ("top",),
    "top": ("t-shirt", "shirt", "tunic", "kurti"),
    "kurta": ("kurti", "tunic"),
    "kurti": ("kurta", "tunic", "top"),
    "tunic": ("kurti", "top"),
    "sweater": ("cardigan", "sweatshirt"),
    "cardigan": ("sweater", "jacket"),
    "sweatshirt": ("hoodie", "sweater"),
    "hoodie": ("sweatshirt",),
    "jacket": ("coat", "blazer"),
    "coat": ("jacket", "blazer"),
    "blazer": ("jacket", "coat"),
    "leggings": ("jeggings", "churidar"),
    "jeggings": ("leggings", "jeans"),
    "track pants": ("lounge pants", "trousers"),
    "casual shoes": ("sports shoes",),
    "sports shoes": ("casual shoes",),
    "sandals": ("flats", "flip flops", "sports sandals"),
    "flats": ("sandals",),
    "flip flops": ("sandals",),
    "cap": ("hat",),
    "hat": ("cap",),
    "scarf": ("stole", "muffler", "dupatta"),
    "handbag": ("clutch", "messenger bag"),
    "backpack": ("laptop bag", "messenger bag"),
}
"""Types that shops and models mix up."""

_CATEGORY_OF_TYPE: Mapping[str, str] = {
    "hoodie": "sweatshirt",
    "camisole": "top",
    "lounge pants": "track-pants",
    "capris": "capri",
}
"""Types whose category slug is not simply the type with hyphens."""


def category_of(kind: str) -> str:
    """Category slug of a type, for example ``casual-shoes`` of "casual shoes"."""
    return _CATEGORY_OF_TYPE.get(kind, kind.lower().replace(" ", "-"))


def catalogue_layers(layer: str) -> tuple[str, ...]:
    """Values of ``catalog.products.layer`` that products for a layer of a look may have.

    What is outermost depends on the outfit and not on the product (a shirt is outermost without a jacket), so both
    kinds of topwear
    serve both topwear layers.
    """
    if layer in TOP_LAYERS:
        return TOP_LAYERS
    if layer.startswith(ACCESSORY):
        return (ACCESSORY,)
    return (layer,)
