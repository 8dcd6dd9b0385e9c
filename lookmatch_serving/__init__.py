"""The reader: four-stage search over what the assets materialised, its HTTP API and its pages.

This package imports nothing of ``lookmatch_assets`` and never Dagster or dbt (a test holds that arrow).
"""
