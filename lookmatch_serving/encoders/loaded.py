"""What search needs from an encoder, and a shelf that loads each encoder once."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence

from lookmatch_serving.encoders.protocol import Encoder, Vectors
from lookmatch_serving.errors import ConfigurationError

AttributeProbabilities = Callable[[Encoder, Vectors, str], tuple[Sequence[str], Vectors]]
"""(encoder, image vectors (n, d), attribute) -> (k labels, probabilities (n, k))."""


class EncoderRegistry:
    """Loads an encoder when it is first asked for and keeps it."""

    def __init__(self, load: Callable[[str], Encoder]) -> None:
        self._load = load
        self._loaded: dict[str, Encoder] = {}
        self._lock = threading.Lock()

    def get(self, key: str, version: str | None = None) -> Encoder:
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


def load_installed_encoder(key: str) -> Encoder:
    """Load from the registry; imports torch, so it is imported here and not at module top."""
    from lookmatch_serving.encoders import load_encoder

    return load_encoder(key)


def zero_shot_probabilities(encoder: Encoder, image_vectors: Vectors, attribute: str) -> tuple[Sequence[str], Vectors]:
    """The installed zero-shot classifier."""
    from lookmatch_serving.encoders.zero_shot import attribute_probabilities

    labels, probabilities = attribute_probabilities(encoder, image_vectors, attribute)
    return labels, probabilities
