"""The index that search reads, and the pointer that makes it live."""

import time

import dagster as dg

from lookmatch_assets.assets.embeddings import vector_table
from lookmatch_assets.assets.packets import observed_packets
from lookmatch_assets.partitions import MARKET_DAYS, market_and_day
from lookmatch_assets.resources import EncoderResource, Stores
from lookmatch_assets.vectors.tables import build_index, canary_misses, go_live

CODE_VERSION = "hnsw-halfvec-m16-ef64"
MOST_CANARY_MISSES = 0.02


@dg.asset(partitions_def=MARKET_DAYS, deps=["embeddings"], group_name="vectors", kinds={"postgres"}, code_version=CODE_VERSION)
def vector_index(context: dg.AssetExecutionContext, stores: Stores, encoder: EncoderResource) -> dg.MaterializeResult[None]:
    """The market's HNSW index, tried with vectors it holds, then live.

    The index is the market's, not the day's: a day's run builds it if it is absent, and later ones extend it as they insert.
    """
    market, day = market_and_day(context)
    table = vector_table(encoder, market)
    started = time.perf_counter()
    with stores.database() as connection:
        build_index(connection, table)
        built = time.perf_counter()
        asked, missed = canary_misses(connection, table)
        if missed > MOST_CANARY_MISSES * asked:
            raise dg.Failure(
                f"index {table.index_name} missed {missed} of {asked} vectors that it holds; "
                f"REINDEX INDEX vectors.{table.index_name}, then materialise again",
                allow_retries=False,
            )
        products = go_live(connection, table)
    return dg.MaterializeResult(
        metadata={
            "products": products,
            "index": f"vectors.{table.index_name}",
            "encoder_version": table.encoder_version,
            "build_seconds": round(built - started, 2),
            "canary_asked": asked,
            "canary_missed": missed,
            "packets_taken_in": observed_packets(context.instance, market, day),
        },
        data_version=dg.DataVersion(f"{table.encoder_version}:{CODE_VERSION}:{products}"),
    )
