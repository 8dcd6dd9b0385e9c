"""A study, and its report alone."""

import dagster as dg

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
