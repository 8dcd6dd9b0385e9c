"""The day's looks, tagged ahead of time by the same search that answers online."""

import time
from datetime import date
from typing import Any

import dagster as dg

from lookmatch_assets.defs.backfills import for_each_market
from lookmatch_assets.defs.metadata import console_link
from lookmatch_assets.defs.partitions import MARKET_DAYS, ONE_RUN
from lookmatch_assets.defs.resources import ENCODER_POOL, RETRY, Stores
from lookmatch_assets.looks.tagging import looks_to_tag, save_answer
from lookmatch_serving.db import DictConnection
from lookmatch_serving.errors import LookmatchError
from lookmatch_serving.settings import Market

TAGGING_DEADLINE_MS = 30_000
BATCHED, BATCHED_BY_MODEL = 32, 1_000
"""Looks prepared together; a Message Batch takes minutes whatever its size."""


@dg.asset(
    partitions_def=MARKET_DAYS,
    backfill_policy=ONE_RUN,
    retry_policy=RETRY,
    pool=ENCODER_POOL,
    deps=["vector_index", "duplicates", "calibration"],
    group_name="looks",
    kinds={"python"},
    code_version="1",
)
def looks(context: dg.AssetExecutionContext, stores: Stores) -> dg.MaterializeResult[None]:
    """Search answers of the looks that were added to the market on the day; a look that fails is named and stops no other."""
    return for_each_market(context, lambda market, days: _of_market(stores, market, days))


def _of_market(stores: Stores, market: str, days: list[date]) -> dg.MaterializeResult[None]:
    started = time.perf_counter()
    with stores.database() as connection:
        rows = looks_to_tag(connection, market, days)
        tagged, failures = _tag(stores, connection, Market(market), rows) if rows else (0, [])
    seconds = time.perf_counter() - started
    return dg.MaterializeResult(
        metadata={
            "tagged": tagged,
            "failed": len(failures),
            "failures": dg.MetadataValue.json(failures[:50]),
            "seconds": round(seconds, 2),
            "seconds_a_look": round(seconds / max(tagged, 1), 2),
            "console": console_link(stores.settings(), f"coverage?market={market}"),
        }
    )


def _tag(stores: Stores, connection: DictConnection, market: Market, rows: list[dict[str, Any]]) -> tuple[int, list[str]]:
    """Search each look, after what many need was made in batches, and keep its answer, committed one by one.

    Returns:
        How many were tagged, and a line for each that failed.
    """
    from lookmatch_serving.search.factory import build_pipeline
    from lookmatch_serving.search.models.request import SearchRequest

    settings, failures = stores.settings(), list[str]()
    request = SearchRequest(market=market, deadline_ms=TAGGING_DEADLINE_MS)
    pipeline = build_pipeline(settings, stores.services())
    chunk = BATCHED_BY_MODEL if settings.anthropic_api_key is not None else BATCHED
    try:
        for start in range(0, len(rows), chunk):
            pictures: dict[str, bytes] = {}
            for row in rows[start : start + chunk]:
                try:
                    pictures[row["look_id"]] = (settings.look_folder / row["image_file"]).read_bytes()
                except OSError as error:
                    failures.append(f"{row['look_id']}: {error}")
            if len(pictures) > 1:
                pipeline.prepare(market, list(pictures.values()))
            for look_id, picture in pictures.items():
                try:
                    save_answer(connection, look_id, pipeline.search(request, picture))
                except LookmatchError as error:
                    failures.append(f"{look_id}: {error}")
    finally:
        pipeline.close()
    return len(rows) - len(failures), failures
