"""The content-addressed store of pictures: ``<folder>/<first two>/<digest>`` holds the bytes whose SHA-256 is ``digest``."""

from __future__ import annotations

from pathlib import Path

from lookmatch_serving.files import file_in_one_piece


def picture_path(folder: Path, digest: str) -> Path:
    """Where a picture lies, or would lie."""
    return folder / digest[:2] / digest


def keep_picture(folder: Path, digest: str, data: bytes) -> Path:
    """Store a picture unless it is there; a reader never sees half a file."""
    path = picture_path(folder, digest)
    if path.exists():
        return path
    with file_in_one_piece(path) as file:
        file.write(data)
    return path
