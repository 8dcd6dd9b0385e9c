"""`lookmatch train mini DATA` and `lookmatch train parser DATA`."""

from __future__ import annotations

from pathlib import Path

import click

_FOLDER = click.Path(exists=True, file_okay=False, path_type=Path)


@click.command("mini")
@click.argument("data", type=_FOLDER)
@click.option("--photos", type=_FOLDER, help="Folder of photos taken at home.")
@click.option(
    "--output",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path("lookmatch-mini"),
    show_default=True,
    help="Folder of the model.",
)
@click.option("--text-minutes", default=10.0, show_default=True, help="Wall time of stage 1: text tower on cached features.")
@click.option("--minutes", default=240.0, show_default=True, help="Wall time of stage 2: both towers on fresh views.")
@click.option(
    "--refine-minutes",
    default=0.0,
    show_default=True,
    help="Wall time of stage 3: text tower on trained features; 0 leaves it out.",
)
@click.option("--frozen-blocks", default=3, show_default=True, help="First blocks of the image tower that keep ImageNet weights.")
@click.option("--limit", type=int, help="Use the first rows of styles.csv only.")
def train_mini(
    data: Path,
    photos: Path | None,
    output: Path,
    text_minutes: float,
    minutes: float,
    refine_minutes: float,
    frozen_blocks: int,
    limit: int | None,
) -> None:
    """Train lookmatch-mini on the products of DATA (styles.csv + images) and write its files to --output.

    Photos default to the folder `clothes-at-home` beside DATA, where there is one.
    """
    from lookmatch_assets.training.encoder.recipe import Recipe, train

    beside = photos or (data.parent / "clothes-at-home")
    recipe = Recipe(
        text_minutes=text_minutes, all_minutes=minutes, refine_minutes=refine_minutes, frozen_blocks=frozen_blocks, limit=limit
    )
    version = train(data, beside if beside.is_dir() else None, output, recipe)
    click.echo(f"lookmatch-mini {version} written to {output}")


@click.command("parser")
@click.argument("data", type=_FOLDER)
@click.option("--home", type=_FOLDER, help="Folder of photos taken at home; `clothes-at-home` beside DATA where there is one.")
@click.option("--shop", type=_FOLDER, help="Folder of shop photos; `fashion-products` beside DATA where there is one.")
@click.option(
    "--output",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path("lookmatch-parser"),
    show_default=True,
    help="Folder of the model.",
)
@click.option("--small-steps", default=800, show_default=True, help="Steps of stage 1: labelled photos at half the pixels.")
@click.option(
    "--drawn-steps", default=500, show_default=True, help="Steps of stage 2: drawn figures beside them, half the pixels."
)
@click.option("--full-steps", default=1500, show_default=True, help="Steps of stage 3: all sources at full size.")
@click.option("--threads", default=1, show_default=True, help="Cores to use.")
@click.option("--limit", type=int, help="Use the first photos only.")
def train_parser(
    data: Path,
    home: Path | None,
    shop: Path | None,
    output: Path,
    small_steps: int,
    drawn_steps: int,
    full_steps: int,
    threads: int,
    limit: int | None,
) -> None:
    """Train lookmatch-parser on the photos of DATA (the folder clothing-co-parsing) and write its files to --output.

    A run that was stopped goes on from the checkpoints in --output.
    """
    import torch

    from lookmatch_assets.training.parser.recipe import Folders, Recipe, train

    torch.set_num_threads(threads)

    def beside(given: Path | None, name: str) -> Path | None:
        folder = given or data.parent / name
        return folder if folder.is_dir() else None

    folders = Folders(data, beside(home, "clothes-at-home"), beside(shop, "fashion-products"))
    recipe = Recipe(small_steps=small_steps, drawn_steps=drawn_steps, full_steps=full_steps, limit=limit)
    version = train(folders, output, recipe, click.echo)
    click.echo(f"lookmatch-parser {version} written to {output}")
