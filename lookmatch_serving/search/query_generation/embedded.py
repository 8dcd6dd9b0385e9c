"""Stage 1: a look becomes one descriptive query per layer.

The embedded generator takes the garments that the look parser sees, asks the live encoder about each one's cut-out (zero-shot),
reads colours off its pixels, and writes them in the style "Men's navy blue polo shirt, solid, short sleeves, casual." The
Anthropic one is in ``vision_model``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import Executor
from itertools import islice

import numpy as np

from lookmatch_serving.encoders.loaded import AttributeProbabilities, zero_shot_probabilities
from lookmatch_serving.encoders.protocol import Encoder, Vectors
from lookmatch_serving.llm.accounting import Ledger
from lookmatch_serving.parsing.colours import colour_word
from lookmatch_serving.parsing.parser import LookParser, bundled_parser
from lookmatch_serving.parsing.records import ParsedLook, Setting
from lookmatch_serving.parsing.types import likely_types
from lookmatch_serving.search.models.garments import INNER, LAYER_OF_TYPE, OUTER, RELATED, TOP_LAYERS, category_of
from lookmatch_serving.search.models.look import Box, Look
from lookmatch_serving.search.models.query import LayerQuery
from lookmatch_serving.search.query_generation.worn import SeenGarment, layered, seen_garments

LOOK_ATTRIBUTES = ("type", "colour", "pattern", "sleeve", "usage", "gender")
"""What the embedded generator asks of a cut-out, by the encoder's vocabularies."""

EMBEDDED_GENERATOR = "embedded-6"
"""Part of the cache key; changes whenever the same look would be read differently."""


PLAUSIBLE = 0.3
"""Types at least this likely, relative to the best, are searched too."""

OWN_LAYER = 3.0
"""How much likelier the layer that the parser saw in a laid-out piece makes that layer's types."""

_MANY_COLOURS = ("checked", "striped", "floral", "polka dot", "embroidered")
"""Patterns of which a second colour is said where it covers enough."""


class EmbeddedQueryGenerator:
    """The bundled parser's garments, named by the live encoder; needs no network and no large weights."""

    def __init__(
        self,
        encoder: Encoder,
        probabilities: AttributeProbabilities = zero_shot_probabilities,
        parser: LookParser | None = None,
    ) -> None:
        self._encoder = encoder
        self._probabilities = probabilities
        self._parser = parser or bundled_parser()

    @property
    def version(self) -> str:
        """This code's version, the parser's and the encoder's."""
        return f"{EMBEDDED_GENERATOR}:{self._parser.version}:{self._encoder.version}"

    def generate(self, look: Look, seconds: float, ledger: Ledger | None = None) -> list[LayerQuery]:
        """See ``QueryGenerator``; one parse, and one batched encode of a cut-out per garment."""
        parsed, seen = self._see(look)
        return self._read(parsed, seen, self._encoder.encode_images([one.cut for one in seen])) if seen else []

    def generate_many(self, looks: Sequence[Look], pool: Executor) -> dict[str, list[LayerQuery]]:
        """Digest -> queries of many looks, parsed on the pool's threads and encoded in one batch."""
        looked = list(pool.map(self._see, looks))
        cuts = [one.cut for _, seen in looked for one in seen]
        vectors = iter(self._encoder.encode_images(cuts)) if cuts else iter(())
        rows = [np.stack(list(islice(vectors, len(seen)))) if seen else None for _, seen in looked]
        return {
            look.digest: self._read(parsed, seen, block) if block is not None else []
            for look, (parsed, seen), block in zip(looks, looked, rows, strict=True)
        }

    def _see(self, look: Look) -> tuple[ParsedLook, list[SeenGarment]]:
        parsed = self._parser.parse(look.picture)
        return parsed, seen_garments(look.picture, parsed)

    def _read(self, parsed: ParsedLook, seen: list[SeenGarment], vectors: Vectors) -> list[LayerQuery]:
        """Queries of a look from its garments and the vectors (n, d) of their cut-outs."""
        said = {name: self._probabilities(self._encoder, vectors, name) for name in LOOK_ATTRIBUTES}
        types = [self._types(parsed.setting, one, *_row(said["type"], number)) for number, one in enumerate(seen)]
        layers = [layer for layer, _ in types]
        if OUTER not in layers:
            layers = [_only_topwear(layer, next(iter(kinds))) for layer, kinds in types]
        names = layered([(layer, one.garment.confidence) for one, layer in zip(seen, layers, strict=True)])
        gender = _gender(seen, *said["gender"])
        covered = OUTER in names
        queries = []
        for number, (one, name) in enumerate(zip(seen, names, strict=True)):
            if name is None:
                continue
            attributes = {"type": next(iter(types[number][1]))}
            for attribute in ("colour", "pattern", "sleeve", "usage"):
                labels, shares = said[attribute]
                attributes[attribute] = labels[int(shares[number].argmax())].lower()
            if parsed.setting is Setting.WORN:
                second_from = 0.3 if attributes["pattern"] in _MANY_COLOURS else 0.45
                attributes["colour"] = colour_word(one.colours, second_from) or attributes["colour"]
            if parsed.people > 1:
                attributes["person"] = f"the most prominent of {parsed.people}"
            if name.startswith(_SLEEVELESS_LAYERS) or (covered and name == INNER):
                del attributes["sleeve"]
            queries.append(_layer_query(name, one, types[number][1], attributes, gender))
        return queries

    @staticmethod
    def _types(setting: Setting, garment: SeenGarment, labels: Sequence[str], shares: Vectors) -> tuple[str, Mapping[str, float]]:
        """The layer of a garment and the probability of each of its types, the likeliest first."""
        seen = {label.lower(): float(share) for label, share in zip(labels, shares, strict=True)}
        if setting is Setting.WORN:
            return garment.layer, likely_types(garment.garment.kinds, seen)
        return _piece_types(garment, seen)


