"""The feed doctor: what ingesting a feed would do, without doing it."""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

import psycopg

from lookmatch_assets.feeds.formats import ReadOptions, load_format
from lookmatch_assets.feeds.health import feed_trend
from lookmatch_assets.feeds.packet import sendable_packet
from lookmatch_assets.feeds.publisher import BATCH, Feed, packet_of
from lookmatch_assets.feeds.reading import Accepted, Refused, read_entry
from lookmatch_assets.feeds.record import FeedRecord
from lookmatch_assets.feeds.removals import find_removals, written_at
from lookmatch_assets.feeds.vocabulary import read_vocabulary, unmapped_words
from lookmatch_serving.db import read_sql

_NOT_COVERED = {"vendor_product_id", "updated_at"}
_WORTH_A_WARNING = ("brand", "category", "gender", "colour", "sizes")
_DUPLICATE_FIX = "Send each product once in a feed; the last record of an id wins."
_UNMAPPED_FIX = (
    "Send a word that dbt_catalog/seeds/{attribute}_synonyms.csv has, or add this one there; until then it is kept as it came,"
    " and no filter finds it."
)
_TREND_DAYS = 30
_EMPTY_FIX = "Fill it where it is known: search filters and ranks by it."


@dataclass(frozen=True)
class Issue:
    """One thing that is wrong with a record; an error keeps it out, a warning does not."""

    code: str
    severity: Literal["error", "warning"]
    product: str | None
    attribute: str | None
    value: str
    message: str
    resolution: str


@dataclass
class Report:
    """What ingesting would do.

    Attributes:
        coverage: attribute -> accepted records that fill it.
        changes: new, changed, unchanged -> accepted records; removed -> live products that a full feed no longer lists.
        trend: the vendor's days in the market so far, up to 30 days back: day, landed packets, refused records.
        removals_held: whether those are so many that a person must confirm them; None for a feed that is not full.
    """

    records: int = 0
    accepted: int = 0
    refused: int = 0
    changes: dict[str, int] = field(default_factory=lambda: {"new": 0, "changed": 0, "unchanged": 0})
    removals_held: bool | None = None
    trend: list[dict[str, Any]] = field(default_factory=list)
    coverage: dict[str, int] = field(default_factory=lambda: {n: 0 for n in FeedRecord.model_fields if n not in _NOT_COVERED})
    issues: list[Issue] = field(default_factory=list)

    def as_json(self) -> dict[str, Any]:
        """The report as JSON-able values."""
        told = asdict(self)
        told["trend"] = [{**row, "day": row["day"].isoformat()} for row in self.trend]
        return told


def examine(
    path: Path,
    feed: Feed,
    options: ReadOptions,
    connection: psycopg.Connection[Any] | None = None,
    mapping_folder: Path | None = None,
    removal_limit: float | None = None,
) -> Report:
    """Read a feed as ingestion would.

    Args:
        path: of the feed.
        feed: whose it is.
        options: with ``extract=False``, so that nothing is written.
        connection: to the landing database, to tell new from changed; without it every record is new.
        mapping_folder: this installation's vendor mappings.
        removal_limit: for a feed that lists all that the vendor sells, the share of its products, in [0, 1], above which removals
            are held; None for any other feed.

    Raises:
        InvalidInputError: the path is not a feed of this format.
        RecordError: the format is unknown.
    """
    report = Report()
    seen: Counter[str] = Counter()
    unmapped: dict[tuple[str, str], list[str]] = {}
    listed: set[str] = set()
    accepted: list[Accepted] = []
    written = written_at(path)
    for raw in load_format(feed.format, mapping_folder).read(path, options):
        packet = packet_of(raw, feed, written)
        read = read_entry(sendable_packet(packet), mapping_folder)
        report.records += 1
        if packet.subject:
            listed.add(packet.subject)
        if isinstance(read, Refused):
            report.refused += 1
            report.issues.append(_error(read))
            continue
        report.accepted += 1
        accepted.append(read)
        if read.record:
            _cover(report, read.record)
            for named in unmapped_words(read.record, read_vocabulary()):
                unmapped.setdefault(named, []).append(read.key.subject)
        seen[read.key.subject] += 1
        if len(accepted) >= BATCH:
            _compare(report, accepted, connection)
            accepted.clear()
    _compare(report, accepted, connection)
    report.issues.extend(_duplicates(seen))
    report.issues.extend(_unmapped(unmapped))
    if connection is not None:
        report.trend = _trend(connection, feed)
    if removal_limit is not None and connection is not None:
        found = find_removals(
            connection,
            feed.vendor,
            str(feed.market),
            listed,
            written,
            waiting=0,
            limit=removal_limit,
            confirmed=False,
        )
        report.changes["removed"] = len(found.absent)
        report.removals_held = found.held
    return report


def _error(read: Refused) -> Issue:
    error = read.error
    subject = read.packet.subject if read.packet else None
    return Issue(str(error.code), "error", subject, error.field, error.value, error.message, error.resolution)


def _cover(report: Report, record: FeedRecord) -> None:
    for name in report.coverage:
        value = getattr(record, name)
        if value is not None and value != []:
            report.coverage[name] += 1
        elif name in _WORTH_A_WARNING:
            message = f"{name}: empty"
            report.issues.append(Issue("empty_attribute", "warning", record.vendor_product_id, name, "", message, _EMPTY_FIX))


def _duplicates(seen: Counter[str]) -> list[Issue]:
    return [
        Issue("duplicate_id", "warning", subject, "id", subject, f"id: {count} records have it", _DUPLICATE_FIX)
        for subject, count in seen.items()
        if count > 1
    ]


def _unmapped(words: dict[tuple[str, str], list[str]]) -> list[Issue]:
    """One warning a word, the most frequent first, with one of its products."""
    found = []
    for (attribute, word), products in sorted(words.items(), key=lambda item: -len(item[1])):
        message = f"{attribute}: no vocabulary knows this word; {len(products)} records have it"
        fix = _UNMAPPED_FIX.format(attribute=attribute)
        found.append(Issue("unmapped_value", "warning", products[0], attribute, word, message, fix))
    return found


def _trend(connection: psycopg.Connection[Any], feed: Feed) -> list[dict[str, Any]]:
    rows = feed_trend(connection, str(feed.market), datetime.now(UTC).date(), _TREND_DAYS)
    return [{name: row[name] for name in ("day", "landed", "refused")} for row in rows if row["vendor"] == feed.vendor]


def _compare(report: Report, accepted: list[Accepted], connection: psycopg.Connection[Any] | None) -> None:
    """Tell new, changed and unchanged records by the newest landed packet of each product."""
    last = {entry.key.product_id: entry for entry in accepted}
    if connection is None:
        report.changes["new"] += len(last)
        return
    rows = {
        "product_id": list(last),
        "format": [entry.packet.format for entry in last.values()],
        "record": [entry.record.model_dump_json() if entry.record else None for entry in last.values()],
        "data": [entry.data_json for entry in last.values()],
    }
    for _, new, unchanged in connection.execute(read_sql(__package__, "compare_packets"), rows).fetchall():
        report.changes["new" if new else "unchanged" if unchanged else "changed"] += 1
