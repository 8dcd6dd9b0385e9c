"""Whether products are standardised."""

from collections.abc import Iterator
from typing import Any

import dagster as dg

from lookmatch_assets.defs.metadata import markdown_table
from lookmatch_assets.defs.partitions import MARKET_DAYS, markets_and_days
from lookmatch_assets.defs.resources import Stores
from lookmatch_assets.feeds.health import unmapped_categories, unmapped_words_by_vendor

MAPPED = "words_are_in_the_vocabulary"
MOST_UNMAPPED = 0.05
MOST_WORDS = 100


@dg.multi_asset_check(
    name="product_checks",
    specs=[
        dg.AssetCheckSpec(
            MAPPED,
            asset="products",
            description=f"At most {MOST_UNMAPPED:.0%} of products of unmapped category.",
            partitions_def=MARKET_DAYS,
        )
    ],
)
def product_checks(context: dg.AssetCheckExecutionContext, stores: Stores) -> Iterator[dg.AssetCheckResult]:
    """Share of the partition's products of unmapped category, and every vendor's unknown words of each attribute."""
    products = unmapped = 0
    words: list[dict[str, Any]] = []
    with stores.database() as connection:
        for market, days in markets_and_days(context).items():
            counted, unknown = unmapped_categories(connection, market, days)
            products, unmapped = products + counted, unmapped + unknown
            words += unmapped_words_by_vendor(connection, market, days=days, most=MOST_WORDS)
    yield dg.AssetCheckResult(
        check_name=MAPPED,
        asset_key="products",
        passed=unmapped <= MOST_UNMAPPED * products,
        severity=dg.AssetCheckSeverity.WARN,
        metadata={"unmapped": unmapped, "products": products, "words": dg.MetadataValue.md(markdown_table(words))},
    )
