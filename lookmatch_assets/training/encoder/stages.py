"""The training stages: text tower and projections on cached features (at first ImageNet's), and both towers end to end."""

from __future__ import annotations

import copy
import math
import random
import time
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from lookmatch_assets.training.encoder.augmentation import GENTLE, Strength, background_masks, plain_views, training_views
from lookmatch_assets.training.encoder.captions import ATTRIBUTES, Labels
from lookmatch_assets.training.encoder.losses import contrastive_loss, described, prompt_loss
from lookmatch_assets.training.encoder.sources import Pictures
from lookmatch_assets.training.encoder.texts import Tokens, description_batch, name_batch, prompt_batch, text_vectors

if TYPE_CHECKING:
    import torch
    from torch import nn

ATTRIBUTE_WEIGHTS = {"type": 1.0, "colour": 1.0, "pattern": 0.3, "sleeve": 0.3, "gender": 0.3, "usage": 0.2, "kind": 0.5}


@dataclass
class Pool:
    """Pictures of one size that a stage draws from: training rows only, `weight` times an epoch."""

    pictures: Pictures
    weight: float
    masks: NDArray[np.bool_] | None = None
    rows: NDArray[np.int64] = field(init=False)

    def __post_init__(self) -> None:
        self.rows = self.pictures.rows("train")


@dataclass(frozen=True)
class Plan:
    """Numbers of one stage. `minutes` bounds it in wall time; the learning rates fall to zero over it by a cosine."""

    batch: int
    minutes: float
    text_rate: float
    image_rate: float = 0.0
    size: int = 96
    memory: int = 4096
    gentle_after: float = 0.8
    seed: int = 0


class Memory:
    """The last image and text vectors, with their attribute codes and name numbers: more negatives than a batch holds."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._parts: list[tuple[torch.Tensor, ...]] = []

    def add(self, *parts: torch.Tensor) -> None:
        """Remember one batch (detached), forgetting the oldest batches beyond the limit."""
        self._parts.append(tuple(p.detach() for p in parts))
        while sum(len(p[0]) for p in self._parts) > self._limit:
            self._parts.pop(0)

    def joined(self, *parts: torch.Tensor) -> tuple[torch.Tensor, ...]:
        """Return the batch with everything remembered behind it."""
        import torch

        return tuple(torch.cat([part, *(past[i] for past in self._parts)]) for i, part in enumerate(parts))


def make_pools(products: Pictures, photos: Pictures | None, drawn: Pictures | None) -> list[Pool]:
    """Return the pools of the training mix: products once an epoch, photos twice, drawn pictures once."""
    pools = [Pool(products, 1.0, background_masks(products.pixels))]
    if photos is not None:
        pools.append(Pool(photos, 2.0))
    if drawn is not None:
        pools.append(Pool(drawn, 1.0))
    return pools


def mixed_batches(pools: list[Pool], batch: int, rng: np.random.Generator) -> Iterator[list[tuple[Pool, NDArray[np.int64]]]]:
    """Yield one epoch of batches, each a list of (pool, rows) in the proportions of the mix."""
    sizes = [int(len(p.rows) * p.weight) for p in pools]
    shares = [max(1, round(batch * s / sum(sizes))) for s in sizes]
    shares[0] = batch - sum(shares[1:])
    orders = [np.concatenate([rng.permutation(p.rows) for _ in range(math.ceil(p.weight) + 1)]) for p in pools]
    for step in range(max(1, len(pools[0].rows) // shares[0])):
        yield [
            (p, np.take(order, range(step * share, (step + 1) * share), mode="wrap"))
            for p, order, share in zip(pools, orders, shares, strict=True)
        ]


def _name_numbers(labels: list[Labels]) -> torch.Tensor:
    import torch

    return torch.tensor([zlib.crc32(one.name.encode()) if one.name else -1 for one in labels])


def batch_loss(
    model: Any, image: torch.Tensor, labels: list[Labels], tokens: Tokens, memory: Memory, rng: random.Random
) -> tuple[torch.Tensor, dict[str, float]]:
    """Return the loss of a batch of image vectors (unit, (n, d)) against its names, descriptions and all class prompts."""
    import torch

    scale = model.logit_scale.exp().clamp(max=100)
    codes = torch.tensor([one.codes() for one in labels])
    numbers = _name_numbers(labels)
    described_by, stated = description_batch(labels, rng)
    names = name_batch(labels, rng)
    named = numbers != -1
    prompts, places = prompt_batch(rng)
    said = text_vectors(model, tokens([n or "." for n in names] + described_by), 0.05)
    name_vectors, description_vectors = said[: len(names)], said[len(names) :]
    prompt_vectors = text_vectors(model, tokens(prompts))
    pool_image, pool_name, pool_codes, pool_numbers = memory.joined(image, name_vectors, codes, numbers)
    by_name = 0.5 * (
        contrastive_loss(pool_image, name_vectors[named], numbers[named, None] == pool_numbers[None], scale)
        + contrastive_loss(
            image[named], pool_name[pool_numbers != -1], pool_numbers[pool_numbers != -1][:, None] == numbers[named][None], scale
        )
    )
    known = (pool_codes >= 0)[None] | ~stated[:, None]
    by_description = contrastive_loss(
        pool_image, description_vectors, described(codes, stated, pool_codes), scale, ignored=~known.all(2)
    )
    prompted = [
        ATTRIBUTE_WEIGHTS[a] * prompt_loss(image, prompt_vectors[places[a]], codes[:, i], scale) for i, a in enumerate(ATTRIBUTES)
    ]
    by_prompt = torch.stack(prompted).sum()
    memory.add(image, name_vectors, codes, numbers)
    loss = by_name + 0.5 * by_description + 0.35 * by_prompt
    return loss, {"name": by_name.item(), "description": by_description.item(), "prompt": by_prompt.item()}


def cached_features(trunk: Any, pools: list[Pool], size: int, views: int, seed: int) -> list[NDArray[np.float16]]:
    """Return per pool the trunk's pooled features (views, rows, channels) of one plain view and `views` - 1 augmented ones."""
    import torch

    scenes, generator = scene_tensor(pools), torch.Generator().manual_seed(seed)
    result = []
    for pool in pools:
        features = np.zeros((views, len(pool.rows), 1280), dtype=np.float16)
        for view in range(views):
            for start in range(0, len(pool.rows), 256):
                rows = pool.rows[start : start + 256]
                pixels, masks = pool.pictures.pixels[rows], None if pool.masks is None else pool.masks[rows]
                seen = (
                    plain_views(pixels, size) if view == 0 else training_views(pixels, masks, scenes, size, Strength(), generator)
                )
                with torch.inference_mode():
                    features[view, start : start + 256] = trunk(seen.contiguous(memory_format=torch.channels_last)).half().numpy()
        result.append(features)
    return result


