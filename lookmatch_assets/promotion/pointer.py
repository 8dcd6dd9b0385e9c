"""Moves of the live pointer, and what is kept for the way back.

Each move is one transaction over all markets: a search sees the pointer before or after it. Both encoders' vectors stay, and are
kept up to date, until the promotion is confirmed.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import uuid4

from psycopg import sql
from psycopg.types.json import Jsonb

from lookmatch_assets.promotion.gate import Gate, live_pointers
from lookmatch_assets.vectors.embedding import embed_pending
from lookmatch_assets.vectors.kept import ImageEncoder
from lookmatch_assets.vectors.tables import VectorTable, build_index, ensure_vector_table, go_live, pending_pictures
from lookmatch_serving.db import DictConnection, read_sql
from lookmatch_serving.errors import InvalidInputError, NotFoundError
from lookmatch_serving.settings import Settings


def prepare_candidate(
    connection: DictConnection, encoder_key: str, load: Callable[[str], ImageEncoder], settings: Settings
) -> dict[str, int]:
    """Make an encoder's vectors and indexes in every market that has a live one, and keep them up to date from now on.

    Args:
        connection: to the lookmatch database.
        encoder_key: of the candidate.
        load: gives the encoder of a key.
        settings: names the store of pictures, and the size of a market from which on it has an index over signs.

    Returns:
        Vectors written by market.

    Raises:
        EncoderUnavailableError: its weights are not here.
    """
    encoder, written = load(encoder_key), {}
    for pointer in live_pointers(connection):
        table = VectorTable(encoder_key, encoder.version, encoder.dimensions, pointer.market)
        ensure_vector_table(connection, table)
        written[pointer.market] = embed_pending(
            connection, table, encoder, pending_pictures(connection, table), settings.image_folder
        ).vectors
        build_index(connection, table, settings.bit_index_products)
    connection.execute("INSERT INTO vectors.candidate_encoders (encoder_key) VALUES (%s) ON CONFLICT DO NOTHING", [encoder_key])
    connection.commit()
    return written


def promote(connection: DictConnection, gate: Gate) -> dict[str, int]:
    """Move the pointer of every market of an open gate; commits.

    Returns:
        Products that search can find, by market.

    Raises:
        InvalidInputError: the gate refused, or a pointer moved since it was asked.
    """
    if not gate.open:
        raise InvalidInputError("encoder", gate.encoder_key, f"an encoder that the gate lets through ({gate.refusals})")
    promotion_id, found = uuid4(), {}
    with connection.transaction():
        held = {
            row["market"]: (row["encoder_key"], row["encoder_version"])
            for row in connection.execute("SELECT * FROM vectors.live_encoder FOR UPDATE").fetchall()
        }
        for before, table in gate.moves:
            if held.get(before.market) != (before.encoder_key, before.encoder_version):
                raise InvalidInputError("encoder", gate.encoder_key, f"a gate asked again: {before.market}'s pointer has moved")
            found[before.market] = go_live(connection, table)
            values = {
                "promotion_id": promotion_id,
                "market": before.market,
                "from_key": before.encoder_key,
                "from_version": before.encoder_version,
                "to_key": table.encoder_key,
                "to_version": table.encoder_version,
                "study_id": gate.study_id,
                "gate": Jsonb(gate.rows()),
            }
            connection.execute(read_sql(__package__, "record_promotion"), values)
        connection.execute("DELETE FROM vectors.candidate_encoders WHERE encoder_key = %s", [gate.encoder_key])
    connection.commit()
    return found


def roll_back(connection: DictConnection) -> dict[str, str]:
    """Move every pointer of the open promotion back; commits. The promoted encoder stays a candidate.

    Returns:
        The encoder that is live again, by market.

    Raises:
        NotFoundError: no promotion is open.
    """
    with connection.transaction():
        rows = _open_promotions(connection)
        for row in rows:
            table = VectorTable(row["from_key"], row["from_version"], row["dimensions"], row["market"])
            go_live(connection, table)
        _settle(connection, "rolled_back")
        connection.execute(
            "INSERT INTO vectors.candidate_encoders (encoder_key) SELECT DISTINCT unnest(%s::text[]) ON CONFLICT DO NOTHING",
            [[row["to_key"] for row in rows]],
        )
    connection.commit()
    return {row["market"]: row["from_key"] for row in rows}


def confirm(connection: DictConnection) -> list[str]:
    """Settle the open promotion and drop the vectors of the encoder before it; commits. There is no way back after this.

    Returns:
        Names of the tables dropped.

    Raises:
        NotFoundError: no promotion is open.
    """
    dropped = []
    with connection.transaction():
        rows = _open_promotions(connection)
        _settle(connection, "confirmed")
        for row in rows:
            table = VectorTable(row["from_key"], row["from_version"], row["dimensions"], row["market"])
            connection.execute(sql.SQL("DROP TABLE IF EXISTS {}").format(sql.Identifier("vectors", table.partition_name)))
            dropped.append(f"vectors.{table.partition_name}")
    connection.commit()
    return dropped


def _open_promotions(connection: DictConnection) -> list[dict[str, Any]]:
    rows = connection.execute(read_sql(__package__, "open_promotions")).fetchall()
    if not rows:
        raise NotFoundError("no promotion waits to be confirmed or rolled back")
    return rows


def _settle(connection: DictConnection, state: str) -> None:
    connection.execute("UPDATE vectors.promotions SET state = %s, settled_at = now() WHERE state = 'open'", [state])
