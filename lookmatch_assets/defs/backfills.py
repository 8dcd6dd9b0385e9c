"""Runs over many partitions: an asset works market by market, and its results become one."""

from collections.abc import Callable
from datetime import date
from typing import Any

import dagster as dg

from lookmatch_assets.defs.partitions import markets_and_days

Result = dg.MaterializeResult[None]


def for_each_market(context: dg.AssetExecutionContext, work: Callable[[str, list[date]], Result]) -> Result:
    """Do the work for each market of the run with its days.

    Returns:
        The result of the one market, or one result of all: whole numbers are summed, all else is kept under ``<name>_<market>``.
    """
    results = {market: work(market, days) for market, days in markets_and_days(context).items()}
    return next(iter(results.values())) if len(results) == 1 else merged(results)


def merged(results: dict[str, Result]) -> Result:
    """One result of several markets'; without a data version where theirs differ."""
    metadata: dict[str, Any] = {}
    for market, result in results.items():
        for name, value in (result.metadata or {}).items():
            if isinstance(value, int) and not isinstance(value, bool):
                metadata[name] = metadata.get(name, 0) + value
            else:
                metadata[f"{name}_{market}"] = value
    versions = {result.data_version for result in results.values()}
    return dg.MaterializeResult(metadata=metadata, data_version=versions.pop() if len(versions) == 1 else None)
