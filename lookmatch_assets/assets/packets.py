"""What landed: the start of the lineage. The consumer writes the rows; this asset observes a market's day of them."""

import dagster as dg

from lookmatch_assets.assets.metadata import markdown_table
from lookmatch_assets.partitions import MARKET_DAYS, market_and_day
from lookmatch_assets.resources import Stores
from lookmatch_serving.db import read_sql


@dg.asset(partitions_def=MARKET_DAYS, group_name="ingestion", kinds={"postgres"})
def packets(context: dg.AssetExecutionContext, stores: Stores) -> dg.MaterializeResult[None]:
    """Packets that landed in a market on a day, by vendor, and what went to quarantine that day."""
    market, day = market_and_day(context)
    with stores.database() as connection:
        partition = {"market": market, "day": day}
        vendors = connection.execute(read_sql("lookmatch_assets", "summarise_landed_packets"), partition).fetchall()
        quarantine = connection.execute(read_sql("lookmatch_assets", "summarise_quarantine"), partition).fetchall()
    newest = max((row["newest_packet_key"] for row in vendors), default=0)
    context.log.info("%s %s: %d packets of %d vendors", market, day, sum(row["packets"] for row in vendors), len(vendors))
    return dg.MaterializeResult(
        metadata={
            "packets": sum(row["packets"] for row in vendors),
            "products": sum(row["products"] for row in vendors),
            "removals": sum(row["removals"] for row in vendors),
            "quarantined": sum(row["n"] for row in quarantine),
            "newest_packet_key": newest,
            "by_vendor": dg.MetadataValue.md(markdown_table(vendors)),
            "quarantine": dg.MetadataValue.md(markdown_table(quarantine)),
        }
    )
