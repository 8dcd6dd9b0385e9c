"""What landed: the start of the lineage. The consumer writes the rows; this asset observes a market's day of them."""

from datetime import date

import dagster as dg

from lookmatch_assets.assets.metadata import markdown_table
from lookmatch_assets.partitions import MARKET_DAYS, market_and_day, partition_key
from lookmatch_assets.resources import EncoderResource, Stores
from lookmatch_serving.db import read_sql


@dg.asset(partitions_def=MARKET_DAYS, group_name="ingestion", kinds={"postgres"})
def packets(context: dg.AssetExecutionContext, stores: Stores, encoder: EncoderResource) -> dg.MaterializeResult[None]:
    """Packets that landed in a market on a day, by vendor, and what went to quarantine that day."""
    encoder.load_in_background()
    market, day = market_and_day(context)
    with stores.database() as connection:
        partition = {"market": market, "day": day}
        vendors = connection.execute(read_sql("lookmatch_assets", "summarise_landed_packets"), partition).fetchall()
        quarantine = connection.execute(read_sql("lookmatch_assets", "summarise_quarantine"), partition).fetchall()
    context.log.info("%s %s: %d packets of %d vendors", market, day, sum(row["packets"] for row in vendors), len(vendors))
    return dg.MaterializeResult(
        metadata={
            "packets": sum(row["packets"] for row in vendors),
            "products": sum(row["products"] for row in vendors),
            "removals": sum(row["removals"] for row in vendors),
            "quarantined": sum(row["n"] for row in quarantine),
            "by_vendor": dg.MetadataValue.md(markdown_table(vendors)),
            "quarantine": dg.MetadataValue.md(markdown_table(quarantine)),
        }
    )


def observed_packets(instance: dg.DagsterInstance, market: str, day: date) -> int:
    """How many packets of a partition there were when it was last observed: what came in later waits for the next run.

    An asset further down reports this number rather than one of its own counting, since packets go on landing while it runs.
    """
    return newest_number(instance, "packets", "packets", market, day)


def newest_number(instance: dg.DagsterInstance, asset: str, name: str, market: str, day: date) -> int:
    """A number in the metadata of a partition's newest materialisation; 0 when there is none."""
    found = instance.fetch_materializations(
        dg.AssetRecordsFilter(asset_key=dg.AssetKey(asset), asset_partitions=[partition_key(market, day)]), limit=1
    ).records
    materialization = found[0].asset_materialization if found else None
    number = materialization.metadata.get(name) if materialization else None
    return int(number.value) if number and isinstance(number.value, int) else 0
