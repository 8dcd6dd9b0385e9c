"""Pictures of the partition's products, fetched, verified and kept by their digest."""

import time
from collections import Counter
from collections.abc import Iterator

import dagster as dg

from lookmatch_assets.assets.metadata import markdown_table, picture_strip
from lookmatch_assets.images.obtaining import RESOLUTIONS, ObtainedPicture, WantedPicture, obtain_pictures
from lookmatch_assets.partitions import MARKET_DAYS, market_and_day
from lookmatch_assets.resources import Stores
from lookmatch_serving.db import DictConnection, read_sql
from lookmatch_serving.fetching import FetchLimits

REFETCH_DAYS = 7
"""A picture on a server is read again with a product's packet when it was read longer ago than this; a new address, at once."""

_PACKAGE = "lookmatch_assets"
_COMMIT_EVERY = 200


@dg.asset(partitions_def=MARKET_DAYS, deps=["products"], group_name="catalog", kinds={"python"}, code_version="1")
def images(context: dg.AssetExecutionContext, stores: Stores) -> dg.MaterializeResult[None]:
    """New and changed pictures of the partition's products; what cannot be had is quarantined and stops no other."""
    market, day = market_and_day(context)
    settings = stores.settings()
    started = time.perf_counter()
    limits = FetchLimits(allow_private_addresses=settings.allow_private_addresses)
    with stores.database() as connection:
        values = {"market": market, "day": day, "refetch_days": REFETCH_DAYS}
        rows = connection.execute(read_sql(_PACKAGE, "wanted_pictures"), values).fetchall()
        wanted = [WantedPicture(row["product_id"], row["image_url"], row["digest"]) for row in rows]
        obtained = list(_saved(connection, market, obtain_pictures(wanted, settings.image_folder, limits)))
        connection.execute(read_sql(_PACKAGE, "resolve_pictures"), {"market": market})
    held = {one.product_id: one.digest for one in wanted}
    changed = [one for one in obtained if one.digest and one.digest != held[one.product_id]]
    failed = [one for one in obtained if one.code]
    return dg.MaterializeResult(
        metadata={
            "read": len(obtained),
            "new_or_changed": len(changed),
            "unchanged": len(obtained) - len(changed) - len(failed),
            "failed": len(failed),
            "seconds": round(time.perf_counter() - started, 2),
            "failures_by_code": dg.MetadataValue.json(dict(Counter(one.code.value for one in failed if one.code))),
            "failures": dg.MetadataValue.md(
                markdown_table([{"product": one.product_id, "code": one.code, "why": one.message} for one in failed[:20]])
            ),
            "preview": dg.MetadataValue.md(
                picture_strip(settings.image_folder, [one.digest for one in changed[:8] if one.digest])
            ),
        }
    )


def _saved(connection: DictConnection, market: str, obtained: Iterator[ObtainedPicture]) -> Iterator[ObtainedPicture]:
    """Write each result as it comes, committing now and then."""
    for count, one in enumerate(obtained, start=1):
        values = {
            "product_id": one.product_id,
            "market": market,
            "image_url": one.url,
            "status": "failed" if one.code else "ok",
            "digest": one.digest,
            "width": one.width,
            "height": one.height,
            "code": one.code,
        }
        connection.execute(read_sql(_PACKAGE, "save_picture"), values)
        if one.code:
            reason = {"code": one.code, "message": one.message, "resolution": RESOLUTIONS[one.code]}
            connection.execute(
                read_sql(_PACKAGE, "quarantine_picture"), {**reason, "product_id": one.product_id, "image_url": one.url}
            )
        if count % _COMMIT_EVERY == 0:
            connection.commit()
        yield one
