"""What a feed format is."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Protocol

from lookmatch_assets.feeds.codes import Code, RecordError
from lookmatch_assets.feeds.record import CURRENCY_OF_MARKET, FeedRecord
from lookmatch_serving.settings import Market

RawData = dict[str, Any]


@dataclass(frozen=True)
class RawRecord:
    """A record as the vendor wrote it.

    Attributes:
        data: the record, untouched, as JSON-able values; what could not be taken apart is ``{"unreadable": <text>, "reason":
            <what is wrong>, "code": <of codes.Code>}``.
        subject: the vendor's id of the product; None when the record has none.
        image_url: picture that comes with the record, when the record itself does not name it absolutely.
        changed_at: when it changed, by the record or else by the file it lies in; None when neither says.
    """

    data: RawData
    subject: str | None
    image_url: str | None = None
    changed_at: datetime | None = None


@dataclass(frozen=True)
class ReadOptions:
    """How to read a feed.

    Attributes:
        limit: most records to read; None reads all.
        workspace: folder for pictures that must be taken out of archives.
        extract: False leaves archives alone and names the files that would be written.
        vendor: whose feed it is, for its own mapping.
    """

    workspace: Path
    vendor: str
    limit: int | None = None
    extract: bool = True


class FeedFormat(Protocol):
    """A vendor format.

    Attributes:
        name: what packets and commands call it.
    """

    @property
    def name(self) -> str: ...  # noqa: D102  see Attributes

    def read(self, path: Path, options: ReadOptions) -> Iterator[RawRecord]:
        """Read a feed, record by record; a record that cannot be taken apart is passed on as unreadable.

        Raises:
            InvalidInputError: the path is not a feed of this format at all.
        """
        ...

    def parse(self, raw: RawRecord, market: Market, vendor: str) -> FeedRecord:
        """Read what a record says.

        Raises:
            RecordError: it cannot be accepted.
        """
        ...


UNREADABLE = "unreadable"
UNDECODED = re.compile("[\udc80-\udcff]")
"""What bytes become that an encoding does not know, where a file is read with ``surrogateescape``."""
UNSTORABLE = re.compile("[\x00\ud800-\udfff]")
"""Characters that Postgres takes in no text."""
SHOWN_CHARACTERS = 2_000
MOST_LEVELS = 100


def unreadable(
    text: str,
    reason: str,
    changed_at: datetime | None = None,
    *,
    subject: str | None = None,
    code: Code = Code.MALFORMED_RECORD,
) -> RawRecord:
    """A record that could not be taken apart, as one that ``parse`` refuses.

    Args:
        text: of the record; kept as far as ``SHOWN_CHARACTERS``.
        reason: what is wrong with it.
        changed_at: see ``RawRecord``.
        subject: the product's id where that much could be read, so that a full feed does not count the product as gone.
        code: why it is refused.
    """
    shown = text[:SHOWN_CHARACTERS].encode(errors="replace").decode().replace("\x00", "�")
    return RawRecord({UNREADABLE: shown, "reason": reason, "code": str(code)}, subject=subject, changed_at=changed_at)


def shallow(raw: RawRecord) -> RawRecord:
    """The record, or an unreadable one where its values nest deeper than JSON's writers and readers follow."""
    level: list[Any] = [raw.data]
    for _ in range(MOST_LEVELS):
        level = [value for held in level for value in _within(held) if isinstance(value, dict | list)]
        if not level:
            return raw
    reason = f"values within values, more than {MOST_LEVELS} levels deep"
    return unreadable(f"{', '.join(raw.data)}", reason, raw.changed_at, subject=raw.subject)


def _within(held: Any) -> Iterable[Any]:
    return held.values() if isinstance(held, dict) else held


def refuse_unreadable(data: object) -> RawData:
    """The data, when it is a record.

    Raises:
        RecordError: ``malformed_record``, or the code that its reader gave it.
    """
    if not isinstance(data, dict):
        raise RecordError(Code.MALFORMED_RECORD, None, data, "not an object")
    if UNREADABLE in data:
        given = data.get("code")
        code = Code(given) if given in (Code.INVALID_ENCODING, Code.TOO_LARGE) else Code.MALFORMED_RECORD
        raise RecordError(code, None, data[UNREADABLE], str(data.get("reason", "unreadable")))
    return data


def currency_of(market: Market) -> str:
    """The currency of a price that names none."""
    return CURRENCY_OF_MARKET[market]


def picture_beside(reference: object, folder: Path) -> str | None:
    """The file URL of a picture that a record names relative to its feed; None for an absolute address or none at all.

    A name that leads out of the feed's folder is not followed.
    """
    name = str(reference).strip() if reference is not None else ""
    if not name or "://" in name or name.startswith(("/", "\\", "data:")) or "\x00" in name:
        return None
    target = (folder / name).resolve()
    return target.as_uri() if target.is_relative_to(folder.resolve()) else None
