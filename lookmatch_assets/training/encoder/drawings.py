"""Pictures that the project draws itself, with exact attributes: products alone, and loose crops of garments worn in looks.

Seeds start at `FIRST_SEED`, far above those of the sample data, so that no sample picture is trained on.
"""

from __future__ import annotations

from random import Random
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from lookmatch_assets.synthetic.drawing import draw_look, draw_product
from lookmatch_assets.synthetic.sampling import random_look, sample_attributes
from lookmatch_assets.training.encoder.captions import Labels
from lookmatch_assets.training.encoder.sources import PHOTO_SIZE, Pictures
from lookmatch_serving.encoders.vocabulary import COLOUR_PHRASES, PATTERN_PHRASES, TYPE_PHRASES, USAGE_PHRASES

if TYPE_CHECKING:
    from lookmatch_assets.synthetic.attributes import GarmentAttributes

FIRST_SEED = 500_000_000
LOOSENESS = (0.0, 0.35)
"""How far a crop reaches beyond a garment's box on each side, as a share of the box; negative values cut into it."""

_TYPES = {phrases[0]: name for name, phrases in TYPE_PHRASES.items()}
_COLOURS = {phrases[0]: name for name, phrases in COLOUR_PHRASES.items()}
_USAGES = {phrases[0]: name for name, phrases in USAGE_PHRASES.items()}


def drawn_labels(garment: GarmentAttributes) -> Labels:
    """Return the labels of a drawn garment; its name is left empty because its description says all there is."""
    pattern = "graphic" if garment.pattern == "graphic print" else str(garment.pattern)
    classes = (
        _TYPES.get(str(garment.type)),
        _COLOURS.get(str(garment.colour)),
        pattern if pattern in PATTERN_PHRASES else None,
        None if garment.sleeve is None else str(garment.sleeve),
        str(garment.gender),
        _USAGES.get(str(garment.usage)),
        None,
    )
    return Labels("", classes)


def loose_crop(image: Image.Image, box: tuple[float, float, float, float], rng: Random) -> Image.Image:
    """Return a crop around a box that reaches up to a third beyond it on each side (or cuts a little into it)."""
    left, top, right, bottom = box
    width, height = right - left, bottom - top
    reach = [rng.uniform(-0.05, LOOSENESS[1]) for _ in range(4)]
    edges = (left - reach[0] * width, top - reach[1] * height, right + reach[2] * width, bottom + reach[3] * height)
    inside = (max(0, edges[0]), max(0, edges[1]), min(image.width, edges[2]), min(image.height, edges[3]))
    whole = tuple(round(edge) for edge in inside)
    return image.crop((whole[0], whole[1], max(whole[2], whole[0] + 4), max(whole[3], whole[1] + 4)))


def _squashed(image: Image.Image) -> NDArray[np.uint8]:
    return np.asarray(image.convert("RGB").resize(PHOTO_SIZE, Image.Resampling.BICUBIC), dtype=np.uint8)


def draw_pictures(products: int, looks: int, first_seed: int = FIRST_SEED) -> Pictures:
    """Draw single products and two loose crops of every garment of the looks, 112 x 112. Deterministic in its arguments."""
    pixels: list[NDArray[np.uint8]] = []
    labels: list[Labels] = []
    for seed in range(first_seed, first_seed + products):
        garment = sample_attributes(Random(seed))
        pixels.append(_squashed(draw_product(garment, seed=seed, scale=0.35)))
        labels.append(drawn_labels(garment))
    for seed in range(first_seed + products, first_seed + products + looks):
        rng = Random(seed)
        look = draw_look(random_look(rng), seed=seed, scale=0.5)
        for layer, box in look.boxes.items():
            for _ in range(2):
                pixels.append(_squashed(loose_crop(look.image, box, rng)))
                labels.append(drawn_labels(look.garments[layer]))
    keys = [f"drawn-{first_seed}-{number}" for number in range(len(pixels))]
    return Pictures(np.stack(pixels), keys, labels, ["" for _ in keys], np.array(["train"] * len(keys), dtype="<U10"))
