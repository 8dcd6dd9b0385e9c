"""From the address of a product's picture to verified bytes in the store, or to a code that says why not.

A server is asked by a few at a time, asked again after a pause when it fails, and left alone for the rest of a run once it failed
several pictures in a row. What a run could not have is tried by later ones, ever less often (``due_pictures.sql``).

``file://`` addresses serve pushes of local folders (``lookmatch feed push PATH``), whose publisher writes them. A packet from
outside may name one too, but gets no more than a picture that this process can read, verified like any other.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from urllib.parse import unquote, urlsplit

from PIL import Image
from tenacity import Retrying, retry_if_exception_type, stop_after_attempt, wait_random_exponential

from lookmatch_assets.images.store import keep_picture, picture_path
from lookmatch_serving.errors import InvalidInputError, TransientError
from lookmatch_serving.fetching import FetchLimits, fetch_picture
from lookmatch_serving.files import sweep_parts
from lookmatch_serving.picture_memory import PicturesWaitError
from lookmatch_serving.pictures import MAX_BYTES, check_picture, decode_picture, picture_digest

WORKERS = 16
HOST_CONNECTIONS = 4
"""Most pictures that are fetched from one server at a time."""

ATTEMPTS = 3
"""Of one run at one picture, while its server fails."""

_MEMORY_SECONDS = 120.0

GIVE_UP_AFTER = 5
"""Pictures in a row that a server fails, after which the run leaves it alone."""


class ImageCode(StrEnum):
    """Why a picture was not accepted; part of the contract with vendors."""

    MISSING = "image_missing"
    TOO_LARGE = "image_too_large"
    NOT_DECODABLE = "image_not_decodable"
    ADDRESS_REFUSED = "image_address_refused"
    UNREACHABLE = "image_unreachable"


RESOLUTIONS: dict[ImageCode, str] = {
    ImageCode.MISSING: "Put the picture where the record says it is, then send the product again.",
    ImageCode.TOO_LARGE: f"Send at most {MAX_BYTES // 2**20} MiB and 40 megapixels (25 in HEIC, 20 in WebP and AVIF).",
    ImageCode.NOT_DECODABLE: "Send a whole JPEG, PNG, WebP, AVIF or HEIC file of at least 16 x 16 pixels.",
    ImageCode.ADDRESS_REFUSED: "Use an http or https address of a public server.",
    ImageCode.UNREACHABLE: "Nothing to mend in the feed: it is tried again, a minute later at first, then ever less often.",
}


@dataclass(frozen=True)
class WantedPicture:
    """A product's picture to obtain.

    Attributes:
        product_id: whose.
        url: http, https or file address.
        digest: of the picture that was held last; None when there was none.
        read_url: address that was read last; None when none was.
    """

    product_id: str
    url: str
    digest: str | None = None
    read_url: str | None = None


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


@dataclass
class _Server:
    """What a run knows of one server: pictures that wait, how many are being fetched, and how many it failed in a row."""

    waiting: deque[WantedPicture] = field(default_factory=deque)
    fetching: int = 0
    failed: int = 0

    def note(self, obtained: ObtainedPicture) -> None:
        self.fetching -= 1
        self.failed = self.failed + 1 if obtained.code is ImageCode.UNREACHABLE else 0

    def next(self, limit: int) -> WantedPicture | None:
        return self.waiting.popleft() if self.waiting and self.fetching < limit and self.failed < GIVE_UP_AFTER else None


class _RefusedError(Exception):
    def __init__(self, code: ImageCode, message: str) -> None:
        super().__init__(message)
        self.code = code


def obtain_pictures(
    wanted: Iterable[WantedPicture], folder: Path, limits: FetchLimits, pause_seconds: float = 1.0
) -> Iterator[ObtainedPicture]:
    """Obtain many pictures, several at a time; a failure concerns its own product only.

    Args:
        wanted: pictures to obtain.
        folder: the store.
        limits: bounds of a fetch over http.
        pause_seconds: before the second attempt; later ones wait longer.

    Yields:
        One result for each, as they come.
    """
    sweep_parts(folder)
    servers: dict[str, _Server] = {}
    for one in wanted:
        servers.setdefault(urlsplit(one.url).netloc, _Server()).waiting.append(one)
    with ThreadPoolExecutor(WORKERS) as workers:
        fetching: dict[Future[ObtainedPicture], _Server] = {}
        while True:
            for one, server in _startable(servers, WORKERS - len(fetching)):
                fetching[workers.submit(obtain_picture, one, folder, limits, pause_seconds)] = server
            yield from _left_alone(servers)
            if not fetching:
                return
            for done in wait(fetching, return_when=FIRST_COMPLETED).done:
                obtained = done.result()
                fetching.pop(done).note(obtained)
                yield obtained


def _startable(servers: dict[str, _Server], room: int) -> list[tuple[WantedPicture, _Server]]:
    """Pictures to begin with now, from one server after the other; local files (no server's name) have no limit of their own."""
    found: list[tuple[WantedPicture, _Server]] = []
    begun = True
    while begun and len(found) < room:
        begun = False
        for name, server in servers.items():
            one = server.next(HOST_CONNECTIONS if name else WORKERS) if len(found) < room else None
            if one is not None:
                server.fetching += 1
                found.append((one, server))
                begun = True
    return found


def _left_alone(servers: dict[str, _Server]) -> Iterator[ObtainedPicture]:
    """The pictures of servers that failed too many, as unreachable without being asked for; drained servers are forgotten."""
    for name, server in list(servers.items()):
        if server.failed >= GIVE_UP_AFTER:
            message = f"{name} failed {GIVE_UP_AFTER} pictures in a row; it was not asked for this one"
            while server.waiting:
                one = server.waiting.popleft()
                yield ObtainedPicture(one.product_id, one.url, code=ImageCode.UNREACHABLE, message=message)
        if not server.waiting and not server.fetching:
            del servers[name]


def obtain_picture(wanted: WantedPicture, folder: Path, limits: FetchLimits, pause_seconds: float = 1.0) -> ObtainedPicture:
    """Read, verify and store one picture; bytes that are held already are not written again."""
    try:
        data = _read_patiently(wanted.url, limits, pause_seconds)
        digest = picture_digest(data)
        width, height = _verified_size(data)
    except _RefusedError as refused:
        return ObtainedPicture(wanted.product_id, wanted.url, code=refused.code, message=str(refused)[:1000])
    if digest != wanted.digest or not picture_path(folder, digest).exists():
        keep_picture(folder, digest, data)
    return ObtainedPicture(wanted.product_id, wanted.url, digest, width, height)


def _read_patiently(url: str, limits: FetchLimits, pause_seconds: float) -> bytes:
    """The bytes; a server that fails is asked again, after pauses that grow."""
    if urlsplit(url).scheme == "file":
        return _read_file(Path(unquote(urlsplit(url).path)), limits.max_bytes)
    asking = Retrying(
        retry=retry_if_exception_type(TransientError),
        stop=stop_after_attempt(ATTEMPTS),
        wait=wait_random_exponential(multiplier=pause_seconds, max=10 * pause_seconds),
        reraise=True,
    )
    try:
        return asking(fetch_picture, url, limits)
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
        with path.open("rb") as file:
            return file.read(max_bytes + 1)  # a file of /proc says size 0
    except OSError as error:
        raise _RefusedError(ImageCode.MISSING, f"{path.name} cannot be read: {error.strerror}") from error


def _code_of_fetch(error: InvalidInputError) -> ImageCode:
    """The fetcher words its refusals; the server's answer and the size are told apart by that wording."""
    if "server answered" in error.accepted:
        return ImageCode.MISSING
    return ImageCode.TOO_LARGE if "larger than" in error.accepted else ImageCode.ADDRESS_REFUSED


def _verified_size(data: bytes) -> tuple[int, int]:
    try:
        decode_picture(data, wait_seconds=_MEMORY_SECONDS)
        return check_picture(data)
    except PicturesWaitError as error:
        raise _RefusedError(ImageCode.UNREACHABLE, str(error)) from error
    except InvalidInputError as error:
        bomb = isinstance(error.__cause__, Image.DecompressionBombError)
        too_large = bomb or "pixels" in error.value or "bytes" in error.value
        raise _RefusedError(ImageCode.TOO_LARGE if too_large else ImageCode.NOT_DECODABLE, str(error)) from error
