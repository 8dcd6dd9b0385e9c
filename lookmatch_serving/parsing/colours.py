"""Names of a garment's colours, from its own pixels in CIELAB, the scene's light taken out.

Pixels are grouped by colour, lightness counting half since folds and shade change it; a group's colour is that of its better lit
half. The name is learnt: a softmax over quadratic terms of lightness and the two opponents, fitted to the colours that a retailer
gave its products (`lookmatch_assets.training.parser.colours`).
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from lookmatch_serving.errors import ConfigurationError
from lookmatch_serving.parsing.config import MODEL_FOLDER

COLOURS_FILE = "colours.json"
GROUPS = 4
_SAMPLE = 600
_LIT_FROM = 0.6
"""Quantile of a group's lightness that stands for it."""

_WHITE_QUANTILE = 0.98
_DARKEST_WHITE = 60.0
"""Lightness of a scene's brightest pixels below which the scene is dark and not merely dim."""


@dataclass(frozen=True)
class NamedColour:
    """A colour of a garment.

    Attributes:
        name: as the catalogue says it.
        share: of the garment's pixels, in (0, 1].
        lab: CIELAB of its better lit part, the light taken out.
    """

    name: str
    share: float
    lab: tuple[float, float, float]


@dataclass(frozen=True)
class ColourNames:
    """The learnt names and the weights (terms, names) of `terms`."""

    names: tuple[str, ...]
    weights: NDArray[np.float64]

    def probabilities(self, lab: NDArray[np.float32]) -> NDArray[np.float64]:
        """Return the probability (n, k) of each name for colours (n, 3) in CIELAB."""
        logits = terms(lab) @ self.weights
        exponent = np.exp(logits - logits.max(axis=1, keepdims=True))
        return np.asarray(exponent / exponent.sum(axis=1, keepdims=True))


def terms(lab: NDArray[np.float32]) -> NDArray[np.float64]:
    """Return the terms (n, 14) of colours (n, 3) in CIELAB that names depend on: quadratic, and how near to grey."""
    light, a, b = lab[:, 0] / 100.0, lab[:, 1] / 60.0, lab[:, 2] / 60.0
    chroma = np.hypot(a, b)
    grey = np.exp(-6 * chroma)
    parts = (
        np.ones_like(a),
        light,
        a,
        b,
        light**2,
        a * a,
        b * b,
        light * a,
        light * b,
        a * b,
        chroma,
        chroma * light,
        grey,
        grey * light,
    )
    return np.asarray(np.column_stack(parts), dtype=np.float64)


@cache
def colour_names(folder: Path = MODEL_FOLDER) -> ColourNames:
    """Read the learnt names of a model's folder.

    Raises:
        ConfigurationError: If the file is absent or unreadable.
    """
    path = folder / COLOURS_FILE
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        return ColourNames(tuple(content["names"]), np.array(content["weights"], dtype=np.float64))
    except (OSError, ValueError, KeyError) as error:
        raise ConfigurationError(f"{path} holds no colour names: {error}") from error


def to_lab(pixels: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Return RGB pixels (n, 3) in CIELAB (D65)."""
    return np.asarray(cv2.cvtColor(pixels[None].astype(np.float32) / 255, cv2.COLOR_RGB2LAB)[0], dtype=np.float32)


def scene_white(picture: Image.Image) -> float:
    """Return the lightness of a picture's brightest pixels, which stands for white in its light."""
    small = picture.convert("L").resize((48, 64), Image.Resampling.BOX)
    grey = float(np.quantile(np.asarray(small, dtype=np.float32), _WHITE_QUANTILE))
    return max(_DARKEST_WHITE, float(to_lab(np.full((1, 3), round(grey), dtype=np.uint8))[0, 0]))


def groups_of(lab: NDArray[np.float32]) -> list[tuple[float, NDArray[np.float32]]]:
    """Return (share, representative colour) of up to `GROUPS` groups of pixels (n, 3), the largest first."""
    sample = lab[:: max(1, len(lab) // _SAMPLE)]
    wanted = min(GROUPS, len(sample))
    stretched = (sample * np.array([0.5, 1, 1])).astype(np.float32)
    cv2.setRNGSeed(1)
    criteria = (cv2.TERM_CRITERIA_EPS + cv2.TERM_CRITERIA_MAX_ITER, 12, 0.5)
    _, labels, _ = cv2.kmeans(stretched, wanted, np.zeros((len(sample), 1), np.int32), criteria, 1, cv2.KMEANS_PP_CENTERS)
    groups = []
    for number in range(wanted):
        inside = sample[labels[:, 0] == number]
        if len(inside):
            lit = np.array([np.quantile(inside[:, 0], _LIT_FROM), np.median(inside[:, 1]), np.median(inside[:, 2])])
            groups.append((len(inside) / len(sample), lit.astype(np.float32)))
    return sorted(groups, key=lambda group: -group[0])


def colours_of(pixels: NDArray[np.uint8], white: float, names: ColourNames | None = None) -> tuple[NamedColour, ...]:
    """Return the colours of a garment's pixels (n, 3), n > 0, the largest share first.

    Args:
        pixels: RGB, of the garment alone.
        white: lightness that stands for white, of `scene_white`.
        names: the learnt names; the bundled ones when left out.
    """
    known = names or colour_names()
    lab = to_lab(pixels)
    lab[:, 0] = np.minimum(lab[:, 0] * (100.0 / white), 100.0)
    found: dict[str, NamedColour] = {}
    for share, colour in groups_of(lab):
        name = known.names[int(known.probabilities(colour[None])[0].argmax())]
        held = found.get(name)
        place = (float(colour[0]), float(colour[1]), float(colour[2])) if held is None else held.lab
        found[name] = NamedColour(name, share + (held.share if held else 0.0), place)
    return tuple(sorted(found.values(), key=lambda colour: -colour.share))


def garment_pixels(picture: Image.Image, mask: NDArray[np.bool_]) -> NDArray[np.uint8]:
    """Return the picture's pixels (n, 3) under a mask, at the mask's resolution, without its rim where it is wide enough."""
    rows, columns = mask.shape
    small = np.asarray(picture.resize((columns, rows), Image.Resampling.BOX, reducing_gap=2.0), dtype=np.uint8)
    inner = cv2.erode(mask.astype(np.uint8), np.ones((3, 3), np.uint8)) > 0
    return small[inner if inner.sum() >= 0.4 * mask.sum() else mask]


def colour_word(colours: tuple[NamedColour, ...], second_from: float = 0.3) -> str | None:
    """Return one name, or "black and white" where the second colour's share is at least `second_from`; None without colours."""
    if not colours:
        return None
    if len(colours) > 1 and colours[1].share >= second_from:
        return f"{colours[0].name} and {colours[1].name}"
    return colours[0].name
