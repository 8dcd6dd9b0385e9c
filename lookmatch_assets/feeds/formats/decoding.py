"""The encoding of a feed, and its text read so that bytes that do not belong there cost their own record."""

from __future__ import annotations

import codecs
import io
import re
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO

import webencodings

from lookmatch_assets.feeds.formats.base import UNDECODED

UTF_8 = "utf-8-sig"
SAMPLE_BYTES = 1 << 20
_MARKS = (
    (codecs.BOM_UTF8, UTF_8),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_UNMARKED_BYTES = 64
_NO_ENCODINGS = ("replacement", "x-user-defined")
"""What browsers name that is no encoding of a text."""

_DECLARED = re.compile(rb"""<\?xml[^>]{0,200}?encoding\s{0,9}=\s{0,9}["']([A-Za-z0-9._:-]{1,40})["']""")


@dataclass(frozen=True)
class Encoding:
    """How a file's bytes are its text.

    Attributes:
        codec: Python's name of it.
    """

    codec: str

    @property
    def name(self) -> str:
        """What people call it."""
        return self.codec.removesuffix("-sig").upper()

    def open(self, path: Path) -> TextIO:
        """The text of a file, line ends as they are; what does not decode is told by ``undecoded``."""
        return path.open(encoding=self.codec, errors="surrogateescape" if self._escapes else "replace", newline="")

    @property
    def _escapes(self) -> bool:
        """Whether U+FFFD may stand in the text: then bytes that do not decode become lone surrogates, as only UTF-8 allows."""
        return self.codec == UTF_8

    def decode(self, data: bytes) -> str:
        """The text of the beginning of a file, U+FFFD where it does not decode, but for a character that the cut divides."""
        decoder = codecs.getincrementaldecoder(self.codec)(errors="replace")
        return decoder.decode(data)

    def undecoded(self, text: str) -> bool:
        """Whether some bytes of a text that ``open`` read do not decode."""
        if text.isascii():
            return False
        return UNDECODED.search(text) is not None if self._escapes else "\ufffd" in text


def sample_of(path: Path) -> bytes:
    """The first bytes of a file, by which its format and encoding are told."""
    with path.open("rb") as file:
        return file.read(SAMPLE_BYTES)


def encoding_by_mark(start: bytes) -> Encoding | None:
    """The encoding that a byte order mark names, or that NUL as each second byte shows; None when neither does."""
    for mark, codec in _MARKS:
        if start.startswith(mark):
            return Encoding(codec)
    head = start[:_UNMARKED_BYTES]
    even, odd = head[::2], head[1::2]
    if len(head) >= 4 and not any(odd) and all(even[: len(odd)]):
        return Encoding("utf-16-le")
    return Encoding("utf-16-be") if len(head) >= 4 and not any(even) and all(odd) else None


def encoding_of_label(label: str) -> Encoding | None:
    """The encoding that a label names, as browsers map labels: ISO-8859-1 is Windows-1252 and Shift_JIS Windows-31J.

    UTF-16 is UTF-8, since a label that can be read byte by byte does not stand in UTF-16. None for what browsers do not know.

    Source: https://encoding.spec.whatwg.org/#names-and-labels, by the package webencodings.
    """
    found = webencodings.lookup(label)
    if found is None or found.name in _NO_ENCODINGS:
        return None
    return Encoding(UTF_8 if found.name.startswith("utf-") else found.codec_info.name)


def encoding_of_xml(start: bytes) -> Encoding:
    """The encoding of an XML document: by its mark, else by its declaration unless the bytes are UTF-8 all the same.

    A declaration that names no encoding counts as none, and none means UTF-8.

    Args:
        start: its first bytes.
    """
    marked = encoding_by_mark(start)
    if marked:
        return marked
    declared = _DECLARED.search(start)
    named = encoding_of_label(declared.group(1).decode()) if declared else None
    return Encoding(UTF_8) if named is None or is_utf_8(start) else named


def is_utf_8(sample: bytes) -> bool:
    """Whether bytes are UTF-8 with characters beyond ASCII; text in another encoding hardly ever is."""
    if sample.isascii():
        return False
    try:
        codecs.getincrementaldecoder("utf-8")().decode(sample)
    except UnicodeDecodeError:
        return False
    return True


def text_of(data: bytes, encoding: Encoding) -> TextIO:
    """Bytes as ``Encoding.open`` reads a file that holds them."""
    return io.StringIO(encoding.decode(data), newline="")
