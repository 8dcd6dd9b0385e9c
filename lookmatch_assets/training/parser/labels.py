"""What the parser tells apart: 16 classes of pixels and 36 kinds of garment, groups of the 59 labels of Clothing Co-Parsing."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

IGNORED = 255
"""Label of pixels that no loss and no measure counts."""

CLASSES: Mapping[str, tuple[str, ...]] = {
    "background": ("null",),
    "skin": ("skin",),
    "hair": ("hair",),
    "outer": ("blazer", "cape", "cardigan", "coat", "jacket", "suit", "vest"),
    "inner": ("blouse", "bodysuit", "hoodie", "jumper", "shirt", "sweater", "sweatshirt", "t-shirt", "top"),
    "one_piece": ("dress", "romper"),
    "pants": ("jeans", "leggings", "pants"),
    "skirt": ("skirt",),
    "shorts": ("shorts",),
    "footwear": ("boots", "clogs", "flats", "heels", "loafers", "pumps", "sandals", "shoes", "sneakers", "wedges"),
    "bag": ("bag", "purse"),
    "eyewear": ("sunglasses", "glasses"),
    "hat": ("hat",),
    "scarf": ("scarf",),
    "belt": ("belt",),
    "legwear": ("stockings", "tights", "socks"),
}
"""Class -> labels it stands for; labels that appear nowhere are ignored. The order is that of the model's output."""

KINDS: Mapping[str, tuple[str, ...]] = {
    "blazer": ("blazer", "suit"),
    "coat": ("coat", "cape"),
    "cardigan": ("cardigan",),
    "jacket": ("jacket",),
    "vest": ("vest",),
    "blouse": ("blouse",),
    "hoodie": ("hoodie",),
    "shirt": ("shirt",),
    "sweater": ("sweater", "jumper"),
    "sweatshirt": ("sweatshirt",),
    "t-shirt": ("t-shirt",),
    "top": ("top", "bodysuit"),
    "dress": ("dress",),
    "romper": ("romper",),
    "jeans": ("jeans",),
    "leggings": ("leggings",),
    "pants": ("pants",),
    "skirt": ("skirt",),
    "shorts": ("shorts",),
    "boots": ("boots",),
    "flats": ("flats",),
    "heels": ("heels", "pumps"),
    "loafers": ("loafers",),
    "sandals": ("sandals", "clogs"),
    "shoes": ("shoes",),
    "sneakers": ("sneakers",),
    "wedges": ("wedges",),
    "bag": ("bag",),
    "purse": ("purse",),
    "sunglasses": ("sunglasses",),
    "glasses": ("glasses",),
    "hat": ("hat",),
    "scarf": ("scarf",),
    "belt": ("belt",),
    "tights": ("tights", "stockings"),
    "socks": ("socks",),
}
"""Kind of garment -> labels it stands for, in the order of the model's second output."""

CLASS_NAMES = tuple(CLASSES)
KIND_NAMES = tuple(KINDS)


def _table(names: list[str], groups: Mapping[str, tuple[str, ...]]) -> NDArray[np.uint8]:
    """Return group number by label number (256 entries), `IGNORED` where no group has the label."""
    table = np.full(256, IGNORED, dtype=np.uint8)
    for number, labels in enumerate(groups.values()):
        for label in labels:
            if label in names:
                table[names.index(label)] = number
    return table


def class_table(names: list[str]) -> NDArray[np.uint8]:
    """Return the class number of every label number, given the data's label names in order."""
    return _table(names, CLASSES)


def kind_table(names: list[str]) -> NDArray[np.uint8]:
    """Return the kind number of every label number, given the data's label names in order."""
    return _table(names, KINDS)


def class_of_kind() -> NDArray[np.uint8]:
    """Return the class number of every kind."""
    owner = {label: number for number, labels in enumerate(CLASSES.values()) for label in labels}
    return np.array([owner[labels[0]] for labels in KINDS.values()], dtype=np.uint8)
