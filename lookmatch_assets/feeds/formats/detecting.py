"""Which format a feed is in, by its first bytes."""

from __future__ import annotations

import re
from pathlib import Path

from lookmatch_assets.feeds.formats.decoding import sample_of
from lookmatch_assets.feeds.formats.google_merchant import is_xml, is_xml_feed
from lookmatch_assets.feeds.formats.mapping import format_named_by, read_mapping
from lookmatch_assets.feeds.formats.tables import checked_file, find_header
from lookmatch_serving.errors import InvalidInputError

GOOGLE_MERCHANT = "google-merchant"
JAPANESE_CSV = "japanese-csv"
MYNTRA_STYLE = "myntra-style"
FASHION_PRODUCTS = "fashion-products"
SCHEMA_ORG = "schema-org"
JSON_LINES = "json-lines"

_LINKED_DATA = re.compile(rb"""schema\.org|"@type"|"@graph"|application/ld\+json""")
_STYLE = re.compile(rb'"(styleOptions|productDisplayName|styleImages)"')


def detect_format(path: Path, vendor: str, mapping_folder: Path | None = None) -> str:
    """The format of a feed: what the vendor's own mapping names, else what the content looks like.

    Args:
        path: file or folder of the feed.
        vendor: whose feed it is.
        mapping_folder: ``<home>/vendors``.

    Raises:
        InvalidInputError: it looks like no known format; the message says how to name one.
    """
    named = format_named_by(vendor, mapping_folder)
    found = named or (_of_folder(path) if path.is_dir() else _of_file(checked_file(path), vendor, mapping_folder))
    if found is None:
        raise InvalidInputError("format", path.name, "it looks like no known format; name it, or map its columns in a file")
    return found


def _of_folder(path: Path) -> str | None:
    if (path / "styles.csv").is_file():
        return FASHION_PRODUCTS
    return MYNTRA_STYLE if any(path.glob("*.json")) else None


def _of_file(path: Path, vendor: str, mapping_folder: Path | None) -> str | None:
    start = sample_of(path)
    if path.name == "styles.csv":
        return FASHION_PRODUCTS
    if is_xml(path) and b"application/ld+json" in start:
        return SCHEMA_ORG
    if is_xml_feed(path):
        return GOOGLE_MERCHANT
    if start.removeprefix(b"\xef\xbb\xbf").lstrip()[:1] in (b"{", b"["):
        return SCHEMA_ORG if _LINKED_DATA.search(start) else MYNTRA_STYLE if _STYLE.search(start) else JSON_LINES
    for name in (GOOGLE_MERCHANT, JAPANESE_CSV):
        if find_header(path, read_mapping(name, vendor, mapping_folder)):
            return name
    return None
