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


def partition_key(market: str, day: date) -> dg.MultiPartitionKey:
    """The partition of a market and a UTC day."""
    return dg.MultiPartitionKey({"market": market, "day": day.isoformat()})


def market_and_day(context: dg.AssetExecutionContext | dg.AssetCheckExecutionContext) -> tuple[str, date]:
    """Market and day of the partition that a step runs for."""
    dimensions = (
        context.partition_key if isinstance(context, dg.AssetExecutionContext) else context.op_execution_context.partition_key
    )
    if not isinstance(dimensions, dg.MultiPartitionKey):
        raise TypeError(f"expected a partition of market and day, got {dimensions!r}")
    keys = dimensions.keys_by_dimension
    return keys["market"], date.fromisoformat(keys["day"])
