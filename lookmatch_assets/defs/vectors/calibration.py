"""What match grades mean for an encoder version, measured on the market's own products."""

import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import cast

import dagster as dg

from lookmatch_assets.calibration.curves import FittedCurve, Reliability, fit_curves, reliability_of
from lookmatch_assets.calibration.looks import DrawnLooks, labelled_looks
from lookmatch_assets.calibration.pairs import Pair, PairSource, labelled_pairs
from lookmatch_assets.calibration.store import fitted_on, read_garments, replace_curves
from lookmatch_assets.defs.metadata import markdown_table
from lookmatch_assets.defs.partitions import MARKET_DAYS, ONE_RUN, markets_and_days
from lookmatch_assets.defs.progress import Progress, Say
from lookmatch_assets.defs.resources import ENCODER_POOL, RETRY, EncoderResource, Stores
from lookmatch_assets.defs.vectors.embeddings import kept_of
from lookmatch_assets.vectors.kept import Kept
from lookmatch_assets.vectors.tables import VectorTable, exists, searchable_products
from lookmatch_serving.db import DictConnection
from lookmatch_serving.encoders.protocol import Encoder

RELIABLE = "probabilities_are_reliable"
MOST_ERROR = 0.10
"""Expected calibration error, on held-out looks, up to which the check passes."""

OUTGROWN = 2
"""A market with so many times the products it was calibrated on is calibrated again."""

LEAST_LOOKS, MOST_LOOKS = 20, 120
_MOST_GARMENTS = 40_000


class CalibrationConfig(dg.Config):
    """How a calibration is made.

    Attributes:
        looks: looks to search; each gives some three garments, and forty pairs of each with every ranker. 0 takes one to ten
            products, at least 20 and at most 120.
        again: fit although the encoder version has curves that the market has not outgrown.
    """

    looks: int = 0
    again: bool = False


@dataclass(frozen=True)
class Fitted:
    """One encoder version's calibration."""

    table: VectorTable
    pairs: int
    curves: list[FittedCurve]
    reliability: list[Reliability]


@dg.asset(
    partitions_def=MARKET_DAYS,
    backfill_policy=ONE_RUN,
    retry_policy=RETRY,
    pool=ENCODER_POOL,
    deps=["vector_index", "duplicates"],
    group_name="vectors",
    kinds={"python", "postgres"},
    code_version="1",
    check_specs=[
        dg.AssetCheckSpec(
            RELIABLE, asset="calibration", description="On held-out looks, a grade is found about as often as was said."
        )
    ],
)
def calibration(
    context: dg.AssetExecutionContext,
    stores: Stores,
    encoder: EncoderResource,
    config: CalibrationConfig,
    progress: dg.ResourceParam[Say | None],
    drawn_looks: dg.ResourceParam[DrawnLooks | None],
) -> Iterator[dg.MaterializeResult[None] | dg.AssetCheckResult]:
    """Curves from score to the probability of each grade, by ranker and category, for each encoder version kept in the market.

    Those of a version are fitted once, so that a candidate has its own before it is promoted, and again when the market has
    outgrown them. A version without curves is graded by fixed thresholds, and answers say so.
    """
    started = time.perf_counter()
    due: list[Kept] = []
    with stores.database() as connection:
        for market in markets_and_days(context):
            kept = kept_of(connection, encoder, market)
            due += [one for one in (kept.live, *kept.others) if _is_due(connection, one, again=config.again)]
    found = [_fitted(stores, kept, config.looks, progress or context.log.info, drawn_looks) for kept in due]
    yield dg.MaterializeResult(metadata=_metadata(found, time.perf_counter() - started))
    errors = {
        f"{one.table.market} {one.table.encoder_key} {row.ranker.value} {row.grade.value}": round(row.error, 4)
        for one in found
        for row in one.reliability
    }
    yield dg.AssetCheckResult(
        check_name=RELIABLE,
        passed=max(errors.values(), default=0.0) <= MOST_ERROR,
        severity=dg.AssetCheckSeverity.WARN,
        metadata={"expected_calibration_error": dg.MetadataValue.json(errors), "most": MOST_ERROR, "fitted": len(found)},
    )


