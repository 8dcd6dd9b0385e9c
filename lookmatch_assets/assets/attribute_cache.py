"""Standardised attributes in Valkey, for internal work that must not load the vector database."""

import time

import dagster as dg

from lookmatch_assets.assets.metadata import markdown_table
from lookmatch_assets.attributes import refresh_attributes
from lookmatch_assets.partitions import MARKET_DAYS, market_and_day
from lookmatch_assets.resources import Stores
from lookmatch_serving.db import read_sql


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
