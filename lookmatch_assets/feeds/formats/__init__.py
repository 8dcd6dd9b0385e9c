"""Vendors' formats by name."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

from lookmatch_assets.feeds.codes import Code, RecordError
from lookmatch_assets.feeds.formats.base import FeedFormat, RawRecord, ReadOptions
from lookmatch_assets.feeds.formats.detecting import (
    FASHION_PRODUCTS,
    GOOGLE_MERCHANT,
    JAPANESE_CSV,
    JSON_LINES,
    JSON_SHAPES,
    MYNTRA_STYLE,
    SCHEMA_ORG,
    TABLE_SHAPES,
    detect_format,
)
from lookmatch_assets.feeds.formats.fashion_products import FashionProductsFormat
from lookmatch_assets.feeds.formats.google_merchant import GoogleMerchantFormat
from lookmatch_assets.feeds.formats.json_lines import JsonLinesFormat
from lookmatch_assets.feeds.formats.myntra_style import MyntraStyleFormat
from lookmatch_assets.feeds.formats.schema_org import SchemaOrgFormat
from lookmatch_assets.feeds.formats.tables import TableFormat

FORMAT_NAMES = (
    GOOGLE_MERCHANT, SCHEMA_ORG, JAPANESE_CSV, JSON_LINES, MYNTRA_STYLE, FASHION_PRODUCTS, *TABLE_SHAPES, *JSON_SHAPES
)  # fmt: skip
AUTO = "auto"
"""Stands for the format that ``detect_format`` finds."""

FORMAT_OF_SAMPLE = {"merchant_tsv": GOOGLE_MERCHANT, "style_json": MYNTRA_STYLE, "japanese_csv": JAPANESE_CSV}
"""What the sample catalogue's writers call their layouts -> the format that reads them."""

_OLD_NAMES = {"google-merchant-tsv": GOOGLE_MERCHANT}
"""Names that packets landed before may carry."""


@lru_cache(maxsize=64)
def load_format(name: str, mapping_folder: Path | None = None) -> FeedFormat:
    """The format of that name.

    Args:
        name: one of ``FORMAT_NAMES``.
        mapping_folder: this installation's vendor mappings, ``<home>/vendors``.

    Raises:
        RecordError: ``unknown_format``.
    """
    name = _OLD_NAMES.get(name, name)
    formats: dict[str, FeedFormat] = {
        GOOGLE_MERCHANT: GoogleMerchantFormat(GOOGLE_MERCHANT, mapping_folder),
        JAPANESE_CSV: TableFormat(JAPANESE_CSV, mapping_folder),
        JSON_LINES: JsonLinesFormat(JSON_LINES, mapping_folder),
        SCHEMA_ORG: SchemaOrgFormat(SCHEMA_ORG, mapping_folder),
        MYNTRA_STYLE: MyntraStyleFormat(MYNTRA_STYLE, mapping_folder),
        FASHION_PRODUCTS: FashionProductsFormat(),
        **{name: TableFormat(name, mapping_folder) for name in TABLE_SHAPES},
        **{name: JsonLinesFormat(name, mapping_folder) for name in JSON_SHAPES},
    }
    if name not in formats:
        raise RecordError(Code.UNKNOWN_FORMAT, "format", name, f"{', '.join(FORMAT_NAMES)} are accepted")
    return formats[name]


__all__ = [
    "AUTO", "FASHION_PRODUCTS", "FORMAT_NAMES", "FORMAT_OF_SAMPLE", "GOOGLE_MERCHANT", "JAPANESE_CSV", "JSON_LINES",
    "MYNTRA_STYLE", "SCHEMA_ORG", "FeedFormat", "RawRecord", "ReadOptions", "detect_format", "load_format",
]  # fmt: skip
