"""Entry of looks: a picture handed over by the generating system becomes a row of ``looks.looks`` and a stored file."""

from __future__ import annotations

import re
from typing import Any

import psycopg

from lookmatch_serving.api.records import LookKind
from lookmatch_serving.db import read_sql
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
    values = {"look_id": look_id, "kind": kind.value, "market": market.value, "digest": digest}
    row = connection.execute(read_sql(__package__, "register_look"), values).fetchone()
    return row is not None
