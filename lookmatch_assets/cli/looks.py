"""``lookmatch looks``: pictures of outfits are registered."""

from __future__ import annotations

from pathlib import Path

import click
import psycopg

from lookmatch_assets.looks.register import register_look
from lookmatch_serving.api.records import LookKind
from lookmatch_serving.settings import Market


@click.group()
def looks() -> None:
    """Looks: pictures of outfits, handed over by the system that makes them."""


@looks.command()
@click.argument("pictures", nargs=-1, required=True, type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--market", type=click.Choice([m.value for m in Market]), required=True, help="Whose products match them.")
@click.option("--reference", is_flag=True, help="They are reference images, whose products are listed below them.")
def add(pictures: tuple[Path, ...], market: str, reference: bool) -> None:
    """Register PICTURES as looks of a market; the file's name without its ending is the look's id."""
    from lookmatch_assets.migrations import migrate
    from lookmatch_serving.embedded import ensure_services
    from lookmatch_serving.settings import read_settings

    settings = read_settings()
    services = ensure_services(settings)
    migrate(services.database_url)
    with psycopg.connect(services.database_url) as connection:
        kind = LookKind.REFERENCE if reference else LookKind.LOOK
        for path in pictures:
            data = path.read_bytes()
            new = register_look(connection, settings, look_id=path.stem, market=Market(market), picture=data, kind=kind)
            click.echo(f"{path.stem}: {'added' if new else 'unchanged'}")
