"""Vectors of pictures that have none of the encoder's version."""

import time
from datetime import date
from pathlib import Path

import dagster as dg
import psycopg

from lookmatch_assets.defs.backfills import for_each_market
from lookmatch_assets.defs.metadata import markdown_table, picture_strip
from lookmatch_assets.defs.partitions import MARKET_DAYS, ONE_RUN
from lookmatch_assets.defs.progress import Progress, Say
from lookmatch_assets.defs.resources import ENCODER_POOL, RETRY, EncoderResource, Stores
from lookmatch_assets.vectors.embedding import embed_pending
from lookmatch_assets.vectors.kept import KeptEncoders, kept_encoders
from lookmatch_assets.vectors.tables import VectorTable, ensure_vector_table, pending_pictures
from lookmatch_assets.vectors.touched import touched_products
from lookmatch_serving.db import DictConnection
from lookmatch_serving.encoders.errors import EncoderUnavailableError

CODE_VERSION = "1"


def kept_of(connection: DictConnection, encoder: EncoderResource, market: str) -> KeptEncoders:
    """The encoders whose vectors are kept in a market; loads them."""
    return kept_encoders(connection, market, encoder.encoder_key(), encoder.load)


def live_table(connection: DictConnection, encoder: EncoderResource, market: str) -> VectorTable:
    """The table that search reads in a market, or will read once it is indexed."""
    return kept_of(connection, encoder, market).live.table


@dg.asset(
    partitions_def=MARKET_DAYS,
    backfill_policy=ONE_RUN,
    retry_policy=RETRY,
    pool=ENCODER_POOL,
    deps=["images"],
    group_name="vectors",
    kinds={"pytorch", "postgres"},
    code_version=CODE_VERSION,
)
def embeddings(
    context: dg.AssetExecutionContext, stores: Stores, encoder: EncoderResource, progress: dg.ResourceParam[Say | None]
) -> dg.MaterializeResult[None]:
    """Vectors of new and changed pictures; a change of metadata alone embeds nothing.

    The whole market is caught up with, not only the partition's products: a new encoder version is complete before it goes
    live, and a partition that failed leaves no hole. Candidates for promotion and the encoder before the last promotion are
    kept up too; one of these whose weights are absent is named and stops nothing.
    """
    say = progress or context.log.info
    return for_each_market(context, lambda market, days: _of_market(stores, encoder, say, market, days))


def _of_market(stores: Stores, encoder: EncoderResource, say: Say, market: str, days: list[date]) -> dg.MaterializeResult[None]:
    started = time.perf_counter()
    folder = stores.settings().image_folder
    with stores.database() as connection:
        kept = kept_of(connection, encoder, market)
        table = kept.live.table
        ensure_vector_table(connection, table)
        pending = pending_pictures(connection, table)
        touched = touched_products(connection, market, days)
        told = Progress(say, "pictures embedded", len(pending))
        counts = embed_pending(connection, table, kept.live.encoder, pending, folder, told.add)
        others = _embed_others(connection, kept, folder)
    embedded = {product_id for _, product_ids in pending for product_id in product_ids}
    saved = sum(1 for row in touched if row["pictured"] and not row["removed"] and row["product_id"] not in embedded)
    say(f"{counts.pictures} pictures embedded for {counts.vectors} products, {saved} embeddings saved")
    return dg.MaterializeResult(
        metadata={
            "pictures_embedded": counts.pictures,
            "vectors_written": counts.vectors,
            "embeddings_saved": saved,
            "encoder": table.encoder_key,
            "encoder_version": table.encoder_version,
            "dimensions": table.dimensions,
            "table": f"vectors.{table.name}",
            "other_encoders": dg.MetadataValue.md(markdown_table(others)),
            "seconds": round(time.perf_counter() - started, 2),
            "encoder_seconds": round(counts.encoder_seconds, 2),
            "preview": dg.MetadataValue.md(picture_strip(folder, [digest for digest, _ in pending[:8]])),
        },
        data_version=dg.DataVersion(f"{table.encoder_version}:{CODE_VERSION}"),
    )


def _embed_others(connection: DictConnection, kept: KeptEncoders, folder: Path) -> list[dict[str, object]]:
    """Catch up with the encoders that are not live; a line for each. What such an encoder raises is told and stops nothing."""
    lines: list[dict[str, object]] = [{"encoder": key, "role": "absent", "embedded": why} for key, why in kept.absent.items()]
    for one in kept.others:
        ensure_vector_table(connection, one.table)
        try:
            counts = embed_pending(connection, one.table, one.encoder, pending_pictures(connection, one.table), folder)
        except psycopg.Error:
            raise
        except Exception as error:  # whatever a model library raises
            connection.rollback()
            absent = isinstance(error, EncoderUnavailableError)
            lines.append({"encoder": one.table.encoder_key, "role": "absent" if absent else "failed", "embedded": str(error)})
            continue
        lines.append({"encoder": one.table.encoder_key, "role": one.role, "embedded": counts.pictures})
    return lines
