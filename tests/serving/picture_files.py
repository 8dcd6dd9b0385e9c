"""Encoded pictures of kinds that Pillow does not write."""

from __future__ import annotations

import io
import struct
import zlib

import numpy as np
from PIL import Image

_CHANNELS = {0: 1, 2: 3, 4: 2, 6: 4}


def sixteen_bit_png(samples: np.ndarray, colour_type: int, transparent: tuple[int, ...] = ()) -> bytes:
    """A PNG of ``uint16`` samples (height, width, channels); colour types are those of the PNG specification."""
    height, width, channels = samples.shape
    assert channels == _CHANNELS[colour_type]
    rows = b"".join(b"\0" + row.astype(">u2").tobytes() for row in samples)
    header = struct.pack(">IIBBBBB", width, height, 16, colour_type, 0, 0, 0)
    key = _chunk(b"tRNS", struct.pack(f">{len(transparent)}H", *transparent)) if transparent else b""
    return _png(header, key, zlib.compress(rows))


def blank_sixteen_bit_png(width: int, height: int, colour_type: int = 6) -> bytes:
    """A PNG of zeros, written without holding its samples."""
    packer = zlib.compressobj(1)
    row = b"\0" + bytes(2 * width * _CHANNELS[colour_type])
    packed = [packer.compress(row) for _ in range(height)]
    return _png(struct.pack(">IIBBBBB", width, height, 16, colour_type, 0, 0, 0), b"", b"".join([*packed, packer.flush()]))


def _png(header: bytes, key: bytes, rows: bytes) -> bytes:
    return b"\x89PNG\r\n\x1a\n" + _chunk(b"IHDR", header) + key + _chunk(b"IDAT", rows) + _chunk(b"IEND", b"")


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def heic(picture: Image.Image, quality: int = 90) -> bytes:
    """The picture as HEIC."""
    import pillow_heif

    written = io.BytesIO()
    pillow_heif.from_pillow(picture).save(written, quality=quality)
    return written.getvalue()
