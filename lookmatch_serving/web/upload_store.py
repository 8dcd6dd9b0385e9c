"""Looks that shoppers bring: kept in Valkey for half an hour under a name that cannot be guessed, and then forgotten."""

from __future__ import annotations

import hashlib
import io
import secrets
from dataclasses import dataclass

import redis
from PIL import Image

from lookmatch_serving.errors import NotFoundError
from lookmatch_serving.pictures import decode_picture
from lookmatch_serving.search.models.answer import SearchAnswer
from lookmatch_serving.settings import Market

KEPT_SECONDS = 30 * 60
LONGEST_SIDE = 1600
"""Pixels of the longer side that are kept; stages look at less."""

_PREFIX = "lookmatch:upload"


@dataclass(frozen=True)
class Upload:
    """A picture that a shopper brought, as JPEG, and its answer once there is one."""

    picture: bytes
    size: tuple[int, int]
    market: Market
    answer: SearchAnswer | None


def keep_upload(valkey: redis.Redis, data: bytes, market: Market) -> str:
    """Keep a picture.

    Returns:
        Its name: 192 random bits, which entitle whoever holds them. Valkey holds only their digest.

    Raises:
        InvalidInputError: it is no acceptable picture.
        RedisError: Valkey does not answer.
    """
    picture = decode_picture(data)
    picture.thumbnail((LONGEST_SIDE, LONGEST_SIDE), Image.Resampling.LANCZOS)
    encoded = io.BytesIO()
    picture.save(encoded, "JPEG", quality=90)
    token = secrets.token_urlsafe(24)
    values = {"picture": encoded.getvalue(), "width": picture.width, "height": picture.height, "market": market.value}
    with valkey.pipeline() as batch:
        batch.hset(_key(token), mapping=values)  # type: ignore[arg-type]
        batch.expire(_key(token), KEPT_SECONDS)
        batch.execute()
    return token


def find_upload(valkey: redis.Redis, token: str) -> Upload:
    """The picture of a name.

    Raises:
        NotFoundError: there is none, or its time is over.
        RedisError: Valkey does not answer.
    """
    held: dict[bytes, bytes] = valkey.hgetall(_key(token))  # type: ignore[assignment]
    if not held:
        raise NotFoundError("this look was kept for half an hour and is forgotten; upload it again")
    answer = SearchAnswer.model_validate_json(held[b"answer"]) if b"answer" in held else None
    return Upload(held[b"picture"], (int(held[b"width"]), int(held[b"height"])), Market(held[b"market"].decode()), answer)


def keep_answer(valkey: redis.Redis, token: str, answer: SearchAnswer) -> None:
    """Keep the answer of a picture for as long as the picture is."""
    key = _key(token)
    if valkey.exists(key):
        valkey.hset(key, "answer", answer.model_dump_json())
        valkey.expire(key, KEPT_SECONDS)


def _key(token: str) -> str:
    return f"{_PREFIX}:{hashlib.sha256(token.encode()).hexdigest()}"
