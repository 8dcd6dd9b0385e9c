"""Ranking metrics of an encoder, with the definitions of Marqo's public fashion benchmark, and expected calibration error."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Retrieval:
    """Text-to-image retrieval where each text has one picture: shares in [0, 1] over `queries` texts."""

    recall_at_1: float
    recall_at_10: float
    mrr: float
    queries: int


def text_to_image(texts: NDArray[np.float32], images: NDArray[np.float32]) -> Retrieval:
    """Return the retrieval of picture i by text i among all pictures; unit rows (n, d). Ties count against the encoder."""
    ranks = np.concatenate([
        (scores >= np.take_along_axis(scores, own[:, None], 1)).sum(axis=1)
        for start in range(0, len(texts), 500)
        for scores, own in [(texts[start : start + 500] @ images.T, np.arange(start, min(start + 500, len(texts))))]
    ])  # fmt: skip
    return Retrieval(float((ranks <= 1).mean()), float((ranks <= 10).mean()), float((1 / ranks).mean()), len(ranks))


def class_precision(
    scores: NDArray[np.float32], classes: list[str], of_products: NDArray[np.str_], least: int = 20
) -> tuple[float, float, int]:
    """Return P@1, P@10 and the number of classes: the mean over classes with at least `least` products.

    `scores`: (k, n), class text by product; `of_products`: class of each product.
    """
    used = [i for i, name in enumerate(classes) if (of_products == name).sum() >= least]
    if not used:
        return float("nan"), float("nan"), 0
    best = np.argsort(-scores[used], axis=1, kind="stable")[:, :10]
    hits = np.array([of_products[row] == classes[i] for i, row in zip(used, best, strict=True)])
    return float(hits[:, 0].mean()), float(hits.mean()), len(used)


def neighbour_precision(vectors: NDArray[np.float32], classes: NDArray[np.str_]) -> float:
    """Return image-to-image P@10: the share of the ten nearest other products that have the query's class."""
    hits = []
    for start in range(0, len(vectors), 500):
        scores = vectors[start : start + 500] @ vectors.T
        scores[np.arange(len(scores)), start + np.arange(len(scores))] = -np.inf
        nearest = np.argpartition(-scores, 10, axis=1)[:, :10]
        hits.append(classes[nearest] == classes[start : start + 500, None])
    return float(np.concatenate(hits).mean())


def calibration_error(probabilities: NDArray[np.float32], truth: NDArray[np.int64], bins: int = 10) -> float:
    """Return the expected calibration error of the top label in [0, 1] over equal-width bins."""
    confidence, right = probabilities.max(axis=1), probabilities.argmax(axis=1) == truth
    place = np.minimum((confidence * bins).astype(int), bins - 1)
    gaps = [abs(float(confidence[place == b].mean() - right[place == b].mean())) * float((place == b).mean()) for b in set(place)]
    return float(sum(gaps))
