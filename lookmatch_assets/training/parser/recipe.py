"""The whole recipe of lookmatch-parser, from the data folders to the files that ship."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from lookmatch_assets.training.parser.augmentation import SHAPES, SMALL_SHAPES
from lookmatch_assets.training.parser.drawn import draw_figures
from lookmatch_assets.training.parser.export import export
from lookmatch_assets.training.parser.network import build_parser
from lookmatch_assets.training.parser.photos import Example, read_labelled, read_tagged
from lookmatch_assets.training.parser.pieces import home_pieces, laid_out, nobody, shop_pieces
from lookmatch_assets.training.parser.self_training import label_all
from lookmatch_assets.training.parser.stages import Source, Stage, train_stage
from lookmatch_serving.parsing.parser import Network
from lookmatch_serving.parsing.session import ParserNetwork

FIRST_BLOCKS = ("conv_stem", "blocks.0", "blocks.1")
"""Parts of the backbone that the later stages leave as the first one made them."""


@dataclass(frozen=True)
class Recipe:
    """What a run may change; the shipped run's numbers are the defaults."""

    small_steps: int = 800
    drawn_steps: int = 500
    full_steps: int = 1500
    batch: int = 8
    drawn: int = 300
    laid_out: int = 300
    pieces_each: int = 10
    nobody_every: int = 4
    shop_rows: int = 8000
    limit: int | None = None
    pretrained: bool = True
    seed: int = 1


@dataclass(frozen=True)
class Folders:
    """Where the data is; photos taken at home and shop photos are left out where they are None."""

    parsing: Path
    home: Path | None = None
    shop: Path | None = None


def train(folders: Folders, output: Path, recipe: Recipe, say: Callable[[str], None] = print) -> str:
    """Train a parser and write what serving loads into `output`; return its version.

    Checkpoints in `output/checkpoints` let a run that was stopped go on where it was.

    Raises:
        FileNotFoundError: If the folder lacks labels.json.
        ModuleNotFoundError: If the ImageNet weights are not installed (extra `train`).
    """
    import torch

    torch.manual_seed(recipe.seed)
    checkpoints = output / "checkpoints"
    labelled = read_labelled(folders.parsing, "train", limit=recipe.limit)
    drawn = Source(draw_figures(recipe.drawn), 0.15)
    model: Any = build_parser(recipe.pretrained)
    first = Stage("small", recipe.small_steps, recipe.batch, shapes=SMALL_SHAPES, seed=recipe.seed)
    model.load_state_dict(train_stage(model, [Source(labelled, 1.0)], first, checkpoints, say).state_dict())
    rates, seed = (1.5e-3, 3e-4), recipe.seed + 1
    second = Stage("drawn", recipe.drawn_steps, recipe.batch, rates, shapes=SMALL_SHAPES, frozen=FIRST_BLOCKS, seed=seed)
    model.load_state_dict(train_stage(model, [Source(labelled, 0.85), drawn], second, checkpoints, say).state_dict())
    export(model.eval(), checkpoints / "teacher")
    sources = mixture(folders, labelled, drawn.examples, ParserNetwork(checkpoints / "teacher"), recipe)
    say("sources: " + ", ".join(f"{len(source.examples)} at {source.share}" for source in sources))
    third = Stage("full", recipe.full_steps, recipe.batch, (1e-3, 2e-4), shapes=SHAPES, frozen=FIRST_BLOCKS, seed=seed + 1)
    return export(train_stage(model, sources, third, checkpoints, say), output)


def mixture(folders: Folders, labelled: list[Example], drawn: list[Example], teacher: Network, recipe: Recipe) -> list[Source]:
    """Return the sources of the last stage: labelled and tagged photos, drawings, pieces, nobody."""
    rng = np.random.default_rng(recipe.seed)
    sources = [
        Source(labelled, 0.5),
        Source(label_all(teacher, read_tagged(folders.parsing, recipe.limit)), 0.28),
        Source(drawn, 0.07),
        Source(nobody(labelled[:: recipe.nobody_every], teacher), 0.03),
    ]
    pieces = [] if folders.shop is None else shop_pieces(folders.shop, teacher, recipe.pieces_each, recipe.seed, recipe.shop_rows)
    if folders.home is not None:
        at_home = home_pieces(folders.home, teacher, recipe.pieces_each)
        sources.append(Source(at_home, 0.04))
        pieces = pieces + at_home
    if pieces:
        sources.append(Source([laid_out(pieces, rng) for _ in range(recipe.laid_out)], 0.08))
    return [source for source in sources if source.examples]
