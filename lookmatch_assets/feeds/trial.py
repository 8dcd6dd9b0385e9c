"""A first look at a feed or a shop's page, by address or on disk: its format, what is wrong with it, and what would be shown."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from urllib.parse import unquote, urljoin, urlsplit

from babel.numbers import format_currency

from lookmatch_assets.feeds.currency_symbols import decimals_of
from lookmatch_assets.feeds.doctor import Report, examine
from lookmatch_assets.feeds.formats import AUTO, ReadOptions, detect_format, load_format
from lookmatch_assets.feeds.packet import sendable_packet
from lookmatch_assets.feeds.publisher import FeedFile, packet_of
from lookmatch_assets.feeds.reading import Accepted, read_entry
from lookmatch_assets.feeds.record import FeedRecord
from lookmatch_serving.errors import InvalidInputError
from lookmatch_serving.fetching import FetchLimits, fetch_body

SHOWN_PRODUCTS = 10
MAX_FEED_BYTES = 64 * 2**20
_SECONDS = 60.0
_ACCEPT = "text/html,application/xml,application/json,text/csv,text/tab-separated-values,text/plain,*/*;q=0.5"
_LOCALES = {"IN": "en_IN", "US": "en_US", "JP": "ja_JP"}


@dataclass(frozen=True)
class ShownProduct:
    """What shoppers would see of a product; prices are in the market's format, ``price`` what is paid now."""

    id: str
    title: str
    brand: str | None
    price: str | None
    price_before: str | None
    availability: str
    colour: str | None
    sizes: list[str]
    image_url: str
    product_url: str | None


@dataclass(frozen=True)
class Trial:
    """What came of trying a feed.

    Attributes:
        format: its name, found or given.
        report: of the whole feed, each record counted as new.
        products: the first ``SHOWN_PRODUCTS`` that would be accepted.
    """

    source: str
    format: str
    report: Report
    products: list[ShownProduct]

    def as_json(self) -> dict[str, Any]:
        """The trial as JSON-able values."""
        products = [asdict(product) for product in self.products]
        return {"source": self.source, "format": self.format, "products": products, **self.report.as_json()}


def try_feed(
    source: str,
    market: str,
    vendor: str,
    format_name: str = AUTO,
    *,
    mapping_folder: Path | None = None,
    allow_private_addresses: bool = False,
) -> Trial:
    """Read a feed as ingestion would, and keep nothing of it.

    Args:
        source: http or https address of a feed or of a page with products, or a path.
        market: where it is sold.
        vendor: whose it is; a mapping of that name is used.
        format_name: ``auto``, or how it is written.
        mapping_folder: this installation's vendor mappings.
        allow_private_addresses: also fetch from private addresses (development only).

    Raises:
        InvalidInputError: the address is refused, there is no such file, or it is in no known format.
        UpstreamError: the address did not answer usefully.
    """
    with _at_hand(source, allow_private_addresses) as path, TemporaryDirectory() as workspace:
        name = detect_format(path, vendor, mapping_folder) if format_name == AUTO else format_name
        feed = FeedFile(vendor, market, name, path)
        options = ReadOptions(Path(workspace), vendor, extract=False)
        report = examine(path, feed, options, mapping_folder=mapping_folder)
        base = source if _is_address(source) else None
        records = _accepted(feed, options, mapping_folder)
        return Trial(source, name, report, [_shown(record, market, path.parent, base) for record in records])


@contextmanager
def _at_hand(source: str, allow_private_addresses: bool) -> Iterator[Path]:
    """The file to read; one that was fetched is gone behind the block."""
    if not _is_address(source):
        path = Path(source).resolve()
        if not path.exists():
            raise InvalidInputError("source", source, "an http or https address, or a file or folder that exists, is accepted")
        yield path
        return
    limits = FetchLimits(_SECONDS, MAX_FEED_BYTES, allow_private_addresses)
    body = fetch_body(source, limits, accept=_ACCEPT, field="source")
    with TemporaryDirectory() as folder:
        path = Path(folder).resolve() / (Path(unquote(urlsplit(source).path)).name.replace("\0", "") or "page")
        path.write_bytes(body)
        yield path


def _is_address(source: str) -> bool:
    return source.lower().startswith(("http://", "https://"))


def _accepted(feed: FeedFile, options: ReadOptions, mapping_folder: Path | None) -> Iterator[FeedRecord]:
    left = SHOWN_PRODUCTS
    for raw in load_format(feed.format, mapping_folder).read(feed.path, options):
        read = read_entry(sendable_packet(packet_of(raw, feed)), mapping_folder)
        if isinstance(read, Accepted) and read.record:
            yield read.record
            left -= 1
        if not left:
            return


def _shown(record: FeedRecord, market: str, folder: Path, base: str | None) -> ShownProduct:
    on_sale = record.sale_price_minor is not None and _holds_now(record)
    paid = record.sale_price_minor if on_sale else record.price_minor
    picture = record.image_url
    beside = folder.as_uri() + "/"
    if base and picture.startswith(beside):
        picture = urljoin(base, picture.removeprefix(beside))
    return ShownProduct(
        id=record.vendor_product_id,
        title=record.title,
        brand=record.brand,
        price=_price(paid, record.currency, market),
        price_before=_price(record.price_minor, record.currency, market) if on_sale else None,
        availability=str(record.availability),
        colour=record.colour,
        sizes=[size.size for size in record.sizes],
        image_url=picture,
        product_url=record.product_url,
    )


def _holds_now(record: FeedRecord) -> bool:
    now = datetime.now(UTC)
    return (record.sale_from is None or record.sale_from <= now) and (record.sale_until is None or now < record.sale_until)


def _price(minor: int | None, currency: str | None, market: str) -> str | None:
    if minor is None or currency is None:
        return None
    return str(format_currency(minor / 10 ** decimals_of(currency), currency, locale=_LOCALES[market]))
