"""The whole recipe of lookmatch-mini, from the data folders to the files that ship."""

from __future__ import annotations

import json
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lookmatch_assets.training.encoder.calibration import calibrate
from lookmatch_assets.training.encoder.drawings import draw_pictures
from lookmatch_assets.training.encoder.network import build_model, export, unfolded_state
from lookmatch_assets.training.encoder.sources import Pictures, read_photos, read_products
from lookmatch_assets.training.encoder.stages import Plan, Pool, cached_features, make_pools, train_all, train_text
from lookmatch_assets.training.encoder.texts import Tokens
from lookmatch_serving.encoders.folding import fold_batch_norms
from lookmatch_serving.encoders.open_clip_encoder import CONFIG_FILE, OpenClipEncoder
from lookmatch_serving.encoders.registry import MINI_FOLDER, bundled_version

if TYPE_CHECKING:
    from torch import nn


@dataclass(frozen=True)
class Recipe:
    """What a run may change. Times are minutes of wall clock on the machine at hand; the shipped run's are in the model card."""

    text_minutes: float = 10.0
    all_minutes: float = 240.0
    refine_minutes: float = 0.0
    frozen_blocks: int = 3
    batch: int = 256
    size: int = 96
    drawn_products: int = 1500
    drawn_looks: int = 450
    seed: int = 1
    limit: int | None = None


def train(data: Path, photos: Path | None, output: Path, recipe: Recipe) -> str:
    """Train, export and calibrate a model into `output`; return its version.

    `output` receives what `lookmatch_serving/encoders/mini` holds; checkpoints of the average weights appear in its
    folder `checkpoints`.

    Raises:
        FileNotFoundError: If `data` holds no styles.csv.
        ModuleNotFoundError: If the ImageNet weights are not installed (extra `train`).
    """
    output.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(MINI_FOLDER / CONFIG_FILE, output / CONFIG_FILE)
    products = read_products(data, recipe.limit)
    at_home = read_photos(photos) if photos is not None else None
    drawn = draw_pictures(recipe.drawn_products, recipe.drawn_looks) if recipe.drawn_products else None
    model, folded, tokens = _trained(products, at_home, drawn, output, recipe)
    version = export(unfolded_state(model, folded), output, seen_tokens([p for p in (products, at_home, drawn) if p], tokens))
    encoder = OpenClipEncoder("lookmatch-mini", 256, lambda: output, lambda: bundled_version(output))
    calibrate(encoder, products, output)
    return version


def _trained(
    products: Pictures, photos: Pictures | None, drawn: Pictures | None, output: Path, recipe: Recipe
) -> tuple[nn.Module, list[tuple[str, str, float]], Tokens]:
    """Run the stages; return the model, its folded norms and its tokenizer."""
    import torch

    torch.manual_seed(recipe.seed)
    model: Any = build_model(output).eval()
    folded = fold_batch_norms(model.visual.trunk)
    model = model.to(memory_format=torch.channels_last)
    tokens = Tokens(json.loads((output / CONFIG_FILE).read_text(encoding="utf-8"))["model_cfg"]["text_cfg"]["context_length"])
    pools: list[Pool] = make_pools(products, photos, drawn)
    first = [p for p in pools if p.pictures is not drawn]
    features = cached_features(model.visual.trunk, first, recipe.size, 1, recipe.seed)
    text_plan = Plan(batch=3 * recipe.batch, minutes=recipe.text_minutes, text_rate=1.5e-3, memory=1, seed=recipe.seed)
    train_text(model, first, features, tokens, text_plan)
    plan = Plan(
        batch=recipe.batch, minutes=recipe.all_minutes, text_rate=6e-4, image_rate=6e-4, size=recipe.size, memory=3072,
        seed=recipe.seed,
    )  # fmt: skip

    def checkpoint(average: nn.Module, progress: str) -> None:
        folder = output / "checkpoints"
        folder.mkdir(exist_ok=True)
        torch.save(unfolded_state(average, folded), folder / f"{progress.rstrip('%')}.pt")

    average: Any = train_all(model, pools, tokens, plan, recipe.frozen_blocks, checkpoint)
    if recipe.refine_minutes == 0:
        return average, folded, tokens
    features = cached_features(average.visual.trunk, pools, recipe.size, 1, recipe.seed)
    refine_plan = Plan(batch=3 * recipe.batch, minutes=recipe.refine_minutes, text_rate=1e-3, memory=3072, seed=recipe.seed + 1)
    train_text(average, pools, features, tokens, refine_plan)
    return average, folded, tokens


def seen_tokens(sources: list[Pictures], tokens: Tokens) -> set[int]:
    """Return the token numbers that the captions of the training rows, and all prompts, can contain, in any letter case."""
    from lookmatch_serving.encoders.vocabulary import ATTRIBUTE_PHRASES, TEMPLATES

    phrases = [p for classes in ATTRIBUTE_PHRASES.values() for name, said in classes.items() for p in (name, *said)]
    texts = {f"{p} {p}'s {p}, {p}." for p in phrases} | {t.format("x") for said in TEMPLATES.values() for t in said}
    texts |= {"a photo of a garment, the product.", "garment"}
    for pictures in sources:
        texts |= {pictures.labels[int(row)].name for row in pictures.rows("train")}
    return {int(token) for text in texts for token in tokens([text])[0]}
