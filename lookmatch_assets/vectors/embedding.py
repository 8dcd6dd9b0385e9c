"""Embedding of pending pictures, batch by batch, each batch committed, so that what an interrupted run did is kept."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from lookmatch_assets.images.store import picture_path
from lookmatch_assets.vectors.tables import VectorTable, save_vectors
from lookmatch_serving.db import DictConnection
from lookmatch_serving.pictures import decode_picture

BATCH = 32
SAVE_EVERY = 512

Pending = Sequence[tuple[str, list[str]]]


class _Encodes(Protocol):
    def encode_images(self, images: list[Image.Image]) -> NDArray[np.float32]: ...


@dataclass(frozen=True)
class EmbeddingCounts:
    """What embedding did: pictures encoded, vectors written (one for each product) and seconds spent in the encoder."""

    pictures: int
    vectors: int
    encoder_seconds: float


def embed_pending(
    connection: DictConnection,
    table: VectorTable,
    encoder: _Encodes,
    pending: Pending,
    folder: Path,
    embedded: Callable[[int], object] | None = None,
) -> EmbeddingCounts:
    """Encode pending pictures and write their vectors.

    Args:
        connection: to the lookmatch database; committed every ``SAVE_EVERY`` pictures.
        table: where the vectors go.
        encoder: gives float32 vectors of shape (n, dimensions).
        pending: digests with the products that show each.
        folder: the content-addressed store of pictures.
        embedded: called with the pictures of each batch that is encoded.
    """
    seconds, written = 0.0, 0
    for chunk in _chunks(pending, SAVE_EVERY):
        vectors = []
        for batch in _chunks(chunk, BATCH):
            pictures = [decode_picture(picture_path(folder, digest).read_bytes()) for digest, _ in batch]
            started = time.perf_counter()
            vectors.append(encoder.encode_images(pictures))
            seconds += time.perf_counter() - started
            if embedded:
                embedded(len(batch))
        written += save_vectors(connection, table, chunk, np.concatenate(vectors))
    return EmbeddingCounts(len(pending), written, seconds)


def _chunks(items: Pending, size: int) -> Iterator[list[tuple[str, list[str]]]]:
    source = iter(items)
    while chunk := list(islice(source, size)):
        yield chunk
