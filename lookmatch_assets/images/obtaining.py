"""From the address of a product's picture to verified bytes in the store, or to a code that says why not.

``file://`` addresses serve pushes of local folders (``lookmatch feed push PATH``), whose publisher writes them. A packet from
outside may name one too, but gets no more than a picture that this process can read, verified like any other.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from urllib.parse import unquote, urlsplit

from PIL import Image

from lookmatch_assets.images.store import keep_picture, picture_path
from lookmatch_serving.errors import InvalidInputError, TransientError
from lookmatch_serving.fetching import FetchLimits, fetch_picture
from lookmatch_serving.pictures import MAX_BYTES, decode_picture, picture_digest

WORKERS = 8


class ImageCode(StrEnum):
    """Why a picture was not accepted; part of the contract with vendors."""

    MISSING = "image_missing"
    TOO_LARGE = "image_too_large"
    NOT_DECODABLE = "image_not_decodable"
    ADDRESS_REFUSED = "image_address_refused"
    UNREACHABLE = "image_unreachable"


RESOLUTIONS: dict[ImageCode, str] = {
    ImageCode.MISSING: "Put the picture where the record says it is, then send the product again.",
    ImageCode.TOO_LARGE: f"Send a picture of at most {MAX_BYTES // 2**20} MiB and 40 megapixels.",
    ImageCode.NOT_DECODABLE: "Send a whole JPEG, PNG or WebP file of at least 16 x 16 pixels.",
    ImageCode.ADDRESS_REFUSED: "Use an http or https address of a public server.",
    ImageCode.UNREACHABLE: "Nothing to mend in the feed: the picture is tried again with the product's next packet or run.",
}


@dataclass(frozen=True)
class WantedPicture:
    """A product's picture to obtain.

    Attributes:
        product_id: whose.
        url: http, https or file address.
        digest: of the picture that is held now; None when there is none.
    """

    product_id: str
    url: str
    digest: str | None = None


@dataclass(frozen=True)
class ObtainedPicture:
    """What became of it: either digest, width and height (pixels), or code and message."""

    product_id: str
    url: str
    digest: str | None = None
    width: int | None = None
    height: int | None = None
    code: ImageCode | None = None
    message: str | None = None


class _RefusedError(Exception):
    def __init__(self, code: ImageCode, message: str) -> None:
        super().__init__(message)
        self.code = code


def obtain_pictures(wanted: Iterable[WantedPicture], folder: Path, limits: FetchLimits) -> Iterator[ObtainedPicture]:
    """Obtain many pictures, several at a time; a failure concerns its own product only.

    Args:
        wanted: pictures to obtain.
        folder: the store.
        limits: bounds of a fetch over http.

    Yields:
        One result for each, in the same order.
    """
    with ThreadPoolExecutor(WORKERS) as workers:
        yield from workers.map(lambda one: obtain_picture(one, folder, limits), wanted)


def obtain_picture(wanted: WantedPicture, folder: Path, limits: FetchLimits) -> ObtainedPicture:
    """Read, verify and store one picture; bytes that are held already are not decoded again."""
    try:
        data = _read(wanted.url, limits)
        digest = picture_digest(data)
        width, height = _verified_size(data)
    except _RefusedError as refused:
        return ObtainedPicture(wanted.product_id, wanted.url, code=refused.code, message=str(refused)[:1000])
    if digest != wanted.digest or not picture_path(folder, digest).exists():
        keep_picture(folder, digest, data)
    return ObtainedPicture(wanted.product_id, wanted.url, digest, width, height)


def _read(url: str, limits: FetchLimits) -> bytes:
    if urlsplit(url).scheme == "file":
        return _read_file(Path(unquote(urlsplit(url).path)), limits.max_bytes)
    try:
        return fetch_picture(url, limits)
    except TransientError as error:
        raise _RefusedError(ImageCode.UNREACHABLE, str(error)) from error
    except InvalidInputError as error:
        raise _RefusedError(_code_of_fetch(error), str(error)) from error


def _read_file(path: Path, max_bytes: int) -> bytes:
    if not path.is_file():
        raise _RefusedError(ImageCode.MISSING, f"there is no file {path.name}")
    if path.stat().st_size > max_bytes:
        raise _RefusedError(ImageCode.TOO_LARGE, f"{path.name} has {path.stat().st_size} bytes; {max_bytes} are accepted")
    try:
        return path.read_bytes()
    except OSError as error:
        raise _RefusedError(ImageCode.MISSING, f"{path.name} cannot be read: {error.strerror}") from error


def _code_of_fetch(error: InvalidInputError) -> ImageCode:
    """The fetcher words its refusals; the server's answer and the size are told apart by that wording."""
    if "server answered" in error.accepted:
        return ImageCode.MISSING
    return ImageCode.TOO_LARGE if "larger than" in error.accepted else ImageCode.ADDRESS_REFUSED


def _verified_size(data: bytes) -> tuple[int, int]:
    try:
        return decode_picture(data).size
    except InvalidInputError as error:
        bomb = isinstance(error.__cause__, Image.DecompressionBombError | Image.DecompressionBombWarning)
        too_large = bomb or "pixels" in error.value or "bytes" in error.value
        raise _RefusedError(ImageCode.TOO_LARGE if too_large else ImageCode.NOT_DECODABLE, str(error)) from error
