"""The landing transaction: packets, quarantine and offers, all or nothing.

What is new is decided here and nowhere else (docs/adr/0001-packet-ids-carry-their-time.md): a packet lands when it says something
else than its product's packet before it, in the order of their times; else its time alone is kept.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, NamedTuple

import psycopg
from pydantic import TypeAdapter

from lookmatch_assets.feeds.packet import REMOVED, content_digest
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
    "source", "id", "type", "subject", "market", "vendor", "format", "product_id", "event_time", "listed_at", "record", "data",
)  # fmt: skip
_QUARANTINE = (
    "source", "packet_id", "said", "event_time", "market", "vendor", "format", "subject", "product_id", "code", "field", "value",
    "message", "resolution", "body",
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
    landed: list[Accepted] = []
    changed: set[str] = set()
    with connection.transaction():
        stored = _insert_refused(connection, refused)
        _lock_feeds(connection, accepted)
        for round_ in _rounds(accepted):
            new = _insert_packets(connection, round_)
            changed |= _refresh_offers(connection, new)
            landed += new
        _resolve_quarantined(connection, accepted)
    return _count(entries, landed, stored, changed)


def _lock_feeds(connection: AnyConnection, accepted: Sequence[Accepted]) -> None:
    """Wait until no other transaction lands packets of these feeds; in one order, so that none waits for another in a circle."""
    feeds = sorted({f"{entry.key.market}:{entry.key.vendor}" for entry in accepted})
    if feeds:
        connection.execute(read_sql(__package__, "lock_feeds"), {"feed": feeds})


def _rounds(accepted: Sequence[Accepted]) -> list[list[Accepted]]:
    """The packets in rounds that name no product and no packet twice, so that each is judged by what those before it left."""
    rounds: list[list[Accepted]] = []
    taken: dict[object, int] = {}
    for entry in accepted:
        names = (entry.key.product_id, _identity(entry))
        round_ = max(taken.get(name, 0) for name in names)
        taken.update(dict.fromkeys(names, round_ + 1))
        if round_ == len(rounds):
            rounds.append([])
        rounds[round_].append(entry)
    return rounds


def _insert_packets(connection: AnyConnection, round_: Sequence[Accepted]) -> list[Accepted]:
    """Insert what says something new of the packets of a round and return it, with the times as of which it counts."""
    found = connection.execute(
        read_sql(__package__, "land_packets"), _columns(PACKET_COLUMNS, [_packet_row(entry) for entry in round_])
    ).fetchall()
    judged = {(source, packet_id): (repeats, time) for source, packet_id, repeats, time, _ in found}
    brought_back = _insert_restated(connection, {key for *_, key in found if key is not None})
    landed = []
    for entry in round_:
        repeats, time = judged.get(_identity(entry), (True, None))
        if time is not None and (entry.key.product_id, entry.packet.said_at) in brought_back:
            repeats, time = False, entry.packet.said_at
        if time is not None and not repeats:
            landed.append(replace(entry, packet=replace(entry.packet, time=time)))
    return landed


def _insert_restated(connection: AnyConnection, keys: set[int]) -> set[tuple[str, datetime]]:
    """Insert again what counts anew, of these landed packets; returns the products that a listing brought back and its times."""
    brought_back: set[tuple[str, datetime]] = set()
    found = bool(keys)
    while found:  # what is inserted may be what another was listed after
        rows = connection.execute(read_sql(__package__, "land_restated"), {"packet_key": list(keys)}).fetchall()
        brought_back |= {(product, time) for product, time, back in rows if back}
        found = bool(rows)
    return brought_back


def _packet_row(entry: Accepted) -> tuple[Any, ...]:
    packet, key = entry.packet, entry.key
    whose = (packet.source, packet.id, packet.type, key.subject, str(key.market), key.vendor, packet.format, key.product_id)
    record = entry.record.model_dump_json() if entry.record else "null"
    return (*whose, packet.time, packet.listed_at, record, entry.data_json or "null")


def _identity(entry: Accepted) -> tuple[str, str]:
    return entry.packet.source, entry.packet.id


def _resolve_quarantined(connection: AnyConnection, accepted: Sequence[Accepted]) -> None:
    """Resolve what was refused before and is accepted now: the same packet, or one no newer that says the same."""
    products = {"product_id": list({entry.key.product_id for entry in accepted})}
    refusals = connection.execute(read_sql(__package__, "open_refusals"), products).fetchall() if accepted else []
    by_product: dict[str, list[Accepted]] = {}
    for entry in accepted if refusals else ():
        by_product.setdefault(entry.key.product_id, []).append(entry)
    resolved = [key for key, product, *refusal in refusals if any(_resolves(entry, *refusal) for entry in by_product[product])]
    if resolved:
        connection.execute(read_sql(__package__, "resolve_landed_packets"), {"quarantine_key": resolved})


def _resolves(entry: Accepted, source: str, packet_id: str, said: str | None, time: datetime | None) -> bool:
    packet = entry.packet
    if (packet.source, packet.id) == (source, packet_id):
        return True
    return packet.source == source and (time is None or time <= packet.said_at) and said == content_digest(packet)


def quarantine_values(entry: Refused) -> dict[str, Any]:
    """The columns of ``landing.quarantine`` that a refused packet fills, as values that Postgres takes."""
    return dict(zip(_QUARANTINE, _quarantine_row(entry), strict=True))


def _insert_refused(connection: AnyConnection, refused: Sequence[Refused]) -> list[Refused]:
    """Insert quarantine rows and return the entries that were new, each once."""
    if not refused:
        return []
    newest: dict[tuple[str, str, str], Refused] = {}
    for entry in refused:
        held = newest.get(_saying(entry))
        if held is None or (held.packet and entry.packet and entry.packet.said_at > held.packet.said_at):
            newest[_saying(entry)] = entry
    rows = _columns(_QUARANTINE, [_quarantine_row(entry) for entry in newest.values()])
    found = connection.execute(read_sql(__package__, "quarantine_packets"), rows).fetchall()
    return [newest[saying] for saying in found]


def _saying(entry: Refused) -> tuple[str, str, str]:
    """What a refused packet says and why it is refused: quarantined once, however often it is said."""
    return entry.source, entry.said, str(entry.error.code)


def _quarantine_row(entry: Refused) -> tuple[Any, ...]:
    packet, error = entry.packet, entry.error
    named = (packet.market, packet.vendor, packet.format, packet.subject) if packet else (None, None, None, None)
    whose = f"{packet.vendor}:{packet.market}:{packet.subject}" if packet and packet.subject else None
    reason = (str(error.code), error.field, error.value, error.message, error.resolution)
    texts = tuple(_storable_text(value) for value in (*named, whose, *reason, entry.body))
    return (*map(_storable_text, (entry.source, entry.id, entry.said)), packet.said_at if packet else None, *texts)


def _storable_text(value: str | None) -> str | None:
    return None if value is None else value.replace("\x00", "�").encode(errors="replace").decode()


def _refresh_offers(connection: AnyConnection, landed: Sequence[Accepted]) -> set[str]:
    """Apply landed packets, at most one of a product, to offers; returns the products whose offer changed."""
    removals = [entry for entry in landed if entry.packet.type == REMOVED]
    upserts = [entry for entry in landed if entry.packet.type != REMOVED and entry.record]
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
