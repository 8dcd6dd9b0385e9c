"""Decoding of untrusted picture bytes, of feeds, looks and pages alike.

An allow-list of formats, bounds on pixels, bytes and the process's memory, and at the end an upright sRGB picture of a size and a
shape that everything behind can work with.
"""

from __future__ import annotations

import hashlib
import io
import struct
import warnings
from collections.abc import Iterator
from contextlib import contextmanager

from PIL import ExifTags, Image, ImageOps, UnidentifiedImageError
from PIL.PngImagePlugin import PngImageFile

from lookmatch_serving.errors import InvalidInputError
from lookmatch_serving.picture_colours import ColourConversion
from lookmatch_serving.picture_memory import WAIT_SECONDS, DecodingRoom, decoding_need

ACCEPTED_FORMATS = ("JPEG", "PNG", "WEBP", "AVIF")
"""Formats that Pillow decodes; HEIC is the fifth that is accepted, by pillow-heif."""

MAX_PIXELS = 40_000_000
"""Most pixels of a picture; 40 megapixels is what phone cameras make."""

FORMAT_MAX_PIXELS = {"WEBP": 20_000_000, "AVIF": 20_000_000, "HEIF": 25_000_000}
"""Most pixels in formats whose decoders take several times the memory of the samples; phones write HEIC of 24.5 megapixels."""

MAX_BYTES = 20 * 2**20
"""Most bytes of an encoded picture."""

MIN_SIDE = 16
"""Least width and height in pixels."""

LONGEST_SIDE = 2048
"""Pixels of the longer side that a larger picture is reduced to; pages show 1,024 and encoders and models look at less."""

MOST_SLENDER = 8
"""Longest side over shortest of a decoded picture; what is more slender gets white bars, since encoders see square pictures."""

_PART_PIXELS = 2_000_000
_LYING = (5, 6, 7, 8)  # EXIF orientations that exchange width and height
_ACCEPTED = (
    f"a JPEG, PNG, WebP, AVIF or HEIC picture of at least {MIN_SIDE} x {MIN_SIDE} and at most {MAX_PIXELS // 1_000_000} "
    f"megapixels ({FORMAT_MAX_PIXELS['HEIF'] // 1_000_000} in HEIC, {FORMAT_MAX_PIXELS['WEBP'] // 1_000_000} in WebP and AVIF)"
)
_BROKEN = (OSError, ValueError, SyntaxError, EOFError, OverflowError, RuntimeError, struct.error)
"""What decoders raise on files that are not whole or not what they say."""

_ROOM = DecodingRoom()  # memory is the process's, and so is the bound on it


def picture_digest(data: bytes) -> str:
    """SHA-256 of the encoded picture, in hex."""
    return hashlib.sha256(data).hexdigest()


def decode_picture(data: bytes, *, field: str = "image", wait_seconds: float = WAIT_SECONDS) -> Image.Image:
    """Decode a picture.

    Args:
        data: the encoded file.
        field: name of the field it came in, for the error.
        wait_seconds: longest that it waits for other pictures to leave room in memory.

    Returns:
        An RGB image in sRGB, eight bits a channel, turned upright by its EXIF orientation; transparency laid on white. Its longer
        side is at most ``LONGEST_SIDE``, and at most ``MOST_SLENDER`` times the other (white bars).

    Raises:
        InvalidInputError: it is no picture, of another format, broken, or too large in bytes or pixels.
        PicturesWaitError: other pictures held the memory for that long.
    """
    with _opened(data, field) as opened:
        pixels = opened.width * opened.height
        _draft(opened)
        made = min(opened.width * opened.height, (2 * LONGEST_SIDE) ** 2)
        with _ROOM.hold(decoding_need(opened, pixels, made) + len(data), wait_seconds):
            _mend_colour_key(opened)
            opened.load()
            _check_size(opened, field)  # a HEIC file may turn out larger than its header said
            picture = _reduced(opened)
            picture.getexif()[ExifTags.Base.Orientation] = _orientation(opened)
        picture.thumbnail((LONGEST_SIDE, LONGEST_SIDE), Image.Resampling.LANCZOS)
        return _letterboxed(ImageOps.exif_transpose(picture))


