"""The pages' own files, read and compressed once: addressed with a digest of their bytes, so that browsers keep them for good.

The style sheet is not among them: every page carries it inside, allowed by its hash in the policy, so that a page's first
render waits for one answer and no other.
"""

from __future__ import annotations

import base64
import gzip
import hashlib
import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path

_FOLDER = Path(__file__).parent / "static"
_TYPES = {".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml", ".woff2": "font/woff2", ".txt": "text/plain"}
_COMPRESSED = {".css", ".js", ".svg", ".txt"}
_STYLE = "site.css"
_DIGITS = 12
_STATIC_URL = re.compile(r'url\("/static/([^"?]+)\?v=VERSION"\)')


@dataclass(frozen=True)
class StaticFile:
    """A file as it is sent. ``compressed`` is its gzip form, None where that would not be smaller."""

    content_type: str
    plain: bytes
    compressed: bytes | None
    version: str


@cache
def static_files() -> dict[str, StaticFile]:
    """Every file by its path below ``static``."""
    return {
        path.relative_to(_FOLDER).as_posix(): _read(path)
        for path in sorted(_FOLDER.rglob("*"))
        if path.suffix in _TYPES and path.name != _STYLE
    }


@cache
def inline_style() -> str:
    """The style sheet that pages carry inside."""
    lines = (_FOLDER / _STYLE).read_text(encoding="utf-8").splitlines()
    text = "\n".join(line.strip() for line in lines if line.strip())
    return _STATIC_URL.sub(lambda found: f'url("{static_path(found.group(1))}")', text)


@cache
def style_hash() -> str:
    """The style sheet's hash as a policy names it."""
    return "sha256-" + base64.b64encode(hashlib.sha256(inline_style().encode()).digest()).decode()


def static_path(name: str) -> str:
    """Address of a file, which changes with its bytes."""
    return f"/static/{name}?v={static_files()[name].version}"


def _read(path: Path) -> StaticFile:
    plain = path.read_bytes()
    compressed = gzip.compress(plain, 9, mtime=0) if path.suffix in _COMPRESSED else None
    return StaticFile(_TYPES[path.suffix], plain, compressed, hashlib.sha256(plain).hexdigest()[:_DIGITS])
