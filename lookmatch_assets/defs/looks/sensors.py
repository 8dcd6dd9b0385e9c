"""Starts a run for looks whose answers are stale."""

import time
from collections.abc import Iterator

import dagster as dg

from lookmatch_assets.defs.looks.jobs import tag_looks
from lookmatch_assets.defs.partitions import MARKET_TAG, partition_key
from lookmatch_assets.defs.resources import Stores
from lookmatch_assets.looks.tagging import stale_looks
from lookmatch_serving.db import relation_exists

STALE_DAYS = 30


@dg.sensor(job=tag_looks, default_status=dg.DefaultSensorStatus.RUNNING, minimum_interval_seconds=60)
def stale_looks_sensor(context: dg.SensorEvaluationContext, stores: Stores) -> Iterator[dg.RunRequest | dg.SkipReason]:
    """One run for each market and day whose looks are untagged, tagged with another encoder version, or show what is gone.

    Looks of the last ``STALE_DAYS`` days count; older ones are found afresh when somebody asks for them. A partition is asked for
    once an hour as long as its looks stay as they are, so that a run that failed is done again and none is done in vain.
    """
    with stores.database() as connection:
        rows = stale_looks(connection, STALE_DAYS) if relation_exists(connection, "catalog.products") else []
    if not rows:
        yield dg.SkipReason("every look's answer holds")
    hour = int(time.time()) // 3600
    for row in rows:
        key = partition_key(row["market"], row["day"])
        yield dg.RunRequest(run_key=f"{key}:{row['state']}:{hour}", partition_key=key, tags={MARKET_TAG: row["market"]})
