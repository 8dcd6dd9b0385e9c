"""Small inputs as shops really send them, in ``tests/assets/cases``; their content is made up."""

from __future__ import annotations

from pathlib import Path

from lookmatch_assets.feeds.codes import RecordError
from lookmatch_assets.feeds.formats import ReadOptions, detect_format, load_format
from lookmatch_assets.feeds.packet import sendable_packet
from lookmatch_assets.feeds.publisher import FeedFile, packet_of
from lookmatch_assets.feeds.reading import Accepted, Refused, read_entry
from lookmatch_assets.feeds.record import FeedRecord
from lookmatch_serving.settings import Market

CASES = Path(__file__).parent / "cases"


def entries(case: str | Path, market: Market = Market.USA, mapping: Path | None = None) -> list[Accepted | Refused]:
    """What becomes of a file's packets on their way from a push into landing, without the stores.

    Args:
        case: a file, below ``CASES`` unless it is absolute; its format is the one that is detected.
        market: whose feed it is.
        mapping: folder with the mapping ``v.yaml`` of its vendor, which is called ``v``.
    """
    path = CASES / case
    name = detect_format(path, "v", mapping)
    raws = load_format(name, mapping).read(path, ReadOptions(path.parent, "v", extract=False))
    feed = FeedFile("v", str(market), name, path)
    return [read_entry(sendable_packet(packet_of(raw, feed)), mapping) for raw in raws]


def pushed(case: str | Path, market: Market = Market.USA, mapping: Path | None = None) -> list[FeedRecord | RecordError]:
    """The records of a file, or why they are refused; see ``entries``."""
    read = entries(case, market, mapping)
    return [entry.record if isinstance(entry, Accepted) and entry.record else entry.error for entry in read]  # type: ignore[union-attr]


def landed(case: str | Path, market: Market = Market.USA, mapping: Path | None = None) -> dict[str, FeedRecord]:
    """The records of a file that are accepted, by the vendor's ids."""
    records = [found for found in pushed(case, market, mapping) if isinstance(found, FeedRecord)]
    return {record.vendor_product_id: record for record in records}


def told(case: str | Path, market: Market = Market.USA) -> list[tuple[str | None, FeedRecord | str]]:
    """The id that each packet of a file names, with its record, or the code that it is refused with."""
    return [
        (entry.packet.subject if entry.packet else None, str(entry.error.code) if isinstance(entry, Refused) else entry.record)
        for entry in entries(case, market)
        if isinstance(entry, Refused) or entry.record
    ]  # type: ignore[misc]


def titles(case: str | Path, market: Market = Market.USA) -> dict[str | None, str]:
    """Id -> title, or the code that it is refused with; no id may stand there twice."""
    found = [(subject, said if isinstance(said, str) else said.title) for subject, said in told(case, market)]
    assert len(dict(found)) == len(found), found
    return dict(found)
