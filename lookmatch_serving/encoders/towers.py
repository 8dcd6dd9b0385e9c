"""The part that all encoders share: locked lazy loading of two towers, batching, unit rows."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from threading import Lock
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from lookmatch_serving.encoders.errors import EncoderUnavailableError
from lookmatch_serving.pictures import rgb_on_white

if TYPE_CHECKING:
    import torch

BATCH = 64
"""Pictures or texts that pass through a tower at once."""

_Item = TypeVar("_Item")
Tower = Callable[[Any], "torch.Tensor"]
"""A loaded tower with its preprocessing: a list of pictures or texts -> float (n, d), of any length."""


class TwoTowerEncoder(ABC):
    """An encoder whose towers are built on first need, each once, and kept."""

    def __init__(self, key: str, dimensions: int, *, supports_text: bool = True) -> None:
        self.key = key
        self.dimensions = dimensions
        self.supports_text = supports_text
        self._lock = Lock()
        self._image_tower: Tower | None = None
        self._text_tower: Tower | None = None

    @property
    @abstractmethod
    def version(self) -> str:
        """Digest of weights and preprocessing."""

    @abstractmethod
    def _load_image_tower(self) -> Tower: ...

    @abstractmethod
    def _load_text_tower(self) -> Tower: ...

    def encode_images(self, images: list[Image.Image]) -> NDArray[np.float32]:
        """Return unit rows (n, dimensions); the image tower is loaded by the first call."""
        if self._image_tower is None:
            with self._lock:
                if self._image_tower is None:
                    self._image_tower = self._load_image_tower()
        return self._unit_rows(self._image_tower, [rgb_on_white(image) for image in images])

    def encode_texts(self, texts: list[str]) -> NDArray[np.float32]:
        """Return unit rows (n, dimensions); the text tower is loaded by the first call."""
        if not self.supports_text:
            raise EncoderUnavailableError(self.key, "it encodes pictures only", "choose another encoder for text queries")
        if self._text_tower is None:
            with self._lock:
                if self._text_tower is None:
                    self._text_tower = self._load_text_tower()
        return self._unit_rows(self._text_tower, texts)

    def _unit_rows(self, tower: Tower, items: Sequence[_Item]) -> NDArray[np.float32]:
        import torch

        rows = np.zeros((len(items), self.dimensions), dtype=np.float32)
        with torch.inference_mode():
            for start in range(0, len(items), BATCH):
                vectors = tower(items[start : start + BATCH]).float()
                rows[start : start + BATCH] = torch.nn.functional.normalize(vectors, dim=-1).numpy()
        return rows
