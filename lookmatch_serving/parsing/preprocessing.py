"""A picture becomes the network's input: the same shape and values in training's evaluation and in serving."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from lookmatch_serving.parsing.config import ParserConfig


def input_size(width: int, height: int, config: ParserConfig) -> tuple[int, int]:
    """Return width and height of a picture's input: its aspect as nearly as multiples allow, about `config.pixels` in all."""
    aspect = min(max(width / height, 0.3), 3.0)
    step, most = config.multiple, config.longest_side

    def rounded(side: float) -> int:
        return min(most, max(step, step * round(side / step)))

    high = rounded(math.sqrt(config.pixels / aspect))
    return rounded(high * aspect), high


def picture_tensor(picture: Image.Image, config: ParserConfig) -> NDArray[np.float32]:
    """Return an RGB picture as float32 (1, 3, h, w): resampled with antialiasing to `input_size` and normalised."""
    size = input_size(*picture.size, config)
    small = picture.resize(size, Image.Resampling.BILINEAR, reducing_gap=2.0)
    pixels = np.asarray(small, dtype=np.float32) / 255
    normal = (pixels - np.array(config.mean, dtype=np.float32)) / np.array(config.deviation, dtype=np.float32)
    return np.ascontiguousarray(normal.transpose(2, 0, 1)[None])
