"""Where a request's look comes from: bytes beside the request, an address, or a registered look with perhaps a stored answer."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from pydantic import ValidationError

from lookmatch_serving.db import DictConnection, read_sql
from lookmatch_serving.errors import InvalidInputError, NotFoundError
from lookmatch_serving.fetching import FetchLimits, fetch_picture
from lookmatch_serving.pictures import decode_picture, picture_digest
from lookmatch_serving.search.models.answer import SearchAnswer
from lookmatch_serving.search.models.look import Look
from lookmatch_serving.search.models.request import AppliedPreference, Filters, SearchRequest
from lookmatch_serving.settings import Settings


@dataclass(frozen=True)
class RegisteredLook:
    """A row of ``looks.looks``, and the answer that the offline job stored, when it did."""

    image_file: str
    image_digest: str
    stored: SearchAnswer | None


def check_one_source(request: SearchRequest, image: bytes | None) -> None:
    """Refuse a request that does not name exactly one look.

    Raises:
        InvalidInputError: none or several are named.
    """
    given = [
        name
        for name, value in (("image", image), ("image_url", request.image_url), ("look_id", request.look_id))
        if value is not None
    ]
    if len(given) != 1:
        raise InvalidInputError("image", given or None, "accepted is exactly one of image, image_url and look_id")


def registered_look(connection: DictConnection, look_id: str) -> RegisteredLook:
    """Look up a registered look; it may be searched in any market, its stored answer only counts in its own.

    Raises:
        NotFoundError: there is none of that id.
    """
    values = {"look_id": look_id}
    row = connection.execute(read_sql(__package__, "look_by_id"), values).fetchone()
    if row is None:
        raise NotFoundError(f"look_id: there is no look {look_id!r}")
    stored = None
    if row["answer"] is not None:
        try:
            stored = SearchAnswer.model_validate(row["answer"])
        except ValidationError:
            stored = None  # written by another version of the contract; computed afresh
    return RegisteredLook(row["image_file"], row["image_digest"], stored)


def usable_as_stored(
    request: SearchRequest, stored: SearchAnswer | None, encoder_version: str, preferences: Sequence[AppliedPreference] = ()
) -> bool:
    """Whether a stored answer is what computing it now would give: same encoder, nothing special asked for, enough hits.

    A layer without a further page has no more hits than are stored.

    Stored answers are nobody's, so they are not for a shopper whose preferences apply.
    """
    return (
        stored is not None
        and stored.encoder_version == encoder_version
        and stored.market == request.market
        and request.filters == Filters()
        and not preferences
        and request.layers is None
        and not request.explain
        and all(len(layer.hits) >= request.page_size or layer.next_page_token is None for layer in stored.layers)
    )


def decoded_looks(pictures: Sequence[bytes]) -> list[Look]:
    """Looks of encoded pictures; those that are none are left out."""
    looks = []
    for data in pictures:
        with suppress(InvalidInputError):
            looks.append(Look(decode_picture(data), picture_digest(data)))
    return looks


def look_bytes(
    settings: Settings, request: SearchRequest, image: bytes | None, found: RegisteredLook | None, seconds: float
) -> tuple[bytes, str]:
    """The encoded picture of the request's look, and its digest.

    Args:
        settings: where looks lie and what may be fetched.
        request: names the look when ``image`` is None.
        image: encoded bytes.
        found: the registered look of ``request.look_id``.
        seconds: bound of a fetch.

    Raises:
        InvalidInputError: the address is not acceptable.
        NotFoundError: the registered look's file is gone.
        UpstreamError: the address did not answer usefully.
    """
    if image is not None:
        data = image
    elif request.image_url is not None:
        limits = FetchLimits(seconds=seconds, allow_private_addresses=settings.allow_private_addresses)
        data = fetch_picture(request.image_url, limits)
    elif found is None:
        raise NotFoundError("look_id: no look was named")
    else:
        try:
            data = (settings.look_folder / Path(found.image_file).name).read_bytes()
        except OSError as error:
            raise NotFoundError(f"look_id: the picture of {request.look_id!r} is gone") from error
    return data, picture_digest(data)


def read_look(data: bytes, digest: str, request: SearchRequest) -> Look:
    """Decode the request's look.

    Raises:
        InvalidInputError: it is no acceptable picture; names the field that it came in.
    """
    field = next((name for name in ("image_url", "look_id") if getattr(request, name) is not None), "image")
    return Look(decode_picture(data, field=field), digest)
