"""How the pipeline is cut: market x day on which packets landed (UTC), in one place."""

from __future__ import annotations

from datetime import date

import dagster as dg

from lookmatch_serving.settings import Market

FIRST_DAY = "2025-01-01"

MARKETS = dg.StaticPartitionsDefinition([market.value for market in Market])

# end_offset=1: without it today would be no partition until it is over.
MARKET_DAYS = dg.MultiPartitionsDefinition(
    {
        "market": MARKETS,
        "day": dg.DailyPartitionsDefinition(start_date=FIRST_DAY, timezone="UTC", end_offset=1),
    }
)

MARKET_TAG = "lookmatch/market"
"""Of runs: at most one a market at a time."""

STUDIES = dg.DynamicPartitionsDefinition(name="study")


def partition_key(market: str, day: date) -> dg.MultiPartitionKey:
    """The partition of a market and a UTC day."""
    return dg.MultiPartitionKey({"market": market, "day": day.isoformat()})


ONE_RUN = dg.BackfillPolicy.single_run()
"""A backfill of many days is one run a market: each day would otherwise pay for dbt's start, the index and the cache's counts."""


def markets_and_days(context: dg.AssetExecutionContext | dg.AssetCheckExecutionContext) -> dict[str, list[date]]:
    """Markets, and the days of each, of the partitions that a step runs for: one of each, but for a backfill in one run."""
    own = context if isinstance(context, dg.AssetExecutionContext) else context.op_execution_context
    found: dict[str, list[date]] = {}
    for key in own.partition_keys:
        keys = MARKET_DAYS.get_partition_key_from_str(str(key)).keys_by_dimension
        found.setdefault(keys["market"], []).append(date.fromisoformat(keys["day"]))
    return found
