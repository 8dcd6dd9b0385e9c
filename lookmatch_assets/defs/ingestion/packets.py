"""What landed: the start of the lineage. The consumer writes the rows; this asset observes a market's day of them."""

from datetime import date
from typing import Any

import dagster as dg

from lookmatch_assets.defs.metadata import console_link, markdown_table
from lookmatch_assets.defs.partitions import MARKET_DAYS, ONE_RUN, markets_and_days, partition_key
from lookmatch_assets.defs.resources import RETRY, EncoderResource, Stores
from lookmatch_assets.feeds.landed import landed_by_vendor, quarantined_by_vendor

COUNTS = "packets_by_partition"

offers = dg.AssetSpec(
    "offers",
    deps=["packets"],
    group_name="ingestion",
    kinds={"postgres"},
    description="Price, sale price, stock and availability. The consumer writes them as packets land; no run is needed.",
)


@dg.asset(partitions_def=MARKET_DAYS, backfill_policy=ONE_RUN, retry_policy=RETRY, group_name="ingestion", kinds={"postgres"})
def packets(context: dg.AssetExecutionContext, stores: Stores, encoder: EncoderResource) -> dg.MaterializeResult[None]:
    """Packets that landed in a market on a day, by vendor, and what went to quarantine that day."""
    encoder.load_in_background()
    vendors: list[dict[str, Any]] = []
    quarantine: list[dict[str, Any]] = []
    counts: dict[str, int] = {}
    with stores.database() as connection:
        for market, day in ((market, day) for market, days in markets_and_days(context).items() for day in days):
            partition = {"market": market, "day": day}
            landed = landed_by_vendor(connection, market, day)
            refused = quarantined_by_vendor(connection, market, day)
            vendors += [{**partition, **row} for row in landed]
            quarantine += [{**partition, **row} for row in refused]
            counts[str(partition_key(market, day))] = sum(row["packets"] for row in landed)
            context.log.info("%s %s: %d packets of %d vendors", market, day, sum(row["packets"] for row in landed), len(landed))
    return dg.MaterializeResult(
        metadata={
            "packets": sum(counts.values()),
            COUNTS: dg.MetadataValue.json(counts),
            "products": sum(row["products"] for row in vendors),
            "removals": sum(row["removals"] for row in vendors),
            "quarantined": sum(row["n"] for row in quarantine),
            "by_vendor": dg.MetadataValue.md(markdown_table(vendors)),
            "quarantine": dg.MetadataValue.md(markdown_table(quarantine)),
            "console": console_link(stores.settings(), "quarantine"),
        }
    )


def observed_packets(instance: dg.DagsterInstance, market: str, day: date) -> int:
    """How many packets of a partition there were when it was last observed: what came in later waits for the next run.

    An asset further down reports this number rather than one of its own counting, since packets go on landing while it runs.
    """
    return newest_count(instance, "packets", COUNTS, market, day)


def by_partition(market: str, counts: dict[date, int]) -> dg.JsonMetadataValue:
    """Counts of a market's days as ``newest_count`` finds them: a run over many partitions has one metadata for all of them."""
    return dg.MetadataValue.json({str(partition_key(market, day)): count for day, count in counts.items()})


def newest_count(instance: dg.DagsterInstance, asset: str, name: str, market: str, day: date) -> int:
    """A partition's count in the metadata of its newest materialisation, also of a run over several markets; 0 without one."""
    found = instance.fetch_materializations(
        dg.AssetRecordsFilter(asset_key=dg.AssetKey(asset), asset_partitions=[partition_key(market, day)]), limit=1
    ).records
    materialization = found[0].asset_materialization if found else None
    metadata = materialization.metadata if materialization else {}
    counts = metadata.get(name) or metadata.get(f"{name}_{market}")
    value = counts.value if counts else None
    return int(value.get(str(partition_key(market, day)), 0)) if isinstance(value, dict) else 0
