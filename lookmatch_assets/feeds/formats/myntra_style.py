"""Style records as JSON: a folder of ``<id>.json`` with ``<id>.jpg`` beside each, or one record a line in a file.

A record may lie within ``{"data": ...}``, as the site served it. The price is the list price; a lower ``discountedPrice`` is
the sale price.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo
from itertools import islice
from pathlib import Path
from typing import Any

from lookmatch_assets.feeds.codes import Code, RecordError
from lookmatch_assets.feeds.formats.base import (
    RawRecord,
    ReadOptions,
    currency_of,
    picture_beside,
    refuse_unreadable,
    unreadable,
)
from lookmatch_assets.feeds.formats.json_lines import parse_json
from lookmatch_assets.feeds.formats.mapping import read_settings
from lookmatch_assets.feeds.money import Money, money_of_number, not_zero, sale_below
from lookmatch_assets.feeds.record import (
    Availability,
    FeedRecord,
    SizeStock,
    clean_address,
    clean_description,
    clean_image_url,
    clean_link,
    clean_text,
    clean_title,
    parse_time,
    valid_subject,
)
from lookmatch_serving.errors import InvalidInputError
from lookmatch_serving.settings import Market

_MAX_RECORD_BYTES = 4 * 2**20
_NOT_AVAILABLE = {"NA", "N/A", "None", ""}
_PICTURE_SUFFIXES = (".jpg", ".jpeg", ".png", ".webp")
_VIEWS = ("front", "back", "left", "right", "top", "bottom")


@dataclass(frozen=True)
class MyntraStyleFormat:
    """Style records as JSON."""

    name: str = "myntra-style"
    mapping_folder: Path | None = None

    def read(self, path: Path, options: ReadOptions) -> Iterator[RawRecord]:
        """Read a folder of records or a file of one a line; see ``FeedFormat.read``."""
        zone = read_settings(self.name, options.vendor, self.mapping_folder).zone
        if path.is_dir():
            files = sorted(path.glob("*.json"))
            if not files:
                raise InvalidInputError("path", str(path), "a folder with <id>.json files is accepted")
            yield from (_of_file(file, zone) for file in islice(files, options.limit))
        elif path.is_file():
            changed_at = datetime.fromtimestamp(path.stat().st_mtime, UTC)
            with path.open("rb") as file:
                lines = (line for line in file if line.strip())
                yield from (_of_line(line, path.parent, changed_at, zone) for line in islice(lines, options.limit))
        else:
            raise InvalidInputError("path", str(path), "an existing folder or file is accepted")

    def parse(self, raw: RawRecord, market: Market, vendor: str) -> FeedRecord:
        """Read a style; see ``FeedFormat.parse``."""
        data = refuse_unreadable(raw.data)
        style = data["data"] if isinstance(data.get("data"), dict) else data
        details = style.get("articleAttributes")
        details = details if isinstance(details, dict) else {}
        types = [_known(_nested(style, level, "typeName")) for level in ("masterCategory", "subCategory", "articleType")]
        settings = read_settings(self.name, vendor, self.mapping_folder)
        price, sale = _prices(style, market, settings.zero_prices)
        sizes = _sizes(style)
        return FeedRecord(
            vendor_product_id=valid_subject(_subject(style)),
            group_id=_known(style.get("groupId")),
            title=clean_title(style.get("productDisplayName"), "productDisplayName"),
            description=clean_description(_nested(style, "productDescriptors", "description", "value")),
            brand=_known(style.get("brandName")),
            category=types[-1],
            category_path=" > ".join(part for part in types if part) or None,
            gender=_known(style.get("gender")),
            age_group=_known(style.get("ageGroup")),
            colour=_known(style.get("baseColour")),
            pattern=_known(details.get("Pattern")),
            sleeve=_known(details.get("Sleeve Length")),
            material=_known(details.get("Fabric")) or _known(details.get("Material")),
            usage=_known(style.get("usage")),
            sizes=sizes,
            image_url=clean_image_url(raw.image_url or _image(style), "styleImages.default.imageURL"),
            additional_image_urls=_more_images(style),
            product_url=clean_link(style.get("landingPageUrl")),
            price_minor=price.minor,
            currency=price.currency,
            sale_price_minor=sale.minor if sale else None,
            tax_included=True if market == Market.INDIA else None,  # Indian law makes the MRP include all taxes
            availability=Availability.IN_STOCK if _any_in_stock(sizes) else Availability.OUT_OF_STOCK,
            updated_at=parse_time(style.get("updatedAt"), "updatedAt", settings.zone),
        )


def _of_file(file: Path, zone: tzinfo) -> RawRecord:
    changed_at = datetime.fromtimestamp(file.stat().st_mtime, UTC)
    if file.stat().st_size > _MAX_RECORD_BYTES:
        return unreadable(file.name, f"more than {_MAX_RECORD_BYTES} bytes", changed_at, subject=file.stem, code=Code.TOO_LARGE)
    raw = _of_line(file.read_bytes(), file.parent, changed_at, zone)
    beside = next((file.with_suffix(suffix) for suffix in _PICTURE_SUFFIXES if file.with_suffix(suffix).is_file()), None)
    return RawRecord(raw.data, raw.subject, beside.resolve().as_uri() if beside else raw.image_url, raw.changed_at)


def _of_line(line: bytes, folder: Path, changed_at: datetime, zone: tzinfo) -> RawRecord:
    data = parse_json(line, changed_at)
    if isinstance(data, RawRecord):
        return data
    if not isinstance(data, dict):
        return unreadable(line[:2_000].decode(errors="replace"), "not a JSON object", changed_at)
    style = data["data"] if isinstance(data.get("data"), dict) else data
    try:
        moment = parse_time(style.get("updatedAt"), "updatedAt", zone) or changed_at
    except RecordError:
        moment = changed_at  # parse refuses the record for it
    return RawRecord(data, _subject(style), picture_beside(_image(style), folder), moment)


def _subject(style: dict[str, Any]) -> str | None:
    found = style.get("id")
    return str(found).strip() or None if isinstance(found, int | str) and not isinstance(found, bool) else None


def _image(style: dict[str, Any]) -> Any:
    return _nested(style, "styleImages", "default", "imageURL") or _nested(style, "styleImages", "search", "imageURL")


def _more_images(style: dict[str, Any]) -> list[str]:
    urls = [_nested(style, "styleImages", view, "imageURL") for view in _VIEWS]
    return [url for said in urls if said and (url := clean_address(said)).startswith(("http://", "https://"))]


def _prices(style: dict[str, Any], market: Market, zero_accepted: bool) -> tuple[Money, Money | None]:
    if style.get("price") is None:
        raise RecordError(Code.MISSING_PRICE, "price", None, "empty")
    named = style.get("currency")
    currency = named if isinstance(named, str) and named else currency_of(market)
    price = not_zero(money_of_number(style["price"], currency, "price"), zero_accepted, "price", style["price"])
    if style.get("discountedPrice") is None:
        return price, None
    paid = money_of_number(style["discountedPrice"], currency, "discountedPrice")
    return price, sale_below(price, paid, "discountedPrice", style["discountedPrice"])


def _sizes(style: dict[str, Any]) -> list[SizeStock]:
    options = style.get("styleOptions")
    if options is None:
        return []
    if not isinstance(options, list) or not all(isinstance(option, dict) for option in options):
        raise RecordError(Code.MALFORMED_RECORD, "styleOptions", options, "not a list of objects")
    sizes = []
    for option in options:
        size = clean_text(option.get("value"))
        if size is not None and option.get("active") is not False:
            sizes.append(SizeStock(size=size, stock=_stock(option)))
    return sizes


def _stock(option: dict[str, Any]) -> int | None:
    """Pieces of a size; 0 where the record says that it is not available, None where it gives no number."""
    count = option.get("inventoryCount")
    if option.get("available") is False:
        return 0
    return max(count, 0) if isinstance(count, int) and not isinstance(count, bool) else None


def _any_in_stock(sizes: list[SizeStock]) -> bool:
    return any(size.stock is None or size.stock > 0 for size in sizes)


def _known(value: object) -> str | None:
    text = clean_text(value)
    return None if text is None or text in _NOT_AVAILABLE else text


def _nested(value: Any, *keys: str) -> Any:
    for key in keys:
        value = value.get(key) if isinstance(value, dict) else None
    return value
