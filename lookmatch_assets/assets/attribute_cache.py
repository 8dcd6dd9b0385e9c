"""Standardised attributes in Valkey, for internal work that must not load the vector database, and what they say."""

import time
from collections.abc import Iterator

import dagster as dg

from lookmatch_assets.assets.metadata import markdown_table
from lookmatch_assets.attribute_cache.reports import CacheReport, compare, fingerprint_rows, fingerprints_of, report_on
from lookmatch_assets.attribute_cache.store import read_attributes, refresh_attributes
from lookmatch_assets.partitions import MARKET_DAYS, MARKETS, market_and_day
from lookmatch_assets.resources import Stores
from lookmatch_serving.db import DictConnection, read_sql

SOUND = "hashes_are_sound"
SAME = "cache_is_as_the_catalogue"


@dg.asset(partitions_def=MARKET_DAYS, deps=["products", "vector_index"], group_name="serving", kinds={"redis"}, code_version="1")
def attribute_cache(context: dg.AssetExecutionContext, stores: Stores) -> dg.MaterializeResult[None]:
    """Hashes of the partition's products, and the market's coverage of each attribute."""
    market, day = market_and_day(context)
    started = time.perf_counter()
    with stores.database() as connection, stores.cache() as cache:
        rows = connection.execute(read_sql("lookmatch_assets", "touched_products"), {"market": market, "day": day}).fetchall()
        coverage = connection.execute(read_sql("lookmatch_assets", "coverage"), {"market": market}).fetchone() or {}
        written, deleted = refresh_attributes(cache, market, rows, coverage)
    total = coverage.get("products", 0) or 1
    shares = [
        {"attribute": name, "products": n, "share": f"{n / total:.1%}"} for name, n in coverage.items() if name != "products"
    ]
    return dg.MaterializeResult(
        metadata={
            "written": written,
            "deleted": deleted,
            "products": coverage.get("products", 0),
            "seconds": round(time.perf_counter() - started, 2),
            "coverage": dg.MetadataValue.md(markdown_table(shares)),
        }
    )


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
    ``lookmatch cache fingerprint`` prints the same. Only the check reads Postgres, and of it no table of vectors.
    """
    market = context.partition_key
    started = time.perf_counter()
    with stores.cache() as cache:
        report = report_on(market, read_attributes(cache, market))
    seconds = time.perf_counter() - started
    with stores.database() as connection:
        differences = _differences(connection, market, report)
    problems = report.problem_rows()
    yield dg.MaterializeResult(metadata=_metadata(market, report, seconds))
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


def _differences(connection: DictConnection, market: str, report: CacheReport) -> list[dict[str, object]]:
    with connection.cursor(name="catalogue") as cursor:
        cursor.execute("SELECT * FROM catalog.products WHERE market = %s AND NOT removed", [market])
        return compare(report.fingerprints, fingerprints_of(cursor))
