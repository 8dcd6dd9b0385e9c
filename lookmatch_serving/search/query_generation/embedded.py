"""Stage 1: a look becomes one descriptive query per layer.

The embedded generator asks the live encoder what it sees in overlapping regions of the figure (zero-shot), decides
which layers are
worn, and writes them in the style "Men's navy blue polo shirt, solid, short sleeves, casual." The Anthropic one is in
``lookmatch_serving.llm``.
"""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import Executor
from dataclasses import dataclass
from itertools import islice

import numpy as np
from PIL import Image

from lookmatch_serving.encoders.loaded import AttributeProbabilities, zero_shot_probabilities
from lookmatch_serving.encoders.protocol import Encoder, Vectors
from lookmatch_serving.llm.accounting import Ledger
from lookmatch_serving.search.models.garments import INNER, OUTER
from lookmatch_serving.search.models.look import Box, Look
from lookmatch_serving.search.models.query import LayerQuery
from lookmatch_serving.search.query_generation.foreground import Figure, find_figure
from lookmatch_serving.search.query_generation.layout import crops_of_pieces, find_pieces, read_pieces
from lookmatch_serving.search.query_generation.outfit import Evidence, WornGarment, read_outfit
from lookmatch_serving.search.query_generation.regions import Crop, crops_of
from lookmatch_serving.search.query_generation.structure import colour_name

LOOK_ATTRIBUTES = ("type", "colour", "pattern", "sleeve", "usage", "gender")
"""What the embedded generator asks of a region, by the encoder's vocabularies."""

EMBEDDED_GENERATOR = "embedded-5"
"""Part of the cache key; changes whenever the same look would be read differently."""


@dataclass(frozen=True)
class _SeenLook:
    """A look before anything is encoded: its figure, and crops of pieces that are laid out or of a person's regions."""

    picture: Image.Image
    figure: Figure
    crops: list[Crop]
    laid_out: bool


def _see(look: Look) -> _SeenLook:
    figure = find_figure(look.picture)
    pieces = find_pieces(figure)
    crops = crops_of_pieces(look.picture, pieces) if pieces else crops_of(look.picture, figure)
    return _SeenLook(look.picture, figure, crops, bool(pieces))


class EmbeddedQueryGenerator:
    """Zero-shot attributes of regions, by the live encoder itself; needs no network and no large weights."""

    def __init__(self, encoder: Encoder, probabilities: AttributeProbabilities = zero_shot_probabilities) -> None:
        self._encoder = encoder
        self._probabilities = probabilities

    @property
    def version(self) -> str:
        """This code's version and the encoder's."""
        return f"{EMBEDDED_GENERATOR}:{self._encoder.version}"

    def generate(self, look: Look, seconds: float, ledger: Ledger | None = None) -> list[LayerQuery]:
        """See ``QueryGenerator``; one batched encode of about 26 crops."""
        seen = _see(look)
        return self._read(seen, self._encoder.encode_images([crop.image for crop in seen.crops])) if seen.crops else []

    def generate_many(self, looks: Sequence[Look], pool: Executor) -> dict[str, list[LayerQuery]]:
        """Digest -> queries of many looks, cropped on the pool's threads and encoded in one batch."""
        seen = list(pool.map(_see, looks))
        crops = [crop.image for one in seen for crop in one.crops]
        vectors = iter(self._encoder.encode_images(crops)) if crops else iter(())
        rows = [np.stack(list(islice(vectors, len(one.crops)))) if one.crops else None for one in seen]
        made = pool.map(lambda one, block: self._read(one, block) if block is not None else [], seen, rows)
        return {look.digest: queries for look, queries in zip(looks, made, strict=True)}

    def _read(self, seen: _SeenLook, vectors: Vectors) -> list[LayerQuery]:
        """Queries of a look from the vectors of its crops (n, d)."""
        labels, shares = self._probabilities(self._encoder, vectors, "type")
        evidence = Evidence(crops=seen.crops, labels=[label.lower() for label in labels], probabilities=shares)
        if seen.laid_out:
            return self._described(read_pieces(evidence), vectors, None)
        worn = read_outfit(evidence, seen.picture, seen.figure)
        return self._described(worn, vectors, (seen.picture, seen.figure) if seen.figure.reliable else None)

    def _described(self, worn: list[WornGarment], vectors: Vectors, seen: tuple[Image.Image, Figure] | None) -> list[LayerQuery]:
        """Add colour, pattern, sleeve, gender and usage of each garment's crop, and write the sentences.

        Where a person was ``seen``, plain colours are counted in the pixels; the encoder names the others.
        """
        if not worn:
            return []
        chosen = vectors[[garment.crop_index for garment in worn]]
        read: dict[str, list[str]] = {}
        for attribute in ("colour", "pattern", "sleeve", "usage"):
            labels, shares = self._probabilities(self._encoder, chosen, attribute)
            read[attribute] = [labels[int(row.argmax())].lower() for row in shares]
        covered = any(garment.layer == OUTER for garment in worn)
        for i, garment in enumerate(worn):
            one_colour = read["pattern"][i] not in _MANY_COLOURS or (covered and garment.layer == INNER)
            if one_colour and seen is not None:
                read["colour"][i] = colour_name(*seen, colour_box(garment)) or read["colour"][i]
        gender = self._gender(worn, chosen)
        queries = []
        for i, garment in enumerate(worn):
            attributes = {name: values[i] for name, values in read.items()}
            if covered and garment.layer == INNER:
                del attributes["sleeve"]
            queries.append(_layer_query(garment, attributes, gender))
        return queries

    def _gender(self, worn: list[WornGarment], chosen: Vectors) -> str | None:
        """Whom the whole outfit is for: the garments' probabilities averaged, those seen best counting most."""
        labels, shares = self._probabilities(self._encoder, chosen, "gender")
        weights = [garment.confidence * garment.area for garment in worn]
        total = [sum(w * float(row[i]) for w, row in zip(weights, shares, strict=True)) for i in range(len(labels))]
        by_label = dict(zip((gender_of(label) for label in labels), total, strict=True))
        adult = {name: by_label.get(name, 0.0) for name in ("men", "women")}
        return max(adult, key=lambda name: adult[name])


