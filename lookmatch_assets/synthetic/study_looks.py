"""Labelled looks for studies: drawn ones of the sample catalogue, or composed of real photos that the catalogue does not hold.

Every look comes with what its market's products are worth for each layer, by the labels of both.
"""

from __future__ import annotations

import io
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from random import Random

from PIL import Image

from lookmatch_assets.calibration.composed_looks import StyleRecord, layer_of_type
from lookmatch_assets.synthetic.assortment import products_of
from lookmatch_assets.synthetic.attributes import GarmentAttributes
from lookmatch_assets.synthetic.demo_data import REAL_VENDOR, compose_looks, read_style_records
from lookmatch_assets.synthetic.drawing import draw_look
from lookmatch_assets.synthetic.kept_out import colour_families, records_not_held
from lookmatch_assets.synthetic.looks import LOOK_SIZE, attribute_distance
from lookmatch_assets.synthetic.palette import COLOUR_RGB
from lookmatch_assets.synthetic.sampling import random_look
from lookmatch_assets.synthetic.vendors import VENDORS
from lookmatch_serving.errors import InvalidInputError
from lookmatch_serving.settings import Market

_LEVELS = (0.0, 1.0, 2.0, 3.9)
"""Greatest attribute distances of the gains 4, 3, 2 and 1; another type is at least 4 away."""

_OTHER_LAYER = 100.0
_FAR_COLOUR = 250.0
"""Distance in RGB at which two colours have nothing in common."""

_RECORDS_A_LOOK = 12
"""Records looked at for each look: garments of a gender and layer must meet, and some have no picture."""


@dataclass(frozen=True)
class Labelled:
    """What a product is worth for a layer: a gain from 0 to 4, and by attribute a share in [0, 1] to which it agrees."""

    layer: str
    product_id: str
    gain: int
    agreement: dict[str, float]


@dataclass(frozen=True)
class LabelledLook:
    """A look and the products of its market's layers, those of gain 0 included where they are known."""

    look_id: str
    market: Market
    picture: bytes
    products: list[Labelled]


def drawn_looks(count: int, seed: int = 7) -> Iterator[LabelledLook]:
    """Draw looks; the same seed gives the same."""
    stock = {vendor.market: products_of(vendor) for vendor in VENDORS}
    for number in range(count):
        market = VENDORS[number % len(VENDORS)].market
        drawn = draw_look(random_look(Random(seed * 1_000_003 + number)), seed=seed * 7919 + number, size=LOOK_SIZE)
        products = [
            Labelled(
                layer,
                f"{product.vendor.name}:{market}:{product.product_id}",
                gain_of(distance),
                agreement_of(garment, product.attributes),
            )
            for layer, garment in drawn.garments.items()
            for product in stock[market]
            if (distance := attribute_distance(garment, product.attributes)) < _OTHER_LAYER
        ]
        yield LabelledLook(f"study-look-{number + 1:03d}", Market(market), _jpeg(drawn.image), products)


def gain_of(distance: float) -> int:
    """Gain 4 (alike in every attribute) to 1 (the type only) of an attribute distance, else 0."""
    return next((4 - level for level, most in enumerate(_LEVELS) if distance <= most), 0)


def agreement_of(garment: GarmentAttributes, product: GarmentAttributes) -> dict[str, float]:
    """Share to which a product agrees, by attribute; those named like facets are what raters see."""
    ours, theirs = COLOUR_RGB[garment.colour], COLOUR_RGB[product.colour]
    apart = sum((a - b) ** 2 for a, b in zip(ours, theirs, strict=True)) ** 0.5
    told = {
        "type": float(garment.type is product.type),
        "colour_match": round(max(0.0, 1 - apart / _FAR_COLOUR), 3),
        "pattern": float(garment.pattern is product.pattern),
        "gender": float(garment.gender is product.gender),
    }
    if garment.sleeve is not None:
        told["sleeve_type"] = float(garment.sleeve is product.sleeve)
    return told


def composed_looks(data: Path, database_url: str, count: int) -> Iterator[LabelledLook]:
    """Compose looks of real photos whose records the catalogue does not hold, as ``make demo DATA=...`` leaves them out.

    Args:
        data: folder with ``styles.csv`` and pictures.
        database_url: of the catalogue that holds the other records.
        count: most looks.

    Raises:
        InvalidInputError: the catalogue holds none of the folder's records, or all of them.
    """
    records = read_style_records(data)
    left_out = records_not_held(database_url, records)
    held = {record.product_id: record for record in records}
    for record in left_out:
        del held[record.product_id]
    looks = list(islice(compose_looks(data, left_out[-_RECORDS_A_LOOK * count :]), count))
    if not held or not looks:
        reason = "a folder of which the catalogue holds some records and not others; run `make demo DATA=... LIMIT=...` first"
        raise InvalidInputError("data", str(data), reason)
    shelves: dict[str, list[StyleRecord]] = {}
    for record in held.values():
        shelves.setdefault(layer_of_type(record.article_type) or "", []).append(record)
    families = colour_families(database_url)
    for number, look in enumerate(looks, start=1):
        products = [
            one for layer, garment in look.garments.items() for one in _labelled(layer, garment, shelves.get(layer, []), families)
        ]
        yield LabelledLook(f"real-study-look-{number:03d}", Market.INDIA, _jpeg(look.image), products)


def _labelled(layer: str, garment: StyleRecord, shelf: Sequence[StyleRecord], families: Mapping[str, str]) -> Iterator[Labelled]:
    """Products with a gain: 2 for the type, one more for the colour's family and for the gender; 1 for the colour alone."""

    def family(record: StyleRecord) -> str:
        return families.get(record.colour.lower(), record.colour.lower())

    for record in shelf:
        same_type, same_colour = record.article_type == garment.article_type, family(record) == family(garment)
        same_gender = record.gender == garment.gender
        gain = 2 + same_colour + same_gender if same_type else int(same_colour)
        if gain:
            agreement = {"type": float(same_type), "colour_match": float(same_colour), "gender": float(same_gender)}
            yield Labelled(layer, f"{REAL_VENDOR}:{Market.INDIA.value}:{record.product_id}", gain, agreement)


def _jpeg(picture: Image.Image) -> bytes:
    file = io.BytesIO()
    picture.save(file, "JPEG", quality=92)
    return file.getvalue()
