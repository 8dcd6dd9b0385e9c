"""Checks of the assets. Those named blocking run before the index is built, and stop it in the same run."""

from collections.abc import Iterator
from typing import Any

import dagster as dg

from lookmatch_assets.assets.embeddings import live_table
from lookmatch_assets.assets.metadata import markdown_table
from lookmatch_assets.partitions import MARKET_DAYS, markets_and_days
from lookmatch_assets.resources import EncoderResource, Stores
from lookmatch_assets.vectors.tables import check_vectors
from lookmatch_serving.db import read_sql

UNIT_LENGTH = "vectors_have_unit_length"
FINITE = "vectors_are_finite"
COMPLETE = "every_verified_picture_has_a_vector"
MAPPED = "words_are_in_the_vocabulary"
MOST_UNMAPPED = 0.05
MOST_WORDS = 100


@dg.multi_asset_check(
    name="embedding_checks",
    specs=[
        dg.AssetCheckSpec(name, asset="embeddings", blocking=True, description=description, partitions_def=MARKET_DAYS)
        for name, description in (
            (UNIT_LENGTH, "Cosine similarity presumes it; halves may be off by 0.01."),
            (FINITE, "A NaN or infinity would poison distances."),
            (COMPLETE, "An encoder version goes live only when it has embedded the whole market."),
        )
    ],
)
def embedding_checks(
    context: dg.AssetCheckExecutionContext, stores: Stores, encoder: EncoderResource
) -> Iterator[dg.AssetCheckResult]:
    """Soundness of the market's vectors."""
    vectors, counts = 0, dict.fromkeys((UNIT_LENGTH, FINITE, COMPLETE), 0)
    with stores.database() as connection:
        for market in markets_and_days(context):
            found = check_vectors(connection, live_table(connection, encoder, market))
            vectors += found.vectors
            counts[UNIT_LENGTH] += found.off_length
            counts[FINITE] += found.not_finite
            counts[COMPLETE] += found.without_vector
    for name, wrong in counts.items():
        yield dg.AssetCheckResult(
            check_name=name, asset_key="embeddings", passed=wrong == 0, metadata={"wrong": wrong, "vectors": vectors}
        )


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
            named = {"market": market, "days": days, "vendor": None, "rows": MOST_WORDS}
            counted = connection.execute(read_sql("lookmatch_assets", "unmapped_categories"), named).fetchone() or {}
            products += counted.get("products", 0)
            unmapped += counted.get("unmapped", 0)
            words += connection.execute(read_sql("lookmatch_assets", "unmapped_words"), named).fetchall()
    yield dg.AssetCheckResult(
        check_name=MAPPED,
        asset_key="products",
        passed=unmapped <= MOST_UNMAPPED * products,
        severity=dg.AssetCheckSeverity.WARN,
        metadata={"unmapped": unmapped, "products": products, "words": dg.MetadataValue.md(markdown_table(words))},
    )


CHECKS = [product_checks, embedding_checks]
