"""Contrastive losses that know which captions describe which pictures."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import torch


def described(codes: torch.Tensor, stated: torch.Tensor, others: torch.Tensor) -> torch.Tensor:
    """Return bool (n, m): caption i describes picture j when j has every class that caption i states.

    `codes`: int (n, a), the classes of the caption's own picture; `stated`: bool (n, a); `others`: int (m, a).
    """
    return ((codes.unsqueeze(1) == others.unsqueeze(0)) | ~stated.unsqueeze(1)).all(2)


def multi_positive_loss(logits: torch.Tensor, positive: torch.Tensor) -> torch.Tensor:
    """Return the mean cross-entropy of each row against a uniform target over its positives; rows without one are left out."""
    import torch

    share = positive.float()
    count = share.sum(1)
    rows = count > 0
    if not rows.any():
        return logits.sum() * 0
    log_probability = torch.log_softmax(logits[rows], 1)
    return -((log_probability * share[rows]).sum(1) / count[rows]).mean()


def contrastive_loss(
    image: torch.Tensor, text: torch.Tensor, positive: torch.Tensor, scale: torch.Tensor, ignored: torch.Tensor | None = None
) -> torch.Tensor:
    """Return the symmetric loss over (n texts x m images).

    `positive`: bool (n, m). `ignored`: bool (n, m), pairs that are neither positive nor negative.
    """
    logits = scale * text @ image.T
    if ignored is not None:
        logits = logits.masked_fill(ignored & ~positive, -1e4)
    return 0.5 * (multi_positive_loss(logits, positive) + multi_positive_loss(logits.T, positive.T))


def prompt_loss(image: torch.Tensor, prompts: torch.Tensor, codes: torch.Tensor, scale: torch.Tensor) -> torch.Tensor:
    """Return the zero-shot classification loss of one attribute.

    `image`: unit (n, d); `prompts`: unit (k, d), one per class; `codes`: int (n,), -1 where the class is unknown.
    """
    import torch

    known = codes >= 0
    if not known.any():
        return image.sum() * 0
    return torch.nn.functional.cross_entropy(scale * image[known] @ prompts.T, codes[known], label_smoothing=0.02)
