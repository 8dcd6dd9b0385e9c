"""Groups of duplicates in the database: the pairs that they are made of, and the groups that are held."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date

from lookmatch_assets.vectors.duplicates import (
    NEAR_PICTURE_COSINE,
    NEAR_TITLE_RATIO,
    SAME_PICTURE_TITLE_RATIO,
    Link,
    Membership,
    same_product,
)
from lookmatch_assets.vectors.tables import VectorTable
from lookmatch_serving.db import DictConnection, read_sql

NEIGHBOURS = 6
"""Nearest vectors of a product that are compared with it."""

_LEAST_TITLE_RATIO = {"variant": 0.0, "same_picture": SAME_PICTURE_TITLE_RATIO, "near_picture": NEAR_TITLE_RATIO}


def duplicate_links(connection: DictConnection, table: VectorTable, days: Sequence[date]) -> list[Link]:
    """Pairs that are one product to a shopper, of which at least one was touched by packets of these days.

    Args:
        connection: to the lookmatch database.
        table: whose market is meant, and whose vectors tell which pictures nearly are one.
        days: UTC days on which packets landed.
    """
    values = {"market": table.market, "days": list(days)}
    rows = connection.execute(read_sql(__package__, "duplicate_links"), values).fetchall()
    near = {**values, "neighbours": NEIGHBOURS, "threshold": NEAR_PICTURE_COSINE}
    rows += [{**row, "reason": "near_picture"} for row in connection.execute(table.statement("near_picture_links"), near)]
    return [
        Link(row["one"], row["other"], row["reason"])
        for row in rows
        if same_product(row["one_title"], row["other_title"], _LEAST_TITLE_RATIO[row["reason"]])
    ]


def held_groups(connection: DictConnection, market: str, product_ids: Iterable[str]) -> tuple[list[Membership], set[str]]:
    """Memberships of all groups that the products are in, and the removed products among them."""
    values = {"market": market, "product_ids": sorted(product_ids)}
    rows = connection.execute(read_sql(__package__, "touched_duplicate_groups"), values).fetchall()
    removed = {row["product_id"] for row in rows if row.pop("removed")}
    return [Membership(**row) for row in rows], removed


def replace_groups(connection: DictConnection, market: str, product_ids: Iterable[str], groups: Iterable[Membership]) -> None:
    """Put groups in place of all that the products were in; the caller commits."""
    connection.execute("DELETE FROM vectors.duplicate_groups WHERE product_id = ANY (%s)", [sorted(product_ids)])
    connection.cursor().executemany(
        "INSERT INTO vectors.duplicate_groups (product_id, market, representative_id, reason) VALUES (%s, %s, %s, %s)",
        [(member.product_id, market, member.representative_id, member.reason) for member in groups],
    )