def scene_tensor(pools: list[Pool]) -> torch.Tensor:
    """Return (m, 3, h, w) scenes in [0, 1] to put behind products: training photos taken at home, else noise."""
    import torch

    if len(pools) > 1:
        rows = pools[1].rows[:400]
        return torch.from_numpy(pools[1].pictures.pixels[rows]).permute(0, 3, 1, 2).float().div_(255)
    return torch.rand(8, 3, 16, 16, generator=torch.Generator().manual_seed(0))


def optimiser(model: Any, plan: Plan) -> torch.optim.Optimizer:
    """Return AdamW with weight decay on matrices only, and lower rates for earlier parts of the image tower."""
    import torch

    groups: dict[tuple[float, float], list[Any]] = {}
    for name, parameter in model.named_parameters():
        if not parameter.requires_grad:
            continue
        rate = plan.text_rate
        if name.startswith("visual.trunk."):
            block = name.removeprefix("visual.trunk.blocks.")
            depth = int(block[0]) if block[0].isdigit() else 0 if "stem" in name else 6
            rate = plan.image_rate * 0.8 ** (6 - depth)
        decay = 0.05 if parameter.ndim >= 2 and "embedding" not in name else 0.0
        groups.setdefault((rate, decay), []).append(parameter)
    return torch.optim.AdamW(
        [{"params": p, "lr": r, "base": r, "weight_decay": d} for (r, d), p in groups.items()], betas=(0.9, 0.98)
    )


def set_rates(optim: torch.optim.Optimizer, progress: float) -> None:
    """Set the rates for a progress in [0, 1]: a short warm-up, then a cosine to nearly zero."""
    factor = min(1.0, progress / 0.03 + 0.05) * (0.02 + 0.98 * 0.5 * (1 + math.cos(math.pi * min(1.0, progress))))
    for group in optim.param_groups:
        group["lr"] = group["base"] * factor