def _is_due(connection: DictConnection, kept: Kept, *, again: bool) -> bool:
    """Whether a version has no curves that hold; versions that read no text are left out, for no look is read with them."""
    if not getattr(kept.encoder, "supports_text", False) or not exists(connection, kept.table.partition_name):
        return False
    held = fitted_on(connection, kept.table)
    return again or not held or searchable_products(connection, kept.table) >= OUTGROWN * held


def _fitted(stores: Stores, kept: Kept, looks: int, say: Say, drawn_looks: DrawnLooks | None) -> Fitted:
    """Fit and store the curves of one version."""
    with stores.database() as connection:
        products = searchable_products(connection, kept.table)
        wanted = looks or min(max(products // 10, LEAST_LOOKS), MOST_LOOKS)
        told = Progress(say, "looks that grades are calibrated with", wanted)
        pairs = _pairs(stores, connection, kept, products, told, drawn_looks)
        curves = fit_curves(pairs)
        replace_curves(connection, kept.table, curves, products)
    return Fitted(kept.table, len(pairs), curves, reliability_of(curves, pairs))


def _pairs(
    stores: Stores, connection: DictConnection, kept: Kept, products: int, told: Progress, drawn_looks: DrawnLooks | None
) -> list[Pair]:
    from lookmatch_serving.search.models.index import LiveIndex
    from lookmatch_serving.search.retrieval.products import stored_picture
    from lookmatch_serving.search.runtime.cache import SearchCache

    settings, table = stores.settings(), kept.table
    garments = read_garments(connection, table, _MOST_GARMENTS)
    now = datetime.now(UTC)
    index = LiveIndex(table.market, table.encoder_key, table.encoder_version, table.name, table.dimensions, now, products)
    cache = SearchCache(stores.services().redis_url)
    try:
        source = PairSource(connection, index, cast("Encoder", kept.encoder), cache, settings.image_weight)
        drawn = drawn_looks(table.market, garments, told.total) if drawn_looks is not None else None
        shown = drawn or labelled_looks(garments, lambda digest: stored_picture(settings.image_folder, digest), told.total)
        return list(labelled_pairs(source, told.over(shown), garments))
    finally:
        cache.close()


def _metadata(found: list[Fitted], seconds: float) -> dict[str, dg.MetadataValue | int | float]:
    thresholds = [
        {
            "encoder": one.table.encoder_key,
            "ranker": fitted.ranker.value,
            "category": fitted.category,
            "grade": fitted.grade.value,
            "pairs": fitted.pairs,
            "positives": fitted.positives,
            "from score": round(fitted.curve.reaches(0.5), 3),
        }
        for one in found
        for fitted in one.curves
    ]
    measured = [
        {
            "encoder": one.table.encoder_key,
            "ranker": row.ranker.value,
            "grade": row.grade.value,
            "held-out pairs": sum(row.pairs),
            "of the grade": f"{row.base:.1%}",
            "calibration error": round(row.error, 4),
            "Brier score": round(row.brier, 4),
        }
        for one in found
        for row in one.reliability
    ]
    return {
        "fitted": len(found),
        "pairs": sum(one.pairs for one in found),
        "curves": len(thresholds),
        "seconds": round(seconds, 2),
        "plot": dg.MetadataValue.md("\n\n".join(map(_plot, found)) or "_nothing was fitted_"),
        "reliability": dg.MetadataValue.md(markdown_table(measured)),
        "thresholds": dg.MetadataValue.md(markdown_table(thresholds)),
    }


def _plot(one: Fitted) -> str:
    from lookmatch_assets.calibration.plots import reliability_plot

    return reliability_plot(one.reliability, f"Match grades of {one.table.encoder_key} {one.table.encoder_version[:12]}")
