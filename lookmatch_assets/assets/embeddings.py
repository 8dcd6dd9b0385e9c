"""Vectors of pictures that have none of the encoder's version."""

import time

import dagster as dg

from lookmatch_assets.assets.metadata import picture_strip
from lookmatch_assets.partitions import MARKET_DAYS, market_and_day
from lookmatch_assets.resources import EncoderResource, Stores
from lookmatch_assets.vectors.embedding import embed_pending
from lookmatch_assets.vectors.tables import VectorTable, ensure_vector_table, pending_pictures
from lookmatch_serving.db import read_sql

CODE_VERSION = "1"


def vector_table(encoder: EncoderResource, market: str) -> VectorTable:
    """The table of the encoder in force in a market; loads the encoder."""
    loaded = encoder.load()
    return VectorTable(encoder.encoder_key(), loaded.version, loaded.dimensions, market)


@dg.asset(
    partitions_def=MARKET_DAYS, deps=["images"], group_name="vectors", kinds={"pytorch", "postgres"}, code_version=CODE_VERSION
)
def embeddings(context: dg.AssetExecutionContext, stores: Stores, encoder: EncoderResource) -> dg.MaterializeResult[None]:
    """Vectors of new and changed pictures; a change of metadata alone embeds nothing.

    The whole market is caught up with, not only the partition's products: a new encoder version is complete before it goes
    live, and a partition that failed leaves no hole.
    """
    market, day = market_and_day(context)
    started = time.perf_counter()
    folder = stores.settings().image_folder
    loaded, table = encoder.load(), vector_table(encoder, market)
    with stores.database() as connection:
        ensure_vector_table(connection, table)
        pending = pending_pictures(connection, table)
        touched = connection.execute(read_sql("lookmatch_assets", "touched_products"), {"market": market, "day": day}).fetchall()
        counts = embed_pending(connection, table, loaded, pending, folder)
    embedded = {product_id for _, product_ids in pending for product_id in product_ids}
    saved = sum(1 for row in touched if row["pictured"] and not row["removed"] and row["product_id"] not in embedded)
    context.log.info("%d pictures embedded for %d products, %d embeddings saved", counts.pictures, counts.vectors, saved)
    return dg.MaterializeResult(
        metadata={
            "pictures_embedded": counts.pictures,
            "vectors_written": counts.vectors,
            "embeddings_saved": saved,
            "encoder": table.encoder_key,
            "encoder_version": table.encoder_version,
            "dimensions": table.dimensions,
            "table": f"vectors.{table.name}",
            "seconds": round(time.perf_counter() - started, 2),
            "encoder_seconds": round(counts.encoder_seconds, 2),
            "preview": dg.MetadataValue.md(picture_strip(folder, [digest for digest, _ in pending[:8]])),
        },
        data_version=dg.DataVersion(f"{table.encoder_version}:{CODE_VERSION}"),
    )
