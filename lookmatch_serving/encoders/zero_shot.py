"""Zero-shot attributes: which word of a vocabulary fits a picture, with calibrated probabilities."""

from __future__ import annotations

import json
from functools import cache
from threading import Lock
from typing import cast

import numpy as np
from numpy.typing import NDArray

from lookmatch_serving.encoders.protocol import Encoder
from lookmatch_serving.encoders.registry import MINI_FOLDER
from lookmatch_serving.encoders.vocabulary import ATTRIBUTE_PHRASES, PERSONAL_CARE_TYPES, TEMPLATES
from lookmatch_serving.errors import InvalidInputError

QUERY_ATTRIBUTES = ("type", "colour", "pattern", "sleeve", "gender", "usage")
CALIBRATION_FILE = "calibration.json"
DEFAULT_SCALE = 100.0
"""Inverse temperature of encoders that were not calibrated: CLIP's own limit."""
PHRASES_USED = 2
"""Phrases of a label that enter its prompt; later ones are rarer words."""

_LOCK = Lock()
_PROMPTS: dict[tuple[str, str, str], NDArray[np.float32]] = {}


def class_names(attribute: str) -> list[str]:
    """Return the classes (retailer's words) that `attribute_labels` names, in the same order.

    Raises:
        InvalidInputError: If there is no such attribute.
    """
    if attribute not in QUERY_ATTRIBUTES:
        raise InvalidInputError("attribute", attribute, f"one of {', '.join(QUERY_ATTRIBUTES)}")
    return [name for name in ATTRIBUTE_PHRASES[attribute] if attribute != "type" or name not in PERSONAL_CARE_TYPES]


def attribute_labels(attribute: str) -> list[str]:
    """Return the labels of an attribute: the first phrase of each of its classes."""
    return [ATTRIBUTE_PHRASES[attribute][name][0] for name in class_names(attribute)]


def attribute_probabilities(
    encoder: Encoder, image_vectors: NDArray[np.float32], attribute: str
) -> tuple[list[str], NDArray[np.float32]]:
    """Return the labels of an attribute and the probability of each for every picture.

    Args:
        encoder: An encoder that supports text; `image_vectors` are its own.
        image_vectors: Unit rows (n, d).
        attribute: One of `QUERY_ATTRIBUTES`.

    Returns:
        k labels and probabilities (n, k) in [0, 1], rows summing to 1; those of lookmatch-mini are
        calibrated on catalogue photos it was not trained on.

    Raises:
        InvalidInputError: If there is no such attribute.
        EncoderUnavailableError: If the encoder has no text tower or weights.
    """
    labels = attribute_labels(attribute)
    scale = _calibration().get(attribute, DEFAULT_SCALE) if encoder.key == "lookmatch-mini" else DEFAULT_SCALE
    logits = scale * (image_vectors @ prompt_vectors(encoder, attribute).T)
    exponent = np.exp(logits - logits.max(axis=1, keepdims=True))
    return labels, (exponent / exponent.sum(axis=1, keepdims=True)).astype(np.float32)


def prompt_vectors(encoder: Encoder, attribute: str) -> NDArray[np.float32]:
    """Return one unit row (k, d) per label: the mean over its first phrases in every template. Remembered per encoder version."""
    place = (encoder.key, encoder.version, attribute)
    with _LOCK:
        if place not in _PROMPTS:
            texts, owners = [], []
            for number, name in enumerate(class_names(attribute)):
                for phrase in ATTRIBUTE_PHRASES[attribute][name][:PHRASES_USED]:
                    texts += [template.format(phrase) for template in TEMPLATES[attribute]]
                    owners += [number] * len(TEMPLATES[attribute])
            vectors = encoder.encode_texts(texts)
            means = np.zeros((max(owners) + 1, vectors.shape[1]), dtype=np.float32)
            np.add.at(means, owners, vectors)
            _PROMPTS[place] = means / np.linalg.norm(means, axis=1, keepdims=True)
        return _PROMPTS[place]


@cache
def _calibration() -> dict[str, float]:
    """Return the fitted inverse temperature of each attribute for lookmatch-mini; empty when it was not calibrated."""
    path = MINI_FOLDER / CALIBRATION_FILE
    return cast("dict[str, float]", json.loads(path.read_text(encoding="utf-8"))["inverse_temperature"]) if path.exists() else {}
