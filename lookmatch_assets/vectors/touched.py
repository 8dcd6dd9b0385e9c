"""The products that a run of the chain is about."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

from lookmatch_serving.db import DictConnection, read_sql


def touched_products(connection: DictConnection, market: str, days: Sequence[date]) -> list[dict[str, Any]]:
    """Rows of ``catalog.products`` of which packets landed in a market on these days, removed ones too, by product id.

    Each has ``pictured`` beside dbt's columns: whether a verified picture of the product is held; None before it was tried.
    """
    return connection.execute(read_sql(__package__, "touched_products"), {"market": market, "days": list(days)}).fetchall()