_MANY_COLOURS = ("checked", "striped", "floral", "polka dot", "embroidered")
"""Patterns whose colours the encoder names better than a count of pixels does."""

_GENDERS = {"men's": "men", "women's": "women", "boys'": "boys", "girls'": "girls"}
_POSSESSIVE = {"men": "Men's", "women": "Women's", "boys": "Boys'", "girls": "Girls'", "unisex": "Unisex"}
_SLEEVELESS_LAYERS = ("bottomwear", "footwear", "accessory")


def colour_box(garment: WornGarment) -> Box:
    """The part of a garment's box that shows its cloth and little else: the side of a jacket, the thighs, the toes."""
    box = garment.box
    wide, high = box.x1 - box.x0, box.y1 - box.y0
    if garment.layer == "outermost_topwear":
        return box.model_copy(update={"x0": box.x0 + 0.15 * wide, "x1": box.x0 + 0.4 * wide, "y0": box.y0 + 0.2 * high})
    if garment.layer == "inner_topwear":
        return box.model_copy(update={"x0": box.x0 + 0.35 * wide, "x1": box.x0 + 0.65 * wide, "y0": box.y0 + 0.2 * high})
    if garment.layer == "bottomwear":
        return box.model_copy(update={"y0": box.y0 + 0.2 * high, "y1": box.y0 + 0.55 * high})
    if garment.layer == "footwear":
        return box.model_copy(update={"y0": box.y0 + 0.5 * high})
    return box


def gender_of(label: str) -> str:
    """The catalogue's word for a zero-shot gender label: ``men`` of "men's"."""
    return _GENDERS.get(label.lower(), label.lower())


def compose_query(gender: str | None, attributes: dict[str, str], layer: str) -> str:
    """One sentence, for example "Men's navy blue polo shirt, solid, short sleeves, casual."."""
    head = [_POSSESSIVE.get(gender or "", ""), attributes.get("colour", ""), attributes["type"]]
    parts = [" ".join(word for word in head if word), attributes.get("pattern", "")]
    if not layer.startswith(_SLEEVELESS_LAYERS):
        parts.append(attributes.get("sleeve", ""))
    parts.append(attributes.get("usage", ""))
    sentence = ", ".join(part for part in parts if part) + "."
    return sentence[0].upper() + sentence[1:]


def _layer_query(garment: WornGarment, read: dict[str, str], gender: str | None) -> LayerQuery:
    attributes = {"type": garment.kind, **read}
    if garment.layer.startswith(_SLEEVELESS_LAYERS):
        attributes.pop("sleeve", None)
    return LayerQuery(
        layer=garment.layer,
        query=compose_query(gender, attributes, garment.layer),
        category=garment.category,
        categories=garment.categories,
        gender=gender,
        box=garment.box,
        confidence=min(1.0, round(garment.confidence, 3)),
        attributes=attributes,
    )
