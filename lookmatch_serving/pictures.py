"""Decoding of untrusted picture bytes: an allow-list of formats, a bound on pixels, and an upright RGB image at the end."""

from __future__ import annotations

import hashlib
import io
import warnings

from PIL import Image, ImageOps, UnidentifiedImageError

from lookmatch_serving.errors import InvalidInputError

ACCEPTED_FORMATS = ("JPEG", "PNG", "WEBP")
MAX_PIXELS = 40_000_000
"""Most pixels of a picture; 40 megapixels is what phone cameras make, and decodes to 120 MB."""

MAX_BYTES = 20 * 2**20
"""Most bytes of an encoded picture."""

MIN_SIDE = 16
"""Least width and height in pixels."""

_ACCEPTED = f"a JPEG, PNG or WebP picture of at least {MIN_SIDE} x {MIN_SIDE} and at most {MAX_PIXELS // 1_000_000} megapixels"


def picture_digest(data: bytes) -> str:
    """SHA-256 of the encoded picture, in hex."""
    return hashlib.sha256(data).hexdigest()


def decode_picture(data: bytes, *, field: str = "image") -> Image.Image:
    """Decode a picture.

    Args:
        data: the encoded file.
        field: name of the field it came in, for the error.

    Returns:
        An RGB image, turned upright by its EXIF orientation; transparency laid on white.

    Raises:
        InvalidInputError: it is no picture, of another format, broken, or too large in bytes or pixels.
    """
    if len(data) > MAX_BYTES:
        raise InvalidInputError(field, f"{len(data)} bytes", f"accepted is at most {MAX_BYTES} bytes")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            with Image.open(io.BytesIO(data), formats=ACCEPTED_FORMATS) as opened:
                _check_size(opened.size, field)
                opened.load()
                upright = ImageOps.exif_transpose(opened)
                return rgb_on_white(upright)
    except InvalidInputError:
        raise
    except (UnidentifiedImageError, Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise InvalidInputError(field, data[:12], f"accepted is {_ACCEPTED}") from error
    except (OSError, ValueError, SyntaxError, EOFError, OverflowError) as error:
        raise InvalidInputError(field, data[:12], f"the picture is broken ({error}); accepted is {_ACCEPTED}") from error


def check_picture(data: bytes, *, field: str = "image") -> None:
    """Refuse what cannot be a picture by its size, format and dimensions, without decoding it.

    Raises:
        InvalidInputError: as ``decode_picture`` does; a broken picture may pass.
    """
    if len(data) > MAX_BYTES:
        raise InvalidInputError(field, f"{len(data)} bytes", f"accepted is at most {MAX_BYTES} bytes")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)
            with Image.open(io.BytesIO(data), formats=ACCEPTED_FORMATS) as opened:
                _check_size(opened.size, field)
    except (UnidentifiedImageError, Image.DecompressionBombError, OSError, ValueError, SyntaxError) as error:
        raise InvalidInputError(field, data[:12], f"accepted is {_ACCEPTED}") from error


def rgb_on_white(picture: Image.Image) -> Image.Image:
    """An RGB picture; transparent parts become white, the ground of catalogue photos."""
    if not picture.has_transparency_data:
        return picture.convert("RGB")
    layered = picture.convert("RGBA")
    ground = Image.new("RGBA", layered.size, "white")
    return Image.alpha_composite(ground, layered).convert("RGB")


def _check_size(size: tuple[int, int], field: str) -> None:
    width, height = size
    if width * height > MAX_PIXELS or min(size) < MIN_SIDE:
        raise InvalidInputError(field, f"{width} x {height} pixels", f"accepted is {_ACCEPTED}")
