"""Starts a run of the chain for pictures that failed and are due again."""

from collections.abc import Iterator

import dagster as dg

from lookmatch_assets.defs.catalog.jobs import refresh_catalog
from lookmatch_assets.defs.partitions import MARKET_TAG, partition_key
from lookmatch_assets.defs.resources import Stores
from lookmatch_assets.images.records import due_pictures
from lookmatch_serving.db import relation_exists

MOST_RETRIED_PARTITIONS = 10


@dg.sensor(job=refresh_catalog, default_status=dg.DefaultSensorStatus.RUNNING, minimum_interval_seconds=60)
def failed_pictures_sensor(context: dg.SensorEvaluationContext, stores: Stores) -> Iterator[dg.RunRequest | dg.SkipReason]:
    """One run of the chain for each partition with pictures that failed and are due again (``vectors.next_attempt``)."""
    with stores.database() as connection:
        made = relation_exists(connection, "catalog.products")
        rows = due_pictures(connection, MOST_RETRIED_PARTITIONS) if made else []
    if not rows:
        yield dg.SkipReason("no failed picture is due")
    for row in rows:
        key = partition_key(row["market"], row["day"])
        run_key = f"{key}:pictures:{row['tried_at'].isoformat()}"
        yield dg.RunRequest(run_key=run_key, partition_key=key, tags={MARKET_TAG: row["market"]})