def check_picture(data: bytes, *, field: str = "image") -> tuple[int, int]:
    """Refuse what cannot be a picture by its size, format and dimensions, without decoding it.

    Returns:
        Width and height of the file in pixels, when upright.

    Raises:
        InvalidInputError: as ``decode_picture`` does; a broken picture may pass.
    """
    with _opened(data, field) as opened:
        width, height = opened.size
        return (height, width) if _orientation(opened) in _LYING else (width, height)


def rgb_on_white(picture: Image.Image) -> Image.Image:
    """An RGB picture of one that is decoded already; transparent parts become white, the ground of catalogue photos."""
    return ColourConversion(picture).apply(picture)


@contextmanager
def _opened(data: bytes, field: str) -> Iterator[Image.Image]:
    """The picture, opened and checked by its header; errors of decoders in the block become refusals."""
    if len(data) > MAX_BYTES:
        raise InvalidInputError(field, f"{len(data)} bytes", f"accepted is at most {MAX_BYTES} bytes")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)  # our own bound is lower
            with _open(data) as opened:
                _check_size(opened, field)
                yield opened
    except InvalidInputError:
        raise
    except (UnidentifiedImageError, Image.DecompressionBombError) as error:
        raise InvalidInputError(field, data[:12], f"accepted is {_ACCEPTED}") from error
    except _BROKEN as error:
        raise InvalidInputError(field, data[:12], f"the picture is broken ({error}); accepted is {_ACCEPTED}") from error


def _open(data: bytes) -> Image.Image:
    try:
        return Image.open(io.BytesIO(data), formats=ACCEPTED_FORMATS)
    except UnidentifiedImageError:
        if data[4:8] != b"ftyp":
            raise
        from pillow_heif import HeifImageFile

        return HeifImageFile(io.BytesIO(data))  # type: ignore[no-untyped-call]


def _check_size(opened: Image.Image, field: str) -> None:
    width, height = opened.size
    if width * height > FORMAT_MAX_PIXELS.get(opened.format or "", MAX_PIXELS) or min(width, height) < MIN_SIDE:
        raise InvalidInputError(field, f"{width} x {height} pixels", f"accepted is {_ACCEPTED}")


def _orientation(opened: Image.Image) -> int:
    found = opened.getexif().get(ExifTags.Base.Orientation, 1)
    return found if isinstance(found, int) else 1


def _draft(opened: Image.Image) -> None:
    """Have a JPEG decoded at a half, quarter or eighth of its size, no smaller than is needed."""
    longest = max(opened.size)
    if opened.format in ("JPEG", "MPO") and longest >= 2 * LONGEST_SIDE:
        width, height = (max(1, side * LONGEST_SIDE // longest) for side in opened.size)
        opened.draft(None, (width, height))


def _mend_colour_key(opened: Image.Image) -> None:
    """Bring the transparent colour of a sixteen-bit PNG to the eight bits that Pillow decodes its samples to."""
    key = opened.info.get("transparency")
    if isinstance(opened, PngImageFile) and isinstance(key, tuple) and opened.tile and "16B" in str(opened.tile[0].args):
        opened.info["transparency"] = tuple(value >> 8 for value in key)


def _reduced(opened: Image.Image) -> Image.Image:
    """The loaded picture as RGB, reduced by a whole factor so that its longer side is less than twice ``LONGEST_SIDE``.

    It is converted a part at a time, so that a large picture is never held twice.
    """
    conversion = ColourConversion(opened)
    factor = max(1, max(opened.size) // LONGEST_SIDE)
    width, height = opened.size
    rows = max(1, _PART_PIXELS // (width * factor)) * factor
    if rows >= height:
        whole = conversion.apply(opened)
        return whole.reduce(factor) if factor > 1 else whole.copy()
    made = Image.new("RGB", (-(-width // factor), -(-height // factor)))
    for top in range(0, height, rows):
        part = conversion.apply(opened.crop((0, top, width, min(height, top + rows))))
        made.paste(part.reduce(factor) if factor > 1 else part, (0, top // factor))
    return made


def _letterboxed(picture: Image.Image) -> Image.Image:
    longest = max(picture.size)
    least = -(-longest // MOST_SLENDER)
    if min(picture.size) >= least:
        return picture
    return ImageOps.pad(picture, (max(picture.width, least), max(picture.height, least)), color=(255, 255, 255))
