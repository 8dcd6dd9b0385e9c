"""Jobs: the chain as one in-process run, and the vocabularies."""

import dagster as dg

from lookmatch_assets.assets.products import vocabularies

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

tag_looks = dg.define_asset_job(
    "tag_looks",
    selection=dg.AssetSelection.assets("looks"),
    executor_def=dg.in_process_executor,
    description="The looks of a market's day, tagged again where their answers no longer hold.",
)

load_vocabularies = dg.define_asset_job(
    "load_vocabularies",
    selection=dg.AssetSelection.assets(vocabularies),
    executor_def=dg.in_process_executor,
    description="The vocabularies from the seeds.",
)

compare_systems = dg.define_asset_job(
    "compare_systems",
    selection=dg.AssetSelection.assets("study_candidates", "study_pool", "study_report"),
    executor_def=dg.in_process_executor,
    description="A study: candidates of every system, the pool assigned to raters, and the report. The config is its definition.",
)

report_study = dg.define_asset_job(
    "report_study",
    selection=dg.AssetSelection.assets("study_report"),
    executor_def=dg.in_process_executor,
    description="A study's report from the ratings there are by now.",
)

promote_encoder = dg.define_asset_job(
    "promote_encoder",
    selection=dg.AssetSelection.assets("live_encoder"),
    executor_def=dg.in_process_executor,
    description="Makes an encoder live, if the gate lets it through.",
)
