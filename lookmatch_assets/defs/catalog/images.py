"""Pictures of the partition's products, fetched, verified and kept by their digest."""

import time
from collections import Counter
from collections.abc import Iterator
from datetime import date

import dagster as dg

from lookmatch_assets.defs.backfills import for_each_market
from lookmatch_assets.defs.metadata import markdown_table, picture_strip
from lookmatch_assets.defs.partitions import MARKET_DAYS, ONE_RUN
from lookmatch_assets.defs.progress import Progress, Say
from lookmatch_assets.defs.resources import RETRY, Stores
from lookmatch_assets.images.obtaining import ObtainedPicture, WantedPicture, obtain_pictures
from lookmatch_assets.images.records import resolve_pictures, save_picture, wanted_pictures
from lookmatch_serving.db import DictConnection
from lookmatch_serving.fetching import FetchLimits

REFETCH_DAYS = 7
"""A picture on a server is read again with a product's packet when it was read longer ago than this; a new address, at once."""

_COMMIT_EVERY = 200


class PictureConfig(dg.Config):
    """What a run may be asked for in the launchpad.

    Attributes:
        retry_failed: try failed pictures of the partition now, whether or not they are due again.
    """

    retry_failed: bool = False


@dg.asset(
    partitions_def=MARKET_DAYS,
    backfill_policy=ONE_RUN,
    retry_policy=RETRY,
    deps=["products"],
    group_name="catalog",
    kinds={"python"},
    code_version="1",
)
def images(
    context: dg.AssetExecutionContext, config: PictureConfig, stores: Stores, progress: dg.ResourceParam[Say | None]
) -> dg.MaterializeResult[None]:
    """New and changed pictures of the partition's products; what cannot be had is quarantined and stops no other."""
    say = progress or context.log.info
    return for_each_market(context, lambda market, days: _of_market(stores, config, say, market, days))


def _of_market(stores: Stores, config: PictureConfig, say: Say, market: str, days: list[date]) -> dg.MaterializeResult[None]:
    settings = stores.settings()
    started = time.perf_counter()
    limits = FetchLimits(allow_private_addresses=settings.allow_private_addresses)
    with stores.database() as connection:
        wanted = wanted_pictures(connection, market, days, refetch_days=REFETCH_DAYS, retry_failed=config.retry_failed)
        told = Progress(say, "pictures read", len(wanted))
        obtained = list(_saved(connection, market, obtain_pictures(wanted, settings.image_folder, limits), told))
        resolve_pictures(connection, market)
    classes = Counter(picture_class(one, held) for one, held in _paired(obtained, wanted))
    failed = [one for one in obtained if one.code]
    shown = [one.digest for one, held in _paired(obtained, wanted) if one.digest and one.digest != held.digest][:8]
    return dg.MaterializeResult(
        metadata={
            "read": len(obtained),
            "new_or_changed": classes["new"] + classes["changed"],
            **{name: classes[name] for name in PICTURE_CLASSES},
            "seconds": round(time.perf_counter() - started, 2),
            "failures_by_code": dg.MetadataValue.json(dict(Counter(one.code.value for one in failed if one.code))),
            "failures": dg.MetadataValue.md(
                markdown_table([{"product": one.product_id, "code": one.code, "why": one.message} for one in failed[:20]])
            ),
            "preview": dg.MetadataValue.md(picture_strip(settings.image_folder, shown)),
        }
    )


PICTURE_CLASSES = ("new", "changed", "moved_with_same_bytes", "unchanged", "failed")


def picture_class(obtained: ObtainedPicture, held: WantedPicture) -> str:
    """What a picture that was read is to its product, by its bytes: one of ``PICTURE_CLASSES``."""
    if obtained.digest is None:
        return "failed"
    if held.digest is None:
        return "new"
    if obtained.digest != held.digest:
        return "changed"
    return "unchanged" if obtained.url == held.read_url else "moved_with_same_bytes"


def _paired(obtained: list[ObtainedPicture], wanted: list[WantedPicture]) -> Iterator[tuple[ObtainedPicture, WantedPicture]]:
    held = {one.product_id: one for one in wanted}
    return ((one, held[one.product_id]) for one in obtained)


def _saved(
    connection: DictConnection, market: str, obtained: Iterator[ObtainedPicture], told: Progress
) -> Iterator[ObtainedPicture]:
    """Write each result as it comes, committing now and then."""
    for count, picture in enumerate(obtained, start=1):
        save_picture(connection, market, picture)
        if count % _COMMIT_EVERY == 0:
            connection.commit()
        told.add()
        yield picture
