"""schema.org Product and ProductGroup as JSON-LD: a document, a ``@graph``, an array, one a line, or in the scripts of a page.

Fields as Google's merchant listing structured data names them. Each variant of a group is a product of its own; it says of
itself what it says, and its group, kept under ``isVariantOf``, says the rest.
"""

from __future__ import annotations

import json
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
from lookmatch_assets.feeds.formats.google_merchant import is_xml
from lookmatch_assets.feeds.formats.json_lines import one_value_a_line, read_json_values
from lookmatch_assets.feeds.formats.linked_data import (
    GROUP,
    Nodes,
    first,
    id_of,
    listed,
    parse_script,
    plain_names,
    products_of,
    scripts_of,
    whole_products,
)
from lookmatch_assets.feeds.formats.mapping import read_settings
from lookmatch_assets.feeds.formats.schema_org_offers import member_of, priced
from lookmatch_assets.feeds.formats.tables import checked_file
from lookmatch_assets.feeds.record import (
    Availability,
    FeedRecord,
    SizeStock,
    addresses_of,
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

MAX_PAGE_BYTES = 32 * 2**20
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

_SIZES = 200
_MORE_IMAGES = 20
_ADULT_YEARS = 13
_OLDEST = ((0.25, "newborn"), (1.0, "infant"), (5.0, "toddler"), (float(_ADULT_YEARS), "kids"))
"""Years up to which an age group goes, by Google's product data specification."""

_YEARS_OF_UNIT = {"ANN": 1.0, "MON": 1 / 12, "WEE": 7 / 365, "DAY": 1 / 365}
"""UN/CEFACT codes of units of time."""


@dataclass(frozen=True)
class SchemaOrgFormat:
    """schema.org products as JSON-LD."""

    name: str = "schema-org"
    mapping_folder: Path | None = None

    def read(self, path: Path, options: ReadOptions) -> Iterator[RawRecord]:
        """Read a file product by product; see ``FeedFormat.read``."""
        changed_at = datetime.fromtimestamp(checked_file(path).stat().st_mtime, UTC)
        zone = read_settings(self.name, options.vendor, self.mapping_folder).zone
        found = _of_page(path, changed_at) if is_xml(path) else _of_json(path, changed_at)
        records = (item if isinstance(item, RawRecord) else _raw(item, path.parent, changed_at, zone) for item in found)
        yield from islice(records, options.limit)

    def parse(self, raw: RawRecord, market: Market, vendor: str) -> FeedRecord:
        """Read a product; see ``FeedFormat.parse``."""
        product = _with_group(refuse_unreadable(raw.data))
        settings = read_settings(self.name, vendor, self.mapping_folder)
        costs = priced(product.get("offers"), currency_of(market), settings.zone, settings.zero_prices)
        sizes, system = _sizes(product)
        stock = _stock(costs.offer) if len(sizes) == 1 else None
        gender, age_group = _audience(product)
        categories = _texts(product.get("category"))
        pictures = _pictures(product.get("image"))
        return FeedRecord(
            vendor_product_id=valid_subject(id_of(refuse_unreadable(raw.data)), "sku"),
            group_id=clean_text(first(_group(product).get("productGroupID") or product.get("inProductGroupWithID"))),
            title=clean_title(first(product.get("name")), "name"),
            description=clean_description(first(product.get("description"))),
            brand=_name(product.get("brand")),
            category=categories[-1].split(">")[-1].strip() if categories else None,
            category_path=" > ".join(categories) or None,
            gender=gender,
            age_group=age_group,
            colour=_name(product.get("color")),
            pattern=_name(product.get("pattern")),
            material=_name(product.get("material")),
            sizes=[SizeStock(size=size, stock=stock) for size in sizes],
            size_system=system,
            image_url=clean_image_url(raw.image_url or next(iter(pictures), None), "image"),
            additional_image_urls=[url for url in pictures[1:_MORE_IMAGES] if url.startswith(("http://", "https://"))],
            product_url=clean_link(first(costs.offer.get("url")) or first(product.get("url"))),
            price_minor=costs.price.minor,
            currency=costs.price.currency,
            sale_price_minor=costs.sale.minor if costs.sale else None,
            sale_from=costs.sale_from,
            sale_until=costs.sale_until,
            tax_included=costs.tax_included,
            availability=_availability(costs.offer),
            updated_at=parse_time(first(product.get("dateModified")), "dateModified", settings.zone),
        )


def _of_page(path: Path, changed_at: datetime) -> Iterator[dict[str, Any] | RawRecord]:
    """The products of a page's scripts, which are one document, and each script that is damaged."""
    if path.stat().st_size > MAX_PAGE_BYTES:
        raise InvalidInputError("path", path.name, f"a page of at most {MAX_PAGE_BYTES} bytes is accepted")
    data = path.read_bytes()
    try:
        page = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        shown = data[:8_000].decode(errors="replace")
        yield unreadable(shown, f"byte {error.start} is not UTF-8", changed_at, code=Code.INVALID_ENCODING)
        return
    scripts = list(scripts_of(page))
    if not scripts:
        raise InvalidInputError("path", path.name, "a page with a script of type application/ld+json is accepted")
    nodes, values = Nodes(), []
    for text in scripts:
        try:
            values.append(plain_names(parse_script(text)))
            nodes.add(values[-1])
        except (ValueError, RecursionError) as error:
            yield unreadable(text, f"not JSON: {error}", changed_at)
    yield from whole_products(product for value in values for product in products_of(value, nodes))


def _of_json(path: Path, changed_at: datetime) -> Iterator[dict[str, Any] | RawRecord]:
    """The products of a file: of lines each is a document of its own, of anything else all of it is one.

    Only a document with an ``@id`` is read twice, for what the references in it name.
    """
    lines = one_value_a_line(path)
    shared = Nodes()
    if not lines and _holds(path, b'"@id"'):
        for value in read_json_values(path, changed_at):
            if not isinstance(value, RawRecord):
                shared.add(plain_names(value))
    for value in read_json_values(path, changed_at):
        if isinstance(value, RawRecord):
            yield value
        elif isinstance(value, dict | list):
            value = plain_names(value)
            nodes = shared
            if lines:
                nodes = Nodes()
                nodes.add(value)
            yield from whole_products(products_of(value, nodes))
        if not isinstance(value, dict | RawRecord) and not _holds_nodes(value):
            yield unreadable(json.dumps(value, ensure_ascii=False), "not a JSON-LD object", changed_at)


def _holds_nodes(value: Any) -> bool:
    return isinstance(value, list) and any(isinstance(item, dict | list) for item in value)


def _holds(path: Path, mark: bytes) -> bool:
    """Whether a file holds some bytes, read a megabyte at a time."""
    behind = b""
    with path.open("rb") as file:
        while chunk := file.read(1 << 20):
            if mark in behind + chunk:
                return True
            behind = chunk[-len(mark) :]
    return False


def _raw(product: dict[str, Any], folder: Path, changed_at: datetime, zone: tzinfo) -> RawRecord:
    whole = _with_group(product)
    try:
        moment = parse_time(first(whole.get("dateModified")), "dateModified", zone) or changed_at
    except RecordError:
        moment = changed_at  # parse refuses the record for it
    picture = picture_beside(next(iter(_pictures(whole.get("image"))), None), folder)
    return RawRecord(product, id_of(product), picture, moment)


def _group(product: dict[str, Any]) -> dict[str, Any]:
    group = first(product.get(GROUP))
    return group if isinstance(group, dict) else {}


def _with_group(product: dict[str, Any]) -> dict[str, Any]:
    """What the product says and, where it says nothing, what its group says."""
    group = _group(product)
    return {**group, **{name: said for name, said in product.items() if said not in (None, "", [])}} if group else product


def _audience(product: dict[str, Any]) -> tuple[str | None, str | None]:
    """Gender and age group in words that the vocabularies know; the group by the ages, where the product says ages."""
    audiences = [audience for audience in listed(product.get("audience")) if isinstance(audience, dict)]
    said = [member_of(audience.get("suggestedGender")) for audience in audiences]
    genders = list(dict.fromkeys(gender for gender in said if gender))
    both = {gender.casefold() for gender in genders} >= {"male", "female"}
    gender = "unisex" if both else genders[0] if genders else clean_text(first(product.get("gender")))
    groups = [_age_group(audience) or clean_text(first(audience.get("audienceType"))) for audience in audiences]
    return gender, next((group for group in groups if group), None)


def _age_group(audience: dict[str, Any]) -> str | None:
    """The age group of ``suggestedMinAge`` and ``suggestedMaxAge``, in years, or of ``suggestedAge`` with its unit."""
    measured = first(audience.get("suggestedAge"))
    measured = measured if isinstance(measured, dict) else {}
    years = _YEARS_OF_UNIT.get(str(measured.get("unitCode", "ANN")), 1.0)
    oldest = _years(audience.get("suggestedMaxAge"), 1.0) or _years(measured.get("maxValue"), years)
    youngest = _years(audience.get("suggestedMinAge"), 1.0) or _years(measured.get("minValue"), years)
    if oldest is not None and oldest <= _ADULT_YEARS:
        return next(group for limit, group in _OLDEST if oldest <= limit)
    return "adult" if youngest is not None and youngest >= _ADULT_YEARS else None


def _years(value: Any, years_of_unit: float) -> float | None:
    try:
        return float(first(value)) * years_of_unit
    except (TypeError, ValueError):
        return None


def _availability(offer: dict[str, Any]) -> Availability:
    word = member_of(offer.get("availability"))
    if word not in AVAILABILITY:
        raise RecordError(Code.INVALID_AVAILABILITY, "offers.availability", word, f"accepted are {', '.join(AVAILABILITY)}")
    return AVAILABILITY[word]


def _stock(offer: dict[str, Any]) -> int | None:
    level = offer.get("inventoryLevel")
    level = level.get("value") if isinstance(level, dict) else None
    return level if isinstance(level, int) and not isinstance(level, bool) and level >= 0 else None


def _sizes(product: dict[str, Any]) -> tuple[list[str], str | None]:
    """The sizes, and the market code of their system: ``https://schema.org/WearableSizeSystemUS`` is ``US``."""
    said = listed(product.get("size"))[:_SIZES]
    systems = [member_of(size.get("sizeSystem")) for size in said if isinstance(size, dict)]
    system = next((system for system in systems if system), None)
    return [size for size in map(_name, said) if size], system.removeprefix("WearableSizeSystem") if system else None


def _pictures(value: Any) -> list[str]:
    found = [first(item.get("contentUrl") or item.get("url")) if isinstance(item, dict) else item for item in listed(value)]
    return [clean_address(address) for item in found for address in addresses_of(item)]


def _texts(value: Any) -> list[str]:
    return [text for item in listed(value) if (text := _name(item))]


def _name(value: Any) -> str | None:
    """The text of a value, or the name of the thing that it is."""
    value = first(value)
    return clean_text(first(value.get("name") or value.get("@value")) if isinstance(value, dict) else value)
