"""Everything in this folder as one code location."""

from collections.abc import Mapping
from typing import Any

import dagster as dg

from lookmatch_assets import defs
from lookmatch_assets.defs.catalog.dbt_project import DBT_EXECUTABLE, DBT_FOLDER, InstalledDbt, prepare_project
from lookmatch_assets.defs.catalog.products import catalogue_assets
from lookmatch_assets.defs.resources import EncoderResource, Stores
from lookmatch_serving.settings import read_settings


def assemble(replaced: Mapping[str, Any]) -> dg.Definitions:
    """Everything that is materialised, with some resources replaced by name, as tests do; parses the dbt project if need be.

    Raises:
        ConfigurationError: a setting is wrong, or dbt refused the project.
    """
    loaded = dg.load_definitions_from_package_module(
        defs,
        executor=dg.in_process_executor,  # also of what the UI materialises or backfills: starting a process a step costs more
        resources={
            "stores": Stores(),
            "encoder": EncoderResource(),
            "progress": None,
            "drawn_looks": None,
            "dbt": InstalledDbt(project_dir=str(DBT_FOLDER), profiles_dir=str(DBT_FOLDER), dbt_executable=DBT_EXECUTABLE),
            **replaced,
        },
    )
    return dg.Definitions.merge(loaded, dg.Definitions(assets=catalogue_assets(prepare_project(read_settings(), {}))))
