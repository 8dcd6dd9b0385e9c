"""What shoppers prefer, inferred from what they did."""

import time
from collections import Counter
from datetime import UTC, datetime

import dagster as dg

from lookmatch_assets.defs.partitions import MARKETS
from lookmatch_assets.defs.resources import Stores
from lookmatch_assets.preferences.inference import (
    HALF_LIFE,
    HORIZON,
    MINIMA,
    infer_preferences,
)
from lookmatch_assets.preferences.store import interactions_of, next_shoppers
from lookmatch_serving.db import DictConnection
from lookmatch_serving.settings import Market
from lookmatch_serving.shoppers.preferences import InferredPreference
from lookmatch_serving.shoppers.store import hold_off_erasure, replace_inferred_preferences

SHOPPERS_A_TRANSACTION = 500
"""Few enough that an erasure, which must wait for the transaction, does so for less than a second."""


@dg.asset(partitions_def=MARKETS, deps=["products"], group_name="shoppers", kinds={"postgres"}, code_version="1")
def preferences(context: dg.AssetExecutionContext, stores: Stores) -> dg.MaterializeResult[None]:
    """Brand affinities, sizes and price band of each shopper of a market, with their evidence; decayed as of now."""
    market, now, started = Market(context.partition_key), datetime.now(UTC), time.perf_counter()
    shoppers, counts, after = 0, Counter[str](), ""
    with stores.database() as connection:
        while batch := next_shoppers(connection, market, after, SHOPPERS_A_TRANSACTION):
            inferred = _infer(connection, market, batch, now)
            connection.commit()
            shoppers, after = shoppers + sum(map(bool, inferred.values())), batch[-1]
            counts.update(one.kind.value for found in inferred.values() for one in found)
    return dg.MaterializeResult(
        metadata={
            "shoppers_with_preferences": shoppers,
            **{f"{kind}_preferences": counts[kind] for kind in ("brand", "size", "price")},
            "half_life_days": HALF_LIFE.days,
            "minimum_evidence": dg.MetadataValue.json({str(kind): vars(minimum) for kind, minimum in MINIMA.items()}),
            "seconds": round(time.perf_counter() - started, 2),
        }
    )


@dg.schedule(
    cron_schedule="15 3 * * *",
    execution_timezone="UTC",
    target=dg.AssetSelection.assets(preferences),
    default_status=dg.DefaultScheduleStatus.RUNNING,
)
def preferences_schedule(context: dg.ScheduleEvaluationContext) -> list[dg.RunRequest]:
    """Every market once a day: preferences that turn by a half life of two months need no more."""
    day = context.scheduled_execution_time.date()
    return [dg.RunRequest(run_key=f"{market}:{day}", partition_key=market.value) for market in Market]


def _infer(
    connection: DictConnection, market: Market, shopper_ids: list[str], now: datetime
) -> dict[str, list[InferredPreference]]:
    """Infer and keep the preferences of some shoppers; those whose interactions have faded or gone are left without."""
    hold_off_erasure(connection)
    interactions = interactions_of(connection, market, shopper_ids, now - HORIZON)
    inferred = {shopper_id: infer_preferences(done, market, now) for shopper_id, done in interactions.items()}
    replace_inferred_preferences(connection, market, inferred)
    return inferred
