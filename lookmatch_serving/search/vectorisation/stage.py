"""Stage 2: the look's segments and its queries become vectors in the space of the product images."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

from lookmatch_serving.search.context import SearchContext
from lookmatch_serving.search.runtime.cache import SearchCache
from lookmatch_serving.search.runtime.deadline import BoundedWorkers
from lookmatch_serving.search.vectorisation.query_vectors import query_vectors
from lookmatch_serving.search.vectorisation.segment_vectors import SegmentVectors


class Vectorisation:
    """Fills ``SearchContext.segments`` and ``query_vectors``.

    Args:
        segments: cuts garments out of looks and encodes them.
        image_weight: of a layer's segment in its query vector, in [0, 1].
        encoder_workers: threads on which is encoded.
        cache: holds text vectors.
    """

    def __init__(
        self, segments: SegmentVectors, image_weight: float, encoder_workers: BoundedWorkers, cache: SearchCache
    ) -> None:
        self.segments = segments
        self._image_weight = image_weight
        self._encoder_workers = encoder_workers
        self._cache = cache

    def run(self, context: SearchContext) -> SearchContext:
        """Encode what was cut out and what was written.

        Raises:
            DeadlineExceededError: the texts were not encoded in time.
            UpstreamError: every thread of the encoder is taken.
        """
        with context.trace.stage("vectorisation"):
            if not context.queries:
                return context
            segments = self.segments.of(context)
            embed = partial(
                query_vectors, context.encoder, context.queries, segments, self._image_weight, self._cache, context.trace
            )
            vectors = self._encoder_workers.run(embed, context.deadline.require("vectorisation"))
        return replace(context, segments=segments, query_vectors=vectors)
