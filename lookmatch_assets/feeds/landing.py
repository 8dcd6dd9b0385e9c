"""The landing transaction: packets, quarantine and offers, all or nothing."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import psycopg
from pydantic import TypeAdapter

from lookmatch_assets.feeds.packet import REMOVED
from lookmatch_assets.feeds.reading import Accepted, Refused
from lookmatch_assets.feeds.record import CURRENCY_OF_MARKET, SizeStock
from lookmatch_serving.db import read_sql

AnyConnection = psycopg.Connection[Any]


@dataclass
class Counts:
    """What became of packets; ``received == landed + duplicate + quarantined`` always.

    Attributes:
        offers_changed: offers inserted, refreshed, removed or dropped.
    """

    received: int = 0
    landed: int = 0
    duplicate: int = 0
    quarantined: int = 0
    offers_changed: int = 0

    def __str__(self) -> str:
        return ", ".join(f"{number} {name.replace('_', ' ')}" for name, number in vars(self).items())

    def add(self, other: Counts) -> None:
        """Add another's numbers to these."""
        for name in vars(self):
            setattr(self, name, getattr(self, name) + getattr(other, name))

    def add_all(self, others: CountsByFeed) -> None:
        """Add the numbers of every feed to these."""
        for other in others.values():
            self.add(other)


class Feed(NamedTuple):
    """Whose packets: the unit that landing is reported by."""

    market: str
    vendor: str


PACKET_COLUMNS = (
    "source", "id", "type", "subject", "market", "vendor", "format", "product_id", "event_time", "record", "data",
)  # fmt: skip
_QUARANTINE = (
    "source", "packet_id", "market", "vendor", "format", "subject", "product_id", "code", "field", "value", "message",
    "resolution", "body",
)  # fmt: skip
_OFFER = (
    "product_id", "market", "vendor", "currency", "price_minor", "sale_price_minor", "sale_from", "sale_until", "tax_included",
    "availability", "sizes", "event_time",
)  # fmt: skip
_REMOVAL = ("product_id", "market", "vendor", "currency", "event_time")

_SIZES = TypeAdapter(list[SizeStock])

CountsByFeed = dict[Feed, Counts]
UNREADABLE_FEED = Feed("", "")


def land(connection: AnyConnection, entries: Sequence[Accepted | Refused]) -> CountsByFeed:
    """Store a batch in one transaction, which is committed on return.

    Raises:
        psycopg.DataError, psycopg.IntegrityError: some entry cannot be stored; nothing of the batch was.
        psycopg.OperationalError: the database did not answer; the same call may succeed later.
    """
    accepted = [entry for entry in entries if isinstance(entry, Accepted)]
    refused = [entry for entry in entries if isinstance(entry, Refused)]
    with connection.transaction():
        landed = _insert_packets(connection, accepted)
        _resolve_quarantined(connection, accepted)
        stored = _insert_refused(connection, refused)
        changed = _refresh_offers(connection, landed)
    return _count(entries, landed, stored, changed)


def _insert_packets(connection: AnyConnection, accepted: Sequence[Accepted]) -> list[Accepted]:
    """Insert packets and return those that were new, each once."""
    if not accepted:
        return []
    rows = [
        (
            *(a.packet.source, a.packet.id, a.packet.type, a.key.subject, str(a.key.market), a.key.vendor, a.packet.format),
            *(a.key.product_id, a.packet.time, a.record.model_dump_json() if a.record else "null", a.data_json or "null"),
        )
        for a in accepted
    ]
    found = connection.execute(read_sql(__package__, "land_packets"), _columns(PACKET_COLUMNS, rows)).fetchall()
    new = {(source, packet_id) for source, packet_id in found}
    first = {(a.packet.source, a.packet.id): a for a in reversed(accepted)}
    return [a for a in accepted if first.get((a.packet.source, a.packet.id)) is a and (a.packet.source, a.packet.id) in new]


def _resolve_quarantined(connection: AnyConnection, accepted: Sequence[Accepted]) -> None:
    """Resolve what was refused before under the name of a packet that is landed now."""
    if accepted:
        named = {"source": [a.packet.source for a in accepted], "id": [a.packet.id for a in accepted]}
        connection.execute(read_sql(__package__, "resolve_landed_packets"), named)


def quarantine_values(entry: Refused) -> dict[str, str | None]:
    """The columns of ``landing.quarantine`` that a refused packet fills, as text that Postgres takes."""
    return dict(zip(_QUARANTINE, _quarantine_row(entry), strict=True))


