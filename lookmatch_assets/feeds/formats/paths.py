"""Paths into records, as mapping files write them.

- ``price``: the column or key of that name, whatever characters it has; tried before all else.
- ``brand.name``, ``variants.0.price``: a path of names and of places in lists.
- ``variants.*.price``: of every member of a list that fills it; a list.
- ``other_image_url*``: of every key that begins so; a list.
- ``options.name=Size,サイズ.values``: of the first member of a list whose ``name`` is one of these, in any case.
- ``variants.*.option1 where options.0.name = Size, サイズ``: only where another path's text is one of these, in any case.
- ``qty where tracker``: only where another path has a text.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any, NamedTuple

_WHERE = " where "
_BEFORE_COLUMN = re.compile(r"^variants\.(?:\*|\d+)\.")


class _Path(NamedTuple):
    steps: tuple[str, ...]
    condition: str | None = None
    words: frozenset[str] = frozenset()


def at_path(record: Any, path: str) -> Any:
    """What a record holds at a path; None when there is nothing."""
    if isinstance(record, dict):
        if path in record:
            return record[path]
        if "." not in path and "*" not in path and _WHERE not in path:
            return None
    parsed = _parsed(path)
    if parsed.condition is not None and not _holds(record, parsed):
        return None
    if parsed.condition is not None and isinstance(record, dict) and len(parsed.steps) > 1:
        whole = path.split(_WHERE, 1)[0]
        if whole in record:
            return record[whole]
    return _followed(record, parsed.steps)


def is_filled(value: Any) -> bool:
    """Whether there is something: no empty text and no empty list."""
    return value is not None and value != [] and not (isinstance(value, str) and not value.strip())


def column_of(path: str) -> str:
    """The name of the table's column that a path reads."""
    return _BEFORE_COLUMN.sub("", path.split(_WHERE, 1)[0])


def first_text(value: Any) -> str | None:
    """A text, or a number as text; the first of a list; None when there is neither."""
    value = next(iter(value), None) if isinstance(value, list) else value
    if isinstance(value, int | float) and not isinstance(value, bool):
        value = str(value)
    return value.strip() or None if isinstance(value, str) else None


@lru_cache(maxsize=4096)
def _parsed(path: str) -> _Path:
    steps, _, condition = path.partition(_WHERE)
    if not condition:
        return _Path(tuple(steps.split(".")))
    asked, _, words = condition.partition(" = ")
    return _Path(tuple(steps.split(".")), asked.strip(), _words(words))


def _words(text: str) -> frozenset[str]:
    return frozenset(word.strip().casefold() for word in text.split(",") if word.strip())


def _holds(record: Any, path: _Path) -> bool:
    said = first_text(at_path(record, path.condition or ""))
    return said is not None and (not path.words or said.casefold() in path.words)


def _followed(record: Any, steps: tuple[str, ...]) -> Any:
    for place, step in enumerate(steps):
        if step == "*":
            return _of_all(record, steps[place + 1 :])
        record = _one_step(record, step)
        if record is None:
            return None
    return record


def _of_all(members: Any, steps: tuple[str, ...]) -> list[Any] | None:
    if not isinstance(members, list):
        return None
    found: list[Any] = []
    for member in members:
        value = _followed(member, steps)
        found += value if isinstance(value, list) else [value] if is_filled(value) else []
    return found or None


def _one_step(record: Any, step: str) -> Any:
    if isinstance(record, dict):
        if step in record or not step.endswith("*"):
            return record.get(step)
        return [value for name, value in record.items() if name.startswith(step[:-1]) and is_filled(value)] or None
    if not isinstance(record, list):
        return None
    if step.isdecimal():
        return record[int(step)] if len(step) < 10 and int(step) < len(record) else None
    name, equals, words = step.partition("=")
    if not equals:
        return None
    wanted = _words(words)
    return next((one for one in record if isinstance(one, dict) and str(one.get(name)).casefold() in wanted), None)
