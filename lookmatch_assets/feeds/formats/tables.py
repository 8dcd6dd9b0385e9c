"""Formats that are tables: Google Merchant text feeds and Japanese shops' CSV exports. Their columns are mappings, not code."""

from __future__ import annotations

import csv
import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from typing import Any, TextIO

from lookmatch_assets.feeds.codes import Code
from lookmatch_assets.feeds.formats.base import RawRecord, ReadOptions, unreadable
from lookmatch_assets.feeds.formats.decoding import Encoding, encoding_by_mark, sample_of, text_of
from lookmatch_assets.feeds.formats.grouping import checked_size, grouped
from lookmatch_assets.feeds.formats.mapped import parse_mapped, raw_of
from lookmatch_assets.feeds.formats.mapping import Mapping, read_mapping
from lookmatch_assets.feeds.formats.rows import MAX_ROW_CHARACTERS, Row, RowShape, rows_of
from lookmatch_assets.feeds.record import FeedRecord
from lookmatch_serving.errors import InvalidInputError
from lookmatch_serving.settings import Market

MAX_FILE_BYTES = 4 * 2**30
_DELIMITERS = ("\t", ",", ";", "|")
_LINES_BEFORE_HEADER = 20
_SEPARATOR_LINE = re.compile(r'"?sep=([^\w\s"]|\t)"?', re.IGNORECASE)
_BEFORE_NAME = "\ufeff \t\"'"
_SHIFTS = (b"\x1b$B", b"\x1b$@")
"""What begins two-byte characters in ISO-2022-JP, which is ASCII to every other encoding."""


@dataclass(frozen=True)
class Header:
    """How a table is written.

    Attributes:
        encoding: of the file.
        delimiter: between its cells.
        columns: their names, spelt as the mapping spells them where it knows them.
        lines: how many stand before the first row, the header included.
    """

    encoding: Encoding
    delimiter: str
    columns: tuple[str, ...]
    lines: int

    def shape(self, mapping: Mapping) -> RowShape:
        """What its rows look like."""
        places = {name: at for at, name in reversed([*enumerate(self.columns)])}
        id_at = next(places[name] for name in mapping.columns["vendor_product_id"] if name in places)
        prices = [places[name] for name in mapping.columns.get("price", []) if name in places]
        return RowShape(len(self.columns), id_at, () if mapping.one_record else tuple(prices[:1]))


@dataclass(frozen=True)
class TableFormat:
    """A table with a header row.

    Attributes:
        name: of the format; its mapping is ``vendors/<name>.yaml``.
        mapping_folder: where this installation keeps vendors' own mappings.
    """

    name: str
    mapping_folder: Path | None = None

    def read(self, path: Path, options: ReadOptions) -> Iterator[RawRecord]:
        """Read a file row by row; see ``FeedFormat.read``."""
        mapping = read_mapping(self.name, options.vendor, self.mapping_folder)
        changed_at = datetime.fromtimestamp(checked_file(path).stat().st_mtime, UTC)
        header = find_header(path, mapping)
        if header is None:
            wanted = f"{', '.join(mapping.encodings)} text whose header has {' or '.join(mapping.columns['vendor_product_id'])}"
            raise InvalidInputError("path", path.name, f"{wanted} is accepted")
        shape = header.shape(mapping)
        if mapping.one_record:
            checked_size(path)
        with header.encoding.open(path) as text:
            for _ in range(header.lines):
                text.readline()
            rows = rows_of(text, header.delimiter, shape)
            records: Iterator[RawRecord] = (_raw(row, header, shape, mapping, path.parent, changed_at) for row in rows)
            if mapping.one_record:
                records = grouped(records, mapping.one_record, mapping, path.parent, changed_at)
            yield from islice((raw for raw in records if not mapping.is_left_out(raw.data)), options.limit)

    def parse(self, raw: RawRecord, market: Market, vendor: str) -> FeedRecord:
        """Read a row; see ``FeedFormat.parse``."""
        return parse_mapped(raw, read_mapping(self.name, vendor, self.mapping_folder), market)


def checked_file(path: Path) -> Path:
    """The path, when it is a file that may be read.

    Raises:
        InvalidInputError: it is not a file, or is larger than ``MAX_FILE_BYTES``.
    """
    if not path.is_file():
        raise InvalidInputError("path", str(path), "a file is accepted for this format")
    if path.stat().st_size > MAX_FILE_BYTES:
        raise InvalidInputError("path", path.name, f"at most {MAX_FILE_BYTES} bytes are accepted")
    return path


