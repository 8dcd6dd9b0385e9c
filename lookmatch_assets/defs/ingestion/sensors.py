"""Starts a run of the chain for packets that landed."""

import time
from collections.abc import Iterator
from datetime import date

import dagster as dg

from lookmatch_assets.defs.catalog.jobs import refresh_catalog
from lookmatch_assets.defs.ingestion.packets import newest_count
from lookmatch_assets.defs.partitions import FIRST_DAY, MARKET_TAG, partition_key
from lookmatch_assets.defs.resources import Stores
from lookmatch_assets.feeds.landed import partitions_landed_since

WANTED_TAG = "lookmatch/packets"
OVERLAP = 10_000


# The daemon looks every 5 seconds; an interval of as many lets it pass over every second time.
@dg.sensor(job=refresh_catalog, default_status=dg.DefaultSensorStatus.RUNNING, minimum_interval_seconds=2)
def landed_packets_sensor(context: dg.SensorEvaluationContext, stores: Stores) -> Iterator[dg.RunRequest | dg.SkipReason]:
    """One run of the chain for each market and day with packets that its index has not taken in.

    The cursor is the newest packet; partitions are looked for from ``OVERLAP`` packets before it, since a transaction with lower
    numbers may be committed after one with higher ones. Whether a partition has anything new is told by the number of its
    packets, against the number that was there when its last successful run began. A run that failed is followed by another after
    a pause.
    """
    cursor = int(context.cursor or 0)
    with stores.database() as connection:
        since = max(cursor - OVERLAP, 0)
        rows = partitions_landed_since(connection, since)
    rows = [row for row in rows if row["day"] >= date.fromisoformat(FIRST_DAY)]
    fresh = [row for row in rows if row["packets"] != _taken_in(context.instance, row["market"], row["day"])]
    if not fresh:
        yield dg.SkipReason(f"no packet after {since} that is not indexed")
    for row in fresh:
        key = partition_key(row["market"], row["day"])
        wanted = f"{key}:{row['packets']}"
        failures = _failures(context.instance, wanted)
        if failures is not None:
            run_key = f"{wanted}:{failures}" if failures else wanted
            yield dg.RunRequest(run_key=run_key, partition_key=key, tags={MARKET_TAG: row["market"], WANTED_TAG: wanted})
    context.update_cursor(str(max([cursor, *(row["newest_packet_key"] for row in rows)])))


def _failures(instance: dg.DagsterInstance, wanted: str) -> int | None:
    """Runs for these packets that failed; None while it is too early for another, a minute after the first, at most an hour."""
    filters = dg.RunsFilter(tags={WANTED_TAG: wanted}, statuses=[dg.DagsterRunStatus.FAILURE])
    failed = instance.get_run_records(filters, limit=10)
    if not failed:
        return 0
    ended = max(record.end_time or record.update_timestamp.timestamp() for record in failed)
    return len(failed) if time.time() - ended >= min(60 * 2 ** (len(failed) - 1), 3600) else None


def _taken_in(instance: dg.DagsterInstance, market: str, day: date) -> int:
    """Packets that there were when the partition's last run that made an index began; 0 when none has."""
    return newest_count(instance, "vector_index", "packets_taken_in", market, day)
