"""Products that a table writes on several rows, a row a variant: put together into one record each."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

from lookmatch_assets.feeds.formats.base import UNREADABLE, RawRecord
from lookmatch_assets.feeds.formats.mapped import raw_of
from lookmatch_assets.feeds.formats.mapping import Mapping, OneRecord
from lookmatch_assets.feeds.formats.paths import first_text
from lookmatch_serving.errors import InvalidInputError

MAX_GROUPED_BYTES = 512 * 2**20
"""Largest file whose rows are put together: they are held until its end, since a variant may stand far from its product."""

VARIANTS = "variants"
"""Key under which a record keeps its variants' rows."""


def checked_size(path: Path) -> None:
    """Refuse a file that is too large for its rows to be put together.

    Raises:
        InvalidInputError: it is.
    """
    if path.stat().st_size > MAX_GROUPED_BYTES:
        raise InvalidInputError("path", path.name, f"products on several rows are accepted in files of {MAX_GROUPED_BYTES} bytes")


def grouped(
    rows: Iterator[RawRecord], rule: OneRecord, mapping: Mapping, folder: Path, changed_at: datetime
) -> Iterator[RawRecord]:
    """Records of the rows, in the order of their first ones; rows that cannot be read are passed on at once.

    A record is its product's row with the rows of its variants under ``VARIANTS``; see ``OneRecord``.
    """
    held: dict[str, list[dict[str, Any]]] = {}
    keys: dict[str, str] = {}
    for number, raw in enumerate(rows):
        if UNREADABLE in raw.data:
            yield raw
            continue
        own = [name for column in rule.product if (name := first_text(raw.data.get(column)))]
        parent = next((name for column in rule.parent if (name := first_text(raw.data.get(column)))), None)
        if parent is not None:
            key = keys.setdefault(parent.removeprefix(rule.parent_prefix), parent.removeprefix(rule.parent_prefix))
        else:
            key = next((keys[name] for name in own if name in keys), own[0] if own else f"row {number}")
            for name in own:
                keys.setdefault(name, key)
        held.setdefault(key, []).append(raw.data)
    for group in held.values():
        yield raw_of(_one_record(group, rule), mapping, folder, changed_at)


def _one_record(rows: list[dict[str, Any]], rule: OneRecord) -> dict[str, Any]:
    """The product's row, with the other rows under ``VARIANTS``, variants first; the product's is there too if it is one."""
    head = next((row for row in rows if not _fills(row, rule.parent)), rows[0])
    variants = [row for row in rows if _fills(row, rule.variant)]
    others = [row for row in rows if row is not head and not _fills(row, rule.variant)]
    return {**head, VARIANTS: [*variants, *others]}


def _fills(row: dict[str, Any], columns: list[str]) -> bool:
    return any(first_text(row.get(column)) for column in columns)
