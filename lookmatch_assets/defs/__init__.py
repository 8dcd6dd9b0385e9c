"""All of Dagster: one folder a group of assets, with its checks, jobs, sensors and schedules."""
