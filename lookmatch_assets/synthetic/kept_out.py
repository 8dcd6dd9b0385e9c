"""Real records that were kept out of the catalogue, and the catalogue's words for their colours."""

from __future__ import annotations

from collections.abc import Iterable

from lookmatch_assets.calibration.composed_looks import StyleRecord
from lookmatch_assets.synthetic.demo_data import REAL_VENDOR
from lookmatch_serving.db import open_pool, read_sql
from lookmatch_serving.settings import Market


def colour_families(database_url: str) -> dict[str, str]:
    """The catalogue's vocabulary: lower-case colour word -> family."""
    pool = open_pool(database_url)
    try:
        with pool.connection() as connection:
            rows = connection.execute(read_sql(__package__, "colour_words")).fetchall()
    finally:
        pool.close()
    return {row["word"]: row["colour_family"] for row in rows}


def records_not_held(database_url: str, records: Iterable[StyleRecord]) -> list[StyleRecord]:
    """The records whose product the catalogue does not hold."""
    kept_out = list(records)
    names = [f"{REAL_VENDOR}:{Market.INDIA.value}:{record.product_id}" for record in kept_out]
    pool = open_pool(database_url)
    try:
        with pool.connection() as connection:
            rows = connection.execute("SELECT product_id FROM catalog.products WHERE product_id = ANY (%s)", [names]).fetchall()
    finally:
        pool.close()
    held = {row["product_id"] for row in rows}
    return [record for record, name in zip(kept_out, names, strict=True) if name not in held]
