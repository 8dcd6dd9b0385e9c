"""Turns stored pictures into training views of what looks are: crops, scales, backgrounds, neighbours, light.

All of it runs on whole batches of tensors; a view costs a small part of its forward pass.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    import torch

WHITE = 243
"""Pixels whose darkest channel is at least this are background when they touch the border through such pixels."""


@dataclass(frozen=True)
class Strength:
    """How far views leave the stored picture: chances in [0, 1]."""

    crop: float = 0.55
    background: float = 0.25
    neighbour: float = 0.12
    light: float = 0.5
    rotate: float = 0.25


GENTLE = Strength(crop=0.35, background=0.12, neighbour=0.05, light=0.35, rotate=0.1)


def background_masks(pixels: NDArray[np.uint8]) -> NDArray[np.bool_]:
    """Return bool (n, h, w): the near-white region of each picture that is connected to its border."""
    from scipy import ndimage

    masks = np.zeros(pixels.shape[:3], dtype=np.bool_)
    for number, picture in enumerate(pixels):
        regions, _ = ndimage.label(picture.min(axis=2) >= WHITE)
        border = np.unique(np.concatenate([regions[0], regions[-1], regions[:, 0], regions[:, -1]]))
        masks[number] = np.isin(regions, border[border > 0])
    return masks


def _chance(n: int, p: float, generator: torch.Generator) -> torch.Tensor:
    import torch

    return torch.rand(n, generator=generator) < p


def replaced_background(
    pictures: torch.Tensor, masks: torch.Tensor, scenes: torch.Tensor, p: float, generator: torch.Generator
) -> torch.Tensor:
    """Put a plain colour or a piece of a scene behind some pictures.

    `pictures`: (n, 3, h, w) in [0, 1]; `masks`: bool (n, h, w), background; `scenes`: (m, 3, h, w) in [0, 1].
    """
    import torch

    n = len(pictures)
    chosen = _chance(n, p, generator)
    if not chosen.any():
        return pictures
    plain = torch.rand(n, 3, 1, 1, generator=generator).expand_as(pictures)
    scene = scenes[torch.randint(len(scenes), (n,), generator=generator)]
    behind = torch.where(_chance(n, 0.5, generator).view(n, 1, 1, 1), plain, scene)
    alpha = (masks.float().unsqueeze(1)) * chosen.view(n, 1, 1, 1)
    alpha = torch.nn.functional.avg_pool2d(alpha, 3, 1, 1)
    return pictures * (1 - alpha) + behind * alpha


def with_neighbours(pictures: torch.Tensor, p: float, generator: torch.Generator) -> torch.Tensor:
    """Cover a strip at one side of some pictures with the middle of another picture of the batch: loose crops hold neighbours."""
    import torch

    n, _, height, width = pictures.shape
    result = pictures
    chosen = torch.nonzero(_chance(n, p, generator)).flatten().tolist()
    if chosen:
        result = pictures.clone()
    others = torch.randint(n, (n,), generator=generator).tolist()
    shares = (0.1 + 0.2 * torch.rand(n, generator=generator)).tolist()
    sides = torch.randint(4, (n,), generator=generator).tolist()
    for row in chosen:
        rows, columns = max(1, int(height * shares[row])), max(1, int(width * shares[row]))
        other = pictures[others[row]]
        if sides[row] == 0:
            result[row, :, :rows] = other[:, height // 2 : height // 2 + rows]
        elif sides[row] == 1:
            result[row, :, -rows:] = other[:, height // 3 : height // 3 + rows]
        elif sides[row] == 2:
            result[row, :, :, :columns] = other[:, :, width // 2 : width // 2 + columns]
        else:
            result[row, :, :, -columns:] = other[:, :, width // 3 : width // 3 + columns]
    return result


def cropped(pictures: torch.Tensor, size: int, strength: Strength, generator: torch.Generator) -> torch.Tensor:
    """Resample to (n, 3, size, size) through random crops, paddings, aspect changes, flips and small turns."""
    import torch

    n = len(pictures)

    def uniform(low: float, high: float) -> torch.Tensor:
        return low + (high - low) * torch.rand(n, generator=generator)

    wide = _chance(n, strength.crop, generator)
    scale = torch.where(wide, uniform(0.55, 1.2), uniform(0.9, 1.04))
    aspect = torch.exp(torch.where(wide, uniform(-0.3, 0.3), uniform(-0.06, 0.06)))
    sx, sy = scale * aspect.sqrt(), scale / aspect.sqrt()
    room = torch.where(wide, torch.full((n,), 0.9), torch.ones(n))
    cx, cy = uniform(-1, 1) * (1 - sx).abs() * room, uniform(-1, 1) * (1 - sy).abs() * room
    angle = uniform(-0.2, 0.2) * _chance(n, strength.rotate, generator)
    flip = torch.where(_chance(n, 0.5, generator), -1.0, 1.0)
    cos, sin = torch.cos(angle), torch.sin(angle)
    theta = torch.stack([torch.stack([flip * sx * cos, -sy * sin, cx], 1), torch.stack([flip * sx * sin, sy * cos, cy], 1)], 1)
    grid = torch.nn.functional.affine_grid(theta, [n, 3, size, size], align_corners=False)
    mode = "bicubic" if torch.rand(1, generator=generator).item() < 0.5 else "bilinear"
    return torch.nn.functional.grid_sample(pictures, grid, mode=mode, padding_mode="border", align_corners=False)


def relit(pictures: torch.Tensor, p: float, generator: torch.Generator) -> torch.Tensor:
    """Change brightness, contrast and (slightly) the colour of the light of some pictures; colours keep their names."""
    import torch

    n = len(pictures)
    chosen = _chance(n, p, generator).view(n, 1, 1, 1).float()
    gain = 1 + chosen * (torch.rand(n, 1, 1, 1, generator=generator) - 0.5) * 0.3
    tint = 1 + chosen * (torch.rand(n, 3, 1, 1, generator=generator) - 0.5) * 0.08
    contrast = 1 + chosen * (torch.rand(n, 1, 1, 1, generator=generator) - 0.5) * 0.3
    mean = pictures.mean((1, 2, 3), keepdim=True)
    return ((pictures - mean) * contrast + mean).mul(gain).mul(tint).clamp(0, 1)


def training_views(
    pixels: NDArray[np.uint8],
    masks: NDArray[np.bool_] | None,
    scenes: torch.Tensor,
    size: int,
    strength: Strength,
    generator: torch.Generator,
) -> torch.Tensor:
    """Return one normalised view (n, 3, size, size) of each stored picture, uint8 (n, h, w, 3)."""
    import torch

    pictures = torch.from_numpy(pixels).permute(0, 3, 1, 2).float().div_(255)
    if masks is not None:
        fitted = torch.nn.functional.interpolate(scenes, pictures.shape[2:], mode="bilinear")
        pictures = replaced_background(pictures, torch.from_numpy(masks), fitted, strength.background, generator)
    pictures = with_neighbours(pictures, strength.neighbour, generator)
    pictures = relit(cropped(pictures, size, strength, generator), strength.light, generator)
    return pictures.sub_(0.5).div_(0.5)


def plain_views(pixels: NDArray[np.uint8], size: int) -> torch.Tensor:
    """Return the pictures as the encoder sees them: squashed (bicubic, antialiased) to (n, 3, size, size) and normalised."""
    import torch

    pictures = torch.from_numpy(pixels).permute(0, 3, 1, 2).float().div_(255)
    resized = torch.nn.functional.interpolate(pictures, (size, size), mode="bicubic", antialias=True, align_corners=False)
    return resized.clamp_(0, 1).sub_(0.5).div_(0.5)
