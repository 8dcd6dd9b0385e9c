"""Newline-delimited JSON, or one JSON array, of a vendor's own records; which name or path is which field is a mapping."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from typing import Any

from lookmatch_assets.feeds.codes import Code
from lookmatch_assets.feeds.formats.base import RawRecord, ReadOptions, unreadable
from lookmatch_assets.feeds.formats.mapped import parse_mapped, raw_of
from lookmatch_assets.feeds.formats.mapping import Mapping, read_mapping
from lookmatch_assets.feeds.formats.tables import checked_file
from lookmatch_assets.feeds.record import FeedRecord
from lookmatch_serving.errors import InvalidInputError
from lookmatch_serving.settings import Market

MAX_DOCUMENT_BYTES = 512 * 2**20
_LINE_BYTES = 64 * 2**20
_TRIED_LINES = 20


def _finite(number: str) -> float | str:
    value = float(number)
    return value if math.isfinite(value) else number


def _constant(name: str) -> str | None:
    return None if name == "NaN" else name


DECODER = json.JSONDecoder(parse_float=_finite, parse_constant=_constant)
"""What is not a finite number is that field's problem alone: NaN, which data frames write where nothing is, is read as null,
Infinity and numbers beyond the floating range as text, which no number's reader takes."""

LENIENT_DECODER = json.JSONDecoder(parse_float=_finite, parse_constant=_constant, strict=False)
"""Takes raw control characters within strings besides."""


@dataclass(frozen=True)
class JsonLinesFormat:
    """A vendor's own JSON records."""

    name: str = "json-lines"
    mapping_folder: Path | None = None

    def read(self, path: Path, options: ReadOptions) -> Iterator[RawRecord]:
        """Read a file object by object; see ``FeedFormat.read``."""
        mapping = read_mapping(self.name, options.vendor, self.mapping_folder)
        changed_at = datetime.fromtimestamp(checked_file(path).stat().st_mtime, UTC)
        records = (member for value in read_json_values(path, changed_at) for member in _listed(value, mapping.records))
        for value in islice((one for one in records if not _is_left_out(one, mapping)), options.limit):
            if isinstance(value, RawRecord):
                yield value
            elif isinstance(value, dict):
                yield raw_of(value, mapping, path.parent, changed_at)
            else:
                yield unreadable(json.dumps(value, ensure_ascii=False), "not a JSON object", changed_at)

    def parse(self, raw: RawRecord, market: Market, vendor: str) -> FeedRecord:
        """Read a record; see ``FeedFormat.parse``."""
        return parse_mapped(raw, read_mapping(self.name, vendor, self.mapping_folder), market)


def _listed(value: Any, keys: list[str]) -> list[Any]:
    """The records that a document keeps under one of the keys, or the value itself."""
    found = next((value[key] for key in keys if key in value), None) if isinstance(value, dict) else None
    return found if isinstance(found, list) else [value]


def _is_left_out(value: Any, mapping: Mapping) -> bool:
    return isinstance(value, dict) and mapping.is_left_out(value)


def read_json_values(path: Path, changed_at: datetime) -> Iterator[Any]:
    """The values of a file: one a line, or the members of one array, or one document.

    Yields:
        Parsed values; what cannot be parsed is an unreadable ``RawRecord``. A damaged line is one of them and the next line goes
        on; behind damage inside an array or a document there is nothing to go on from, and its rest is one.

    Raises:
        InvalidInputError: a document that is not one value a line is larger than ``MAX_DOCUMENT_BYTES``.
    """
    if one_value_a_line(path):
        with path.open("rb") as file:
            for number, line in enumerate(file):
                if line.strip():
                    yield parse_json(line.removeprefix(b"\xef\xbb\xbf") if number == 0 else line, changed_at)
        return
    if path.stat().st_size > MAX_DOCUMENT_BYTES:
        raise InvalidInputError("path", path.name, f"one JSON value a line, or at most {MAX_DOCUMENT_BYTES} bytes, are accepted")
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError as error:
        yield _undecoded(path.read_bytes(), error, changed_at)
        return
    yield from _members(text, changed_at)


def one_value_a_line(path: Path) -> bool:
    """Whether each line of a file is a value, rather than all of it one document: half of the first lines are objects.

    One damaged line, be it the first, does not make a document of the others.
    """
    with path.open("rb") as file:
        starts = [file.readline(_LINE_BYTES).removeprefix(b"\xef\xbb\xbf").strip() for _ in range(_TRIED_LINES)]
    lines = [line for line in starts if line]
    if len(lines) == 1:
        return _is_object(lines[0])
    objects = sum(map(_is_object, lines))
    return objects > 0 and 2 * objects >= len(lines)


def _is_object(line: bytes) -> bool:
    try:
        return isinstance(DECODER.decode(line.decode()), dict)
    except (ValueError, RecursionError):
        return False


def parse_json(line: bytes, changed_at: datetime) -> Any:
    """The value of a line, or an unreadable ``RawRecord``."""
    try:
        return DECODER.decode(line.decode())
    except UnicodeDecodeError as error:
        return _undecoded(line, error, changed_at)
    except (ValueError, RecursionError) as error:
        return unreadable(line[:8_000].decode(errors="replace"), f"not JSON: {error}", changed_at)


def _undecoded(data: bytes, error: UnicodeDecodeError, changed_at: datetime) -> RawRecord:
    reason = f"byte {error.start} is not UTF-8, in which JSON is written"
    return unreadable(data[:8_000].decode(errors="replace"), reason, changed_at, code=Code.INVALID_ENCODING)


def _members(text: str, changed_at: datetime) -> Iterator[Any]:
    """The members of an array, one by one so that those before a damage are kept, or the one value that the text is."""
    position = len(text) - len(text.lstrip())
    inside = text.startswith("[", position)
    position += inside
    while True:
        while position < len(text) and text[position] in " \t\r\n,":
            position += 1
        if position >= len(text):
            if inside:
                yield unreadable("", "the array has no end: the feed is cut off", changed_at)
            return
        if inside and text[position] == "]":
            return
        try:
            value, position = DECODER.raw_decode(text, position)
        except (ValueError, RecursionError) as error:
            yield unreadable(text[position : position + 8_000], f"not JSON, and so is all behind it: {error}", changed_at)
            return
        yield value