def _insert_refused(connection: AnyConnection, refused: Sequence[Refused]) -> list[Refused]:
    """Insert quarantine rows and return the entries that were new, each once."""
    if not refused:
        return []
    rows = [_quarantine_row(r) for r in refused]
    found = connection.execute(read_sql(__package__, "quarantine_packets"), _columns(_QUARANTINE, rows)).fetchall()
    new = {tuple(row) for row in found}
    stored = []
    for entry in refused:
        identity = (entry.source, entry.id, str(entry.error.code))
        if identity in new:
            new.remove(identity)
            stored.append(entry)
    return stored


def _quarantine_row(entry: Refused) -> tuple[str | None, ...]:
    packet, error = entry.packet, entry.error
    named = (packet.market, packet.vendor, packet.format, packet.subject) if packet else (None, None, None, None)
    whose = f"{packet.vendor}:{packet.market}:{packet.subject}" if packet and packet.subject else None
    reason = (str(error.code), error.field, error.value, error.message, error.resolution)
    return tuple(_storable_text(value) for value in (entry.source, entry.id, *named, whose, *reason, entry.body))


def _storable_text(value: str | None) -> str | None:
    return None if value is None else value.replace("\x00", "�").encode(errors="replace").decode()


def _refresh_offers(connection: AnyConnection, landed: Iterable[Accepted]) -> set[str]:
    """Apply the newest of each product's landed packets to its offer; returns the products whose offer changed."""
    newest: dict[str, Accepted] = {}
    for entry in landed:
        held = newest.get(entry.key.product_id)
        if held is None or entry.packet.time >= held.packet.time:
            newest[entry.key.product_id] = entry
    removals = [entry for entry in newest.values() if entry.packet.type == REMOVED]
    upserts = [entry for entry in newest.values() if entry.packet.type != REMOVED and entry.record]
    priced = [entry for entry in upserts if entry.record and entry.record.price_minor is not None]
    unpriced = [entry for entry in upserts if entry.record and entry.record.price_minor is None]
    changed = _write_offers(connection, "refresh_offers", _OFFER, [_offer_row(entry) for entry in priced])
    changed |= _write_offers(connection, "remove_offers", _REMOVAL, [_removal_row(entry) for entry in removals])
    rows = [(entry.key.product_id, entry.packet.time) for entry in unpriced]
    return changed | _write_offers(connection, "drop_unpriced_offers", ("product_id", "event_time"), rows)


def _offer_row(entry: Accepted) -> tuple[Any, ...]:
    record = entry.record
    if record is None:
        raise ValueError("an offer needs a record")
    sizes = _SIZES.dump_json(record.sizes).decode()
    whose = (entry.key.product_id, str(entry.key.market), entry.key.vendor)
    sale = (record.sale_price_minor, record.sale_from, record.sale_until)
    money = (record.currency, record.price_minor, *sale, record.tax_included)
    return (*whose, *money, str(record.availability), sizes, entry.packet.time)


def _removal_row(entry: Accepted) -> tuple[Any, ...]:
    key = entry.key
    return (key.product_id, str(key.market), key.vendor, CURRENCY_OF_MARKET[key.market], entry.packet.time)


def _write_offers(connection: AnyConnection, action: str, names: tuple[str, ...], rows: list[tuple[Any, ...]]) -> set[str]:
    if not rows:
        return set()
    statement = read_sql(__package__, action)
    return {found[0] for found in connection.execute(statement, _columns(names, rows)).fetchall()}


def _columns(names: Sequence[str], rows: Sequence[tuple[Any, ...]]) -> dict[str, list[Any]]:
    return {name: list(values) for name, values in zip(names, zip(*rows, strict=True), strict=True)}


def _count(
    entries: Sequence[Accepted | Refused], landed: Sequence[Accepted], stored: Sequence[Refused], changed: set[str]
) -> CountsByFeed:
    counts: CountsByFeed = {}
    for entry in entries:
        counts.setdefault(_feed_of(entry), Counts()).received += 1
    for accepted in landed:
        counts[_feed_of(accepted)].landed += 1
    for refused in stored:
        counts[_feed_of(refused)].quarantined += 1
    for product in changed:
        vendor, market, _ = product.split(":", 2)
        counts[Feed(market, vendor)].offers_changed += 1
    for total in counts.values():
        total.duplicate = total.received - total.landed - total.quarantined
    return counts


def _feed_of(entry: Accepted | Refused) -> Feed:
    return Feed(entry.packet.market, entry.packet.vendor) if entry.packet else UNREADABLE_FEED
