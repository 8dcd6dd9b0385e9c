"""Google Merchant feeds, by Google's product data specification: tab- or comma-separated text, RSS 2.0 and Atom 1.0.

An item of XML becomes the record that a row of text would be: names without their namespace, and lists where a name repeats.

Feeds are cut into items before the XML parser sees them, because a parser ends at the first mistake and a whole feed would be
lost behind one unescaped ampersand. Each item is then parsed alone by defusedxml, under the namespaces that the feed declares:
a damaged item is quarantined by itself, document types and entities are never read, and memory is bounded by an item.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from typing import IO, Any
from xml.etree.ElementTree import Element, ParseError
from xml.sax.saxutils import quoteattr

from defusedxml import DefusedXmlException
from defusedxml.ElementTree import fromstring

from lookmatch_assets.feeds.codes import Code
from lookmatch_assets.feeds.formats.base import UNDECODED, RawRecord, ReadOptions, unreadable
from lookmatch_assets.feeds.formats.mapped import raw_of
from lookmatch_assets.feeds.formats.mapping import Mapping, read_mapping
from lookmatch_assets.feeds.formats.tables import UTF_16_MARKS, TableFormat, checked_file
from lookmatch_serving.errors import InvalidInputError

GOOGLE_NAMESPACE = "http://base.google.com/ns/1.0"
MAX_ITEM_CHARACTERS = 16 * 2**20
_CHUNK = 1 << 20
_TAG_CHARACTERS = 16
_DECLARED_ENCODING = re.compile(rb"""<\?xml[^>]{0,200}?encoding\s*=\s*["']([A-Za-z0-9._-]{1,40})["']""")
_NAMESPACE = re.compile(r"""xmlns:([A-Za-z_][\w.-]{0,40})\s*=\s*["']([^"'<>]{1,200})["']""")
_START = re.compile(r"<(item|entry)(?=[\s>])")
_ITEM_ID = re.compile(r"<(?:\w+:)?id>\s*(?:<!\[CDATA\[)?\s*([^<\]\s]{1,128})\s*(?:\]\]>)?\s*</")


@dataclass(frozen=True)
class GoogleMerchantFormat(TableFormat):
    """A Google Merchant feed, text or XML as its first bytes say."""

    def read(self, path: Path, options: ReadOptions) -> Iterator[RawRecord]:
        """Read a file record by record; see ``FeedFormat.read``."""
        if not is_xml(checked_file(path)):
            yield from super().read(path, options)
            return
        mapping = read_mapping(self.name, options.vendor, self.mapping_folder)
        changed_at = datetime.fromtimestamp(path.stat().st_mtime, UTC)
        yield from islice(_items(path, mapping, changed_at), options.limit)


def is_xml(path: Path) -> bool:
    """Whether a file begins as XML does."""
    with path.open("rb") as file:
        start = file.read(256)
    if start.startswith(UTF_16_MARKS):
        return start.decode("utf-16", errors="replace").lstrip().startswith("<")
    return start.removeprefix(b"\xef\xbb\xbf").lstrip().startswith(b"<")


def _items(path: Path, mapping: Mapping, changed_at: datetime) -> Iterator[RawRecord]:
    encoding = _encoding(path)
    with path.open(encoding=encoding, errors="surrogateescape") as file:
        prolog, pieces = _pieces(file)
        if prolog is None:
            raise InvalidInputError("path", path.name, "RSS 2.0 with <item> or Atom 1.0 with <entry> is accepted")
        root = _root(prolog)
        for text, complete in pieces:
            yield _raw(text, complete, root, mapping, path.parent, changed_at, encoding)


def _encoding(path: Path) -> str:
    with path.open("rb") as file:
        start = file.read(512)
    if start.startswith(UTF_16_MARKS):
        return "utf-16"
    declared = _DECLARED_ENCODING.search(start)
    name = declared.group(1).decode() if declared else "utf-8"
    try:
        "".encode(name)
    except LookupError as error:
        raise InvalidInputError("path", f"{path.name}: encoding {name}", "an encoding that exists is accepted") from error
    return "utf-8-sig" if name.lower() in ("utf-8", "utf8") else name


def _pieces(file: IO[str]) -> tuple[str | None, Iterator[tuple[str, bool]]]:
    """What stands before the first item, None when there is no item, and each item's text with whether it is whole."""
    buffer = ""
    while not (start := _START.search(buffer)):
        chunk = file.read(_CHUNK)
        if not chunk or len(buffer) > MAX_ITEM_CHARACTERS:
            return None, iter(())
        buffer += chunk
    return buffer[: start.start()], _cut(buffer[start.start() :], file)


def _cut(buffer: str, file: IO[str]) -> Iterator[tuple[str, bool]]:
    """Items from a buffer that begins with one, and from the file behind it; an item ends where it says or the next begins."""
    while start := _START.search(buffer):
        end = _outside_cdata(re.compile(f"</{start.group(1)}\\s*>"), buffer, start)
        following = _outside_cdata(_START, buffer, start)
        if end and (following is None or end.start() < following.start()):
            yield buffer[start.start() : end.end()], True
            buffer = buffer[end.end() :]
        elif following:
            yield buffer[start.start() : following.start()], False
            buffer = buffer[following.start() :]
        elif len(buffer) > MAX_ITEM_CHARACTERS:
            yield buffer[start.start() :][:_CHUNK], False
            buffer = buffer[start.end() :][-_CHUNK:]
        elif chunk := file.read(_CHUNK):
            buffer += chunk
        else:
            yield buffer[start.start() :], False
            return
        if not _START.search(buffer):
            buffer = _refilled(buffer, file)


def _refilled(buffer: str, file: IO[str]) -> str:
    """The buffer with as much of the file as it takes to hold the start of an item, or to know that there is none."""
    while not _START.search(buffer) and (chunk := file.read(_CHUNK)):
        buffer = buffer[-_TAG_CHARACTERS:] + chunk
    return buffer


def _outside_cdata(pattern: re.Pattern[str], buffer: str, start: re.Match[str]) -> re.Match[str] | None:
    """The first match behind the start of an item that is not text of a CDATA section."""
    for found in pattern.finditer(buffer, start.end()):
        opened = buffer.rfind("<![CDATA[", start.end(), found.start())
        if opened < 0 or buffer.find("]]>", opened, found.start()) >= 0:
            return found
    return None


def _root(prolog: str) -> str:
    """The start tag that items are parsed under: the feed's namespaces, and Google's where the feed forgot to declare it."""
    spaces = {"g": GOOGLE_NAMESPACE, **dict(_NAMESPACE.findall(prolog))}
    return "<feed" + "".join(f" xmlns:{name}={quoteattr(url)}" for name, url in spaces.items()) + ">"


def _raw(text: str, complete: bool, root: str, mapping: Mapping, folder: Path, changed_at: datetime, encoding: str) -> RawRecord:
    named = _ITEM_ID.search(text)
    subject = named.group(1) if named and not UNDECODED.search(named.group(1)) else None
    if UNDECODED.search(text):
        reason = f"holds bytes that are not {encoding.removesuffix('-sig').upper()}, the encoding that the feed names"
        return unreadable(text, reason, changed_at, subject=subject, code=Code.INVALID_ENCODING)
    if not complete:
        return unreadable(text, "the item has no end: the feed is cut off here, or a tag is missing", changed_at, subject=subject)
    try:
        item = fromstring(f"{root}{text}</feed>")[0]
    except (ParseError, DefusedXmlException, IndexError, ValueError) as error:
        return unreadable(text, f"not well-formed XML: {error}", changed_at, subject=subject)
    return raw_of(_record(item), mapping, folder, changed_at)


def _record(item: Element) -> dict[str, Any]:
    """An item's fields by their names without namespace; what Google's namespace says wins over RSS's own elements."""
    plain: dict[str, Any] = {}
    google: dict[str, Any] = {}
    for child in item:
        space, _, name = str(child.tag).rpartition("}")
        fields = google if space.removeprefix("{") == GOOGLE_NAMESPACE else plain
        value: Any = _record(child) if len(child) else (child.text or child.get("href") or "").strip()
        if name in fields:
            held = fields[name] if isinstance(fields[name], list) else [fields[name]]
            fields[name] = [*held, value]
        else:
            fields[name] = value
    return {**plain, **google}
