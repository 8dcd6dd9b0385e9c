"""Files that other processes see whole or not at all, and what is left of writers that died."""

from __future__ import annotations

import os
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

PART = ".part"
"""End of the names of files being written."""

_MODE = 0o644
_DEAD_AFTER_SECONDS = 600


@contextmanager
def file_in_one_piece(target: Path) -> Iterator[BinaryIO]:
    """A file to write, which takes its place when the block ends and is gone without a trace when it fails."""
    target.parent.mkdir(parents=True, exist_ok=True)
    number, name = tempfile.mkstemp(dir=target.parent, suffix=PART)
    part = Path(name)
    try:
        with os.fdopen(number, "wb") as file:
            yield file
        part.chmod(_MODE)
        part.replace(target)
    finally:
        part.unlink(missing_ok=True)


def sweep_parts(folder: Path, now: float | None = None) -> int:
    """Delete the unfinished files two levels below a folder that nobody wrote to for ten minutes; returns how many.

    Younger ones may be in the hands of another process.
    """
    swept = 0
    for part in folder.glob(f"*/*{PART}"):
        try:
            if (now or time.time()) - part.stat().st_mtime > _DEAD_AFTER_SECONDS:
                part.unlink()
                swept += 1
        except FileNotFoundError:
            continue
    return swept
