"""The sensors that start runs: for landed packets, pictures that failed and are due again, and looks whose answers are stale."""

import time
from collections.abc import Iterator
from datetime import date

import dagster as dg

from lookmatch_assets.assets.packets import newest_count
from lookmatch_assets.jobs import refresh_catalog, tag_looks
from lookmatch_assets.partitions import FIRST_DAY, partition_key
from lookmatch_assets.resources import Stores
from lookmatch_serving.db import read_sql

MARKET_TAG = "lookmatch/market"
WANTED_TAG = "lookmatch/packets"
OVERLAP = 10_000
MOST_RETRIED_PARTITIONS = 10
STALE_DAYS = 30


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
        rows = connection.execute(read_sql("lookmatch_assets", "packets_since"), {"cursor": since}).fetchall()
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


@dg.sensor(job=refresh_catalog, default_status=dg.DefaultSensorStatus.RUNNING, minimum_interval_seconds=60)
def failed_pictures_sensor(context: dg.SensorEvaluationContext, stores: Stores) -> Iterator[dg.RunRequest | dg.SkipReason]:
    """One run of the chain for each partition with pictures that failed and are due again (``vectors.next_attempt``)."""
    with stores.database() as connection:
        made = connection.execute("SELECT to_regclass('catalog.products') IS NOT NULL AS made").fetchone()
        due = read_sql("lookmatch_assets", "due_pictures")
        rows = connection.execute(due, {"partitions": MOST_RETRIED_PARTITIONS}).fetchall() if made and made["made"] else []
    if not rows:
        yield dg.SkipReason("no failed picture is due")
    for row in rows:
        key = partition_key(row["market"], row["day"])
        run_key = f"{key}:pictures:{row['tried_at'].isoformat()}"
        yield dg.RunRequest(run_key=run_key, partition_key=key, tags={MARKET_TAG: row["market"]})


@dg.sensor(job=tag_looks, default_status=dg.DefaultSensorStatus.RUNNING, minimum_interval_seconds=60)
def stale_looks_sensor(context: dg.SensorEvaluationContext, stores: Stores) -> Iterator[dg.RunRequest | dg.SkipReason]:
    """One run for each market and day whose looks are untagged, tagged with another encoder version, or show what is gone.

    Looks of the last ``STALE_DAYS`` days count; older ones are found afresh when somebody asks for them. A partition is asked for
    once an hour as long as its looks stay as they are, so that a run that failed is done again and none is done in vain.
    """
    with stores.database() as connection:
        made = connection.execute("SELECT to_regclass('catalog.products') IS NOT NULL AS made").fetchone()
        rows = (
            connection.execute(read_sql("lookmatch_assets", "stale_looks"), {"days": STALE_DAYS}).fetchall()
            if made and made["made"]
            else []
        )
    if not rows:
        yield dg.SkipReason("every look's answer holds")
    hour = int(time.time()) // 3600
    for row in rows:
        key = partition_key(row["market"], row["day"])
        yield dg.RunRequest(run_key=f"{key}:{row['state']}:{hour}", partition_key=key, tags={MARKET_TAG: row["market"]})
