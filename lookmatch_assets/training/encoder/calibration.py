"""Fits the temperature of each zero-shot attribute, so that its probabilities can be read as chances."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from lookmatch_assets.training.encoder.captions import ATTRIBUTES
from lookmatch_assets.training.encoder.sources import Pictures
from lookmatch_serving.encoders import Encoder
from lookmatch_serving.encoders.zero_shot import CALIBRATION_FILE, QUERY_ATTRIBUTES, class_names, prompt_vectors

_SCALES = np.geomspace(2, 200, 80)


def best_scale(cosines: NDArray[np.float32], truth: NDArray[np.int64]) -> float:
    """Return the inverse temperature in [2, 200] with the least negative log-likelihood; cosines (n, k), truth (n,)."""

    def loss(scale: float) -> float:
        logits = scale * cosines
        top = logits.max(axis=1, keepdims=True)
        normaliser = np.log(np.exp(logits - top).sum(axis=1)) + top[:, 0]
        return float((normaliser - logits[np.arange(len(truth)), truth]).mean())

    return float(min(_SCALES, key=loss))


def calibrate(encoder: Encoder, pictures: Pictures, folder: Path) -> dict[str, float]:
    """Fit every attribute on the validation pictures and write `calibration.json` into the model's folder."""
    rows = pictures.rows("validation")
    vectors = encoder.encode_images([Image.fromarray(pictures.pixels[row]) for row in rows])
    scales: dict[str, float] = {}
    for attribute in QUERY_ATTRIBUTES:
        classes, place = class_names(attribute), ATTRIBUTES.index(attribute)
        known = [
            (i, classes.index(label)) for i, row in enumerate(rows) if (label := pictures.labels[row].classes[place]) in classes
        ]
        if known:
            used, truth = np.array(known).T
            scales[attribute] = round(best_scale(vectors[used] @ prompt_vectors(encoder, attribute).T, truth), 2)
    text = json.dumps({"inverse_temperature": scales, "fitted_on": f"{len(rows)} validation pictures"}, indent=2)
    (folder / CALIBRATION_FILE).write_text(text + "\n", encoding="utf-8")
    return scales
