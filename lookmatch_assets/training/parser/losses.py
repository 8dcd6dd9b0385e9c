"""The parser's loss: weighted cross entropy, overlap of every class present, and cross entropy of the kinds on garment pixels."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from lookmatch_assets.training.parser.labels import CLASS_NAMES, IGNORED, KIND_NAMES
from lookmatch_assets.training.parser.photos import Example

if TYPE_CHECKING:
    import torch

OVERLAP_WEIGHT = 0.5
KIND_WEIGHT = 0.4


def frequency_weights(
    examples: list[Example], of_kinds: bool = False, low: float = 0.4, high: float = 5.0
) -> NDArray[np.float32]:
    """Return a weight per class (or kind): 1/sqrt(share of the pixels), median 1, within [low, high]."""
    names = KIND_NAMES if of_kinds else CLASS_NAMES
    counts = np.zeros(256)
    for example in examples:
        counts += np.bincount((example.kinds if of_kinds else example.classes).ravel(), minlength=256)
    rarity = 1 / np.sqrt(np.maximum(counts[: len(names)], 1) / max(counts[:IGNORED].sum(), 1))
    return np.asarray(np.clip(rarity / np.median(rarity), low, high).astype(np.float32))


def parsing_loss(
    classes: torch.Tensor,
    kinds: torch.Tensor,
    class_labels: torch.Tensor,
    kind_labels: torch.Tensor,
    weights: tuple[torch.Tensor, torch.Tensor],
) -> torch.Tensor:
    """Return the loss of logits (n, c, h/4, w/4) against labels (n, h/2, w/2) of which 255 counts nowhere."""
    from torch.nn import functional

    size = class_labels.shape[1:]
    fine = functional.interpolate(classes, size=size, mode="bilinear", align_corners=False)
    loss = functional.cross_entropy(fine, class_labels, weights[0], ignore_index=IGNORED)
    known = (class_labels != IGNORED).unsqueeze(1)
    target = (
        functional.one_hot(class_labels.masked_fill(class_labels == IGNORED, 0), len(CLASS_NAMES)).permute(0, 3, 1, 2) * known
    )
    probability = fine.softmax(1) * known
    shared = (probability * target).sum((0, 2, 3))
    total = (probability + target).sum((0, 2, 3))
    present = target.sum((0, 2, 3)) > 0
    overlap = 1 - (2 * shared[present] + 1) / (total[present] + 1)
    loss = loss + OVERLAP_WEIGHT * overlap.mean()
    coarse_labels = kind_labels[:, ::2, ::2]
    if bool((coarse_labels != IGNORED).any()):
        loss = loss + KIND_WEIGHT * functional.cross_entropy(kinds, coarse_labels, weights[1], ignore_index=IGNORED)
    return loss
