"""schema.org Product and ProductGroup as JSON-LD: a document, a ``@graph``, an array, one a line, or in the scripts of a page.

Fields as Google's merchant listing structured data names them. Each variant of a group is a product of its own; it says of
itself what it says, and its group, kept under ``isVariantOf``, says the rest.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from html.parser import HTMLParser
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
from lookmatch_assets.feeds.formats.google_merchant import is_xml
from lookmatch_assets.feeds.formats.json_lines import MAX_DOCUMENT_BYTES, read_json_values
from lookmatch_assets.feeds.formats.tables import checked_file
from lookmatch_assets.feeds.money import Money, money_of_number
from lookmatch_assets.feeds.record import (
    Availability,
    FeedRecord,
    SizeStock,
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

AVAILABILITY = {
    "InStock": Availability.IN_STOCK,
    "InStoreOnly": Availability.IN_STOCK,
    "LimitedAvailability": Availability.IN_STOCK,
    "OnlineOnly": Availability.IN_STOCK,
    "OutOfStock": Availability.OUT_OF_STOCK,
    "SoldOut": Availability.OUT_OF_STOCK,
    "Discontinued": Availability.OUT_OF_STOCK,
    "Reserved": Availability.OUT_OF_STOCK,
    "PreOrder": Availability.PREORDER,
    "PreSale": Availability.PREORDER,
    "BackOrder": Availability.BACKORDER,
    "MadeToOrder": Availability.BACKORDER,
}
"""Members of https://schema.org/ItemAvailability."""

_GROUP = "isVariantOf"
_LIST_PRICES = {"ListPrice", "StrikethroughPrice", "SRP", "MSRP"}
_DEPTH = 12


@dataclass(frozen=True)
class SchemaOrgFormat:
    """schema.org products as JSON-LD."""

    name: str = "schema-org"

    def read(self, path: Path, options: ReadOptions) -> Iterator[RawRecord]:
        """Read a file product by product; see ``FeedFormat.read``."""
        changed_at = datetime.fromtimestamp(checked_file(path).stat().st_mtime, UTC)
        values = _scripts(path, changed_at) if is_xml(path) else read_json_values(path, changed_at)
        yield from islice(_records(values, path.parent, changed_at), options.limit)

    def parse(self, raw: RawRecord, market: Market, vendor: str) -> FeedRecord:
        """Read a product; see ``FeedFormat.parse``."""
        product = refuse_unreadable(raw.data)
        offer = _offer(product)
        price, sale, tax_included = _prices(offer, market)
        size, system = _size(product)
        audience = _first(_said(product, "audience"))
        categories = _texts(_said(product, "category"))
        pictures = _pictures(_said(product, "image"))
        until = offer.get("priceValidUntil") if sale else None
        return FeedRecord(
            vendor_product_id=valid_subject(_id(product), "sku"),
            group_id=clean_text(_group(product).get("productGroupID") or product.get("inProductGroupWithID")),
            title=clean_title(_said(product, "name"), "name"),
            description=clean_description(_said(product, "description")),
            brand=_name(_said(product, "brand")),
            category=categories[-1].split(">")[-1].strip() if categories else None,
            category_path=" > ".join(categories) or None,
            gender=_member(_at(audience, "suggestedGender")) or clean_text(_said(product, "gender")),
            age_group=clean_text(_at(audience, "audienceType")),
            colour=_name(_said(product, "color")),
            pattern=_name(_said(product, "pattern")),
            material=_name(_said(product, "material")),
            sizes=[SizeStock(size=size, stock=_stock(offer))] if size else [],
            size_system=system,
            image_url=clean_image_url(raw.image_url or next(iter(pictures), None), "image"),
            additional_image_urls=[url for url in pictures[1:20] if url.startswith(("http://", "https://"))],
            product_url=clean_link(offer.get("url") or _said(product, "url")),
            price_minor=price.minor,
            currency=price.currency,
            sale_price_minor=sale.minor if sale else None,
            sale_until=parse_time(until, "offers.priceValidUntil"),
            tax_included=tax_included,
            availability=_availability(offer),
            updated_at=parse_time(_said(product, "dateModified"), "dateModified"),
        )