def train_text(model: Any, pools: list[Pool], features: list[NDArray[np.float16]], tokens: Tokens, plan: Plan) -> None:
    """Train the text tower and both projections on cached features; the trunk is not touched."""
    import torch

    for name, parameter in model.named_parameters():
        parameter.requires_grad_(not name.startswith("visual.trunk."))
    places = [{int(row): i for i, row in enumerate(pool.rows)} for pool in pools]
    where = {id(pool): i for i, pool in enumerate(pools)}

    def vectors(parts: list[tuple[Pool, NDArray[np.int64]]], numbers: np.random.Generator, progress: float) -> torch.Tensor:
        picked = []
        for pool, rows in parts:
            cache, place = features[where[id(pool)]], places[where[id(pool)]]
            picked.append(cache[numbers.integers(len(cache), size=len(rows)), [place[int(r)] for r in rows]])
        x = model.visual.head(torch.from_numpy(np.concatenate(picked)).float())
        return torch.nn.functional.normalize(x, dim=-1)

    run_stage(model, pools, tokens, plan, vectors, None)


def train_all(
    model: Any,
    pools: list[Pool],
    tokens: Tokens,
    plan: Plan,
    frozen_blocks: int,
    checkpoint: Callable[[nn.Module, str], None] | None,
) -> nn.Module:
    """Train everything but the first `frozen_blocks` blocks on fresh views; return the averaged model."""
    import torch

    scenes = scene_tensor(pools)
    generator = torch.Generator().manual_seed(plan.seed)
    trunk = model.visual.trunk
    for name, parameter in model.named_parameters():
        block = name.removeprefix("visual.trunk.blocks.")
        early = "conv_stem" in name or (block[0].isdigit() and int(block[0]) < frozen_blocks)
        parameter.requires_grad_(not (frozen_blocks and early))

    def vectors(parts: list[tuple[Pool, NDArray[np.int64]]], numbers: np.random.Generator, progress: float) -> torch.Tensor:
        strength = GENTLE if progress > plan.gentle_after else Strength()
        seen = torch.cat([
            training_views(p.pictures.pixels[r], None if p.masks is None else p.masks[r], scenes, plan.size, strength, generator)
            for p, r in parts
        ])  # fmt: skip
        with torch.set_grad_enabled(not frozen_blocks):
            x = trunk.bn1(trunk.conv_stem(seen.contiguous(memory_format=torch.channels_last)))
            for block in trunk.blocks[:frozen_blocks]:
                x = block(x)
        for block in trunk.blocks[frozen_blocks:]:
            x = block(x)
        x = trunk.global_pool(trunk.bn2(trunk.conv_head(x)))
        return torch.nn.functional.normalize(model.visual.head(x), dim=-1)

    return run_stage(model, pools, tokens, plan, vectors, checkpoint)


def run_stage(
    model: Any,
    pools: list[Pool],
    tokens: Tokens,
    plan: Plan,
    vectors: Callable[[list[tuple[Pool, NDArray[np.int64]]], np.random.Generator, float], torch.Tensor],
    checkpoint: Callable[[nn.Module, str], None] | None,
) -> nn.Module:
    """Run steps until the plan's minutes are spent; return the average of its weights (the model keeps the last)."""
    import torch

    torch.manual_seed(plan.seed)
    rng, numbers = random.Random(plan.seed), np.random.default_rng(plan.seed)
    optim, memory = optimiser(model, plan), Memory(plan.memory)
    average: nn.Module = copy.deepcopy(model)
    begun, step, saved = time.monotonic(), 0, time.monotonic()
    while (progress := (time.monotonic() - begun) / (60 * plan.minutes)) < 1:
        for parts in mixed_batches(pools, plan.batch, numbers):
            progress = (time.monotonic() - begun) / (60 * plan.minutes)
            if progress >= 1:
                break
            set_rates(optim, progress)
            labels = [pool.pictures.labels[int(row)] for pool, rows in parts for row in rows]
            loss, shown = batch_loss(model, vectors(parts, numbers, progress), labels, tokens, memory, rng)
            optim.zero_grad(set_to_none=True)
            loss.backward()  # type: ignore[no-untyped-call]
            torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            optim.step()
            step += 1
            decay = min(0.99, step / (step + 10))
            with torch.no_grad():
                for kept, now in zip(average.parameters(), model.parameters(), strict=True):
                    if now.requires_grad:
                        kept.lerp_(now, 1 - decay)
            if step % 10 == 0:
                report = " ".join(f"{k} {v:.3f}" for k, v in shown.items())
                print(f"{progress:5.1%} step {step} {step * plan.batch / (time.monotonic() - begun):.0f}/s {report}", flush=True)
            if checkpoint and time.monotonic() - saved > 420:
                checkpoint(average, f"{progress:.0%}")
                saved = time.monotonic()
    return average
