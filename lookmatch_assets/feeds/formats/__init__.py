"""Vendors' formats by name."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

from lookmatch_assets.feeds.codes import Code, RecordError
from lookmatch_assets.feeds.formats.base import FeedFormat, RawRecord, ReadOptions
from lookmatch_assets.feeds.formats.fashion_products import FashionProductsFormat
from lookmatch_assets.feeds.formats.myntra_style import MyntraStyleFormat
from lookmatch_assets.feeds.formats.tables import TableFormat

GOOGLE_MERCHANT_TSV = "google-merchant-tsv"
GOOGLE_MERCHANT = "google-merchant"
JAPANESE_CSV = "japanese-csv"
MYNTRA_STYLE = "myntra-style"
FASHION_PRODUCTS = "fashion-products"
FORMAT_NAMES = (GOOGLE_MERCHANT, GOOGLE_MERCHANT_TSV, MYNTRA_STYLE, JAPANESE_CSV, FASHION_PRODUCTS)

FORMAT_OF_SAMPLE = {"merchant_tsv": GOOGLE_MERCHANT, "style_json": MYNTRA_STYLE, "japanese_csv": JAPANESE_CSV}
"""What the sample catalogue's writers call their layouts -> the format that reads them."""


def canonical_format(name: str) -> str:
    """The name that packets carry for a format, whichever of its names was given."""
    return GOOGLE_MERCHANT if name == GOOGLE_MERCHANT_TSV else name


@lru_cache(maxsize=64)
def load_format(name: str, mapping_folder: Path | None = None) -> FeedFormat:
    """The format of that name.

    Args:
        name: one of ``FORMAT_NAMES``.
        mapping_folder: this installation's vendor mappings, ``<home>/vendors``.

    Raises:
        RecordError: ``unknown_format``.
    """
    name = canonical_format(name)
    if name in (GOOGLE_MERCHANT, JAPANESE_CSV):
        return TableFormat(name, mapping_folder)
    if name == MYNTRA_STYLE:
        return MyntraStyleFormat()
    if name == FASHION_PRODUCTS:
        return FashionProductsFormat()
    raise RecordError(Code.UNKNOWN_FORMAT, "format", name, f"{', '.join(FORMAT_NAMES)} are accepted")


__all__ = [
    "FASHION_PRODUCTS", "FORMAT_NAMES", "FORMAT_OF_SAMPLE", "GOOGLE_MERCHANT", "GOOGLE_MERCHANT_TSV", "JAPANESE_CSV",
    "MYNTRA_STYLE", "FeedFormat", "RawRecord", "ReadOptions", "canonical_format", "load_format",
]  # fmt: skip
