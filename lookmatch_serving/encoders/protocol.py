"""What every encoder offers."""

from __future__ import annotations

from typing import Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray
from PIL import Image

Vectors = NDArray[np.float32]
"""A vector (d,), or rows of them (n, d); unit length unless said."""


@runtime_checkable
class Encoder(Protocol):
    """Turns pictures, and texts where it can, into unit vectors of one space. Safe to share between threads."""

    @property
    def key(self) -> str:
        """The key it is loaded by."""

    @property
    def version(self) -> str:
        """Digest of weights and preprocessing: vectors of different versions must not be compared."""

    @property
    def dimensions(self) -> int:
        """Length of a vector."""

    @property
    def supports_text(self) -> bool:
        """Whether `encode_texts` works."""

    def encode_images(self, images: list[Image.Image]) -> NDArray[np.float32]:
        """Return unit rows (n, dimensions) for pictures of any size and mode.

        Raises:
            EncoderUnavailableError: If the weights are absent.
        """

    def encode_texts(self, texts: list[str]) -> NDArray[np.float32]:
        """Return unit rows (n, dimensions).

        Raises:
            EncoderUnavailableError: If the weights are absent or the encoder knows no text.
        """
