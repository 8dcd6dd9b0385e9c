"""Items of an RSS or Atom feed, cut out of its text before an XML parser sees them.

An XML parser ends at the first mistake, and a whole feed would be lost behind one unescaped ampersand; one that recovers, such as
lxml's, mends in silence: it drops the ampersand, or nests the next items in one that has no end. So the feed is cut here, by a
walk over its item tags, comments, CDATA sections, processing instructions and document type alone, and each item is then parsed
by itself: a damaged item costs itself. An item in a comment is none. The walk is linear, and holds one item at a time.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TextIO

MAX_ITEM_CHARACTERS = 4 * 2**20
PROLOG_CHARACTERS = 1 << 20
_CHUNK = 1 << 20
_TAG_CHARACTERS = 256
"""Longer than any mark, so that none is divided between two chunks."""

_TAG = r"(?P<end>/?)(?P<name>(?:[A-Za-z_][\w.-]{0,40}:)?(?:item|entry))(?=[\s/>])"
_MARK = re.compile(rf"<(?:(?P<opener>!--|!\[CDATA\[|\?|!DOCTYPE)|{_TAG})")
_MARK_OR_CLOSER = re.compile(rf"{_MARK.pattern}|(?P<closer>-->|\]\]>)")
_BOUNDARY = re.compile(f"<{_TAG}")
_CLOSERS = {"!--": "-->", "![CDATA[": "]]>", "?": "?>"}
_TITLES = {"-->": "a comment", "]]>": "a CDATA section"}


@dataclass(frozen=True)
class Item:
    """An item's text.

    Attributes:
        text: from its start tag to its end tag; cut to ``MAX_ITEM_CHARACTERS``.
        fault: why it is not whole; None for one that is.
        too_large: whether it is cut.
    """

    text: str
    fault: str | None = None
    too_large: bool = False


class Items:
    """Cuts a text into its items, in their order; to be gone through once.

    A comment or CDATA section ends where XML says. One whose text begins another of its kind behind the boundary of an item, or
    that has no end within ``MAX_ITEM_CHARACTERS``, was not closed: the item that it stands in ends at that boundary and is
    damaged; outside of items, those up to its end are damaged, since nobody knows whether they are meant to be sold.

    Attributes:
        prolog: what stands before the first item, cut to ``PROLOG_CHARACTERS``; whole once that item is there.
    """

    def __init__(self, text: TextIO) -> None:
        self.prolog = ""
        self._text = text
        self._buffer = ""
        self._base = 0  # of the buffer in the text; so are all positions
        self._at = 0
        self._ended = False
        self._start: int | None = None
        self._name: str | None = None
        self._unclosed: str | None = None
        self._doubt: str | None = None
        self._sought: dict[str, tuple[int, int, int]] = {}

    def __iter__(self) -> Iterator[Item]:
        while (mark := self._next(_MARK_OR_CLOSER if self._unclosed else _MARK)) or self._overlong:
            if mark:
                yield from self._read(mark)
            if self._overlong:
                yield self._cut(self._at, None)
        if self._start is not None:
            fault = "the item has no end: the feed is cut off here, or a tag is missing"
            yield self._cut(self._base + len(self._buffer), fault)

    def _read(self, mark: re.Match[str]) -> Iterator[Item]:
        begin, self._at = self._base + mark.start(), self._base + mark.end()
        if mark["opener"] == "!DOCTYPE":
            self._skip_document_type()
        elif mark["opener"]:
            yield from self._opened(mark["opener"])
        elif self._unclosed and mark["closer"]:
            self._closed(mark["closer"])
        elif self._start is None or mark["name"] == self._name:
            yield from self._tag(begin, mark["name"], bool(mark["end"]))

    @property
    def _overlong(self) -> bool:
        return self._start is not None and self._at - self._start > MAX_ITEM_CHARACTERS

    def _tag(self, begin: int, name: str, is_end: bool) -> Iterator[Item]:
        """What an item's start tag or end tag at a position ends."""
        if not is_end:
            if self._start is not None:
                yield self._cut(begin, "the item has no end: the next one begins in it")
            elif self._name is None:
                self.prolog = (self.prolog + self._between(self._base, begin))[:PROLOG_CHARACTERS]
            self._start, self._name = begin, name
            self._doubt = f"stands in {_TITLES[self._unclosed]} that is not closed" if self._unclosed else None
        elif self._start is not None:
            end = self._find(">", self._at, _TAG_CHARACTERS)
            self._at = self._at if end is None else end + 1
            yield self._cut(self._at, self._doubt)

    def _opened(self, opener: str) -> Iterator[Item]:
        """What a comment, CDATA section or processing instruction ends, which is nothing unless it is not closed."""
        closer = _CLOSERS[opener]
        end = self._find(closer, self._at, MAX_ITEM_CHARACTERS)
        again = None if end is None else self._position(f"<{opener}", self._at, end)
        if end is not None and (again is None or not self._boundary(self._at, again)):
            self._at = end + len(closer)
            self._closed(closer)
        elif closer in _TITLES and self._start is None:
            self._unclosed = self._unclosed or closer
        elif closer in _TITLES and (boundary := self._next(_BOUNDARY)):
            self._at = self._base + (boundary.end() if boundary["end"] else boundary.start())
            yield self._cut(self._at, f"{_TITLES[closer]} is not closed")

    def _closed(self, closer: str) -> None:
        if closer == self._unclosed:
            self._unclosed = None

    def _cut(self, end: int, fault: str | None) -> Item:
        """The item in hand, up to a position."""
        begin = end if self._start is None else self._start
        self._start = None
        if end - begin > MAX_ITEM_CHARACTERS:
            return Item(self._between(begin, begin + MAX_ITEM_CHARACTERS), f"more than {MAX_ITEM_CHARACTERS} characters", True)
        return Item(self._between(begin, end), fault)

    def _skip_document_type(self) -> None:
        if self._name is None and (end := self._find(">", self._at, PROLOG_CHARACTERS)) is not None:
            subset = self._position("[", self._at, end)
            end = end if subset is None else self._find("]>", self._at, PROLOG_CHARACTERS)
            self._at = self._at if end is None else end + 1

    def _next(self, pattern: re.Pattern[str]) -> re.Match[str] | None:
        """The next match; None when there is none in the rest of the text, or in an item that is too large already."""
        while not (found := pattern.search(self._buffer, self._at - self._base)):
            self._at = max(self._at, self._base + len(self._buffer) - _TAG_CHARACTERS)
            if self._overlong or not self._more():
                return None
        return found

    def _find(self, wanted: str, begin: int, within: int) -> int | None:
        """Where a text stands next behind a position; None when it does not within so many characters.

        What was looked through before is not looked through again, so that many openers without a closer cost no more than one.
        """
        since, until, found = self._sought.get(wanted, (begin, begin, -1))
        if not since <= begin <= until:
            since, until, found = begin, begin, -1
        if found >= begin:
            return found if found - begin <= within else None
        while True:
            found = self._buffer.find(wanted, max(until - len(wanted) + 1, begin) - self._base)
            until = self._base + (len(self._buffer) if found < 0 else found)
            self._sought[wanted] = (since, until, found if found < 0 else until)
            if found >= 0:
                return until if until - begin <= within else None
            if until - begin > within or not self._more():
                return None

    def _position(self, wanted: str, begin: int, end: int) -> int | None:
        found = self._buffer.find(wanted, begin - self._base, end - self._base)
        return None if found < 0 else found + self._base

    def _boundary(self, begin: int, end: int) -> bool:
        return _BOUNDARY.search(self._buffer, begin - self._base, end - self._base) is not None

    def _between(self, begin: int, end: int) -> str:
        return self._buffer[begin - self._base : end - self._base]

    def _more(self) -> bool:
        """Read on, keeping what is still wanted; whether there was more."""
        chunk = "" if self._ended else self._text.read(_CHUNK)
        self._ended = not chunk
        if self._ended:
            return False
        keep = (self._at if self._start is None else self._start) - self._base
        if self._name is None:
            self.prolog = (self.prolog + self._buffer[:keep])[:PROLOG_CHARACTERS]
        self._buffer = self._buffer[keep:] + chunk
        self._base += keep
        return True
