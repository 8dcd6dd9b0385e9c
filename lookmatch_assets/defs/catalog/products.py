"""Standardised products: the dbt project as assets.

The vocabularies belong to no partition: they are loaded when the seeds changed, by their own asset or by the next run.
dbt's nodes are known from its manifest, so the assets are made by ``catalogue_assets`` when the definitions are loaded; importing
this module reads nothing.
"""

from collections.abc import Iterator, Mapping
from functools import partial
from typing import Any

import dagster as dg
from dagster_dbt import DagsterDbtTranslator, DbtCliResource, DbtProject, dbt_assets

from lookmatch_assets.defs.catalog.dbt_project import (
    build_environment,
    environment,
    mark_vocabularies,
    partition_environment,
    vocabularies_are_current,
)
from lookmatch_assets.defs.partitions import MARKET_DAYS, ONE_RUN, markets_and_days
from lookmatch_assets.defs.resources import Stores
from lookmatch_assets.migrations.database_urls import dbt_environment

RESOURCE_TYPE_TAG = "lookmatch/dbt"
"""Of every dbt node: ``seed`` or ``model``."""

POOL = "dbt"
"""Runs that build models wait for each other: two at a time would replace the same view."""


class CatalogueTranslator(DagsterDbtTranslator):
    """dbt's nodes under the names that the rest of the graph uses."""

    def get_asset_key(self, dbt_resource_props: Mapping[str, Any]) -> dg.AssetKey:
        """A model's or seed's own name; the source ``landing.packets`` is the asset ``packets``."""
        return dg.AssetKey([dbt_resource_props["name"]])

    def get_group_name(self, dbt_resource_props: Mapping[str, Any]) -> str | None:
        """One group for the whole catalogue."""
        return "catalog"

    def get_tags(self, dbt_resource_props: Mapping[str, Any]) -> Mapping[str, str]:
        """What kind of node it is, so that jobs can select by it."""
        return {RESOURCE_TYPE_TAG: dbt_resource_props["resource_type"]}


def catalogue_assets(project: DbtProject) -> list[dg.AssetsDefinition]:
    """The vocabularies and the catalogue.

    Args:
        project: with its manifest, as ``prepare_project`` leaves it.
    """
    nodes = partial(dbt_assets, manifest=project.manifest_path, dagster_dbt_translator=CatalogueTranslator(), pool=POOL)
    seeds = nodes(name="vocabularies", select="resource_type:seed")
    models = nodes(name="catalogue", select="resource_type:model", partitions_def=MARKET_DAYS, backfill_policy=ONE_RUN)
    return [seeds(_vocabularies), models(_catalogue)]


def _vocabularies(context: dg.AssetExecutionContext, dbt: DbtCliResource, stores: Stores) -> Iterator[Any]:
    """Categories, genders, colours and vendors' words for them, from the seeds."""
    with environment(_dbt_environment(stores)):
        # cautious: the tests that also need models, which a first load does not have yet, run with the models
        yield from dbt.cli(["build", "--indirect-selection", "cautious"], context=context).stream()
    with stores.database() as connection:
        mark_vocabularies(connection)


def _catalogue(context: dg.AssetExecutionContext, dbt: DbtCliResource, stores: Stores) -> Iterator[Any]:
    """The partitions' touched products, each as its newest packet of any day says, in one vocabulary."""
    partitions = markets_and_days(context)
    days = [day for of_market in partitions.values() for day in of_market]
    with stores.database() as connection:
        current = vocabularies_are_current(connection)
    with environment({**_dbt_environment(stores), **partition_environment(partitions, days)}):
        if not current:
            dbt.cli(["seed"]).wait()
            with stores.database() as connection:
                mark_vocabularies(connection)
        yield from dbt.cli(["build"], context=context).stream()


def _dbt_environment(stores: Stores) -> dict[str, str]:
    return build_environment(stores.settings(), dbt_environment(stores.services().database_url))
