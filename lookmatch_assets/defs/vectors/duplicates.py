"""Groups of products that are one product to a shopper."""

from collections import Counter
from datetime import date

import dagster as dg

from lookmatch_assets.defs.backfills import for_each_market
from lookmatch_assets.defs.partitions import MARKET_DAYS, ONE_RUN
from lookmatch_assets.defs.resources import RETRY, EncoderResource, Stores
from lookmatch_assets.defs.vectors.embeddings import live_table
from lookmatch_assets.vectors.duplicate_groups import duplicate_links, held_groups, replace_groups
from lookmatch_assets.vectors.duplicates import NEAR_PICTURE_COSINE, NEAR_TITLE_RATIO, regroup
from lookmatch_assets.vectors.touched import touched_products


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
        touched = {row["product_id"] for row in touched_products(connection, market, days)}
        links = duplicate_links(connection, table, days)
        involved = touched | {link.other for link in links}
        held, removed = held_groups(connection, market, involved)
        groups = regroup(links, held, touched | removed)
        replace_groups(connection, market, involved | {member.product_id for member in held}, groups)
    return dg.MaterializeResult(
        metadata={
            "groups": len({member.representative_id for member in groups}),
            "products_in_groups": len(groups),
            "by_reason": dg.MetadataValue.json(dict(Counter(member.reason for member in groups))),
            "near_picture_cosine": NEAR_PICTURE_COSINE,
            "near_title_ratio": NEAR_TITLE_RATIO,
        }
    )
