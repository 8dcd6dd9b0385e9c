"""Entry of looks: a picture handed over by the generating system becomes a row of ``looks.looks`` and a stored file."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import click
import psycopg

from lookmatch_serving.api.records import LookKind
from lookmatch_serving.errors import InvalidInputError
from lookmatch_serving.pictures import decode_picture, picture_digest
from lookmatch_serving.settings import Market, Settings

_LOOK_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,99}")


def register_look(
    connection: psycopg.Connection[Any],
    settings: Settings,
    *,
    look_id: str,
    market: Market,
    picture: bytes,
    kind: LookKind = LookKind.LOOK,
) -> bool:
    """Store a look's picture and its row; a look given again with the same bytes changes nothing.

    Args:
        connection: to the lookmatch database; the row is written in its current transaction.
        settings: names the folder that pictures are kept in.
        look_id: letters, digits, ``-`` and ``_``, at most 100 characters.
        market: where its products shall be sold.
        picture: JPEG, PNG, WebP, AVIF or HEIC bytes.
        kind: a look, or a reference image.

    Returns:
        Whether the look was new or its picture changed.

    Raises:
        InvalidInputError: a look id or a picture that is not accepted.
    """
    if not _LOOK_ID.fullmatch(look_id):
        raise InvalidInputError("look_id", look_id, "1 to 100 letters, digits, '-' and '_', starting with a letter or digit")
    decode_picture(picture)
    digest = picture_digest(picture)
    settings.look_folder.mkdir(parents=True, exist_ok=True)
    (settings.look_folder / digest).write_bytes(picture)
    row = connection.execute(
        "INSERT INTO looks.looks (look_id, kind, market, image_file, image_digest) VALUES (%s, %s, %s, %s, %s)"
        " ON CONFLICT (look_id) DO UPDATE SET kind = excluded.kind, market = excluded.market, image_file = excluded.image_file,"
        " image_digest = excluded.image_digest, added_at = now(), added_day = (now() AT TIME ZONE 'UTC')::date"
        " WHERE (looks.image_digest, looks.market, looks.kind)"
        " IS DISTINCT FROM (excluded.image_digest, excluded.market, excluded.kind) RETURNING look_id",
        [look_id, kind.value, market.value, digest, digest],
    ).fetchone()
    return row is not None


@click.group()
def looks() -> None:
    """Looks: pictures of outfits, handed over by the system that makes them."""


@looks.command()
@click.argument("pictures", nargs=-1, required=True, type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--market", type=click.Choice([m.value for m in Market]), required=True)
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
