"""The feed doctor's view of what already came in: issues, coverage, changes and trends of each vendor's feed."""

import base64
import io
from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from typing import Any

import dagster as dg

from lookmatch_assets.assets.metadata import markdown_table
from lookmatch_assets.partitions import MARKET_DAYS, market_and_day
from lookmatch_assets.resources import Stores
from lookmatch_serving.db import read_sql

TREND_DAYS = 30
MOST_REFUSED = 0.05
MOST_WORDS = 100
REFUSED = "few_records_are_refused"
CHANGES = ("new", "picture_changed", "metadata_only", "unchanged", "removed")
_PACKAGE = "lookmatch_assets"


@dg.asset(
    partitions_def=MARKET_DAYS,
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

    A change of the picture is told by its bytes: another address of the same bytes is metadata. Words of the market that no
    vocabulary knows are listed by vendor.

    ``lookmatch feed doctor`` says the same of a feed before it goes in.
    """
    market, day = market_and_day(context)
    values = {"market": market, "day": day, "days": TREND_DAYS, "rows": MOST_WORDS}
    with stores.database() as connection:
        found = {
            name: connection.execute(read_sql(_PACKAGE, name), values).fetchall()
            for name in ("feed_issues", "feed_coverage", "feed_changes", "feed_trend", "vendor_freshness", "unmapped_words")
        }
    today = [row for row in found["feed_trend"] if row["day"] == day]
    shares = {row["vendor"]: row["refused"] / (row["landed"] + row["refused"]) for row in today}
    issues = [{"severity": "error", **row} for row in found["feed_issues"]]
    yield dg.MaterializeResult(
        metadata={
            "vendors": len(today),
            "landed": sum(row["landed"] for row in today),
            "refused": sum(row["refused"] for row in today),
            "issues": dg.MetadataValue.md(markdown_table(issues[:50])),
            "changes": dg.MetadataValue.md(markdown_table(found["feed_changes"])),
            "coverage": dg.MetadataValue.md(markdown_table(coverage_table(found["feed_coverage"]))),
            "changes_of_all": dg.MetadataValue.json(totals(found["feed_changes"])),
            "unmapped_words": dg.MetadataValue.md(markdown_table(found["unmapped_words"])),
            "freshness": dg.MetadataValue.md(markdown_table(found["vendor_freshness"])),
            "trend": dg.MetadataValue.md(trend_plot(found["feed_trend"], market, day)),
        },
    )
    yield dg.AssetCheckResult(
        check_name=REFUSED,
        passed=all(share <= MOST_REFUSED for share in shares.values()),
        severity=dg.AssetCheckSeverity.WARN,
        metadata={"refused_share": {vendor: round(share, 4) for vendor, share in shares.items()}},
    )


def totals(rows: Sequence[dict[str, Any]]) -> dict[str, int]:
    """The change classes summed over vendors."""
    return {name: sum(row[name] for row in rows) for name in CHANGES}


def coverage_table(rows: Sequence[dict[str, Any]]) -> list[dict[str, str]]:
    """One row a vendor, with the share of its records that fills each attribute."""
    table: dict[str, dict[str, str]] = {}
    for row in rows:
        line = table.setdefault(row["vendor"], {"vendor": row["vendor"], "records": str(row["records"])})
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
