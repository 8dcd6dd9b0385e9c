"""Baselines that an encoder must beat: colour histogram and untouched ImageNet features on pictures, TF-IDF on titles."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def colour_histograms(pixels: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Return unit rows (n, 512): square roots of RGB histograms with 8 levels a channel; uint8 (n, h, w, 3)."""
    level = pixels.astype(np.int64) >> 5
    cell = (level[..., 0] << 6 | level[..., 1] << 3 | level[..., 2]).reshape(len(pixels), -1)
    counts = np.stack([np.bincount(row, minlength=512) for row in cell]).astype(np.float32)
    roots = np.sqrt(counts)
    unit: NDArray[np.float32] = (roots / np.linalg.norm(roots, axis=1, keepdims=True)).astype(np.float32)
    return unit


def imagenet_features(pixels: NDArray[np.uint8], size: int = 112) -> NDArray[np.float32] | None:
    """Return unit rows (n, 1280) of tf_efficientnet_lite0's ImageNet features; None where its weights are not installed."""
    import timm
    import torch

    from lookmatch_assets.training.encoder.augmentation import plain_views
    from lookmatch_assets.training.encoder.network import load_imagenet_weights

    trunk = timm.create_model("tf_efficientnet_lite0", pretrained=False, num_classes=0).eval()
    try:
        load_imagenet_weights(trunk)
    except ModuleNotFoundError:
        return None
    with torch.inference_mode():
        parts = [trunk(plain_views(pixels[start : start + 128], size)) for start in range(0, len(pixels), 128)]
        vectors: NDArray[np.float32] = torch.nn.functional.normalize(torch.cat(parts), dim=-1).numpy()
    return vectors


def title_scores(titles: list[str], queries: list[str]) -> NDArray[np.float32]:
    """Return TF-IDF cosine (queries, titles): words and pairs of words of the titles."""
    from sklearn.feature_extraction.text import TfidfVectorizer

    vectoriser = TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True)
    products = vectoriser.fit_transform(titles)
    return np.asarray((vectoriser.transform(queries) @ products.T).todense(), dtype=np.float32)
