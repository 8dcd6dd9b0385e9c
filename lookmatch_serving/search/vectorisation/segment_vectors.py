"""Vectors of the garments cut out of a look, by the segmenter that is configured, else by the embedded one, kept in the cache.

A segmenter with large weights works on threads of its own: one that overruns must not take those that the encoder needs.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from concurrent.futures import Executor
from functools import partial

from PIL import Image

from lookmatch_serving.encoders.protocol import Encoder, Vectors
from lookmatch_serving.errors import LookmatchError
from lookmatch_serving.search.context import SearchContext
from lookmatch_serving.search.models.look import Look
from lookmatch_serving.search.models.protocols import Segmenter
from lookmatch_serving.search.models.query import LayerQuery
from lookmatch_serving.search.runtime.cache import SearchCache
from lookmatch_serving.search.runtime.deadline import BoundedWorkers, Deadline
from lookmatch_serving.search.runtime.trace import Trace
from lookmatch_serving.search.vectorisation.segmentation import EmbeddedSegmenter

SEGMENTER_THREADS = 2
TEXT_AND_RETRIEVAL_MS = 80.0
EMBEDDED_MS = 120.0
"""What cutting and encoding take with the embedded segmenter, kept back while another one is waited for."""

LARGEST_SHARE = 0.5
"""Most of what is left of the deadline that a segmenter with large weights may take: the model's order comes after it."""

Segments = dict[str, Vectors]


class SegmentVectors:
    """Layer -> unit vector (d,) of its cut-out; safe to use from many threads."""

    def __init__(self, segmenter: Segmenter, cache: SearchCache, encoder_workers: BoundedWorkers) -> None:
        self._segmenter = segmenter
        self._embedded = EmbeddedSegmenter()
        self._cache = cache
        self._encoder_workers = encoder_workers
        self._workers = BoundedWorkers(SEGMENTER_THREADS, "segmenter")

    @property
    def version(self) -> str:
        """Of the configured segmenter."""
        return self._segmenter.version

    def close(self) -> None:
        """Take no more work."""
        self._workers.close()

    def of(self, context: SearchContext) -> Segments:
        """Vectors of the layers that were found; what was not done as configured is noted in the trace."""
        if self._segmenter.version != self._embedded.version:
            try:
                return self._made(self._segmenter, context)
            except LookmatchError as error:
                context.trace.degrade("segmentation", f"cut out by the embedded segmenter: {error}")
        try:
            return self._made(self._embedded, context)
        except LookmatchError as error:
            context.trace.degrade("segmentation", f"the layers were not cut out: {error}")
            return {}

    def make_all(self, looks: Sequence[tuple[Look, list[LayerQuery]]], encoder: Encoder, pool: Executor, trace: Trace) -> None:
        """Keep vectors of many looks, cut out on the pool's threads and encoded in one batch; what fails is left to searches."""
        names = [segments_name(self._segmenter, encoder, look.digest, queries) for look, queries in looks]
        due = [i for i, name in enumerate(names) if self._cache.segments(name, encoder.dimensions, trace) is None]
        cut = list(pool.map(lambda i: self._pieces(*looks[i]), due))
        images = [image for pieces in cut for image in (pieces or {}).values()]
        rows = iter(encoder.encode_images(images)) if images else iter(())
        for i, pieces in zip(due, cut, strict=True):
            if pieces is not None:
                self._cache.keep_segments(names[i], dict(zip(pieces, rows, strict=False)), trace)

    def _pieces(self, look: Look, queries: Sequence[LayerQuery]) -> dict[str, Image.Image] | None:
        try:
            return self._segmenter.segment(look.picture, queries)
        except LookmatchError:
            return None

    def _made(self, segmenter: Segmenter, context: SearchContext) -> Segments:
        encoder, deadline, trace = context.encoder, context.deadline, context.trace
        name = segments_name(segmenter, encoder, context.look.digest, context.queries)
        held = self._cache.segments(name, encoder.dimensions, trace)
        if held is not None:
            return held
        pieces = self._cut(segmenter, context.look, context.queries, deadline)
        encode = partial(encoded, encoder, pieces)
        made = self._encoder_workers.run(encode, deadline.share_ms(reserve_ms=TEXT_AND_RETRIEVAL_MS)) if pieces else {}
        self._cache.keep_segments(name, made, trace)
        return made

    def _cut(self, segmenter: Segmenter, look: Look, queries: Sequence[LayerQuery], deadline: Deadline) -> dict[str, Image.Image]:
        """Raises DeadlineExceededError, UpstreamError or what the segmenter raises."""
        work = partial(segmenter.segment, look.picture, queries)
        if segmenter.version == self._embedded.version:
            return self._encoder_workers.run(work, deadline.share_ms(reserve_ms=TEXT_AND_RETRIEVAL_MS))
        most = LARGEST_SHARE * deadline.remaining_ms
        return self._workers.run(work, deadline.share_ms(reserve_ms=TEXT_AND_RETRIEVAL_MS + EMBEDDED_MS, at_most=most))


def encoded(encoder: Encoder, pieces: dict[str, Image.Image]) -> Segments:
    """Vectors of cut-outs, in one batch."""
    return dict(zip(pieces, encoder.encode_images(list(pieces.values())), strict=True)) if pieces else {}


def segments_name(segmenter: Segmenter, encoder: Encoder, look_digest: str, queries: Sequence[LayerQuery]) -> str:
    """Name of kept vectors: of everything that they depend on."""
    said = [[query.layer, query.query, query.box.model_dump() if query.box else None] for query in queries]
    digest = hashlib.sha256(json.dumps(said, sort_keys=True).encode()).hexdigest()
    return f"segments:{segmenter.version}:{encoder.version}:{look_digest}:{digest}"
