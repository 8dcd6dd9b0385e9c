"""The attribute cache in Valkey: a hash a product, the products of each market, and each market's coverage.

``lookmatch:attributes:<product_id>`` is a hash; ``lookmatch:products:<market>`` a set of product ids;
``lookmatch:coverage:<market>`` a hash of attribute -> products that have it, with ``products`` for all. No orchestrator here.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import redis

CACHED = (
    "product_id", "market", "vendor", "group_id", "title", "brand", "brand_key", "category", "layer", "gender", "age_group",
    "colour_family", "pattern", "sleeve", "usage", "size_system", "image_url", "product_url",
)  # fmt: skip
PIPELINE = 500


def attribute_key(product_id: str) -> str:
    """Key of a product's hash."""
    return f"lookmatch:attributes:{product_id}"


def refresh_attributes(
    cache: redis.Redis, market: str, products: Iterable[Mapping[str, Any]], coverage: Mapping[str, int]
) -> tuple[int, int]:
    """Write the products' hashes, delete those of removed ones, and replace the market's coverage.

    Args:
        cache: client that takes and gives text.
        market: market of all the products.
        products: rows of ``catalog.products``.
        coverage: attribute -> products of the market that have it.

    Returns:
        Hashes written, and hashes deleted.
    """
    written = deleted = 0
    members = f"lookmatch:products:{market}"
    pipeline = cache.pipeline(transaction=False)
    for count, product in enumerate(products, start=1):
        key = attribute_key(product["product_id"])
        pipeline.delete(key)
        if product["removed"]:
            pipeline.srem(members, product["product_id"])
            deleted += 1
        else:
            pipeline.hset(key, mapping={name: str(product[name]) for name in CACHED if product[name] is not None})
            pipeline.sadd(members, product["product_id"])
            written += 1
        if count % PIPELINE == 0:
            pipeline.execute()
    pipeline.hset(f"lookmatch:coverage:{market}", mapping={name: str(value) for name, value in coverage.items()})
    pipeline.execute()
    return written, deleted
