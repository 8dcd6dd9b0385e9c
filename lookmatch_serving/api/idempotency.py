"""Writes that a caller may send again: draft-ietf-httpapi-idempotency-key-header-07.

The answer of a write that carried an Idempotency-Key is kept in the transaction of the write itself, so that both are there or
neither. The same key with the same request gets that answer again; with another request it is refused (422), and while the
first is still being answered (409). A key belongs to its caller, and is forgotten after ``KEPT``.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable
from datetime import timedelta
from http import HTTPStatus

from flask import Response, g, request
from pydantic import BaseModel

from lookmatch_serving.api.keys import ApiKey
from lookmatch_serving.api.parts import current_parts
from lookmatch_serving.db import DictConnection, read_sql
from lookmatch_serving.errors import PermanentError, TransientError

KEPT = timedelta(hours=24)
HEADER = "Idempotency-Key"
REPLAYED_HEADER = "Idempotent-Replayed"
KEY_PATTERN = r'^("[A-Za-z0-9._:~+/=-]{1,255}"|[A-Za-z0-9._:~+/=-]{1,255})$'
"""A string of RFC 8941 in its quotation marks, as the draft has it, or bare, as many clients send it."""

_ANONYMOUS = "anonymous"


class UnreadableKeyError(PermanentError):
    """The Idempotency-Key is not spelled as one."""

    status = HTTPStatus.BAD_REQUEST
    problem = "unreadable-idempotency-key"
    detail = None


class ReusedKeyError(PermanentError):
    """The Idempotency-Key was used for another request."""

    status = HTTPStatus.UNPROCESSABLE_ENTITY
    problem = "idempotency-key-reused"
    detail = None


class InProgressError(TransientError):
    """The first request with this Idempotency-Key is still being answered."""

    status = HTTPStatus.CONFLICT
    problem = "idempotency-key-in-progress"
    detail = None


def answer_once(write: Callable[[DictConnection], BaseModel], *, shopper_id: str | None = None) -> Response:
    """Do a write and answer it, once for all requests of a caller that carry the same Idempotency-Key.

    Args:
        write: does it in the given connection's transaction and returns the answer.
        shopper_id: whose data the answer holds, so that it is erased with them; None when it holds nobody's.

    Raises:
        UnreadableKeyError: the header is no key.
        ReusedKeyError: the key was used for another request.
        InProgressError: a request with this key is being answered.
    """
    key = _key()
    with current_parts().pool.connection() as connection, connection.transaction():
        if key is None:
            return _answer(write(connection).model_dump_json())
        values = {**_names(key), "kept": KEPT}
        claimed = connection.execute(read_sql(__package__, "claim_idempotency_key"), values).fetchone()
        if claimed is None or not claimed["claimed"]:
            raise InProgressError("a request with this Idempotency-Key is still being answered")
        fingerprint = _fingerprint()
        kept = connection.execute(read_sql(__package__, "find_idempotent_answer"), values).fetchone()
        if kept is not None:
            if bytes(kept["fingerprint"]) != fingerprint:
                raise ReusedKeyError("this Idempotency-Key was used for another request; choose a new one")
            return _answer(kept["body"], {REPLAYED_HEADER: "true"})
        body = write(connection).model_dump_json()
        stored = {**values, "fingerprint": fingerprint, "shopper_id": shopper_id, "body": body}
        connection.execute(read_sql(__package__, "save_idempotent_answer"), stored)
    return _answer(body)


def _key() -> str | None:
    given = request.headers.get(HEADER)
    if given is None:
        return None
    if not re.fullmatch(KEY_PATTERN, given):
        raise UnreadableKeyError(f"{HEADER}: accepted are 1 to 255 letters, digits and ._:~+/=- , in quotation marks or bare")
    return given.strip('"')


def _names(key: str) -> dict[str, str]:
    caller: ApiKey | None = g.get("api_key")
    return {"caller": caller.key_id if caller else _ANONYMOUS, "idempotency_key": key}


def _fingerprint() -> bytes:
    said = hashlib.sha256(f"{request.method} {request.full_path}\n".encode())
    said.update(request.get_data())
    return said.digest()


def _answer(body: str, headers: dict[str, str] | None = None) -> Response:
    return Response(body, mimetype="application/json", headers={"Cache-Control": "no-store", **(headers or {})})
