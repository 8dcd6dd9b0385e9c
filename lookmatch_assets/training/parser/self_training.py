"""Labels for photos without them: what a trained parser sees, as far as each photo's tags allow it and it is sure of it.

D.-H. Lee, "Pseudo-Label" (ICML workshop 2013), with the tags as a bound: a class that is not tagged cannot be seen.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from lookmatch_assets.training.parser.labels import CLASS_NAMES, CLASSES, IGNORED, KIND_NAMES, KINDS, class_of_kind
from lookmatch_assets.training.parser.photos import Example, Tagged
from lookmatch_serving.parsing.parser import Network
from lookmatch_serving.parsing.preprocessing import picture_tensor

SURE = 0.6
"""Least probability of a pixel's class that becomes a label; what is less sure is ignored."""

TAGGED_BONUS = 1.5
"""Factor on the probability of a tagged class: the photo is known to show it."""

ALWAYS = ("background", "skin", "hair")


def probabilities(teacher: Network, pixels: NDArray[np.uint8]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Return class (c, h, w) and kind (k, h/4, w/4) probabilities on the network's grid."""
    classes, kinds = teacher.run(picture_tensor(Image.fromarray(pixels), teacher.config))
    return classes[0], kinds[0]


def allowed(tags: Iterable[str]) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
    """Return a factor for each class (0 where no tag allows it) and whether each kind is allowed."""
    present = set(tags)
    factors = [1.0 if name in ALWAYS else TAGGED_BONUS if present & set(labels) else 0.0 for name, labels in CLASSES.items()]
    return np.array(factors, dtype=np.float32), np.array([bool(present & set(labels)) for labels in KINDS.values()])


def _resized(channels: NDArray[np.float32], size: tuple[int, int]) -> NDArray[np.float32]:
    return np.stack([cv2.resize(channel, size, interpolation=cv2.INTER_LINEAR) for channel in channels])


def labelled(teacher: Network, photo: Tagged) -> Example:
    """Return a tagged photo with the labels that its tags and the teacher agree on."""
    factors, kinds_allowed = allowed(photo.tags)
    classes, kinds = probabilities(teacher, photo.pixels)
    size = (photo.pixels.shape[1], photo.pixels.shape[0])
    shares = _resized(classes * factors[:, None, None], size)
    shares /= np.maximum(shares.sum(0), 1e-6)
    chosen = shares.argmax(0).astype(np.uint8)
    chosen[shares.max(0) < SURE] = IGNORED
    return Example(photo.name, photo.pixels, chosen, _kinds(chosen, _resized(kinds, size), kinds_allowed))


def _kinds(chosen: NDArray[np.uint8], shares: NDArray[np.float32], kinds_allowed: NDArray[np.bool_]) -> NDArray[np.uint8]:
    """Return a kind for every pixel of a garment: the only one tagged for its class, else the likeliest over the garment."""
    result = np.full(chosen.shape, IGNORED, dtype=np.uint8)
    owner = class_of_kind()
    for number in range(len(CLASS_NAMES)):
        options = np.flatnonzero(kinds_allowed & (owner == number))
        inside = chosen == number
        if len(options) == 0 or not inside.any():
            continue
        pooled = shares[options][:, inside].mean(1)
        if len(options) == 1 or pooled.max() > 2 * np.sort(pooled)[-2]:
            result[inside] = options[int(pooled.argmax())]
    return result


def restricted(teacher: Network, name: str, pixels: NDArray[np.uint8], class_name: str, kind_name: str | None) -> Example | None:
    """Return a photo of one garment of a known class with its pixels labelled; None where it is unclear which they are."""
    classes, _ = probabilities(teacher, pixels)
    garment = 1 - classes[0] - classes[CLASS_NAMES.index("skin")] - classes[CLASS_NAMES.index("hair")]
    size = (pixels.shape[1], pixels.shape[0])
    share = np.asarray(cv2.resize(np.clip(garment, 0, 1), size, interpolation=cv2.INTER_LINEAR))
    covered = float((share > 0.5).mean())
    unsure = float(((share > 0.25) & (share < 0.75)).mean())
    if not 0.12 <= covered <= 0.8 or unsure > 0.25:
        return None
    number = CLASS_NAMES.index(class_name)
    labels = np.where(share > 0.65, number, np.where(share < 0.35, 0, IGNORED)).astype(np.uint8)
    kind = IGNORED if kind_name is None else KIND_NAMES.index(kind_name)
    return Example(name, pixels, labels, np.where(labels == number, kind, IGNORED).astype(np.uint8))


def label_all(teacher: Network, photos: Sequence[Tagged]) -> list[Example]:
    """Label tagged photos with a trained parser."""
    return [labelled(teacher, photo) for photo in photos]
