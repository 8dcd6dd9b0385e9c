"""Pictures in the database: which are to be read, and what became of them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

from lookmatch_assets.images.obtaining import RESOLUTIONS, ObtainedPicture, WantedPicture
from lookmatch_serving.db import DictConnection, read_sql


def wanted_pictures(
    connection: DictConnection, market: str, days: Sequence[date], *, refetch_days: int, retry_failed: bool
) -> list[WantedPicture]:
    """Pictures to read of the products of which packets landed in a market on these days.

    Args:
        connection: to the lookmatch database.
        market: whose products.
        days: UTC days on which packets landed.
        refetch_days: a picture on a server is wanted again when it was read longer ago than this.
        retry_failed: want failed pictures whether or not they are due again.
    """
    values = {"market": market, "days": list(days), "refetch_days": refetch_days, "retry_failed": retry_failed}
    rows = connection.execute(read_sql(__package__, "wanted_pictures"), values).fetchall()
    return [WantedPicture(row["product_id"], row["image_url"], row["digest"], row["read_url"]) for row in rows]


def due_pictures(connection: DictConnection, most: int) -> list[dict[str, Any]]:
    """Partitions with failed pictures that are due again (``vectors.next_attempt``), those longest due first.

    Returns:
        At most ``most`` rows of market, day, pictures (how many are due) and tried_at (when the newest of them was tried).
    """
    return connection.execute(read_sql(__package__, "due_pictures"), {"partitions": most}).fetchall()


def save_picture(connection: DictConnection, market: str, obtained: ObtainedPicture) -> None:
    """Keep what became of a product's picture, and quarantine it when it failed; the caller commits."""
    values = {
        "product_id": obtained.product_id,
        "market": market,
        "image_url": obtained.url,
        "status": "failed" if obtained.code else "ok",
        "digest": obtained.digest,
        "width": obtained.width,
        "height": obtained.height,
        "code": obtained.code,
    }
    connection.execute(read_sql(__package__, "save_picture"), values)
    if obtained.code:
        reason = {"message": obtained.message, "resolution": RESOLUTIONS[obtained.code]}
        connection.execute(read_sql(__package__, "quarantine_picture"), {**values, **reason})


def resolve_pictures(connection: DictConnection, market: str) -> None:
    """Resolve the quarantine of a market's pictures that are had now, fail otherwise, or belong to what is no longer sold."""
    connection.execute(read_sql(__package__, "resolve_pictures"), {"market": market})
