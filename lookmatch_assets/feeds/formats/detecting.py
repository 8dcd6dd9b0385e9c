"""Which format a feed is in, by its first bytes."""

from __future__ import annotations

import re
from pathlib import Path

from lookmatch_assets.feeds.formats.decoding import sample_of
from lookmatch_assets.feeds.formats.google_merchant import is_xml, is_xml_feed
from lookmatch_assets.feeds.formats.mapping import Mapping, format_named_by, read_mapping
from lookmatch_assets.feeds.formats.tables import checked_file, find_header, plain_name
from lookmatch_serving.errors import InvalidInputError

GOOGLE_MERCHANT = "google-merchant"
JAPANESE_CSV = "japanese-csv"
MYNTRA_STYLE = "myntra-style"
FASHION_PRODUCTS = "fashion-products"
SCHEMA_ORG = "schema-org"
JSON_LINES = "json-lines"

SHOPIFY_JSON = "shopify-json"
SHOPIFY_CSV = "shopify-csv"
WOOCOMMERCE_JSON = "woocommerce-json"
WOOCOMMERCE_CSV = "woocommerce-csv"
RAKUTEN_CSV = "rakuten-csv"
YAHOO_CSV = "yahoo-shopping-csv"
FACEBOOK_CSV = "facebook-csv"
AMAZON_FLAT_FILE = "amazon-flat-file"
GOOGLE_API = "google-merchant-api"
GOOGLE_CONTENT_API = "google-content-api"
JSON_SHAPES = (SHOPIFY_JSON, WOOCOMMERCE_JSON, GOOGLE_API, GOOGLE_CONTENT_API)
"""Formats of JSON records that their keys tell, those with the more telling keys first."""

TABLE_SHAPES = (SHOPIFY_CSV, WOOCOMMERCE_CSV, RAKUTEN_CSV, YAHOO_CSV, AMAZON_FLAT_FILE, FACEBOOK_CSV)
"""Tables that their headers tell."""

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
        return _of_json(start, vendor, mapping_folder)
    for name in TABLE_SHAPES:
        mapping = read_mapping(name, vendor, mapping_folder)
        if (header := find_header(path, mapping)) and _has_columns(header.columns, mapping):
            return name
    for name in (GOOGLE_MERCHANT, JAPANESE_CSV):
        if find_header(path, read_mapping(name, vendor, mapping_folder)):
            return name
    return None


def _of_json(start: bytes, vendor: str, mapping_folder: Path | None) -> str:
    for name in JSON_SHAPES:
        if _has_keys(start, read_mapping(name, vendor, mapping_folder)):
            return name
    return SCHEMA_ORG if _LINKED_DATA.search(start) else MYNTRA_STYLE if _STYLE.search(start) else JSON_LINES


def _has_keys(start: bytes, mapping: Mapping) -> bool:
    text = start.decode(errors="replace")
    return any(all(re.search(f'"{re.escape(key)}"\\s*:', text) for key in keys) for keys in mapping.recognised_by)


def _has_columns(columns: tuple[str, ...], mapping: Mapping) -> bool:
    held = {plain_name(name) for name in columns}
    return any(all(plain_name(name) in held for name in names) for names in mapping.recognised_by)
