"""The indexes that search reads or may read, and the note on the pointer that makes one live."""

import time
from datetime import date

import dagster as dg

from lookmatch_assets.defs.backfills import for_each_market
from lookmatch_assets.defs.ingestion.packets import by_partition, observed_packets
from lookmatch_assets.defs.metadata import markdown_table
from lookmatch_assets.defs.partitions import MARKET_DAYS, ONE_RUN
from lookmatch_assets.defs.resources import RETRY, EncoderResource, Stores
from lookmatch_assets.defs.vectors.embeddings import kept_of
from lookmatch_assets.vectors.tables import INDEX_BUILD, MOST_CANARY_MISSES, build_index, canary_misses, exists, refresh_live

CODE_VERSION = INDEX_BUILD


@dg.asset(
    partitions_def=MARKET_DAYS,
    backfill_policy=ONE_RUN,
    retry_policy=RETRY,
    deps=["embeddings"],
    group_name="vectors",
    kinds={"postgres"},
    code_version=CODE_VERSION,
)
def vector_index(context: dg.AssetExecutionContext, stores: Stores, encoder: EncoderResource) -> dg.MaterializeResult[None]:
    """The market's HNSW index of the live encoder, tried with vectors it holds; it goes live where none is.

    The index is the market's, not the day's: a day's run builds it if it is absent, and later ones extend it as they insert.
    Those of candidates and of the encoder before the last promotion are built beside it; only a promotion makes one live.
    """
    return for_each_market(context, lambda market, days: _of_market(context.instance, stores, encoder, market, days))


def _of_market(
    instance: dg.DagsterInstance, stores: Stores, encoder: EncoderResource, market: str, days: list[date]
) -> dg.MaterializeResult[None]:
    started = time.perf_counter()
    with stores.database() as connection:
        kept = kept_of(connection, encoder, market)
        table = kept.live.table
        bits_from = stores.settings().bit_index_products
        build_index(connection, table, bits_from)
        built = time.perf_counter()
        asked, missed = canary_misses(connection, table)
        if missed > MOST_CANARY_MISSES * asked:
            raise dg.Failure(
                f"index {table.index_name} missed {missed} of {asked} vectors that it holds; "
                f"REINDEX INDEX vectors.{table.index_name}, then materialise again",
                allow_retries=False,
            )
        products = refresh_live(connection, table)
        others = [one for one in kept.others if exists(connection, one.table.partition_name)]
        for one in others:
            build_index(connection, one.table, bits_from)
    return dg.MaterializeResult(
        metadata={
            "products": products,
            "index": f"vectors.{table.index_name}",
            "encoder": table.encoder_key,
            "encoder_version": table.encoder_version,
            "not_live": dg.MetadataValue.md(
                markdown_table(
                    [{"encoder": one.table.encoder_key, "role": one.role, "index": one.table.index_name} for one in others]
                )
            ),
            "build_seconds": round(built - started, 2),
            "canary_asked": asked,
            "canary_missed": missed,
            "packets_taken_in": by_partition(market, {day: observed_packets(instance, market, day) for day in days}),
        },
        data_version=dg.DataVersion(f"{table.encoder_version}:{CODE_VERSION}:{products}"),
    )
