"""The feed doctor's view of what already came in: issues, coverage, changes and trends of each vendor's feed."""

import base64
import io
from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from typing import Any

import dagster as dg

from lookmatch_assets.defs.backfills import for_each_market
from lookmatch_assets.defs.metadata import console_link, markdown_table
from lookmatch_assets.defs.partitions import MARKET_DAYS, ONE_RUN
from lookmatch_assets.defs.resources import RETRY, Stores
from lookmatch_assets.feeds.health import (
    feed_changes,
    feed_coverage,
    feed_issues,
    feed_trend,
    unmapped_words_by_vendor,
    vendor_freshness,
)
from lookmatch_serving.db import DictConnection

TREND_DAYS = 30
MOST_REFUSED = 0.05
MOST_WORDS = 100
REFUSED = "few_records_are_refused"
CHANGES = ("new", "picture_changed", "metadata_only", "unchanged", "removed")


@dg.asset(
    partitions_def=MARKET_DAYS,
    backfill_policy=ONE_RUN,
    retry_policy=RETRY,
    deps=["packets", "looks"],  # reports come after what shoppers wait for
    group_name="reports",
    kinds={"postgres"},
    check_specs=[
        dg.AssetCheckSpec(
            REFUSED, asset="feed_health", description=f"Of no vendor more than {MOST_REFUSED:.0%} of the day's records."
        )
    ],
)
def feed_health(context: dg.AssetExecutionContext, stores: Stores) -> Iterator[dg.MaterializeResult[None] | dg.AssetCheckResult]:
    """A market's day by vendor: what was refused and how to mend it, how full records are, what changed, and how that compares.

    A change of the picture is told by its bytes: another address of the same bytes is metadata. Words that no vocabulary knows
    are listed by vendor; ``lookmatch feed words`` lists those of the whole market.

    ``lookmatch feed doctor`` says the same of a feed before it goes in.
    """
    shares: dict[str, float] = {}
    with stores.database() as connection:
        console = console_link(stores.settings(), "")
        yield for_each_market(context, lambda market, days: _of_market(connection, market, days, shares, console))
    yield dg.AssetCheckResult(
        check_name=REFUSED,
        passed=all(share <= MOST_REFUSED for share in shares.values()),
        severity=dg.AssetCheckSeverity.WARN,
        metadata={"refused_share": {feed: round(share, 4) for feed, share in shares.items()}},
    )


def _of_market(
    connection: DictConnection, market: str, days: list[date], shares: dict[str, float], console: dg.MetadataValue[str]
) -> dg.MaterializeResult[None]:
    """The report of a market's days; each vendor's largest share of refused records on a day is noted in ``shares``."""
    found: dict[str, list[dict[str, Any]]] = {}
    for day in days:
        for name, read in (("issues", feed_issues), ("coverage", feed_coverage), ("changes", feed_changes)):
            found.setdefault(name, []).extend({"day": day, **row} for row in read(connection, market, day))
    trend = feed_trend(connection, market, max(days), max(TREND_DAYS, (max(days) - min(days)).days))
    words = unmapped_words_by_vendor(connection, market, days=days, most=MOST_WORDS)
    today = [row for row in trend if row["day"] in days]
    for row in today:
        feed = f"{market} {row['vendor']}"
        shares[feed] = max(shares.get(feed, 0.0), row["refused"] / (row["landed"] + row["refused"]))
    issues = [{"severity": "error", **row} for row in found["issues"]]
    return dg.MaterializeResult(
        metadata={
            "vendors": len({row["vendor"] for row in today}),
            "landed": sum(row["landed"] for row in today),
            "refused": sum(row["refused"] for row in today),
            "issues": dg.MetadataValue.md(markdown_table(issues[:50])),
            "changes": dg.MetadataValue.md(markdown_table(found["changes"])),
            "coverage": dg.MetadataValue.md(markdown_table(coverage_table(found["coverage"]))),
            "changes_of_all": dg.MetadataValue.json(totals(found["changes"])),
            "unmapped_words": dg.MetadataValue.md(markdown_table(words)),
            "freshness": dg.MetadataValue.md(markdown_table(vendor_freshness(connection, market))),
            "trend": dg.MetadataValue.md(trend_plot(trend, market, max(days))),
            "console": console,
        },
    )


def totals(rows: Sequence[dict[str, Any]]) -> dict[str, int]:
    """The change classes summed over vendors."""
    return {name: sum(row[name] for row in rows) for name in CHANGES}


def coverage_table(rows: Sequence[dict[str, Any]]) -> list[dict[str, str]]:
    """One row a vendor and day, with the share of its records that fills each attribute."""
    table: dict[tuple[Any, str], dict[str, str]] = {}
    for row in rows:
        day = {"day": str(row["day"])} if "day" in row else {}
        whose = (row.get("day"), row["vendor"])
        line = table.setdefault(whose, {**day, "vendor": row["vendor"], "records": str(row["records"])})
        line[row["attribute"]] = f"{row['filled'] / row['records']:.0%}"
    return list(table.values())


def trend_plot(rows: Sequence[dict[str, Any]], market: str, day: date) -> str:
    """Landed packets and refused records by vendor over the days, as a Markdown image with the PNG inside."""
    if not rows:
        return "_nothing came in_"
    from matplotlib.figure import Figure

    days = [day - timedelta(days=back) for back in range(TREND_DAYS, -1, -1)]
    figure = Figure(figsize=(9, 4.5), layout="constrained")
    landed, refused = figure.subplots(2, 1, sharex=True)
    for vendor in sorted({row["vendor"] for row in rows}):
        of_day = {row["day"]: row for row in rows if row["vendor"] == vendor}
        for axes, name in ((landed, "landed"), (refused, "refused")):
            axes.plot(days, [of_day.get(one, {}).get(name, 0) for one in days], marker=".", label=vendor)
    landed.set_ylabel("packets landed")
    refused.set_ylabel("records refused")
    landed.legend(fontsize=8)
    landed.set_title(f"Feeds in {market}")
    figure.autofmt_xdate()
    data = io.BytesIO()
    figure.savefig(data, format="png", dpi=100)
    return f"![trend](data:image/png;base64,{base64.b64encode(data.getvalue()).decode()})"
