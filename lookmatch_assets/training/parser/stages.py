"""A stage of training: examples from weighted sources, AdamW over a cosine, averaged weights, checkpoints to resume from."""

from __future__ import annotations

import copy
import math
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from lookmatch_assets.training.parser.augmentation import SHAPES, Strength, view
from lookmatch_assets.training.parser.losses import frequency_weights, parsing_loss
from lookmatch_assets.training.parser.photos import Example

if TYPE_CHECKING:
    import torch

WARM_UP = 40
AVERAGE_DECAY = 0.996


@dataclass(frozen=True)
class Source:
    """Examples and the share of every batch that is drawn from them."""

    examples: list[Example]
    share: float


@dataclass(frozen=True)
class Stage:
    """Numbers of one stage.

    `rates` are those of the decoder and of the backbone, falling to a fiftieth by a cosine. `frozen` are parts of the backbone
    that keep their weights: the first ones, of many pixels, are the costliest to train.
    """

    name: str
    steps: int
    batch: int = 8
    rates: tuple[float, float] = (2e-3, 4e-4)
    strength: Strength = field(default_factory=Strength)
    shapes: tuple[tuple[int, int], ...] = SHAPES
    frozen: tuple[str, ...] = ()
    seed: int = 1
    save_every: int = 25


def batch_of(sources: list[Source], stage: Stage, step: int) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Return pictures (n, 3, h, w) and labels (n, h/2, w/2) of a step, the same for the same step."""
    import torch

    rng = np.random.default_rng((stage.seed, step))
    shape = stage.shapes[int(rng.integers(len(stage.shapes)))]
    shares = np.array([source.share for source in sources])
    views = []
    for which in rng.choice(len(sources), stage.batch, p=shares / shares.sum()):
        examples = sources[int(which)].examples
        views.append(view(examples[int(rng.integers(len(examples)))], shape, stage.strength, rng))
    pixels = torch.from_numpy(np.stack([v[0] for v in views])).permute(0, 3, 1, 2)
    classes, kinds = (torch.from_numpy(np.stack([v[part] for v in views]).astype(np.int64)) for part in (1, 2))
    return pixels.contiguous(memory_format=torch.channels_last), classes, kinds


def _optimiser(model: Any, stage: Stage) -> torch.optim.Optimizer:
    import torch

    for part in stage.frozen:
        model.trunk.get_submodule(part).requires_grad_(False)
    decoder = [p for name, p in model.named_parameters() if not name.startswith("trunk.")]
    groups = [
        {"params": decoder, "lr": stage.rates[0], "initial": stage.rates[0]},
        {"params": [p for p in model.trunk.parameters() if p.requires_grad], "lr": stage.rates[1], "initial": stage.rates[1]},
    ]
    return torch.optim.AdamW(groups, weight_decay=0.02)


def _rate(step: int, steps: int) -> float:
    warm = min(1.0, (step + 1) / WARM_UP)
    return warm * (0.02 + 0.98 * 0.5 * (1 + math.cos(math.pi * step / steps)))


def train_stage(model: Any, sources: list[Source], stage: Stage, folder: Path, say: Callable[[str], None]) -> Any:
    """Train a model in place; return the average of its weights over the last steps.

    A checkpoint `<stage>.pt` in `folder` is written every `save_every` steps and resumed from where there is one.
    """
    import torch

    folder.mkdir(parents=True, exist_ok=True)
    checkpoint = folder / f"{stage.name}.pt"
    model = model.to(memory_format=torch.channels_last).train()
    average = copy.deepcopy(model).eval()
    optimiser = _optimiser(model, stage)
    first = 0
    if checkpoint.exists():
        state = torch.load(checkpoint, map_location="cpu", weights_only=True)
        model.load_state_dict(state["model"])
        average.load_state_dict(state["average"])
        first = int(state["step"])
        if first >= stage.steps:
            return average
        optimiser.load_state_dict(state["optimiser"])
    weights = tuple(torch.from_numpy(frequency_weights(sources[0].examples, of_kinds)) for of_kinds in (False, True))
    started, running = time.monotonic(), 0.0
    for step in range(first, stage.steps):
        for group in optimiser.param_groups:
            group["lr"] = group["initial"] * _rate(step, stage.steps)
        pixels, class_labels, kind_labels = batch_of(sources, stage, step)
        class_logits, kind_logits = model(pixels)
        loss: Any = parsing_loss(class_logits, kind_logits, class_labels, kind_labels, (weights[0], weights[1]))
        optimiser.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 5.0)
        optimiser.step()
        decay = min(AVERAGE_DECAY, (1 + step) / (10 + step))
        with torch.no_grad():
            for kept, fresh in zip(average.parameters(), model.parameters(), strict=True):
                kept.lerp_(fresh, 1 - decay)
        running = loss.item() if step == first else 0.98 * running + 0.02 * loss.item()
        if (step + 1) % stage.save_every == 0 or step + 1 == stage.steps:
            state = {
                "model": model.state_dict(),
                "average": average.state_dict(),
                "optimiser": optimiser.state_dict(),
                "step": step + 1,
            }
            torch.save(state, checkpoint.with_suffix(".partial"))
            checkpoint.with_suffix(".partial").replace(checkpoint)
            pace = (time.monotonic() - started) / (step + 1 - first)
            say(f"{stage.name}: step {step + 1} of {stage.steps}, loss {running:.3f}, {pace:.2f} s a step")
    return average
