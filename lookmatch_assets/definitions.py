"""The code location: assembles assets, checks, jobs, sensors and resources."""

from collections.abc import Mapping
from typing import Any

import dagster as dg

from lookmatch_assets.assets.attribute_cache import attribute_cache, attribute_report
from lookmatch_assets.assets.calibration import calibration
from lookmatch_assets.assets.duplicates import duplicates
from lookmatch_assets.assets.embeddings import embeddings
from lookmatch_assets.assets.feed_health import feed_health
from lookmatch_assets.assets.images import images
from lookmatch_assets.assets.looks import looks
from lookmatch_assets.assets.packets import offers, packets
from lookmatch_assets.assets.preferences import preferences, preferences_schedule
from lookmatch_assets.assets.products import PROJECT, catalogue, vocabularies
from lookmatch_assets.assets.promotion import live_encoder
from lookmatch_assets.assets.studies import study_candidates, study_pool, study_report
from lookmatch_assets.assets.vector_index import vector_index
from lookmatch_assets.catalogue_build import DBT_EXECUTABLE, DBT_FOLDER, InstalledDbt
from lookmatch_assets.checks import CHECKS
from lookmatch_assets.jobs import compare_systems, load_vocabularies, promote_encoder, refresh_catalog, report_study, tag_looks
from lookmatch_assets.resources import EncoderResource, Stores
from lookmatch_assets.sensors import failed_pictures_sensor, landed_packets_sensor, stale_looks_sensor

ASSETS: list[dg.AssetsDefinition | dg.AssetSpec] = [
    packets,
    offers,
    vocabularies,
    catalogue,
    images,
    embeddings,
    vector_index,
    attribute_cache,
    attribute_report,
    feed_health,
    duplicates,
    calibration,
    looks,
    preferences,
    live_encoder,
    study_candidates,
    study_pool,
    study_report,
]


@dg.definitions
def defs() -> dg.Definitions:
    """Everything that is materialised."""
    return assemble({})


def assemble(replaced: Mapping[str, Any]) -> dg.Definitions:
    """Everything that is materialised, with some resources replaced by name, as tests do."""
    return dg.Definitions(
        assets=ASSETS,
        asset_checks=CHECKS,
        executor=dg.in_process_executor,  # also of what the UI materialises or backfills: starting a process a step costs more
        jobs=[refresh_catalog, tag_looks, load_vocabularies, compare_systems, report_study, promote_encoder],
        sensors=[failed_pictures_sensor, landed_packets_sensor, stale_looks_sensor],
        schedules=[preferences_schedule],
        resources={
            "stores": Stores(),
            "encoder": EncoderResource(),
            "progress": None,
            "dbt": InstalledDbt(
                project_dir=str(PROJECT.project_dir), profiles_dir=str(DBT_FOLDER), dbt_executable=DBT_EXECUTABLE
            ),
            **replaced,
        },
    )