class _ScriptReader(HTMLParser):
    """Collects the texts of a page's JSON-LD scripts."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=False)
        self.texts: list[str] = []
        self._inside = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        kind = (dict(attrs).get("type") or "").split(";")[0].strip().lower()
        self._inside = tag == "script" and kind == "application/ld+json"
        if self._inside:
            self.texts.append("")

    def handle_data(self, data: str) -> None:
        if self._inside:
            self.texts[-1] += data

    def handle_endtag(self, tag: str) -> None:
        self._inside = False


def _scripts(path: Path, changed_at: datetime) -> Iterator[Any]:
    if path.stat().st_size > MAX_DOCUMENT_BYTES:
        raise InvalidInputError("path", path.name, f"a page of at most {MAX_DOCUMENT_BYTES} bytes is accepted")
    data = path.read_bytes()
    try:
        page = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        shown = data[:8_000].decode(errors="replace")
        yield unreadable(shown, f"byte {error.start} is not UTF-8", changed_at, code=Code.INVALID_ENCODING)
        return
    reader = _ScriptReader()
    reader.feed(page)
    reader.close()
    if not reader.texts:
        raise InvalidInputError("path", path.name, "a page with a script of type application/ld+json is accepted")
    for text in reader.texts:
        try:
            yield json.loads(text)
        except (ValueError, RecursionError) as error:
            yield unreadable(text, f"not JSON: {error}", changed_at)


def _records(values: Iterator[Any], folder: Path, changed_at: datetime) -> Iterator[RawRecord]:
    for value in values:
        if isinstance(value, RawRecord):
            yield value
            continue
        products = list(_products(value, _DEPTH))
        yield from (_raw(product, folder, changed_at) for product in products)
        if not products and not isinstance(value, dict):
            yield unreadable(json.dumps(value, ensure_ascii=False), "not a JSON-LD object", changed_at)


def _products(value: Any, depth: int) -> Iterator[dict[str, Any]]:
    """Products in a node, in the order that it lists them; other kinds of nodes are what pages say besides."""
    if depth == 0:
        return
    if isinstance(value, list):
        for item in value:
            yield from _products(item, depth - 1)
    elif isinstance(value, dict):
        kinds = {_member(kind) for kind in _listed(value.get("@type"))}
        if "ProductGroup" in kinds:
            group = {name: said for name, said in value.items() if name not in ("hasVariant", "@context")}
            variants = [variant for variant in _listed(value.get("hasVariant")) if isinstance(variant, dict)]
            yield from ({**variant, _GROUP: group} for variant in variants)
            if not variants:
                yield value
        elif kinds & {"Product", "IndividualProduct", "ProductModel"} or (not kinds and "offers" in value):
            yield value
        else:
            for name in ("@graph", "itemListElement", "item", "mainEntity"):
                yield from _products(value.get(name), depth - 1)


def _raw(product: dict[str, Any], folder: Path, changed_at: datetime) -> RawRecord:
    try:
        moment = parse_time(_said(product, "dateModified"), "dateModified") or changed_at
    except RecordError:
        moment = changed_at  # parse refuses the record for it
    picture = picture_beside(next(iter(_pictures(_said(product, "image"))), None), folder)
    return RawRecord(product, _id(product), picture, moment)


def _id(product: dict[str, Any]) -> str | None:
    for name in ("sku", "productID", "identifier", "mpn", "gtin", "gtin13", "gtin14", "gtin12", "gtin8"):
        found = product.get(name)
        text = clean_text(found.get("value") if isinstance(found, dict) else found)
        if text:
            return text
    return None


def _group(product: dict[str, Any]) -> dict[str, Any]:
    group = _first(product.get(_GROUP))
    return group if isinstance(group, dict) else {}


def _said(product: dict[str, Any], name: str) -> Any:
    """What the product says or, failing that, its group."""
    own = product.get(name)
    return own if own not in (None, "", []) else _group(product).get(name)


def _offer(product: dict[str, Any]) -> dict[str, Any]:
    """The offer of a product: of several the cheapest that is in stock."""
    offers = [offer for offer in _listed(_said(product, "offers")) if isinstance(offer, dict)]
    nested = [inner for offer in offers for inner in _listed(offer.get("offers")) if isinstance(inner, dict)]
    candidates = nested or offers
    if not candidates:
        raise RecordError(Code.MISSING_PRICE, "offers", None, "no offer")
    return min(
        candidates, key=lambda offer: (_member(offer.get("availability")) not in ("InStock", "OnlineOnly"), _amount(offer))
    )


def _amount(offer: dict[str, Any]) -> float:
    try:
        return float(str(offer.get("price", offer.get("lowPrice"))))
    except ValueError:
        return float("inf")


def _prices(offer: dict[str, Any], market: Market) -> tuple[Money, Money | None, bool | None]:
    """The list price, the sale price where there is a lower one, and whether tax is in them."""
    specifications = [one for one in _listed(offer.get("priceSpecification")) if isinstance(one, dict)]
    lists = [one for one in specifications if _member(one.get("priceType")) in _LIST_PRICES]
    others = [one for one in specifications if one not in lists]
    paid_by = next((one for one in (offer, *others) if one.get("price") is not None), offer)
    amount, field = paid_by.get("price"), "offers.price"
    if amount is None and offer.get("lowPrice") is not None:
        amount, field = offer["lowPrice"], "offers.lowPrice"
        if offer.get("highPrice") not in (None, offer["lowPrice"]):
            raise RecordError(Code.INVALID_PRICE, field, f"{amount}-{offer['highPrice']}", "a range; one amount is accepted")
    if amount is None:
        raise RecordError(Code.MISSING_PRICE, field, None, "empty")
    taxes = [
        one["valueAddedTaxIncluded"] for one in (offer, *specifications) if isinstance(one.get("valueAddedTaxIncluded"), bool)
    ]
    tax_included = taxes[0] if taxes else None
    named = paid_by.get("priceCurrency") or offer.get("priceCurrency")
    currency = str(named).strip().upper() if named else currency_of(market)
    paid = money_of_number(amount, currency, field)
    full = [money_of_number(one.get("price"), currency, "offers.priceSpecification.price") for one in lists]
    dearest = max(full, key=lambda money: money.minor, default=paid)
    return (dearest, paid, tax_included) if dearest.minor > paid.minor else (paid, None, tax_included)


def _availability(offer: dict[str, Any]) -> Availability:
    word = _member(offer.get("availability"))
    if word not in AVAILABILITY:
        raise RecordError(Code.INVALID_AVAILABILITY, "offers.availability", word, f"accepted are {', '.join(AVAILABILITY)}")
    return AVAILABILITY[word]


def _stock(offer: dict[str, Any]) -> int | None:
    level = _at(offer.get("inventoryLevel"), "value")
    return level if isinstance(level, int) and not isinstance(level, bool) and level >= 0 else None


def _size(product: dict[str, Any]) -> tuple[str | None, str | None]:
    """The size, and the market code of its system: ``https://schema.org/WearableSizeSystemUS`` is ``US``."""
    size = _first(_said(product, "size"))
    system = _member(_at(size, "sizeSystem"))
    return _name(size), system.removeprefix("WearableSizeSystem") if system else None


def _pictures(value: Any) -> list[str]:
    found = [_first(item.get("contentUrl") or item.get("url")) if isinstance(item, dict) else item for item in _listed(value)]
    return [item.strip() for item in found if isinstance(item, str) and item.strip()]


def _texts(value: Any) -> list[str]:
    return [text for item in _listed(value) if (text := _name(item))]


def _name(value: Any) -> str | None:
    """The text of a value, or the name of the thing that it is."""
    value = _first(value)
    return clean_text(_first(value.get("name") or value.get("@value")) if isinstance(value, dict) else value)


def _member(value: Any) -> str | None:
    """The last part of a schema.org address: ``https://schema.org/InStock`` and ``InStock`` are the same."""
    value = _first(value)
    text = clean_text(value.get("@id") if isinstance(value, dict) else value)
    return text.rsplit("/", 1)[-1].rsplit(":", 1)[-1] if text else None


def _at(value: Any, name: str) -> Any:
    return value.get(name) if isinstance(value, dict) else None


def _first(value: Any) -> Any:
    return next(iter(value), None) if isinstance(value, list) else value


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [] if value is None else [value]
