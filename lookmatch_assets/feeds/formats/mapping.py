"""Mappings: where a vendor's records keep which field, as YAML files rather than code.

``feeds/vendors/<format>.yaml`` holds what a format says. A vendor that differs has its own file ``<vendor>.yaml`` there or
in ``<home>/vendors/``; what it names replaces the format's.
"""

from __future__ import annotations

import codecs
from datetime import UTC, tzinfo
from functools import lru_cache
from importlib import resources
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import yaml
from pydantic import BaseModel, ConfigDict, ValidationError, field_validator

from lookmatch_assets.feeds.record import Availability
from lookmatch_serving.errors import ConfigurationError

FIELDS = (
    "vendor_product_id", "group_id", "title", "description", "brand", "category", "category_path", "gender", "age_group",
    "colour", "pattern", "sleeve", "material", "usage", "sizes", "stocks", "size_system", "image_url",
    "additional_image_urls", "product_url", "price", "sale_price", "sale_period", "currency", "availability", "updated_at",
)  # fmt: skip
"""What a column can be mapped to: the fields of ``FeedRecord``, with ``stocks`` aligned with ``sizes``, prices as text,
``currency`` of prices that name none, and ``sale_period`` as ``<time>/<time>``."""


class Mapping(BaseModel):
    """Where records keep which field.

    Attributes:
        delimiter: between columns of a table; None tells tabs from commas by the header.
        encodings: of a table, tried in this order.
        columns: field -> names of its column; the first that the record has is taken. In JSON records a name may be a path,
            ``variants.0.price``.
        availability: vendor's word, in any case -> availability.
        size_separator: between the sizes, and between the stocks, of one cell.
        list_separator: between additional picture addresses.
        size_system: of sizes that name none.
        tax_included: of prices whose text does not say.
        timezone: IANA name of the zone of times without an offset; UTC when None.
        time_format: of ``datetime.strptime``, for dates that are not written year first.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    format: str
    delimiter: str | None = None
    encodings: list[str] = ["utf-8-sig"]
    columns: dict[str, list[str]]
    availability: dict[str, Availability]
    size_separator: str = "/"
    list_separator: str = ","
    size_system: str | None = None
    tax_included: bool | None = None
    timezone: str | None = None
    time_format: str | None = None

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

    @field_validator("timezone")
    @classmethod
    def _known_zone(cls, name: str | None) -> str | None:
        if name is not None:
            try:
                ZoneInfo(name)
            except (ValueError, OSError) as error:  # ZoneInfoNotFoundError is a KeyError
                raise ValueError(f"{name} is no IANA time zone") from error
            except KeyError as error:
                raise ValueError(f"{name} is no IANA time zone") from error
        return name

    @property
    def zone(self) -> tzinfo:
        """Of times without an offset."""
        return ZoneInfo(self.timezone) if self.timezone else UTC

    def found(self, record: dict[str, Any], field: str) -> Any:
        """What the record holds for a field, as it is; None when it has no such column."""
        return at_path(record, self.column(record, field))

    def value(self, record: dict[str, Any], field: str) -> str | None:
        """The text of a field's column, of several the first; None without such a column, or without a text or number in it."""
        value = self.found(record, field)
        if isinstance(value, list):
            value = next((text for text in value if isinstance(text, str) and text.strip()), None)
        if isinstance(value, int | float) and not isinstance(value, bool):
            value = str(value)
        return value.strip() or None if isinstance(value, str) else None

    def column(self, record: dict[str, Any], field: str) -> str:
        """The name of a field's column in this record, for messages."""
        names = self.columns.get(field, [])
        return next((name for name in names if at_path(record, name) is not None), names[0] if names else field)


def at_path(record: Any, path: str) -> Any:
    """The value under a column's name or, failing that, at a path of names and list positions; None when there is none."""
    if isinstance(record, dict) and path in record:
        return record[path]
    for step in path.split("."):
        if isinstance(record, dict):
            record = record.get(step)
        elif isinstance(record, list) and step.isdecimal() and int(step) < len(record):
            record = record[int(step)]
        else:
            return None
    return record


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
    own = _read(vendor, folder)
    if own is not None and own.get("format", feed_format) == feed_format:
        nested = {key: {**values.get(key, {}), **own.get(key, {})} for key in ("columns", "availability")}
        values = {**values, **own, **nested}
    try:
        mapping = Mapping.model_validate(values)
    except ValidationError as error:
        raise ConfigurationError(f"mapping of {vendor} ({feed_format}): {error}") from error
    unknown = sorted(set(mapping.columns) - set(FIELDS))
    if unknown:
        accepted = ", ".join(FIELDS)
        raise ConfigurationError(f"mapping of {vendor} ({feed_format}): columns.{unknown[0]} is no field; {accepted} are")
    if not mapping.columns.get("vendor_product_id"):
        raise ConfigurationError(f"mapping of {vendor} ({feed_format}): columns.vendor_product_id names no column")
    return mapping


def format_named_by(vendor: str, folder: Path | None = None) -> str | None:
    """The format that a vendor's own mapping names; None without a mapping."""
    own = _read(vendor, folder)
    return None if own is None or own.get("format") is None else str(own["format"])


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
