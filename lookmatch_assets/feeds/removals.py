"""What a full feed removes: the vendor's products that are live in the market and absent from it, held when they are too many.

A feed that was cut short, or written while the vendor's shop was down, looks like one that removes most of an assortment.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from lookmatch_assets.feeds.landing import AnyConnection
from lookmatch_assets.feeds.packet import REMOVED, Packet, packet_id, source_of
from lookmatch_serving.db import read_sql

_ROUNDING = 1e-6  # products; a share of exactly the limit is within it


@dataclass(frozen=True)
class Removals:
    """Products that a full feed no longer lists.

    Attributes:
        live: products that the vendor sells in the market, by what has landed.
        absent: the vendor's ids of those that the feed lacks, without those that are ``newer``.
        newer: live products that the feed lacks but that changed, or were listed by another, after it was written; they are kept.
        waiting: packets that were on the stream before; of their products nothing is known yet.
        limit: largest share of ``live``, in [0, 1], that is removed without being confirmed.
        confirmed: a person has said that the removals are meant.
    """

    live: int
    absent: tuple[str, ...]
    newer: int
    waiting: int
    limit: float
    confirmed: bool

    @property
    def held(self) -> bool:
        """Whether the removals wait to be confirmed."""
        return not self.confirmed and len(self.absent) > self.limit * self.live + _ROUNDING

    def __str__(self) -> str:
        share = f"{len(self.absent)} of {self.live} live products are absent from the feed"
        told = [share if not self.absent else f"{share} ({len(self.absent) / self.live:.0%})"]
        if self.held:
            told[0] += (
                f", more than the {self.limit:.0%} of LOOKMATCH_FEED_REMOVAL_LIMIT; their removal is held, nothing was removed"
            )
            told.append("if they are gone indeed, push the feed again with --confirm-removals, else mend the feed")
        if self.newer:
            told.append(f"absent but changed after the feed was written, and kept: {self.newer}")
        if self.waiting:
            told.append(f"not counted, since they wait to land: {self.waiting} packets; push again once they have")
        return "; ".join(told)


def written_at(path: Path) -> datetime:
    """When a feed was written, in UTC: its file's time of change, or the newest of a folder and the files in it."""
    newest = max([path.stat().st_mtime, *(entry.stat().st_mtime for entry in (path.iterdir() if path.is_dir() else ()))])
    return min(datetime.fromtimestamp(newest, UTC), datetime.now(UTC))


def find_removals(
    connection: AnyConnection,
    vendor: str,
    market: str,
    listed: Collection[str],
    moment: datetime,
    *,
    waiting: int,
    limit: float,
    confirmed: bool,
) -> Removals:
    """What a full feed of a vendor in a market removes.

    Args:
        connection: to the landing database.
        vendor: whose feed.
        market: where it is sold.
        listed: the vendor's ids in the feed, those of refused records included.
        moment: when the feed was written.
        waiting: packets on the stream before the feed's own.
        limit: largest share of the live products, in [0, 1], that is removed without ``confirmed``.
        confirmed: let any number through.
    """
    rows = connection.execute(read_sql(__package__, "live_products"), {"vendor": vendor, "market": market}).fetchall()
    connection.commit()
    lacking = [(subject, heard) for subject, heard in rows if subject not in listed]
    absent = tuple(subject for subject, heard in lacking if heard <= moment)
    return Removals(len(rows), absent, len(lacking) - len(absent), waiting, limit, confirmed)


def removal_packet(vendor: str, market: str, format_name: str, subject: str, moment: datetime) -> Packet:
    """The packet that removes a product as of a moment."""
    packet = Packet(source_of(vendor, market), "", REMOVED, subject, vendor, market, format_name, moment)
    return replace(packet, id=packet_id(packet))
