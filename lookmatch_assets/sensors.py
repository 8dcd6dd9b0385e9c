"""The sensor that turns landed packets into runs of the chain."""

from collections.abc import Iterator
from datetime import date

import dagster as dg

from lookmatch_assets.jobs import refresh_catalog
from lookmatch_assets.partitions import FIRST_DAY, partition_key
from lookmatch_assets.resources import Stores
from lookmatch_serving.db import read_sql

MARKET_TAG = "lookmatch/market"


@dg.sensor(job=refresh_catalog, default_status=dg.DefaultSensorStatus.RUNNING, minimum_interval_seconds=5)
def landed_packets_sensor(context: dg.SensorEvaluationContext, stores: Stores) -> Iterator[dg.RunRequest | dg.SkipReason]:
    """One run of the chain for each market and day with packets that its index has not seen; the cursor is the newest packet."""
    cursor = int(context.cursor or 0)
    with stores.database() as connection:
        rows = connection.execute(read_sql("lookmatch_assets", "packets_since"), {"cursor": cursor}).fetchall()
    rows = [row for row in rows if row["day"] >= date.fromisoformat(FIRST_DAY)]
    fresh = [row for row in rows if row["newest_packet_key"] > _indexed(context.instance, row["market"], row["day"])]
    if not fresh:
        yield dg.SkipReason(f"no packet after {cursor} that is not indexed")
    for row in fresh:
        key = partition_key(row["market"], row["day"])
        yield dg.RunRequest(run_key=f"{key}:{row['newest_packet_key']}", partition_key=key, tags={MARKET_TAG: row["market"]})
    context.update_cursor(str(max([cursor, *(row["newest_packet_key"] for row in rows)])))


def _indexed(instance: dg.DagsterInstance, market: str, day: date) -> int:
    """The newest packet that the partition's last index run saw; 0 when it has never run."""
    found = instance.fetch_materializations(
        dg.AssetRecordsFilter(asset_key=dg.AssetKey("vector_index"), asset_partitions=[partition_key(market, day)]), limit=1
    ).records
    materialization = found[0].asset_materialization if found else None
    newest = materialization.metadata.get("newest_packet_key") if materialization else None
    return int(newest.value) if newest and isinstance(newest.value, int) else 0
