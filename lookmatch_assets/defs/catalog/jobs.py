"""The chain from landed packets to tagged looks as one in-process run, and the vocabularies."""

import dagster as dg

from lookmatch_assets.defs.catalog.products import RESOURCE_TYPE_TAG

CHAIN = (
    "packets", "stg_packets", "products", "images", "embeddings", "vector_index", "attribute_cache", "duplicates", "calibration",
    "looks", "feed_health",
)  # fmt: skip


# In process: a process for each step would spend four times the run's own work on starting.
refresh_catalog = dg.define_asset_job(
    "refresh_catalog",
    selection=dg.AssetSelection.assets(*CHAIN),
    executor_def=dg.in_process_executor,
    description="A market's day from landed packets to tagged looks, in one process.",
)

load_vocabularies = dg.define_asset_job(
    "load_vocabularies",
    selection=dg.AssetSelection.tag(RESOURCE_TYPE_TAG, "seed"),
    executor_def=dg.in_process_executor,
    description="The vocabularies from the seeds.",
)