def find_header(path: Path, mapping: Mapping) -> Header | None:
    """The header of a table, in the encoding that decodes the most of the file's beginning; None when no header is known.

    It is the first of the first lines that has the id's column, so that ``sep=`` lines, comments and what a server printed
    before the feed are passed over. Of encodings that decode as much the first in the mapping's order is taken: valid UTF-8 is
    hardly ever anything else.
    """
    sample = sample_of(path)
    marked = encoding_by_mark(sample)
    best: tuple[int, Header] | None = None
    for encoding in [marked] if marked else _candidates(sample, mapping):
        text = encoding.decode(sample)
        header = _header_of(text_of(sample, encoding), encoding, mapping)
        wrong = text.count("\ufffd")
        if header and (best is None or wrong < best[0]):
            best = (wrong, header)
    return best[1] if best else None


def _candidates(sample: bytes, mapping: Mapping) -> list[Encoding]:
    shifted = any(shift in sample for shift in _SHIFTS) and sample.isascii()
    return [Encoding(codec) for codec in (["iso2022_jp"] if shifted else mapping.encodings)]


def _header_of(text: TextIO, encoding: Encoding, mapping: Mapping) -> Header | None:
    spelling, ids = spellings(mapping), set(mapping.columns["vendor_product_id"])
    delimiters = dict.fromkeys([*([mapping.delimiter] if mapping.delimiter else []), *_DELIMITERS])
    for number in range(1, _LINES_BEFORE_HEADER + 1):
        line = text.readline(MAX_ROW_CHARACTERS).strip("\r\n").lstrip("\ufeff")
        named = _SEPARATOR_LINE.fullmatch(line.strip(" "))
        if named:
            delimiters = {named.group(1): None, **delimiters}
            continue
        found = [(_columns(line, delimiter, spelling), delimiter) for delimiter in delimiters]
        named_ids = [one for one in found if not ids.isdisjoint(one[0])]
        if named_ids and "\ufffd" not in line:
            columns, delimiter = max(named_ids, key=lambda one: _known(one[0], mapping))
            return Header(encoding, delimiter, tuple(columns), number)
    return None


def _known(columns: list[str], mapping: Mapping) -> int:
    return sum(any(name in columns for name in names) for names in mapping.table_columns.values())


def _columns(line: str, delimiter: str, spelling: dict[str, str]) -> list[str]:
    """The names in a header line, without empty ones at its end."""
    try:
        names = next(csv.reader([line], delimiter=delimiter), [])
    except csv.Error:
        return []
    while names and not names[-1].strip():
        names.pop()
    return [spelling.get(plain_name(name), name.strip(_BEFORE_NAME)) for name in names]


def spellings(mapping: Mapping) -> dict[str, str]:
    """Names as ``plain_name`` has them -> as the mapping spells them."""
    return {plain_name(name): name for wanted in mapping.table_columns.values() for name in reversed(wanted)}


def plain_name(name: str) -> str:
    """A column's name as names are compared: ``g:Image link``, ``IMAGE_LINK`` and ``image link`` are the same."""
    text = unicodedata.normalize("NFKC", name).strip(_BEFORE_NAME).casefold().removeprefix("g:")
    return re.sub(r"[\s_-]+", "_", text)


def _raw(row: Row, header: Header, shape: RowShape, mapping: Mapping, folder: Path, changed_at: datetime) -> RawRecord:
    cells, fault, code = row.cells, row.fault, row.code
    while len(cells) > shape.cells and not cells[-1].strip():
        cells = cells[:-1]
    if fault is None and len(cells) != shape.cells:
        fault = f"{len(cells)} columns, the header has {shape.cells}"
    if fault is None and header.encoding.undecoded(row.text):
        code = Code.INVALID_ENCODING
        fault = f"holds bytes that are not {header.encoding.name}, as which the rest of the file reads"
    if fault is not None:
        subject = shape.subject(cells)
        return unreadable(row.text, fault, changed_at, subject=subject, code=code)
    return raw_of(_record(header.columns, cells), mapping, folder, changed_at)


def _record(columns: tuple[str, ...], cells: list[str]) -> dict[str, Any]:
    """A row's cells by their columns; a list where a name repeats, without the empty ones."""
    record: dict[str, Any] = dict(zip(columns, cells, strict=True))
    if len(record) == len(columns):
        return record
    for name in {name for name in columns if columns.count(name) > 1}:
        said = [cell for column, cell in zip(columns, cells, strict=True) if column == name and cell.strip()]
        record[name] = said if len(said) > 1 else "".join(said)
    return record
