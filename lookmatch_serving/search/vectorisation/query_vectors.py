"""Stage 2: queries become vectors in the space of the product images.

Texts of all layers go through the text tower in one batch. Where a layer's segment of the look has a vector too,
both are blended:
``(1 - w) * text + w * segment``, scaled back to unit length.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from lookmatch_serving.encoders.protocol import Encoder, Vectors
from lookmatch_serving.search.models.query import LayerQuery
from lookmatch_serving.search.runtime.cache import SearchCache
from lookmatch_serving.search.runtime.trace import Trace


def text_vectors(encoder: Encoder, texts: Sequence[str], cache: SearchCache, trace: Trace) -> Vectors:
    """Unit rows (n, d) of texts, from the cache where it holds them."""
    held = cache.text_vectors(encoder.version, texts, encoder.dimensions, trace)
    missing = [text for text, vector in zip(texts, held, strict=True) if vector is None]
    made = encoder.encode_texts(missing) if missing else np.empty((0, encoder.dimensions), dtype=np.float32)
    cache.keep_text_vectors(encoder.version, missing, made, trace)
    fresh = iter(made)
    return np.stack([vector if vector is not None else next(fresh) for vector in held])


def query_vectors(
    encoder: Encoder,
    queries: Sequence[LayerQuery],
    segments: Mapping[str, Vectors],
    image_weight: float,
    cache: SearchCache,
    trace: Trace,
) -> Vectors:
    """Unit rows (n, d), one a layer.

    Args:
        encoder: the live encoder.
        queries: n layers.
        segments: layer name -> unit vector (d,) of its segment; layers may be missing.
        image_weight: the segment's weight in [0, 1]; 1 where the encoder reads no text.
        cache: holds text vectors.
        trace: notes of the request.
    """
    if not encoder.supports_text:
        zero = np.zeros(encoder.dimensions, dtype=np.float32)
        return np.stack([segments.get(query.layer, zero) for query in queries])
    texts = text_vectors(encoder, [query.query for query in queries], cache, trace)
    rows = []
    for query, text in zip(queries, texts, strict=True):
        segment = segments.get(query.layer)
        rows.append(text if segment is None else unit((1 - image_weight) * text + image_weight * segment))
    return np.stack(rows)


def unit(vector: Vectors) -> Vectors:
    """The vector at length 1; a zero vector stays."""
    length = float(np.linalg.norm(vector))
    return vector if length == 0 else np.asarray(vector / length, dtype=np.float32)
