"""What the attribute cache is made from: products in Postgres, and how many of them have each attribute."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from lookmatch_serving.db import DictConnection, read_sql


def live_products(connection: DictConnection, market: str) -> Iterator[dict[str, Any]]:
    """Every row of ``catalog.products`` of a market that is not removed, streamed."""
    with connection.cursor(name="catalogue") as cursor:
        cursor.execute("SELECT * FROM catalog.products WHERE market = %s AND NOT removed", [market])
        yield from cursor


def attribute_coverage(connection: DictConnection, market: str) -> dict[str, int]:
    """Attribute -> products of a market that have it, with ``products`` for all that are not removed."""
    return connection.execute(read_sql(__package__, "coverage"), {"market": market}).fetchone() or {}
