"""Pictures in the few sizes that pages show, made once from the stored file and kept on disk.

A picture is named by the digest of its original, so a resized one never goes stale: its folder may be emptied at any time. It is
kept under a limit by dropping the files that were made first, a tenth at a time.
"""

from __future__ import annotations

import threading
from pathlib import Path

from PIL import Image

from lookmatch_serving.errors import NotFoundError, UpstreamError
from lookmatch_serving.files import file_in_one_piece, sweep_parts
from lookmatch_serving.pictures import decode_picture

WIDTHS = (160, 320, 640, 1024)
"""Widths in pixels that are made; a narrower original keeps its own."""

_QUALITY = 80
_SWEEP_EVERY = 256
_KEPT_SHARE = 0.9
_AT_A_TIME = 2


class ResizedPictures:
    """WebP files ``<first two>/<digest>-<width>.webp`` below a folder; safe to use from many threads and processes."""

    def __init__(self, folder: Path, limit_bytes: int) -> None:
        self._folder = folder
        self._limit_bytes = limit_bytes
        self._places = threading.BoundedSemaphore(_AT_A_TIME)
        self._made = 0
        sweep_parts(folder)

    def path(self, original: Path, digest: str, width: int) -> Path:
        """The file of a picture at one of ``WIDTHS``, made on first use.

        Raises:
            NotFoundError: there is no such width, or no original.
            InvalidInputError: the original is no picture.
            UpstreamError: it could not be written.
            PicturesWaitError: there is no memory for it just now.
        """
        if width not in WIDTHS:
            raise NotFoundError(f"pictures are {', '.join(map(str, WIDTHS))} pixels wide")
        found = self._folder / digest[:2] / f"{digest}-{width}.webp"
        if not found.exists():
            with self._places:
                self._make(original, found, width)
        return found

    def _make(self, original: Path, target: Path, width: int) -> None:
        try:
            picture = decode_picture(original.read_bytes())
        except OSError as error:
            raise NotFoundError("the picture is not stored here") from error
        if picture.width > width:
            picture = picture.resize((width, max(1, round(picture.height * width / picture.width))), Image.Resampling.LANCZOS)
        try:
            with file_in_one_piece(target) as file:
                picture.save(file, "WEBP", quality=_QUALITY, method=4)
        except OSError as error:
            raise UpstreamError(f"the resized picture could not be kept: {error.strerror or error}") from error
        self._made += 1
        if self._made % _SWEEP_EVERY == 1:
            self._sweep()

    def _sweep(self) -> None:
        """Drop the oldest files when all together are over the limit."""
        files = [(file, file.stat()) for file in self._folder.glob("*/*.webp")]
        total = sum(stat.st_size for _, stat in files)
        if total <= self._limit_bytes:
            return
        for file, stat in sorted(files, key=lambda found: found[1].st_mtime):
            file.unlink(missing_ok=True)
            total -= stat.st_size
            if total <= self._limit_bytes * _KEPT_SHARE:
                return
