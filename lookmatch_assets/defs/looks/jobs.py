"""Tagging looks again."""

import dagster as dg

tag_looks = dg.define_asset_job(
    "tag_looks",
    selection=dg.AssetSelection.assets("looks"),
    executor_def=dg.in_process_executor,
    description="The looks of a market's day, tagged again where their answers no longer hold.",
)
