"""Looks that are searched ahead of time: which are due, and the answers that are kept of them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

from psycopg.types.json import Jsonb

from lookmatch_serving.db import DictConnection, read_sql
from lookmatch_serving.search.models.answer import SearchAnswer


def looks_to_tag(connection: DictConnection, market: str, days: Sequence[date]) -> list[dict[str, Any]]:
    """Look_id and image_file of a market's looks that were added on these days and whose kept answer does not hold."""
    return connection.execute(read_sql(__package__, "looks_to_tag"), {"market": market, "days": list(days)}).fetchall()


def stale_looks(connection: DictConnection, days: int) -> list[dict[str, Any]]:
    """Partitions with looks of the last ``days`` days that are untagged, of another encoder version, or show what is gone.

    Returns:
        Rows of market, day, looks (how many) and state, which changes with whatever tagging again would change.
    """
    return connection.execute(read_sql(__package__, "stale_looks"), {"days": days}).fetchall()


def save_answer(connection: DictConnection, look_id: str, answer: SearchAnswer) -> None:
    """Keep the answer of a look, with the products that it shows; commits."""
    values = {
        "look_id": look_id,
        "market": answer.market.value,
        "encoder_version": answer.encoder_version,
        "answer": Jsonb(answer.model_dump(mode="json")),
        "product_ids": sorted({hit.product_id for layer in answer.layers for hit in layer.hits}),
    }
    connection.execute(read_sql(__package__, "save_tagged_look"), values)
    connection.commit()
