"""Promotion."""

import dagster as dg

promote_encoder = dg.define_asset_job(
    "promote_encoder",
    selection=dg.AssetSelection.assets("live_encoder"),
    executor_def=dg.in_process_executor,
    description="Makes an encoder live, if the gate lets it through.",
)
