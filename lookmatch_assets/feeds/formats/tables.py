"""Formats that are tables: Google Merchant text feeds and Japanese shops' CSV exports. Their columns are mappings, not code."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from lookmatch_assets.feeds.codes import Code
from lookmatch_assets.feeds.formats.base import UNDECODED, RawRecord, ReadOptions, unreadable
from lookmatch_assets.feeds.formats.mapped import parse_mapped, raw_of
from lookmatch_assets.feeds.formats.mapping import Mapping, read_mapping
from lookmatch_assets.feeds.record import FeedRecord
from lookmatch_serving.errors import InvalidInputError
from lookmatch_serving.settings import Market

MAX_FILE_BYTES = 4 * 2**30
SAMPLE_BYTES = 1 << 20
UTF_16_MARKS = (b"\xff\xfe", b"\xfe\xff")
_CELL_CHARACTERS = 64 * 2**20


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
        csv.field_size_limit(_CELL_CHARACTERS)
        encoding = encoding_of(path, mapping)
        if encoding is None:
            wanted = f"{', '.join(mapping.encodings)} text whose header has {' or '.join(mapping.columns['vendor_product_id'])}"
            raise InvalidInputError("path", path.name, f"{wanted} is accepted")
        with path.open(encoding=encoding, errors="surrogateescape", newline="") as text:
            columns, delimiter = _columns(text.readline(), mapping)
            for number, row in enumerate(csv.reader(text, delimiter=delimiter)):
                if options.limit is not None and number >= options.limit:
                    return
                if row:
                    yield _raw(row, columns, mapping, path.parent, changed_at, encoding)

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


def encoding_of(path: Path, mapping: Mapping) -> str | None:
    """The encoding of a table: of those in which its header has the id's column, the one that decodes the most lines.

    Of equals the first in the mapping's order is taken: valid UTF-8 is hardly ever anything else. None when no header is known.
    """
    with path.open("rb") as file:
        sample = file.read(SAMPLE_BYTES)
    names = ["utf-16"] if sample.startswith(UTF_16_MARKS) else mapping.encodings
    whole = sample[: sample.rfind(b"\n") + 1] or sample if names != ["utf-16"] else sample[: len(sample) // 2 * 2]
    best: tuple[int, str] | None = None
    for name in names:
        text = whole.decode(name, errors="replace")
        header, wrong = text.split("\n", 1)[0], text.count("\ufffd")
        known = any(column in _columns(header, mapping)[0] for column in mapping.columns["vendor_product_id"])
        if known and "\ufffd" not in header and (best is None or wrong < best[0]):
            best = (wrong, name)
    return best[1] if best else None


def _columns(header: str, mapping: Mapping) -> tuple[list[str], str]:
    """Names of the columns, and what separates them."""
    delimiter = mapping.delimiter or ("\t" if header.count("\t") >= header.count(",") else ",")
    names = next(csv.reader(io.StringIO(header.strip("\r\n")), delimiter=delimiter), [])
    return [name.strip() for name in names], delimiter


def _raw(row: list[str], columns: list[str], mapping: Mapping, folder: Path, changed_at: datetime, encoding: str) -> RawRecord:
    text = "\t".join(row)
    data = dict(zip(columns, row, strict=False))
    if len(row) != len(columns):
        reason = f"{len(row)} columns, the header has {len(columns)}"
        return unreadable(text, reason, changed_at)
    if UNDECODED.search(text):
        subject = mapping.value(data, "vendor_product_id")
        subject = None if subject is None or UNDECODED.search(subject) else subject
        reason = f"holds bytes that are not {encoding.removesuffix('-sig').upper()}, as which the rest of the file reads"
        return unreadable(text, reason, changed_at, subject=subject, code=Code.INVALID_ENCODING)
    return raw_of(data, mapping, folder, changed_at)
