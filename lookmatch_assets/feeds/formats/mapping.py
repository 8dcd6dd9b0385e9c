"""Mappings: which column of a vendor's table is which field, as YAML files rather than code.

``feeds/vendors/<format>.yaml`` holds the columns of a format. A vendor that differs has its own file ``<vendor>.yaml`` there or
in ``<home>/vendors/``; what it names replaces the format's.
"""

from __future__ import annotations

from functools import lru_cache
from importlib import resources
from pathlib import Path
from typing import Any

import yaml
from pydantic import BaseModel, ConfigDict, ValidationError

from lookmatch_assets.feeds.record import Availability
from lookmatch_serving.errors import ConfigurationError

FIELDS = (
    "vendor_product_id", "group_id", "title", "description", "brand", "category", "category_path", "gender", "age_group",
    "colour", "pattern", "sleeve", "material", "usage", "sizes", "stocks", "size_system", "image_url",
    "additional_image_urls", "product_url", "price", "sale_price", "availability", "updated_at",
)  # fmt: skip
"""What a column can be mapped to: the fields of ``FeedRecord``, with ``stocks`` aligned with ``sizes`` and prices as text."""


class Mapping(BaseModel):
    """The columns of a table.

    Attributes:
        delimiter: between columns; None tells tabs from commas by the header.
        columns: field -> names of its column; the first that the table has is taken.
        availability: vendor's word -> availability.
        size_separator: between the sizes, and between the stocks, of one cell.
        list_separator: between additional picture addresses.
        size_system: of sizes that name none.
        tax_included: of prices whose text does not say.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    format: str
    delimiter: str | None = None
    columns: dict[str, list[str]]
    availability: dict[str, Availability]
    size_separator: str = "/"
    list_separator: str = ","
    size_system: str | None = None
    tax_included: bool | None = None

    def value(self, row: dict[str, Any], field: str) -> str | None:
        """The text of a field's column; None when the row has no such column or it is empty."""
        name = self.column(row, field)
        value = row.get(name)
        return value.strip() or None if isinstance(value, str) else None

    def column(self, row: dict[str, Any], field: str) -> str:
        """The name of a field's column in this row, for messages."""
        names = self.columns.get(field, [])
        return next((name for name in names if name in row), names[0] if names else field)


@lru_cache(maxsize=256)
def read_mapping(feed_format: str, vendor: str, folder: Path | None = None) -> Mapping:
    """The mapping of a vendor.

    Args:
        feed_format: name of a table format.
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
    return mapping


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
