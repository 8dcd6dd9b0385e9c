"""What decoding a picture takes of the process's memory, and the room that all pictures being decoded share.

A file of 300 KB can hold 40 megapixels, and what a decoder keeps beside the samples differs from format to format. So a picture
is decoded once room for its whole need is free; until then its thread waits.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

from PIL import Image

from lookmatch_serving.errors import TransientError

ROOM_BYTES = 400 * 2**20
"""Most memory that a process spends on pictures being decoded."""

WAIT_SECONDS = 10.0
"""Longest that a picture waits for room unless its caller says otherwise."""

_DECODER_BYTES = {"JPEG": 4.0, "MPO": 4.0, "PNG": 4.5, "WEBP": 17.0, "HEIF": 12.0}
"""Peak bytes a pixel until the samples are there, rounded up from what Pillow 13 and libheif 1.23 took for 16 megapixels."""

_COEFFICIENT_BYTES = {"L": 2.0, "RGB": 6.5, "CMYK": 8.5}
"""Bytes a pixel that libjpeg keeps of a progressive file at full size, whatever size it is decoded to."""

_RESULT_BYTES = 12.0
"""Bytes a pixel of what is made from the samples: a part in hand, its conversions, and the picture that is handed on."""


class PicturesWaitError(TransientError):
    """Other pictures held the memory for decoding for too long."""

    def __init__(self) -> None:
        super().__init__(f"other pictures take all memory for decoding ({ROOM_BYTES // 2**20} MiB); try again shortly")


class DecodingRoom:
    """Bytes that threads hold while they decode; given out in the order of asking, so that a large need is not passed over."""

    def __init__(self, total: int = ROOM_BYTES) -> None:
        self.total = total
        self._free = total
        self._turn = threading.Lock()
        self._changed = threading.Condition()

    @contextmanager
    def hold(self, need: int, wait_seconds: float = WAIT_SECONDS) -> Iterator[None]:
        """Hold some bytes for the duration of a block; all there are where more are needed.

        Raises:
            PicturesWaitError: they were not free in time.
        """
        held = min(need, self.total)
        self._take(held, time.monotonic() + wait_seconds)
        try:
            yield
        finally:
            with self._changed:
                self._free += held
                self._changed.notify_all()

    def _take(self, need: int, end: float) -> None:
        if not self._turn.acquire(timeout=max(0.0, end - time.monotonic())):
            raise PicturesWaitError
        try:
            with self._changed:
                if not self._changed.wait_for(lambda: self._free >= need, max(0.0, end - time.monotonic())):
                    raise PicturesWaitError
                self._free -= need
        finally:
            self._turn.release()


def decoding_need(picture: Image.Image, pixels: int, made: int) -> int:
    """Bytes that decoding takes at its peak.

    Args:
        picture: opened, in the size that it will be decoded to.
        pixels: of the file.
        made: pixels of what will be made from it at a time.
    """
    width, height = picture.size
    if picture.format == "AVIF":  # its frame may be larger than the file says, so one is decoded at a time
        return ROOM_BYTES
    need = width * height * _DECODER_BYTES[picture.format or ""] + made * _RESULT_BYTES
    if picture.info.get("progressive"):
        need += pixels * _COEFFICIENT_BYTES.get(picture.mode, max(_COEFFICIENT_BYTES.values()))
    return int(need)
