"""The content-addressed store of pictures: ``<folder>/<first two>/<digest>`` holds the bytes whose SHA-256 is ``digest``."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path


def picture_path(folder: Path, digest: str) -> Path:
    """Where a picture lies, or would lie."""
    return folder / digest[:2] / digest


def keep_picture(folder: Path, digest: str, data: bytes) -> Path:
    """Store a picture unless it is there; a reader never sees half a file."""
    path = picture_path(folder, digest)
    if path.exists():
        return path
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=".")
    with os.fdopen(handle, "wb") as file:
        file.write(data)
    os.chmod(name, 0o644)
    os.replace(name, path)
    return path
