"""How vendors' feeds fare by what already came in: issues, coverage, changes, trend, freshness, and words not understood."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

import psycopg
from psycopg.rows import dict_row

from lookmatch_serving.db import DictConnection, read_sql

Row = dict[str, Any]


def feed_issues(connection: DictConnection, market: str, day: date) -> list[Row]:
    """What was refused of a market's feeds on a day: a row a vendor, code and attribute, with one example and the fix."""
    return _rows(connection, "feed_issues", {"market": market, "day": day})


def feed_coverage(connection: DictConnection, market: str, day: date) -> list[Row]:
    """How many of the records that a vendor sent on a day fill each attribute: vendor, attribute, filled, records."""
    return _rows(connection, "feed_coverage", {"market": market, "day": day})


def feed_changes(connection: DictConnection, market: str, day: date) -> list[Row]:
    """What a day's packets were to each vendor's products: new, picture_changed, metadata_only, unchanged, removed."""
    return _rows(connection, "feed_changes", {"market": market, "day": day})


def feed_trend(connection: psycopg.Connection[Any], market: str, day: date, days: int) -> list[Row]:
    """Packets landed and records refused by vendor and day.

    Args:
        connection: to the lookmatch database, with rows of any kind.
        market: whose feeds.
        day: the last day.
        days: how many days before it count too.
    """
    return _rows(connection, "feed_trend", {"market": market, "day": day, "days": days})


def vendor_freshness(connection: DictConnection, market: str | None = None) -> list[Row]:
    """Of each vendor and market, or of one market: products, newest_change, newest_landed, quarantined."""
    return _rows(connection, "vendor_freshness", {"market": market})


def market_status(connection: DictConnection) -> list[Row]:
    """Of each market with products: how many, unmapped ones, pictures, the live encoder, what it finds and as of when."""
    return _rows(connection, "market_status", {})


def unmapped_categories(connection: DictConnection, market: str, days: Sequence[date]) -> tuple[int, int]:
    """Products of which packets landed in a market on these days, and those of them of unmapped category."""
    (row,) = _rows(connection, "unmapped_categories", {"market": market, "days": list(days)})
    return row["products"], row["unmapped"]


def unmapped_words_by_vendor(
    connection: DictConnection, market: str, *, days: Sequence[date] | None = None, vendor: str | None = None, most: int
) -> list[Row]:
    """Words of a market's products that no vocabulary knows: vendor, attribute, word, products; the most frequent first.

    Args:
        connection: to a database that has the vocabularies.
        market: whose products.
        days: only products of which packets landed on these days.
        vendor: only this vendor's.
        most: words at most.
    """
    values = {"market": market, "days": None if days is None else list(days), "vendor": vendor, "rows": most}
    return _rows(connection, "unmapped_words", values)


def _rows(connection: psycopg.Connection[Any], name: str, values: Mapping[str, object]) -> list[Row]:
    with connection.cursor(row_factory=dict_row) as cursor:
        return cursor.execute(read_sql(__package__, name), values).fetchall()
