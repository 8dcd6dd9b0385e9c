"""The dozen sample looks, and which catalogue products are truly closest to what they wear."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from lookmatch_assets.synthetic.assortment import Product, products_of
from lookmatch_assets.synthetic.attributes import GarmentAttributes, Gender, Sleeve
from lookmatch_assets.synthetic.drawing import draw_look, layer_names
from lookmatch_assets.synthetic.outfits import outfits
from lookmatch_assets.synthetic.palette import COLOUR_RGB
from lookmatch_assets.synthetic.vendors import VENDORS

LOOK_SIZE = (768, 1024)
"""Width and height of a look in pixels."""

LOOKS_FILE = "looks.json"
"""What the pipeline may read: id, market and image of each look."""

LOOKS_TRUTH_FILE = "looks_truth.json"
"""What only tests and evaluation read: boxes, garments and nearest products of each layer."""

_JPEG_QUALITY = 92
_OTHER_LAYER = 100.0
_SLEEVES = tuple(Sleeve)


@dataclass(frozen=True)
class SampleLook:
    """A look before it is drawn: id, market, drawing seed and layer -> garment."""

    look_id: str
    market: str
    seed: int
    garments: Mapping[str, GarmentAttributes]

    @property
    def image(self) -> str:
        """File name of its picture."""
        return f"{self.look_id}.jpg"


def sample_looks() -> list[SampleLook]:
    """List the looks. Each garment is stocked in the look's market, but the drawing itself is in no catalogue."""
    return [
        SampleLook(
            outfit.look_id,
            outfit.market,
            outfit.seed,
            dict(zip(layer_names(outfit.garments), outfit.garments, strict=True)),
        )
        for outfit in outfits()
    ]


def attribute_distance(first: GarmentAttributes, second: GarmentAttributes) -> float:
    """Measure how different two garments are by their attributes alone; 0 is the same, symmetric.

    Garments of different layers are 100 apart. Within a layer the parts add up: another type 4; colour up to 3, by the
    RGB distance of the two base colours; another pattern 1.5; sleeves 0.5 a step of length; another gender 1 (half
    where one is unisex); another usage 0.25.
    """
    if first.layer is not second.layer:
        return _OTHER_LAYER
    ours, theirs = COLOUR_RGB[first.colour], COLOUR_RGB[second.colour]
    apart = sum((a - b) ** 2 for a, b in zip(ours, theirs, strict=True)) ** 0.5
    distance = 4.0 * (first.type is not second.type)
    distance += 0.0 if first.colour is second.colour else 0.5 + min(2.5, apart / 100)
    distance += 1.5 * (first.pattern is not second.pattern)
    if first.sleeve is not None and second.sleeve is not None:
        distance += 0.5 * abs(_SLEEVES.index(first.sleeve) - _SLEEVES.index(second.sleeve))
    if first.gender is not second.gender:
        distance += 0.5 if Gender.UNISEX in (first.gender, second.gender) else 1.0
    return distance + 0.25 * (first.usage is not second.usage)


def nearest_products(garment: GarmentAttributes, products: Sequence[Product]) -> tuple[list[Product], float]:
    """Find the products closest to a garment by attributes, ties included, and their distance."""
    distances = [attribute_distance(garment, product.attributes) for product in products]
    least = min(distances)
    return [one for one, distance in zip(products, distances, strict=True) if distance <= least + 1e-9], least


def _truth_of(look: SampleLook, boxes: Mapping[str, tuple[int, int, int, int]], products: Sequence[Product]) -> dict[str, object]:
    """Everything known about a drawn look."""
    layers = {}
    for layer, garment in look.garments.items():
        nearest, distance = nearest_products(garment, products)
        layers[layer] = {
            "box": list(boxes[layer]),
            "garment": asdict(garment),
            "nearest": sorted(f"{product.vendor.name}/{product.product_id}" for product in nearest),
            "distance": distance,
        }
    return {"look_id": look.look_id, "market": look.market, "layers": layers}


def write_looks(folder: Path) -> list[SampleLook]:
    """Draw all looks into a folder, with `looks.json` for the pipeline and `looks_truth.json` for tests.

    Args:
        folder: Where to write; made when absent.

    Returns:
        The looks, in the order of their ids.
    """
    folder.mkdir(parents=True, exist_ok=True)
    looks = sample_looks()
    stock = {vendor.market: products_of(vendor) for vendor in VENDORS}
    known = []
    for look in looks:
        drawn = draw_look(list(look.garments.values()), seed=look.seed, size=LOOK_SIZE)
        drawn.image.save(folder / look.image, quality=_JPEG_QUALITY)
        known.append(_truth_of(look, drawn.boxes, stock[look.market]))
    shown = [{"look_id": look.look_id, "market": look.market, "image": look.image} for look in looks]
    for name, content in ((LOOKS_FILE, shown), (LOOKS_TRUTH_FILE, known)):
        (folder / name).write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")
    return looks
