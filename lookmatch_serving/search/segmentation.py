"""Cuts the garments out of a look, each on neutral ground, for blending and for the segment reranker.

The embedded segmenter uses the layer's box and the person's mask; ``grounded_segmentation`` has the one with large weights.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from PIL import Image

from lookmatch_serving.errors import ConfigurationError
from lookmatch_serving.search.foreground import find_figure, on_neutral_ground
from lookmatch_serving.search.layout import find_pieces
from lookmatch_serving.search.look import LayerQuery
from lookmatch_serving.search.regions import cut, tightened

EMBEDDED_SEGMENTER = "embedded-1"
"""Part of the cache key; changes whenever the same layer would be cut out differently."""


class Segmenter(Protocol):
    """Cuts layers out of a look."""

    @property
    def version(self) -> str:
        """Changes whenever the same layer would be cut out differently."""

    def segment(self, picture: Image.Image, queries: Sequence[LayerQuery]) -> dict[str, Image.Image]:
        """Layer name -> its cut-out (RGB, square, on neutral ground); layers that were not found are missing.

        Raises:
            ConfigurationError: its weights are not there.
        """


class EmbeddedSegmenter:
    """Box of the layer and, where a person wears it, mask of the person; no weights."""

    version = EMBEDDED_SEGMENTER

    def segment(self, picture: Image.Image, queries: Sequence[LayerQuery]) -> dict[str, Image.Image]:
        """See ``Segmenter``."""
        figure = find_figure(picture)
        laid_out = bool(find_pieces(figure))
        ground = picture if laid_out else on_neutral_ground(picture, figure)
        pieces = {}
        for query in queries:
            box = query.box if laid_out else query.box and tightened(query.box, figure)
            if box is not None:
                pieces[query.layer] = cut(ground, box)
        return pieces


class AbsentSegmenter:
    """Stands where a segmenter is configured whose weights are not there; whoever uses it is told why."""

    version = "absent"

    def __init__(self, reason: str) -> None:
        self._reason = reason

    def segment(self, picture: Image.Image, queries: Sequence[LayerQuery]) -> dict[str, Image.Image]:
        """See ``Segmenter``."""
        raise ConfigurationError(self._reason)
