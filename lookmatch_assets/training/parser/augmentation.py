"""Views of a picture to train on: windows that cut bodies anywhere, flips, turns, light, blur and noise."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from lookmatch_assets.training.parser.labels import IGNORED
from lookmatch_assets.training.parser.photos import Example

SHAPES = ((320, 224), (320, 224), (320, 192), (256, 256), (352, 192), (288, 224))
"""Heights and widths of batches: about the same number of pixels, in the shapes that serving uses most."""

SMALL_SHAPES = ((224, 160), (224, 160), (256, 160), (192, 192))
"""Half as many pixels, for the first steps: what a body looks like is learnt from these at half the time."""


@dataclass(frozen=True)
class Strength:
    """How far views stray: `zoom` is the share of the picture's area side kept, `cut` the chance of a window that cuts a body."""

    zoom: tuple[float, float] = (0.55, 1.2)
    cut: float = 0.4
    turn: float = 8.0
    light: float = 0.8
    blur: float = 0.15


def _window(example: Example, shape: tuple[int, int], strength: Strength, rng: np.random.Generator) -> tuple[float, ...]:
    """Return centre x, centre y, width and height of the part of the picture to show."""
    height, width = example.classes.shape
    aspect = shape[1] / shape[0] * float(np.exp(rng.uniform(-0.12, 0.12)))
    person = np.flatnonzero(((example.classes != 0) & (example.classes != IGNORED)).any(1))
    if rng.random() < strength.cut and len(person) > 20:
        top, bottom = float(person[0]), float(person[-1])
        tall = bottom - top
        begin = -rng.uniform(0.02, 0.2) if rng.random() < 0.6 else rng.uniform(0.05, 0.6)
        end = begin + rng.uniform(0.3, 0.75)
        y0, y1 = top + begin * tall, top + end * tall
        columns = np.flatnonzero((example.classes[max(0, int(y0)) : max(1, int(y1))] != 0).any(0))
        centre = float(columns.mean()) if len(columns) else width / 2
        high = y1 - y0
        wide = high * aspect
        return centre + wide * rng.normal(0, 0.15), (y0 + y1) / 2, wide, high
    side = float(np.exp(rng.uniform(*np.log(strength.zoom))))
    high = side * max(height, width / aspect)
    wide = high * aspect
    slack_x, slack_y = abs(width - wide) / 2, abs(height - high) / 2
    return width / 2 + rng.uniform(-1, 1) * slack_x, height / 2 + rng.uniform(-1, 1) * slack_y, wide, high


def _lit(pixels: NDArray[np.float32], rng: np.random.Generator) -> NDArray[np.float32]:
    """Change exposure (down to night), contrast, the light's colour and saturation of a picture in [0, 1]."""
    gamma = float(np.exp(rng.normal(0.05, 0.3)))
    pixels = pixels**gamma * float(np.exp(rng.uniform(-0.6, 0.25)))
    pixels = pixels * (1 + rng.uniform(-0.12, 0.12, 3)).astype(np.float32)
    mean = pixels.mean()
    pixels = (pixels - mean) * rng.uniform(0.7, 1.25) + mean
    grey = pixels.mean(2, keepdims=True)
    return np.asarray(grey + (pixels - grey) * rng.uniform(0.4, 1.4), dtype=np.float32)


def view(
    example: Example, shape: tuple[int, int], strength: Strength, rng: np.random.Generator
) -> tuple[NDArray[np.float32], NDArray[np.uint8], NDArray[np.uint8]]:
    """Return one view: pixels (h, w, 3) in [-1, 1], class and kind labels (h/2, w/2)."""
    height, width = shape
    x, y, wide, high = _window(example, shape, strength, rng)
    angle = np.deg2rad(rng.normal(0, strength.turn / 2)) if rng.random() < 0.5 else 0.0
    flip = -1.0 if rng.random() < 0.5 else 1.0
    scale_x, scale_y = wide / width, high / height
    cos, sin = np.cos(angle), np.sin(angle)
    turn = np.array([[flip * cos * scale_x, -sin * scale_y], [flip * sin * scale_x, cos * scale_y]])

    def transform(step: float) -> NDArray[np.float64]:
        """Map pixel numbers of the view (every `step`-th) to pixel numbers of the picture."""
        linear = turn * step
        centre = np.array([(width / step - 1) / 2, (height / step - 1) / 2])
        return np.column_stack([linear, np.array([x - 0.5, y - 0.5]) - linear @ centre])

    fill = int(rng.integers(0, 3))
    border = (cv2.BORDER_REPLICATE, cv2.BORDER_CONSTANT, cv2.BORDER_REFLECT_101)[fill]
    value = [int(v) for v in rng.integers(0, 256, 3)]
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    source: Any = example.pixels
    if scale_y > 1.3:
        source = cv2.GaussianBlur(source, (0, 0), 0.35 * scale_y)
    seen = cv2.warpAffine(source, transform(1), (width, height), flags=flags, borderMode=border, borderValue=value)
    flags = cv2.INTER_NEAREST | cv2.WARP_INVERSE_MAP
    outside = 0 if fill == 1 else IGNORED
    half = (width // 2, height // 2)
    classes = cv2.warpAffine(example.classes, transform(2), half, flags=flags, borderValue=outside)
    kinds = cv2.warpAffine(example.kinds, transform(2), half, flags=flags, borderValue=IGNORED)
    pixels: NDArray[np.float32] = seen.astype(np.float32) / np.float32(255)
    if rng.random() < strength.light:
        pixels = _lit(pixels, rng)
    if rng.random() < strength.blur:
        pixels = np.asarray(cv2.GaussianBlur(pixels, (0, 0), rng.uniform(0.4, 1.8)), dtype=np.float32)
    if rng.random() < 0.3:
        pixels = pixels + rng.normal(0, rng.uniform(0.005, 0.05), (height, width, 1)).astype(np.float32)
    shown = np.asarray(np.clip(pixels, 0, 1) * 2 - 1, dtype=np.float32)
    return shown, np.asarray(classes, dtype=np.uint8), np.asarray(kinds, dtype=np.uint8)