def _only_topwear(layer: str, kind: str) -> str:
    """The layer of a top with nothing over it: a sweater or sweatshirt is outermost topwear, a shirt is inner."""
    return LAYER_OF_TYPE.get(kind, layer) if layer in TOP_LAYERS else layer


def _row(said: tuple[Sequence[str], Vectors], number: int) -> tuple[Sequence[str], Vectors]:
    return said[0], said[1][number]


def _piece_types(garment: SeenGarment, seen: Mapping[str, float]) -> tuple[str, Mapping[str, float]]:
    """The layer of a laid-out piece and its types: encoders know shop photos best, so theirs counts, with the parser's vote."""
    mass: dict[str, float] = {}
    for kind, share in seen.items():
        own = LAYER_OF_TYPE.get(kind)
        if own is not None:
            mass[own] = mass.get(own, 0.0) + share * (OWN_LAYER if own == garment.layer else 1.0)
    if not mass:
        return garment.layer, likely_types(garment.garment.kinds)
    best = max(mass, key=lambda name: mass[name])
    types = {kind: share for kind, share in seen.items() if LAYER_OF_TYPE.get(kind) == best}
    return best, dict(sorted(types.items(), key=lambda item: -item[1]))


def _gender(seen: list[SeenGarment], labels: Sequence[str], shares: Vectors) -> str:
    """Whom the whole outfit is for: the garments' probabilities averaged, those seen best counting most."""
    weights = [one.garment.confidence * one.garment.area for one in seen]
    total = [sum(w * float(row[i]) for w, row in zip(weights, shares, strict=True)) for i in range(len(labels))]
    by_label = dict(zip((gender_of(label) for label in labels), total, strict=True))
    return max(("men", "women"), key=lambda name: by_label.get(name, 0.0))


_GENDERS = {"men's": "men", "women's": "women", "boys'": "boys", "girls'": "girls"}
_POSSESSIVE = {"men": "Men's", "women": "Women's", "boys": "Boys'", "girls": "Girls'", "unisex": "Unisex"}
_SLEEVELESS_LAYERS = ("bottomwear", "footwear", "accessory")


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


def _layer_query(
    layer: str, garment: SeenGarment, types: Mapping[str, float], attributes: dict[str, str], gender: str
) -> LayerQuery:
    most = next(iter(types.values()))
    likely = [name for name, share in types.items() if share >= PLAUSIBLE * most]
    categories = dict.fromkeys(category_of(name) for name in (*likely, *RELATED.get(likely[0], ())))
    left, top, right, bottom = garment.garment.box
    return LayerQuery(
        layer=layer,
        query=compose_query(gender, attributes, layer),
        category=category_of(likely[0]),
        categories=tuple(categories),
        gender=gender,
        box=Box(x0=left, y0=top, x1=right, y1=bottom),
        outline=garment.garment.outline,
        confidence=min(1.0, round(garment.garment.confidence, 3)),
        attributes=attributes,
    )
