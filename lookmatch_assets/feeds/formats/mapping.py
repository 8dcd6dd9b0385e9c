"""Mappings: where a vendor's records keep which field, as YAML files rather than code.

``feeds/vendors/<format>.yaml`` holds what a format says. A vendor that differs has its own file ``<vendor>.yaml`` there or
in ``<home>/vendors/``; what it names replaces the format's. A vendor of a format without columns of its own choosing
(schema.org) has a file as well, with the settings that are left: its time zone, and whether zero is a price.
"""

from __future__ import annotations

import codecs
from datetime import UTC, tzinfo
from functools import cached_property, lru_cache
from importlib import resources
from pathlib import Path
from typing import Any, NamedTuple, TypeVar
from zoneinfo import ZoneInfo

import yaml
from pydantic import BaseModel, ConfigDict, ValidationError, field_validator

from lookmatch_assets.feeds.formats.paths import at_path, column_of, first_text, is_filled
from lookmatch_assets.feeds.record import Availability
from lookmatch_serving.errors import ConfigurationError

FIELDS = (
    "vendor_product_id", "group_id", "title", "description", "brand", "category", "category_path", "gender", "age_group",
    "colour", "pattern", "sleeve", "material", "usage", "sizes", "stocks", "size_system", "image_url",
    "additional_image_urls", "product_url", "price", "list_price", "sale_price", "sale_period", "sale_from", "sale_until",
    "currency", "availability", "quantity", "updated_at",
)  # fmt: skip
"""What a column can be mapped to: the fields of ``FeedRecord``, with ``stocks`` aligned with ``sizes``, prices as text,
``list_price`` that shops strike out beside a lower ``price``, ``currency`` of prices that name none, ``sale_period`` as
``<time>/<time>``, and ``quantity``, pieces in stock that stand for an availability that is not said."""


class Located(NamedTuple):
    """What a record holds for a field.

    Attributes:
        column: the name of the field's column, for messages.
        found: what is there, as it is.
        text: the text, or the number as text; of several the first; None when there is neither.
    """

    column: str
    found: Any
    text: str | None


class OneRecord(BaseModel):
    """Which rows of a table are one product.

    Attributes:
        product: columns that name the product, on its own row or, without ``parent``, on each of its rows.
        parent: columns that on a variant's row name its product by one of ``product``.
        parent_prefix: what may stand before that name.
        variant: columns of which a variant's row fills one; other rows behind the product's add pictures and the like.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    product: list[str]
    parent: list[str] = []
    parent_prefix: str = ""
    variant: list[str]


class VendorSettings(BaseModel):
    """What a vendor's file may say in every format.

    Attributes:
        format: which the file is for.
        timezone: IANA name of the zone of times without an offset, and of days on which a sale ends; UTC when None.
        zero_prices: whether a price of zero is one; else it stands for "no price yet" and is refused.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    format: str
    timezone: str | None = None
    zero_prices: bool = False

    @field_validator("timezone")
    @classmethod
    def _known_zone(cls, name: str | None) -> str | None:
        if name is not None:
            try:
                ZoneInfo(name)
            except (ValueError, OSError, KeyError) as error:  # ZoneInfoNotFoundError is a KeyError
                raise ValueError(f"{name} is no IANA time zone") from error
        return name

    @cached_property
    def zone(self) -> tzinfo:
        """Of times without an offset."""
        return ZoneInfo(self.timezone) if self.timezone else UTC


