"""Standardised attributes in Valkey, for internal work that must not load the vector database, and what they say."""

import time
from collections.abc import Iterator
from datetime import date

import dagster as dg

from lookmatch_assets.attribute_cache.catalogue import attribute_coverage, live_products
from lookmatch_assets.attribute_cache.reports import CacheReport, compare, fingerprint_rows, fingerprints_of, report_on
from lookmatch_assets.attribute_cache.store import (
    cached_form,
    count_products,
    read_attributes,
    rebuild_attributes,
    refresh_attributes,
)
from lookmatch_assets.defs.backfills import for_each_market
from lookmatch_assets.defs.metadata import markdown_table
from lookmatch_assets.defs.partitions import MARKET_DAYS, MARKETS, ONE_RUN, partition_key
from lookmatch_assets.defs.resources import Stores
from lookmatch_assets.vectors.touched import touched_products
from lookmatch_serving.errors import UpstreamError

REACHABLE = "cache_answers"
SOUND = "hashes_are_sound"
SAME = "cache_is_as_the_catalogue"


@dg.asset(
    partitions_def=MARKET_DAYS,
    backfill_policy=ONE_RUN,
    deps=["products", "vector_index"],
    group_name="serving",
    kinds={"redis"},
    code_version="1",
    output_required=False,
    check_specs=[
        dg.AssetCheckSpec(
            REACHABLE, asset="attribute_cache", description="What runs missed while it was away, the next one catches up with."
        )
    ],
)
def attribute_cache(
    context: dg.AssetExecutionContext, stores: Stores
) -> Iterator[dg.MaterializeResult[None] | dg.AssetCheckResult]:
    """Hashes of the partition's products, and the market's coverage of each attribute.

    Partitions whose products were built since their last refresh are caught up with, and a market of which products are missing
    is written anew from Postgres. A cache that does not answer is not materialised, says so in the check, and stops nothing.
    """
    try:
        yield for_each_market(context, lambda market, days: _of_market(context.instance, stores, market, days))
    except UpstreamError as error:
        context.log.error("%s", error)
        yield dg.AssetCheckResult(
            check_name=REACHABLE, passed=False, severity=dg.AssetCheckSeverity.ERROR, metadata={"reason": str(error)}
        )
    else:
        yield dg.AssetCheckResult(check_name=REACHABLE, passed=True)


def _of_market(instance: dg.DagsterInstance, stores: Stores, market: str, days: list[date]) -> dg.MaterializeResult[None]:
    started = time.perf_counter()
    missed = partitions_missed(instance, market) - set(days)
    with stores.database() as connection, stores.cache() as cache:
        rows = touched_products(connection, market, [*days, *missed])
        coverage = attribute_coverage(connection, market)
        written, deleted = refresh_attributes(cache, market, rows, coverage)
        incomplete = count_products(cache, market) != coverage.get("products", 0)
        if incomplete:
            written, deleted = rebuild_attributes(cache, market, live_products(connection, market), coverage)
    for day in missed:
        caught_up = dg.AssetMaterialization("attribute_cache", partition=partition_key(market, day), metadata={"caught_up": True})
        instance.report_runless_asset_event(caught_up)
    total = coverage.get("products", 0) or 1
    shares = [
        {"attribute": name, "products": n, "share": f"{n / total:.1%}"} for name, n in coverage.items() if name != "products"
    ]
    return dg.MaterializeResult(
        metadata={
            "written": written,
            "deleted": deleted,
            "partitions_caught_up": len(missed),
            "written_anew": dg.MetadataValue.bool(incomplete),
            "products": coverage.get("products", 0),
            "seconds": round(time.perf_counter() - started, 2),
            "coverage": dg.MetadataValue.md(markdown_table(shares)),
        }
    )


def partitions_missed(instance: dg.DagsterInstance, market: str) -> set[date]:
    """Days of a market whose products were built after the cache was last refreshed for them."""
    built, refreshed = (
        instance.get_latest_storage_id_by_partition(dg.AssetKey(name), dg.DagsterEventType.ASSET_MATERIALIZATION)
        for name in ("products", "attribute_cache")
    )
    missed = set()
    for partition, event in built.items():
        keys = MARKET_DAYS.get_partition_key_from_str(partition).keys_by_dimension
        if keys["market"] == market and event > refreshed.get(partition, 0):
            missed.add(date.fromisoformat(keys["day"]))
    return missed


@dg.asset(
    partitions_def=MARKETS,
    deps=["attribute_cache"],
    group_name="reports",
    kinds={"redis"},
    check_specs=[
        dg.AssetCheckSpec(
            SOUND, asset="attribute_report", description="Every product of the set has a hash with what search needs."
        ),
        dg.AssetCheckSpec(
            SAME, asset="attribute_report", description="Counts and digests by vendor and category equal Postgres's."
        ),
    ],
)
def attribute_report(
    context: dg.AssetExecutionContext, stores: Stores
) -> Iterator[dg.MaterializeResult[None] | dg.AssetCheckResult]:
    """Coverage by vendor as a picture, sanity, and the migration check of a market, from the cache alone.

    Counts and digests by vendor and category are in the metadata, to compare this system with another;
    ``lookmatch cache fingerprint`` prints the same. Only the check reads Postgres, and of it no table of vectors. While the cache
    does not answer, the report is made from the catalogue, which takes longer and is said under ``source``; then the check fails.
    """
    market = context.partition_key
    started = time.perf_counter()
    with stores.database() as connection:
        try:
            with stores.cache() as cache:
                report, source = report_on(market, read_attributes(cache, market)), "cache"
        except UpstreamError as error:
            context.log.error("%s", error)
            rows = live_products(connection, market)
            report = report_on(market, ((row["product_id"], cached_form(row)) for row in rows))
            source = f"catalogue: {error}"
        seconds = time.perf_counter() - started
        differences = compare(report.fingerprints, fingerprints_of(live_products(connection, market)))
    if source != "cache":
        differences = [{"market": market, "vendor": "", "category": "", "differs": source}]
    problems = report.problem_rows()
    yield dg.MaterializeResult(metadata={"source": source, **_metadata(market, report, seconds)})
    yield dg.AssetCheckResult(
        check_name=SOUND, passed=not problems, metadata={"problems": dg.MetadataValue.md(markdown_table(problems))}
    )
    yield dg.AssetCheckResult(
        check_name=SAME,
        passed=not differences,
        metadata={
            "groups": len(report.fingerprints),
            "differences": dg.MetadataValue.md(markdown_table(differences[:50])),
            "mend": "lookmatch cache rebuild",
        },
    )


def _metadata(market: str, report: CacheReport, seconds: float) -> dict[str, dg.MetadataValue | int | float]:
    from lookmatch_assets.attribute_cache.plots import coverage_plot

    coverage = report.coverage_rows()
    return {
        "products": report.products,
        "seconds": round(seconds, 2),
        "plot": dg.MetadataValue.md(coverage_plot(coverage, f"Coverage in {market}: share of products that have the attribute")),
        "coverage": dg.MetadataValue.md(markdown_table(coverage)),
        "fingerprints": dg.MetadataValue.json(fingerprint_rows(report.fingerprints)),
    }
