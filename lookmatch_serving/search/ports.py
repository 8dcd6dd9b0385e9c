"""What search needs from an encoder, and a shelf that loads each encoder once."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from lookmatch_serving.errors import ConfigurationError

Vectors = NDArray[np.float32]


class SearchEncoder(Protocol):
    """What ``lookmatch_serving.encoders.load_encoder`` returns. Rows are unit length, float32."""

    @property
    def key(self) -> str:
        """The key it is loaded by."""

    @property
    def version(self) -> str:
        """Digest of weights and preprocessing."""

    @property
    def dimensions(self) -> int:
        """Length of a row."""

    @property
    def supports_text(self) -> bool:
        """Whether ``encode_texts`` works."""

    def encode_images(self, images: list[Image.Image]) -> Vectors:
        """Rows of pictures, (n, dimensions)."""

    def encode_texts(self, texts: list[str]) -> Vectors:
        """Rows of texts, (n, dimensions)."""


AttributeProbabilities = Callable[[SearchEncoder, Vectors, str], tuple[Sequence[str], Vectors]]
"""(encoder, image vectors (n, d), attribute) -> (k labels, probabilities (n, k))."""


class EncoderShelf:
    """Loads an encoder when it is first asked for and keeps it."""

    def __init__(self, load: Callable[[str], SearchEncoder]) -> None:
        self._load = load
        self._loaded: dict[str, SearchEncoder] = {}
        self._lock = threading.Lock()

    def get(self, key: str, version: str | None = None) -> SearchEncoder:
        """The encoder of a key.

        Raises:
            ConfigurationError: the installed encoder is not the version that the vectors were made with.
        """
        with self._lock:
            if key not in self._loaded:
                self._loaded[key] = self._load(key)
            encoder = self._loaded[key]
        if version is not None and encoder.version != version:
            raise ConfigurationError(
                f"the index was made with {key} {version}, installed is {encoder.version}; materialise the vectors again "
                "or install that version"
            )
        return encoder


def load_installed_encoder(key: str) -> SearchEncoder:
    """Load from the registry; imports torch, so it is imported here and not at module top."""
    from lookmatch_serving.encoders import load_encoder

    encoder: SearchEncoder = load_encoder(key)
    return encoder


def zero_shot_probabilities(encoder: SearchEncoder, image_vectors: Vectors, attribute: str) -> tuple[Sequence[str], Vectors]:
    """The installed zero-shot classifier."""
    from lookmatch_serving.encoders.zero_shot import attribute_probabilities

    labels, probabilities = attribute_probabilities(encoder, image_vectors, attribute)
    return labels, probabilities
