"""Google Merchant feeds, by Google's product data specification: delimited text, RSS 2.0 and Atom 1.0.

An item of XML becomes the record that a row of text would be: names without their namespace, lists where a name repeats, and
markup inside a field as the text that it is. ``xml_items`` cuts a feed into items; each is parsed alone under the namespaces that
the feed declares. No document type can stand inside an item, so no entity is ever declared, and memory is bounded by an item.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from typing import Any
from xml.etree.ElementTree import Element, ParseError, fromstring
from xml.sax.saxutils import quoteattr

from lookmatch_assets.feeds.codes import Code
from lookmatch_assets.feeds.formats.base import RawRecord, ReadOptions, unreadable
from lookmatch_assets.feeds.formats.decoding import Encoding, encoding_of_xml, sample_of
from lookmatch_assets.feeds.formats.mapped import raw_of
from lookmatch_assets.feeds.formats.mapping import Mapping, read_mapping
from lookmatch_assets.feeds.formats.tables import TableFormat, checked_file, plain_name, spellings
from lookmatch_assets.feeds.formats.xml_items import Item, Items
from lookmatch_serving.errors import InvalidInputError

GOOGLE_NAMESPACE = "http://base.google.com/ns/1.0"
_GOOGLE = re.compile(r"https?://base\.google\.com/ns/1\.0/?", re.IGNORECASE)
_OF_THE_FEED = ("", "http://www.w3.org/2005/Atom", "http://purl.org/rss/1.0/", "http://backend.userland.com/rss2")
_RESERVED = ("xml", "xmlns")
_NAMESPACE = re.compile(r"""xmlns:([A-Za-z_][\w.-]{0,40})\s{0,9}=\s{0,9}["']([^"'<>]{1,200})["']""")
_PREFIX = re.compile(r"[<\s]/?([A-Za-z_][\w.-]{0,40}):[A-Za-z_]")
_FEED = re.compile(r"<(?:[A-Za-z_][\w.-]{0,40}:)?(?:rss|feed|item|entry|rdf|channel)[\s>]", re.IGNORECASE)
_ID = re.compile(
    r"<((?:[A-Za-z_][\w.-]{0,40}:)?)id\s{0,9}>(\s{0,9}<!\[CDATA\[[^\]<]{0,300}\]\]>\s{0,9}|[^<]{0,300})</", re.IGNORECASE
)
_MOST_LEVELS = 8
_INLINE = frozenset((
    "a", "abbr", "b", "bdi", "bdo", "big", "cite", "code", "del", "dfn", "em", "font", "i", "ins", "kbd", "label", "mark",
    "q", "s", "samp", "small", "span", "strike", "strong", "sub", "sup", "time", "tt", "u", "var", "wbr",
))  # fmt: skip
_HTML = _INLINE | frozenset((
    "article", "aside", "blockquote", "body", "br", "button", "caption", "center", "dd", "details", "div", "dl", "dt",
    "figcaption", "figure", "footer", "h1", "h2", "h3", "h4", "h5", "h6", "header", "hr", "html", "iframe", "img", "li",
    "main", "ol", "p", "picture", "pre", "script", "section", "style", "summary", "svg", "table", "tbody", "td", "tfoot",
    "th", "thead", "tr", "ul", "video",
))  # fmt: skip
"""Elements of HTML that descriptions hold; those that are not inline divide words."""

_UNSEEN = ("script", "style")


@dataclass(frozen=True)
class GoogleMerchantFormat(TableFormat):
    """A Google Merchant feed, text or XML as its first bytes say."""

    def read(self, path: Path, options: ReadOptions) -> Iterator[RawRecord]:
        """Read a file record by record; see ``FeedFormat.read``."""
        if not is_xml_feed(checked_file(path)):
            yield from super().read(path, options)
            return
        mapping = read_mapping(self.name, options.vendor, self.mapping_folder)
        yield from islice(_records(path, mapping), options.limit)


def is_xml(path: Path) -> bool:
    """Whether a file begins as XML and HTML do."""
    return _start_of(sample_of(path)).startswith("<")


def is_xml_feed(path: Path) -> bool:
    """Whether a file begins as XML does and has elements of a feed, whatever else a server printed before it."""
    start = _start_of(sample_of(path))
    return start.startswith("<") and _FEED.search(start) is not None


def _start_of(sample: bytes) -> str:
    return encoding_of_xml(sample).decode(sample).lstrip("\ufeff \t\r\n")


@dataclass(frozen=True)
class _Feed:
    """What the items of a feed share.

    Attributes:
        spelling: a name as ``plain_name`` has it -> as the mapping spells it.
        kinds: tag -> whether it is Google's (2), the feed's own (1) or another's (0), and its name; filled as tags appear.
    """

    path: Path
    mapping: Mapping
    encoding: Encoding
    changed_at: datetime
    spaces: dict[str, str]
    spelling: dict[str, str]
    kinds: dict[str, tuple[int, str]] = field(default_factory=dict)

    def unreadable(self, item: Item, fault: str, code: Code = Code.MALFORMED_RECORD) -> RawRecord:
        """The record of an item that cannot be read, with the id that it would have had."""
        return unreadable(item.text, fault, self.changed_at, subject=_id_in(item.text), code=code)

    def kind(self, tag: str) -> tuple[int, str]:
        """See ``kinds``."""
        found = self.kinds.get(tag)
        if found is None:
            space, _, name = tag.rpartition("}")
            space = space.removeprefix("{")
            rank = 2 if _GOOGLE.fullmatch(space) else int(space in _OF_THE_FEED)
            found = self.kinds[tag] = (rank, self.spelling.get(plain_name(name), name))
        return found


def _records(path: Path, mapping: Mapping) -> Iterator[RawRecord]:
    encoding = encoding_of_xml(sample_of(path))
    changed_at = datetime.fromtimestamp(path.stat().st_mtime, UTC)
    feed: _Feed | None = None
    with encoding.open(path) as text:
        items = Items(text)
        for item in items:
            feed = feed or _Feed(path, mapping, encoding, changed_at, _namespaces(items.prolog), spellings(mapping))
            yield _raw(item, feed)
    if feed is None:
        raise InvalidInputError("path", path.name, "RSS 2.0 with <item> or Atom 1.0 with <entry> is accepted")


def _namespaces(prolog: str) -> dict[str, str]:
    """The feed's prefixes, and Google's where the feed forgot to declare it."""
    found = {"g": GOOGLE_NAMESPACE, **dict(_NAMESPACE.findall(prolog))}
    return {prefix: url for prefix, url in found.items() if prefix not in _RESERVED}


def _raw(item: Item, feed: _Feed) -> RawRecord:
    if feed.encoding.undecoded(item.text):
        reason = f"holds bytes that are not {feed.encoding.name}, as which the rest of the feed reads"
        return feed.unreadable(item, reason, Code.INVALID_ENCODING)
    if item.fault is not None:
        return feed.unreadable(item, item.fault, Code.TOO_LARGE if item.too_large else Code.MALFORMED_RECORD)
    try:
        record = _record(_parsed(item.text, feed.spaces), feed)
    except (ParseError, ValueError) as error:
        return feed.unreadable(item, f"not well-formed XML: {error}")
    return raw_of(record, feed.mapping, feed.path.parent, feed.changed_at)


def _parsed(text: str, spaces: dict[str, str]) -> Element:
    """An item's element; a prefix that the feed does not declare stands for itself.

    Raises:
        ParseError: not well-formed.
    """
    try:
        return _below(text, spaces)
    except ParseError as error:
        if "unbound prefix" not in str(error):
            raise
    unbound = {prefix: prefix for prefix in _PREFIX.findall(text) if prefix not in (*spaces, *_RESERVED)}
    return _below(text, {**spaces, **unbound})


def _below(text: str, spaces: dict[str, str]) -> Element:
    root = "<feed" + "".join(f" xmlns:{name}={quoteattr(url)}" for name, url in spaces.items()) + ">"
    parsed = fromstring(f"{root}{text}</feed>")  # noqa: S314  expat takes no document type behind a start tag
    if len(parsed) != 1:
        raise ParseError(f"{len(parsed)} elements where one item is expected")
    return parsed[0]


def _id_in(text: str) -> str | None:
    """The id in the text of an item that cannot be parsed, Google's before the feed's own."""
    found = [(prefix, html.unescape(_without_cdata(said)).strip()) for prefix, said in _ID.findall(text)]
    found = [(prefix, said) for prefix, said in found if said and said.isprintable()]
    return next((said for prefix, said in sorted(found, key=lambda one: not one[0])), None)


def _without_cdata(text: str) -> str:
    return text.strip().removeprefix("<![CDATA[").removesuffix("]]>")


def _record(item: Element, feed: _Feed) -> dict[str, Any]:
    """An item's fields by name; what Google's namespace says wins over the feed's own elements, and those over all others."""
    ranked: tuple[dict[str, Any], ...] = ({}, {}, {})
    for child in item:
        rank, name = feed.kind(child.tag)
        value = _value(child, feed, _MOST_LEVELS)
        if value is not None:
            _add(ranked[rank], name, value)
    return {**ranked[0], **ranked[1], **ranked[2]}


