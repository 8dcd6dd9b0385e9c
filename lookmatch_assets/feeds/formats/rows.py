"""Rows of a delimited text, each by itself: one that is broken is passed on with the reason, and those beside it are read.

Python's csv module takes lines for one row as long as a quote is open, so one stray quote swallows the rows behind it. It still
reads every row here; this module only decides which lines it is given. A line continues a row when the open quote is closed as
RFC 4180 has it, before a delimiter or the end of a line, when the row does not get more cells than the header has, and when the
line does not look like a row of its own. Else the line that opened the quote is broken and the next one begins a row.
"""

from __future__ import annotations

import csv
import re
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple, TextIO

from lookmatch_assets.feeds.codes import Code, RecordError
from lookmatch_assets.feeds.record import valid_subject

MAX_ROW_CHARACTERS = 4 * 2**20
_NOTHING = " \t\r\n\x1a"
"""What a line without a row holds, besides delimiters; DOS ended files with 0x1A."""

_UP_TO_CLOSING_QUOTE = re.compile(r'[^"]*+(?:""[^"]*+)*+"')


class Row(NamedTuple):
    """A row.

    Attributes:
        cells: its cells; of a broken row those that the delimiter alone makes.
        text: as it stands in the file, line end included; cut where the row is too long.
        fault: why it cannot be read; None for a row that can.
        code: of the fault.
    """

    cells: list[str]
    text: str
    fault: str | None = None
    code: Code = Code.MALFORMED_RECORD


@dataclass(frozen=True)
class RowShape:
    """What rows of a table look like.

    Attributes:
        cells: how many the header has.
        id_at: position of the product's id.
        digits_at: positions of cells that hold digits in every row, such as a price.
    """

    cells: int
    id_at: int
    digits_at: tuple[int, ...] = ()

    def is_row(self, cells: list[str]) -> bool:
        """Whether cells look like a whole row."""
        if len(cells) != self.cells or not is_id(cells[self.id_at].strip()):
            return False
        return all(any(letter.isdigit() for letter in cells[at]) for at in self.digits_at)

    def subject(self, cells: list[str]) -> str | None:
        """The product's id in a row with a wrong number of cells, counted from the left or else from the right; None without.

        A cell with space around it is taken last: it is rather a part of a text with a delimiter in it.
        """
        places = [at for at in (self.id_at, len(cells) - self.cells + self.id_at) if 0 <= at < len(cells)]
        texts = [cells[at].strip('"') for at in places]
        return next((text for text in (*texts, *(text.strip() for text in texts)) if is_id(text)), None)


def is_id(text: str) -> bool:
    """Whether a text is a product's id."""
    try:
        valid_subject(text)
    except RecordError:
        return False
    return True


def rows_of(text: TextIO, delimiter: str, shape: RowShape) -> Iterator[Row]:
    """The rows that follow in a text, those without any content left out.

    Args:
        text: opened so that line ends stay as they are; its lines end by CR, LF or CRLF.
        delimiter: between cells.
        shape: what rows look like.
    """
    csv.field_size_limit(MAX_ROW_CHARACTERS + 1)
    lines = _Lines(text, delimiter, shape)
    reader = csv.reader(lines, delimiter=delimiter)
    nothing = _NOTHING + delimiter
    while line := lines.peek():
        if lines.is_cut(line):
            yield Row(line.split(delimiter), line, f"more than {MAX_ROW_CHARACTERS} characters", Code.TOO_LARGE)
            lines.skip_rest()
        elif '"' not in line:
            lines.drop()
            cells = line.rstrip("\r\n").split(delimiter)
            if line.strip(nothing):
                yield Row(cells, line)
        else:
            yield _quoted_row(reader, lines, line, delimiter)


def _quoted_row(reader: Iterator[list[str]], lines: _Lines, line: str, delimiter: str) -> Row:
    lines.begin_row()
    try:
        cells = next(reader)
        fault = "a quote opens a cell here and nothing closes it" if lines.broken else None
    except csv.Error as error:
        cells, fault = [], f"not a row: {error}"
    if fault is None:
        return Row(cells, "".join(lines.taken))
    lines.give_back()
    return Row(line.rstrip("\r\n").split(delimiter), line, fault)


class _Lines:
    """The lines that csv.reader is given: of a row those that belong to it.

    Attributes:
        taken: lines of the row in hand.
        broken: whether its last quote stays open.
    """

    def __init__(self, text: TextIO, delimiter: str, shape: RowShape) -> None:
        self.taken: list[str] = []
        self.broken = False
        self._text = text
        self._delimiter = delimiter
        self._shape = shape
        self._waiting: deque[str] = deque()
        self._cells = 0
        self._characters = 0

    def peek(self) -> str:
        """The next line; empty at the end."""
        if not self._waiting:
            self._waiting.append(self._read())
        return self._waiting[0]

    def _read(self) -> str:
        """The next line of the text, without the NULs that some exports pad cells with; empty at the end."""
        while line := self._text.readline(MAX_ROW_CHARACTERS + 1):
            if kept := line.replace("\x00", ""):
                return kept
        return ""

    def drop(self) -> None:
        """Pass over the line that ``peek`` gave."""
        self._waiting.popleft()

    def is_cut(self, line: str) -> bool:
        """Whether a line goes on behind what was read of it."""
        return len(line) > MAX_ROW_CHARACTERS

    def skip_rest(self) -> None:
        """Pass over a line that is cut, to its end."""
        line = self._waiting.popleft()
        while line and not line.endswith(("\r", "\n")):
            line = self._text.readline(MAX_ROW_CHARACTERS + 1)

    def begin_row(self) -> None:
        """Take the next line as the first of a row."""
        self.taken, self.broken, self._characters = [], False, 0

    def give_back(self) -> None:
        """Have the lines of the row, but for its first, read again."""
        self._waiting.extendleft(reversed(self.taken[1:]))

    def __iter__(self) -> _Lines:
        return self

    def __next__(self) -> str:
        line = self.peek()
        if self.taken and not self._continues(line):
            self.broken = True
            raise StopIteration
        if not line:
            raise StopIteration
        self.drop()
        self.taken.append(line)
        self._characters += len(line)
        return line

    def _continues(self, line: str) -> bool:
        """Whether a line goes on with the row in hand, whose quote is open."""
        if not line or self._characters + len(line) > MAX_ROW_CHARACTERS:
            return False
        if len(self.taken) == 1:
            self._cells = len(self._parsed(self.taken[0]))
        opened_at = self._cells - 1
        closing = _UP_TO_CLOSING_QUOTE.match(line)
        if closing:
            rest = line[closing.end() :]
            if not rest.startswith((self._delimiter, "\r", "\n")) and rest:
                return False
            self._cells += len(self._parsed(rest)) - 1 if rest.startswith(self._delimiter) else 0
            if self._cells > self._shape.cells:
                return False
            if opened_at == 0 and self._shape.id_at != 0:
                return True  # the rest of a first cell and the cells behind it look like a row, and are one only together
        return not self._shape.is_row(self._parsed(line))

    def _parsed(self, line: str) -> list[str]:
        return next(csv.reader([line], delimiter=self._delimiter), [])
