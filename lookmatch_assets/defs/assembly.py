"""Everything in this folder as one code location."""

from collections.abc import Mapping
from typing import Any

import dagster as dg

from lookmatch_assets import defs
from lookmatch_assets.defs.catalog.dbt_project import DBT_EXECUTABLE, DBT_FOLDER, InstalledDbt
from lookmatch_assets.defs.catalog.products import PROJECT
from lookmatch_assets.defs.resources import EncoderResource, Stores


def assemble(replaced: Mapping[str, Any]) -> dg.Definitions:
    """Everything that is materialised, with some resources replaced by name, as tests do."""
    return dg.load_definitions_from_package_module(
        defs,
        executor=dg.in_process_executor,  # also of what the UI materialises or backfills: starting a process a step costs more
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