def _add(fields: dict[str, Any], name: str, value: Any) -> None:
    """Set a field, or make it a list where it is set already."""
    if name not in fields:
        fields[name] = value
    elif isinstance(fields[name], list):
        fields[name].append(value)
    else:
        fields[name] = [fields[name], value]


def _value(element: Element, feed: _Feed, levels: int) -> Any:
    """What an element says: its text, or of one that holds elements of the feed these; None for a link elsewhere."""
    if not len(element):
        address = element.get("href")
        if address is not None and not (element.text or "").strip():
            return address.strip() if element.get("rel", "alternate") == "alternate" else None
        return (element.text or "").strip()
    if _is_markup(element, feed):
        return " ".join("".join(_texts(element, feed)).split())
    if levels == 0:
        raise ValueError(f"elements within elements, more than {_MOST_LEVELS} levels deep")
    nested: dict[str, Any] = {}
    for child in element:
        _add(nested, feed.kind(child.tag)[1], _value(child, feed, levels - 1))
    return nested


def _is_markup(element: Element, feed: _Feed) -> bool:
    """Whether the elements in an element mark up its text: they are HTML's, or stand amid text."""
    if (element.text or "").strip() or any((child.tail or "").strip() for child in element):
        return True
    return all(feed.kind(child.tag)[1].lower() in _HTML for child in element)


def _texts(element: Element, feed: _Feed) -> Iterator[str]:
    """The texts in an element, divided by spaces where elements divide words."""
    open_elements: list[tuple[Element, Iterator[Element]]] = [(element, iter(element))]
    yield element.text or ""
    while open_elements:
        parent, children = open_elements[-1]
        child = next(children, None)
        if child is None:
            open_elements.pop()
            yield _divider(parent, feed)
            yield parent.tail or "" if open_elements else ""
            continue
        yield _divider(child, feed)
        if feed.kind(child.tag)[1].lower() in _UNSEEN:
            yield child.tail or ""
            continue
        yield child.text or ""
        open_elements.append((child, iter(child)))


def _divider(element: Element, feed: _Feed) -> str:
    return "" if feed.kind(element.tag)[1].lower() in _INLINE else " "
