"""Soundness of vectors: blocking, so that they run before the index is built and stop it in the same run."""

from collections.abc import Iterator

import dagster as dg

from lookmatch_assets.defs.partitions import MARKET_DAYS, markets_and_days
from lookmatch_assets.defs.resources import EncoderResource, Stores
from lookmatch_assets.defs.vectors.embeddings import live_table
from lookmatch_assets.vectors.tables import check_vectors

UNIT_LENGTH = "vectors_have_unit_length"
FINITE = "vectors_are_finite"
COMPLETE = "every_verified_picture_has_a_vector"


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
