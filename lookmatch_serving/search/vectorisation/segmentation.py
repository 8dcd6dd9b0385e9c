"""Cuts the garments out of a look, each on neutral ground, for blending and for the segment reranker.

The embedded segmenter uses the layer's box and the person's mask; ``grounded_segmentation`` has the one with large weights.
"""

from __future__ import annotations

from collections.abc import Sequence

from PIL import Image

from lookmatch_serving.errors import ConfigurationError
from lookmatch_serving.search.models.query import LayerQuery
from lookmatch_serving.search.query_generation.foreground import find_figure, on_neutral_ground
from lookmatch_serving.search.query_generation.layout import cut_piece, find_pieces, on_white_ground
from lookmatch_serving.search.query_generation.regions import cut, tightened

EMBEDDED_SEGMENTER = "embedded-2"
"""Part of the cache key; changes whenever the same layer would be cut out differently."""


class EmbeddedSegmenter:
    """Box of the layer and, where a person wears it, mask of the person; no weights."""

    version = EMBEDDED_SEGMENTER

    def segment(self, picture: Image.Image, queries: Sequence[LayerQuery]) -> dict[str, Image.Image]:
        """See ``Segmenter``."""
        figure = find_figure(picture)
        if find_pieces(figure):
            whitened = on_white_ground(picture)
            return {query.layer: cut_piece(whitened, query.box)[1] for query in queries if query.box is not None}
        ground = on_neutral_ground(picture, figure)
        boxes = {query.layer: tightened(query.box, figure) for query in queries if query.box is not None}
        return {layer: cut(ground, box) for layer, box in boxes.items() if box is not None}


class AbsentSegmenter:
    """Stands where a segmenter is configured whose weights are not there; whoever uses it is told why."""

    version = "absent"

    def __init__(self, reason: str) -> None:
        self._reason = reason

    def segment(self, picture: Image.Image, queries: Sequence[LayerQuery]) -> dict[str, Image.Image]:
        """See ``Segmenter``."""
        raise ConfigurationError(self._reason)
