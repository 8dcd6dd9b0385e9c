"""The attribute cache in Valkey: a hash a product, the products of each market, and each market's coverage.

``lookmatch:attributes:<product_id>`` is a hash; ``lookmatch:products:<market>`` a set of product ids;
``lookmatch:coverage:<market>`` a hash of attribute -> products that have it, with ``products`` for all. No orchestrator here.

Each batch of products is written in one MULTI/EXEC, so that a reader sees a product as it was or as it is, and one that was
removed no longer than until the refresh that removes it. Everything can be made again from ``catalog.products``.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from itertools import islice
from typing import Any

import redis

CACHED = (
    "product_id", "market", "vendor", "group_id", "title", "brand", "brand_key", "category", "layer", "gender", "age_group",
    "colour_family", "pattern", "sleeve", "usage", "size_system", "image_url", "product_url",
)  # fmt: skip
BATCH = 500

Attributes = dict[str, str]


def attribute_key(product_id: str) -> str:
    """Key of a product's hash."""
    return f"lookmatch:attributes:{product_id}"


def members_key(market: str) -> str:
    """Key of the set of a market's product ids."""
    return f"lookmatch:products:{market}"


def coverage_key(market: str) -> str:
    """Key of a market's coverage."""
    return f"lookmatch:coverage:{market}"


def cached_form(product: Mapping[str, Any]) -> Attributes:
    """What is kept of a row of ``catalog.products``: its attributes that are not null, as text."""
    return {name: str(product[name]) for name in CACHED if product[name] is not None}


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
    rows = iter(products)
    while batch := list(islice(rows, BATCH)):
        pipeline = cache.pipeline(transaction=True)
        for product in batch:
            key = attribute_key(product["product_id"])
            pipeline.delete(key)
            if product["removed"]:
                pipeline.srem(members_key(market), product["product_id"])
                deleted += 1
            else:
                pipeline.hset(key, mapping={name: value for name, value in cached_form(product).items()})
                pipeline.sadd(members_key(market), product["product_id"])
                written += 1
        pipeline.execute()
    if coverage:
        cache.hset(coverage_key(market), mapping={name: str(value) for name, value in coverage.items()})
    return written, deleted


def rebuild_attributes(
    cache: redis.Redis, market: str, products: Iterable[Mapping[str, Any]], coverage: Mapping[str, int]
) -> tuple[int, int]:
    """Bring a market's cache to what the rows say, dropping what they do not mention; readers see no empty moment.

    Args:
        cache: client that takes and gives text.
        market: market of all the products.
        products: every row of the market that is not removed.
        coverage: as for ``refresh_attributes``.

    Returns:
        Hashes written, and hashes dropped.
    """
    before = {str(member) for member in cache.sscan_iter(members_key(market), count=BATCH)}
    written, _ = refresh_attributes(cache, market, _noting(products, before), coverage)
    gone = sorted(before)
    for start in range(0, len(gone), BATCH):
        batch = gone[start : start + BATCH]
        pipeline = cache.pipeline(transaction=True)
        pipeline.srem(members_key(market), *batch)
        pipeline.delete(*(attribute_key(product_id) for product_id in batch))
        pipeline.execute()
    return written, len(gone)


def count_products(cache: redis.Redis, market: str) -> int:
    """Products in a market's set."""
    return cache.scard(members_key(market))


def read_attributes(cache: redis.Redis, market: str) -> Iterator[tuple[str, Attributes]]:
    """Each product id of a market's set, with its hash; an empty one for a product whose hash is missing.

    Args:
        cache: client that takes and gives text.
        market: whose products.
    """
    members = iter(cache.sscan_iter(members_key(market), count=BATCH))
    seen: set[str] = set()  # SSCAN may give a member twice while the set is resized
    while batch := list(islice(members, BATCH)):
        fresh = [str(member) for member in dict.fromkeys(batch) if member not in seen]
        seen.update(fresh)
        pipeline = cache.pipeline(transaction=False)
        for product_id in fresh:
            pipeline.hgetall(attribute_key(product_id))
        yield from zip(fresh, pipeline.execute(), strict=True)


def _noting(products: Iterable[Mapping[str, Any]], before: set[str]) -> Iterator[Mapping[str, Any]]:
    """The products, each taken off what was there before."""
    for product in products:
        before.discard(product["product_id"])
        yield product
