"""What shoppers did, read from the database for inference."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from lookmatch_assets.preferences.inference import ProductInteraction
from lookmatch_serving.db import DictConnection, read_sql
from lookmatch_serving.settings import Market
from lookmatch_serving.shoppers.interactions import InteractionKind


def next_shoppers(connection: DictConnection, market: Market, after: str, most: int) -> list[str]:
    """Ids of the next shoppers, in order, who did anything in a market or of whom anything was inferred there.

    Args:
        connection: to the lookmatch database.
        market: where.
        after: id of the last shopper before; an empty text for the first.
        most: shoppers at most.
    """
    values = {"market": market, "after": after, "rows": most}
    return [row["shopper_id"] for row in connection.execute(read_sql(__package__, "shoppers_of_market"), values)]


def interactions_of(
    connection: DictConnection, market: Market, shopper_ids: Sequence[str], since: datetime
) -> dict[str, list[ProductInteraction]]:
    """Shopper -> what they did in a market since a moment, beside what the catalogue says of the products now.

    Every shopper of ``shopper_ids`` is in it, with an empty list when they did nothing.
    """
    values = {"market": market, "shopper_ids": list(shopper_ids), "since": since}
    interactions: dict[str, list[ProductInteraction]] = {shopper_id: [] for shopper_id in shopper_ids}
    for row in connection.execute(read_sql(__package__, "product_interactions"), values):
        shopper_id = row.pop("shopper_id")
        interactions[shopper_id].append(ProductInteraction(**{**row, "kind": InteractionKind(row["kind"])}))
    return interactions
