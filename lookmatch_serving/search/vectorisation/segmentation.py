"""Cuts the garments out of a look, each on neutral ground, for blending and for the segment reranker.

The embedded segmenter uses the look parser's outlines; ``grounded_segmentation`` has the one with large weights.
"""

from __future__ import annotations

from collections.abc import Sequence

from PIL import Image

from lookmatch_serving.errors import ConfigurationError
from lookmatch_serving.parsing.cutting import cut_out
from lookmatch_serving.parsing.parser import LookParser, bundled_parser
from lookmatch_serving.parsing.records import Edges, Garment, ParsedLook
from lookmatch_serving.search.models.query import LayerQuery
from lookmatch_serving.search.query_generation.worn import LAYER_OF_GARMENT

LEAST_OVERLAP = 0.3
"""Intersection over union from which a model's box and a parsed garment are the same piece."""

EMBEDDED_SEGMENTER = "embedded-3"
"""Part of the cache key; changes whenever the same layer would be cut out differently."""


class EmbeddedSegmenter:
    """Cuts along the outlines that the queries came with; the look parser finds those of queries that have only a box."""

    def __init__(self, parser: LookParser | None = None) -> None:
        self._parser = parser or bundled_parser()

    @property
    def version(self) -> str:
        """This code's version and the parser's."""
        return f"{EMBEDDED_SEGMENTER}:{self._parser.version}"

    def segment(self, picture: Image.Image, queries: Sequence[LayerQuery]) -> dict[str, Image.Image]:
        """See ``Segmenter``."""
        placed = [query for query in queries if query.box is not None]
        parsed = self._parser.parse(picture) if any(not query.outline for query in placed) else None
        return {query.layer: self._cut(picture, query, parsed) for query in placed}

    @staticmethod
    def _cut(picture: Image.Image, query: LayerQuery, parsed: ParsedLook | None) -> Image.Image:
        box = _edges(query)
        if query.outline:
            return cut_out(picture, box, query.outline)
        garment = nearest_garment(query, parsed.garments) if parsed is not None else None
        return cut_out(picture, box) if garment is None else cut_out(picture, garment.box, garment.outline)


def nearest_garment(query: LayerQuery, garments: Sequence[Garment]) -> Garment | None:
    """Return the garment that a query's box means: of its layer, overlapping it enough, most of all; None where there is none."""
    layer = query.layer.split("_")[0] if query.layer.startswith("accessory") else query.layer
    same = [garment for garment in garments if LAYER_OF_GARMENT[garment.name] == layer]
    overlaps = {number: overlap(_edges(query), garment.box) for number, garment in enumerate(same)}
    best = max(overlaps, key=lambda number: overlaps[number], default=None)
    return same[best] if best is not None and overlaps[best] >= LEAST_OVERLAP else None


def _edges(query: LayerQuery) -> Edges:
    box = query.box
    return (0.0, 0.0, 1.0, 1.0) if box is None else (box.x0, box.y0, box.x1, box.y1)


def overlap(first: Edges, second: Edges) -> float:
    """Return the intersection over union of two boxes."""
    wide = min(first[2], second[2]) - max(first[0], second[0])
    high = min(first[3], second[3]) - max(first[1], second[1])
    shared = max(0.0, wide) * max(0.0, high)
    areas = sum((box[2] - box[0]) * (box[3] - box[1]) for box in (first, second))
    return shared / (areas - shared)


class AbsentSegmenter:
    """Stands where a segmenter is configured whose weights are not there; whoever uses it is told why."""

    version = "absent"

    def __init__(self, reason: str) -> None:
        self._reason = reason

    def segment(self, picture: Image.Image, queries: Sequence[LayerQuery]) -> dict[str, Image.Image]:
        """See ``Segmenter``."""
        raise ConfigurationError(self._reason)
