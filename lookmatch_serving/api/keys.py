"""API keys: made, found and revoked. ``lm_<key id>_<secret>``; the store holds the id and a digest of the secret.

A plain SHA-256 suffices where the secret is 256 random bits: there is nothing to guess that a slow hash would slow down
(OWASP, Password Storage Cheat Sheet, speaks of what people choose).
"""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from lookmatch_serving.db import DictConnection, read_sql
from lookmatch_serving.errors import InvalidInputError, NotFoundError

DEFAULT_RATE_PER_MINUTE = 600
_KEY = re.compile(r"lm_([0-9a-f]{12})_([A-Za-z0-9_-]{43})")
_NAME_CHARACTERS = 100


class Scope(StrEnum):
    """What a key may do; ``admin`` includes the others."""

    SEARCH = "search"
    EVENTS = "events"
    ADMIN = "admin"


@dataclass(frozen=True)
class ApiKey:
    """A caller.

    Attributes:
        key_id: 12 hexadecimal digits; not secret, it names the key in logs.
        rate_per_minute: requests that it may send in any minute.
    """

    key_id: str
    name: str
    scopes: frozenset[Scope]
    rate_per_minute: int

    def may(self, scope: Scope) -> bool:
        """Whether the key has a scope."""
        return scope in self.scopes or Scope.ADMIN in self.scopes


def create_key(
    connection: DictConnection, name: str, scopes: Sequence[Scope], rate_per_minute: int = DEFAULT_RATE_PER_MINUTE
) -> tuple[ApiKey, str]:
    """Make a key.

    Returns:
        The key, and the text that its holder sends; it cannot be had again.

    Raises:
        InvalidInputError: the name, the scopes or the rate.
    """
    if not name.strip() or len(name) > _NAME_CHARACTERS or not name.isprintable():
        raise InvalidInputError("name", name, f"1 to {_NAME_CHARACTERS} printable characters are accepted")
    if not scopes:
        raise InvalidInputError("scopes", "none", f"at least one of {', '.join(Scope)} is accepted")
    if rate_per_minute < 1:
        raise InvalidInputError("rate_per_minute", rate_per_minute, "1 or more is accepted")
    key = ApiKey(secrets.token_hex(6), name.strip(), frozenset(scopes), rate_per_minute)
    secret = secrets.token_urlsafe(32)
    values = {
        "key_id": key.key_id,
        "digest": _digest(secret),
        "name": key.name,
        "scopes": sorted(key.scopes),
        "rate_per_minute": rate_per_minute,
    }
    connection.execute(read_sql(__package__, "create_api_key"), values)
    return key, f"lm_{key.key_id}_{secret}"


def find_key(connection: DictConnection, text: str) -> ApiKey | None:
    """The key that a caller sent; None when there is none such, or it was revoked. Digests are compared in constant time."""
    parts = _KEY.fullmatch(text)
    if parts is None:
        return None
    row = connection.execute(read_sql(__package__, "find_api_key"), {"key_id": parts.group(1)}).fetchone()
    held = bytes(row["digest"]) if row else bytes(32)
    if not hmac.compare_digest(held, _digest(parts.group(2))) or row is None:
        return None
    return _api_key(row)


def key_called(connection: DictConnection, key_id: str) -> ApiKey | None:
    """The key of an id that was proven before; None when there is none such, or it was revoked."""
    row = connection.execute(read_sql(__package__, "find_api_key"), {"key_id": key_id}).fetchone()
    return None if row is None else _api_key(row)


def revoke_key(connection: DictConnection, key_id: str) -> None:
    """Make a key invalid from now on.

    Raises:
        NotFoundError: no valid key has this id.
    """
    if connection.execute(read_sql(__package__, "revoke_api_key"), {"key_id": key_id}).fetchone() is None:
        raise NotFoundError(f"no valid key has the id {key_id!r}")


def list_keys(connection: DictConnection) -> list[dict[str, Any]]:
    """Every key with its name, scopes, rate and times, newest first; no secret and no digest."""
    return connection.execute(read_sql(__package__, "list_api_keys")).fetchall()


def _api_key(row: dict[str, Any]) -> ApiKey:
    return ApiKey(row["key_id"], row["name"], frozenset(map(Scope, row["scopes"])), row["rate_per_minute"])


def _digest(secret: str) -> bytes:
    return hashlib.sha256(secret.encode()).digest()
