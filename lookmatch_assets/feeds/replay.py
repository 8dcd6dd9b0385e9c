"""Puts quarantined packets through validation and landing again, after a reader or a vocabulary was mended.

A batch is one transaction: its packets land and their quarantine rows are resolved together, or nothing happened. A packet that
has landed meanwhile is found to be a duplicate and resolved. So a replay that is repeated, cut short, or run twice at once has
the effect of one.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, NamedTuple

import psycopg
from tenacity import Retrying, retry_if_exception_type, stop_after_attempt, wait_random_exponential

from lookmatch_assets.feeds.codes import Code, RecordError
from lookmatch_assets.feeds.landing import AnyConnection, land, quarantine_values
from lookmatch_assets.feeds.reading import Accepted, Refused, read_entry, refuse
from lookmatch_serving.db import read_sql

BATCH = 200
_ATTEMPTS = 6


@dataclass(frozen=True)
class Selection:
    """Which packets of the quarantine.

    Attributes:
        vendor: whose; None: everybody's, those of unreadable packets included.
        codes: refused for one of these; empty: for any.
        since: received then or later; None: at any time.
        limit: most packets; None: all. Those never replayed come first, then those whose last replay is longest ago.
    """

    vendor: str | None = None
    codes: Sequence[Code] = ()
    since: datetime | None = None
    limit: int | None = None


@dataclass
class ReplayReport:
    """What became of the packets, in packets; ``examined == landed + landed_before + refused``.

    Attributes:
        landed: landed now.
        landed_before: had landed by another way meanwhile; resolved as well.
        refused: refused again, and kept with the reason of now.
        not_whole: not examined: they were cut for their size when they were kept, so that only the vendor can send them again.
        before: open packets of the vendor and time selected, by code, of whatever code.
        after: the same once the replay is done.
        dry_run: nothing of it was kept.
    """

    examined: int = 0
    landed: int = 0
    landed_before: int = 0
    refused: int = 0
    not_whole: int = 0
    before: dict[str, int] = field(default_factory=dict)
    after: dict[str, int] = field(default_factory=dict)
    dry_run: bool = False

    def __str__(self) -> str:
        parts = f"{self.landed} landed, {self.landed_before} had landed before, {self.refused} refused again"
        whole = (
            f"; {self.not_whole} were too large to be kept whole, their vendor has to send them again" if self.not_whole else ""
        )
        dry = "; nothing was kept of this dry run" if self.dry_run else ""
        return f"{self.examined} replayed: {parts}{whole}{dry}"

    def as_json(self) -> dict[str, Any]:
        """The report as JSON-able values."""
        return asdict(self)


@dataclass
class _Outcome:
    """What became of a batch; ``change`` is that of the open packets by code, counted in a dry run only."""

    landed: int
    landed_before: int
    refused: int
    change: Counter[str] = field(default_factory=Counter)


class _Held(NamedTuple):
    """An open row of the quarantine."""

    key: int
    source: str
    packet_id: str
    code: str
    body: str


def replay(
    database_url: str,
    selection: Selection,
    mapping_folder: Path | None = None,
    *,
    dry_run: bool = False,
    progress: Callable[[int], object] | None = None,
) -> ReplayReport:
    """Replay the selected packets, batch by batch.

    Args:
        database_url: of the landing database.
        selection: which packets.
        mapping_folder: this installation's vendor mappings.
        dry_run: do all of it and take every batch back.
        progress: called with the packets of each batch.

    Raises:
        psycopg.OperationalError: the database did not answer; batches before are kept, and the rest stay in quarantine.
    """
    chosen = {"vendor": selection.vendor, "since": selection.since}
    codes = [str(code) for code in selection.codes] or None
    report = ReplayReport(dry_run=dry_run)
    with psycopg.connect(database_url, autocommit=True) as connection:
        report.before = dict(_open(connection, chosen))
        found = connection.execute(read_sql(__package__, "replayable_packets"), {**chosen, "codes": codes}).fetchall()
        report.not_whole = sum(1 for _, whole in found if not whole)
        keys = [key for key, whole in found if whole][: selection.limit]
        after = Counter(report.before)
        for start in range(0, len(keys), BATCH):
            outcome = _replay_patiently(connection, keys[start : start + BATCH], mapping_folder, chosen if dry_run else None)
            report.examined += outcome.landed + outcome.landed_before + outcome.refused
            report.landed += outcome.landed
            report.landed_before += outcome.landed_before
            report.refused += outcome.refused
            after.update(outcome.change)
            if progress:
                progress(outcome.landed + outcome.landed_before + outcome.refused)
        report.after = {
            code: number for code, number in sorted((after if dry_run else _open(connection, chosen)).items()) if number
        }
    return report


def _replay_patiently(
    connection: AnyConnection, keys: list[int], mapping_folder: Path | None, dry_for: Mapping[str, Any] | None
) -> _Outcome:
    """Replay a batch in a transaction of its own, again when a consumer that lands the same packets got in its way."""
    for attempt in Retrying(
        retry=retry_if_exception_type(psycopg.errors.DeadlockDetected),
        stop=stop_after_attempt(_ATTEMPTS),
        wait=wait_random_exponential(multiplier=0.1, max=2),
        reraise=True,
    ):
        with attempt, connection.transaction(force_rollback=dry_for is not None):
            earlier = _open(connection, dry_for) if dry_for is not None else Counter[str]()
            outcome = _replay_batch(connection, keys, mapping_folder)
            if dry_for is not None:
                outcome.change.update(_open(connection, dry_for))
                outcome.change.subtract(earlier)
            return outcome
    raise AssertionError("tenacity returns or raises")


def _open(connection: AnyConnection, chosen: Mapping[str, Any]) -> Counter[str]:
    return Counter(dict(connection.execute(read_sql(__package__, "open_quarantine"), chosen).fetchall()))


def _replay_batch(connection: AnyConnection, keys: list[int], mapping_folder: Path | None) -> _Outcome:
    rows = connection.execute(read_sql(__package__, "lock_quarantined"), {"quarantine_key": keys}).fetchall()
    held = [_Held(*row) for row in rows]
    read = [(one, read_entry(one.body.encode(), mapping_folder)) for one in held]
    accepted = [(one, entry) for one, entry in read if isinstance(entry, Accepted)]
    refused = [(one, entry) for one, entry in read if isinstance(entry, Refused)]
    landed, not_stored = _land(connection, accepted)
    refused += not_stored
    failed = {one.key for one, _ in not_stored}
    resolved = [one.key for one, _ in accepted if one.key not in failed]
    connection.execute(read_sql(__package__, "resolve_quarantined"), {"quarantine_key": resolved})
    for one, entry in refused:
        _renew(connection, one, entry)
    return _Outcome(landed, len(resolved) - landed, len(refused))


def _land(connection: AnyConnection, accepted: Sequence[tuple[_Held, Accepted]]) -> tuple[int, list[tuple[_Held, Refused]]]:
    """Land packets; when one makes its batch fail, each alone. Returns how many landed and those that cannot be stored."""
    if not accepted:
        return 0, []
    try:
        return sum(counts.landed for counts in land(connection, [entry for _, entry in accepted]).values()), []
    except (psycopg.DataError, psycopg.IntegrityError, psycopg.ProgrammingError) as error:
        if len(accepted) == 1:
            one, entry = accepted[0]
            reason = f"the database refused it: {str(error).splitlines()[0]}"
            return 0, [(one, refuse(one.body.encode(), RecordError(Code.POISON, None, None, reason), entry.packet))]
    landed, not_stored = 0, []
    for pair in accepted:
        more, bad = _land(connection, [pair])
        landed += more
        not_stored += bad
    return landed, not_stored


def _renew(connection: AnyConnection, held: _Held, entry: Refused) -> None:
    values = {**quarantine_values(entry), "quarantine_key": held.key}
    if connection.execute(read_sql(__package__, "renew_quarantine_reason"), values).fetchone() is None:
        connection.execute(read_sql(__package__, "merge_quarantine_reason"), values)
