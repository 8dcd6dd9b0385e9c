"""Groups of products that are one product to a shopper."""

from collections import Counter
from collections.abc import Mapping
from datetime import date

import dagster as dg

from lookmatch_assets.defs.backfills import for_each_market
from lookmatch_assets.defs.partitions import MARKET_DAYS, ONE_RUN
from lookmatch_assets.defs.resources import RETRY, EncoderResource, Stores
from lookmatch_assets.defs.vectors.embeddings import live_table
from lookmatch_assets.vectors.duplicates import (
    NEAR_PICTURE_COSINE,
    NEAR_TITLE_RATIO,
    SAME_PICTURE_TITLE_RATIO,
    Link,
    Membership,
    regroup,
    same_product,
)
from lookmatch_assets.vectors.tables import VectorTable
from lookmatch_serving.db import DictConnection, read_sql

NEIGHBOURS = 6
_LEAST_TITLE_RATIO = {"variant": 0.0, "same_picture": SAME_PICTURE_TITLE_RATIO, "near_picture": NEAR_TITLE_RATIO}


@dg.asset(
    partitions_def=MARKET_DAYS,
    backfill_policy=ONE_RUN,
    retry_policy=RETRY,
    deps=["products", "images", "vector_index"],
    group_name="serving",
    kinds={"postgres"},
)
def duplicates(context: dg.AssetExecutionContext, stores: Stores, encoder: EncoderResource) -> dg.MaterializeResult[None]:
    """Variants of a vendor's group, products of a category that share a picture, and those that nearly share picture and title.

    Only groups that the partition's products are in change; search shows one product of each group.
    """
    return for_each_market(context, lambda market, days: _of_market(stores, encoder, market, days))


def _of_market(stores: Stores, encoder: EncoderResource, market: str, days: list[date]) -> dg.MaterializeResult[None]:
    with stores.database() as connection:
        table = live_table(connection, encoder, market)
        values = {"market": market, "days": days}
        touched = {
            row["product_id"] for row in connection.execute(read_sql("lookmatch_assets.vectors", "touched_products"), values)
        }
        links = _links(connection, table, values)
        involved = touched | {link.other for link in links}
        held, removed = _held(connection, market, involved)
        groups = regroup(links, held, touched | removed)
        _replace(connection, market, involved | {one.product_id for one in held}, groups)
    return dg.MaterializeResult(
        metadata={
            "groups": len({one.representative_id for one in groups}),
            "products_in_groups": len(groups),
            "by_reason": dg.MetadataValue.json(dict(Counter(one.reason for one in groups))),
            "near_picture_cosine": NEAR_PICTURE_COSINE,
            "near_title_ratio": NEAR_TITLE_RATIO,
        }
    )


def _links(connection: DictConnection, table: VectorTable, values: Mapping[str, object]) -> list[Link]:
    rows = connection.execute(read_sql("lookmatch_assets.vectors", "duplicate_links"), values).fetchall()
    near = {**values, "neighbours": NEIGHBOURS, "threshold": NEAR_PICTURE_COSINE}
    rows += [{**row, "reason": "near_picture"} for row in connection.execute(table.statement("near_picture_links"), near)]
    return [
        Link(row["one"], row["other"], row["reason"])
        for row in rows
        if same_product(row["one_title"], row["other_title"], _LEAST_TITLE_RATIO[row["reason"]])
    ]


def _held(connection: DictConnection, market: str, product_ids: set[str]) -> tuple[list[Membership], set[str]]:
    """Memberships of all groups that the products are in, and the removed products among them."""
    values = {"market": market, "product_ids": sorted(product_ids)}
    rows = connection.execute(read_sql("lookmatch_assets.vectors", "touched_duplicate_groups"), values).fetchall()
    removed = {row["product_id"] for row in rows if row.pop("removed")}
    return [Membership(**row) for row in rows], removed


def _replace(connection: DictConnection, market: str, product_ids: set[str], groups: list[Membership]) -> None:
    connection.execute("DELETE FROM vectors.duplicate_groups WHERE product_id = ANY (%s)", [sorted(product_ids)])
    connection.cursor().executemany(
        "INSERT INTO vectors.duplicate_groups (product_id, market, representative_id, reason) VALUES (%s, %s, %s, %s)",
        [(one.product_id, market, one.representative_id, one.reason) for one in groups],
    )
