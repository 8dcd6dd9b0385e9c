"""`lookmatch train mini DATA`."""

from __future__ import annotations

from pathlib import Path

import click


@click.command("mini")
@click.argument("data", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option("--photos", type=click.Path(exists=True, file_okay=False, path_type=Path), help="Folder of photos taken at home.")
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