class Mapping(VendorSettings):
    """Where records keep which field.

    Attributes:
        delimiter: between columns of a table; None tells tabs from commas by the header.
        encodings: of a table, tried in this order.
        columns: field -> names of its column, or paths as ``formats.paths`` tells them; the first that the record fills is taken.
        availability: vendor's word, in any case -> availability.
        size_separator: between the sizes of one cell. None: a cell is one size, since ``32/34`` and ``8 1/2`` are, unless the
            stocks, by ``/``, are as many as its parts, or it lists letter sizes by commas.
        list_separator: between additional picture addresses; None splits where an address begins.
        size_system: of sizes that name none.
        tax_included: of prices whose text does not say.
        time_format: of ``datetime.strptime``, for dates that are not written year first.
        recognised_by: lists of column names or JSON keys; a feed that has all of one list is in this format.
        records: keys under which a JSON document keeps its list of records.
        one_record: which rows of a table are one product; None where each is one.
        left_out: path -> words, in any case: records that say one of them are not for sale and are passed over.
        prices_in_micros: prices are whole numbers of millionths.
        availability_unsaid: of records that say neither availability nor quantity; None refuses them.
        category_separator: between the levels of a category, where it is not ``>``.
        category_list_separator: between several categories of a cell; the one with the most levels is taken.
        picture_template: address of a picture whose name stands for ``{}``; for records that name pictures without an address.
        link_template: the same for the product's page.
    """

    delimiter: str | None = None
    encodings: list[str] = ["utf-8-sig"]
    columns: dict[str, list[str]]
    availability: dict[str, Availability]
    size_separator: str | None = None
    list_separator: str | None = None
    size_system: str | None = None
    tax_included: bool | None = None
    time_format: str | None = None
    recognised_by: list[list[str]] = []
    records: list[str] = []
    one_record: OneRecord | None = None
    left_out: dict[str, list[str]] = {}
    prices_in_micros: bool = False
    availability_unsaid: Availability | None = None
    category_separator: str = ">"
    category_list_separator: str | None = None
    picture_template: str | None = None
    link_template: str | None = None

    @field_validator("picture_template", "link_template")
    @classmethod
    def _a_template(cls, template: str | None) -> str | None:
        if template is not None and (template.count("{}") != 1 or not template.startswith(("http://", "https://"))):
            raise ValueError(f"{template}: an http or https address with {{}} in it is accepted")
        return template

    @field_validator("availability", mode="before")
    @classmethod
    def _any_case(cls, words: Any) -> Any:
        return {str(word).casefold(): meaning for word, meaning in words.items()} if isinstance(words, dict) else words

    @field_validator("encodings")
    @classmethod
    def _known_encodings(cls, names: list[str]) -> list[str]:
        for name in names:
            try:
                codecs.lookup(name)
            except LookupError as error:
                raise ValueError(f"{name} is no encoding that Python knows") from error
        return names

    @cached_property
    def table_columns(self) -> dict[str, list[str]]:
        """Field -> names of its column in a table, without the paths around them."""
        return {field: [column_of(path) for path in paths] for field, paths in self.columns.items()}

    def is_left_out(self, record: dict[str, Any]) -> bool:
        """Whether a record is not for sale."""
        return any(
            (word := _word_of(at_path(record, path))) is not None and word.casefold() in {one.casefold() for one in words}
            for path, words in self.left_out.items()
        )

    def located(self, record: dict[str, Any]) -> dict[str, Located]:
        """Field -> what the record holds for it, for each field that the mapping names; see ``found``."""
        return {field: self._locate(record, field) for field in self.columns}

    def found(self, record: dict[str, Any], field: str) -> Any:
        """What the record holds for a field, as it is; None when it has no such column."""
        return self._locate(record, field).found

    def value(self, record: dict[str, Any], field: str) -> str | None:
        """The text of a field's column, the first of several; None when the record has no such column, or no text there."""
        return self._locate(record, field).text

    def column(self, record: dict[str, Any], field: str) -> str:
        """The name of a field's column in this record, for messages."""
        return self._locate(record, field).column

    @cached_property
    def _absent(self) -> dict[str, Located]:
        return {field: Located(names[0], None, None) for field, names in self.columns.items() if names}

    def _locate(self, record: dict[str, Any], field: str) -> Located:
        """The first of a field's columns that is filled, else the first that is there."""
        empty: Located | None = None
        for name in self.columns.get(field, ()):
            found = record.get(name)
            if found is None:
                found = at_path(record, name)
            if is_filled(found):
                return Located(name, found, first_text(found))
            if found is not None and empty is None:
                empty = Located(name, found, None)
        return empty or self._absent.get(field) or Located(field, None, None)


def _word_of(value: Any) -> str | None:
    return str(value).lower() if isinstance(value, bool) else first_text(value)


@lru_cache(maxsize=256)
def read_mapping(feed_format: str, vendor: str, folder: Path | None = None) -> Mapping:
    """The mapping of a vendor.

    Args:
        feed_format: name of a mapped format.
        vendor: whose feed.
        folder: ``<home>/vendors``.

    Raises:
        ConfigurationError: a mapping file is wrong; the message names it and the field.
    """
    values = _read(feed_format) or {}
    own = _own(feed_format, vendor, folder)
    if own is not None:
        nested = {key: {**values.get(key, {}), **own.get(key, {})} for key in ("columns", "availability")}
        values = {**values, **own, **nested}
    mapping = _valid(Mapping, values, feed_format, vendor)
    unknown = sorted(set(mapping.columns) - set(FIELDS))
    if unknown:
        accepted = ", ".join(FIELDS)
        raise ConfigurationError(f"mapping of {vendor} ({feed_format}): columns.{unknown[0]} is no field; {accepted} are")
    if not mapping.columns.get("vendor_product_id"):
        raise ConfigurationError(f"mapping of {vendor} ({feed_format}): columns.vendor_product_id names no column")
    return mapping


@lru_cache(maxsize=256)
def read_settings(feed_format: str, vendor: str, folder: Path | None = None) -> VendorSettings:
    """The settings of a vendor of a format that has no mapping; those that hold for all where it has no file.

    Args:
        feed_format: name of the format.
        vendor: whose feed.
        folder: ``<home>/vendors``.

    Raises:
        ConfigurationError: the vendor's file is wrong; the message names it and the field.
    """
    return _valid(VendorSettings, {"format": feed_format, **(_own(feed_format, vendor, folder) or {})}, feed_format, vendor)


def format_named_by(vendor: str, folder: Path | None = None) -> str | None:
    """The format that a vendor's own mapping names; None without a mapping."""
    own = _read(vendor, folder)
    return None if own is None or own.get("format") is None else str(own["format"])


_Settings = TypeVar("_Settings", bound=VendorSettings)


def _valid(kind: type[_Settings], values: dict[str, Any], feed_format: str, vendor: str) -> _Settings:
    try:
        return kind.model_validate(values)
    except ValidationError as error:
        raise ConfigurationError(f"mapping of {vendor} ({feed_format}): {error}") from error


def _own(feed_format: str, vendor: str, folder: Path | None) -> dict[str, Any] | None:
    """The vendor's own file, where it is for this format."""
    own = _read(vendor, folder)
    return own if own is not None and own.get("format", feed_format) == feed_format else None


def _read(name: str, folder: Path | None = None) -> dict[str, Any] | None:
    local = folder / f"{name}.yaml" if folder else None
    packaged = resources.files("lookmatch_assets.feeds") / "vendors" / f"{name}.yaml"
    source = local if local and local.is_file() else packaged
    if not source.is_file():
        return None
    loaded = yaml.safe_load(source.read_text(encoding="utf-8"))
    if not isinstance(loaded, dict):
        raise ConfigurationError(f"{source}: not a mapping")
    return loaded
