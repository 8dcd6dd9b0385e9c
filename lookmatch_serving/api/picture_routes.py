"""Pictures of products and looks from the local stores."""

from __future__ import annotations

import re
from pathlib import Path

from flask import Blueprint, Response, send_file

from lookmatch_serving.api.parts import current_parts
from lookmatch_serving.api.routes import checked_id
from lookmatch_serving.errors import NotFoundError

pictures = Blueprint("pictures", __name__, url_prefix="/images")

_DIGEST = re.compile(r"[0-9a-f]{64}")
_YEAR_SECONDS = 365 * 24 * 3600
_HEAD = 12

CONTENT_TYPES = ("image/jpeg", "image/png", "image/webp", "image/avif", "image/heic")
"""What stored pictures are served as."""


@pictures.get("/products/<digest>")
def product_picture(digest: str) -> Response:
    """A product picture by the digest of its bytes; it never changes."""
    if not _DIGEST.fullmatch(digest):
        raise NotFoundError("no picture has this digest")
    return _picture(current_parts().settings.image_folder / digest[:2] / digest, digest)


@pictures.get("/products/<digest>/<int:width>.webp")
def resized_product_picture(digest: str, width: int) -> Response:
    """A product picture in one of the widths that pages show."""
    if not _DIGEST.fullmatch(digest):
        raise NotFoundError("no picture has this digest")
    return _resized(current_parts().settings.image_folder / digest[:2] / digest, digest, width)


@pictures.get("/looks/<digest>/<int:width>.webp")
def resized_look_picture(digest: str, width: int) -> Response:
    """A look's picture, by the digest of its bytes, in one of the widths that pages show."""
    if not _DIGEST.fullmatch(digest):
        raise NotFoundError("no picture has this digest")
    return _resized(current_parts().settings.look_folder / digest, digest, width)


@pictures.get("/looks/<look_id>")
def look_picture(look_id: str) -> Response:
    """The picture of a stored look."""
    stored = current_parts().stored.look(checked_id(look_id, "look"))
    return _picture(look_file(stored.image_file), stored.image_digest)


def look_file(image_file: str) -> Path:
    """Path of a look's picture.

    Raises:
        NotFoundError: the name is not a plain file name.
    """
    if Path(image_file).name != image_file:
        raise NotFoundError("this look has no picture")
    return current_parts().settings.look_folder / image_file


def content_type(head: bytes) -> str | None:
    """The type of a picture by its first bytes; None for anything we do not serve."""
    if head.startswith(b"\xff\xd8\xff"):
        return "image/jpeg"
    if head.startswith(b"\x89PNG\r\n\x1a\n"):
        return "image/png"
    if head[:4] == b"RIFF" and head[8:_HEAD] == b"WEBP":
        return "image/webp"
    if head[4:8] == b"ftyp":
        return "image/avif" if head[8:_HEAD] in (b"avif", b"avis") else "image/heic"
    return None


def _resized(original: Path, digest: str, width: int) -> Response:
    path = current_parts().resized.path(original, digest, width)
    return _lasting(send_file(path, mimetype="image/webp", etag=f"{digest}-{width}", max_age=_YEAR_SECONDS))


def _picture(path: Path, digest: str) -> Response:
    try:
        with path.open("rb") as file:
            kind = content_type(file.read(_HEAD))
    except OSError as error:
        raise NotFoundError("the picture is not stored here") from error
    if kind is None:
        raise NotFoundError("the picture is not of a kind that is served")
    return _lasting(send_file(path, mimetype=kind, etag=digest, max_age=_YEAR_SECONDS))


def _lasting(response: Response) -> Response:
    """For good in every cache: the address names the bytes."""
    response.cache_control.public = True
    response.cache_control.immutable = True
    return response
