"""Who may open the console.

* Where API keys are required (``LOOKMATCH_REQUIRE_API_KEY``), only who logged in with a key of scope ``admin``.
* Where they are not, also whoever sits at the machine itself: the peer's address is a loopback one, the page was asked for by a
  loopback name (a name of one's own that resolves to the loopback address is how other sites reach in), and no proxy passed the
  request on.

A session is a random name in a cookie for these pages alone; Valkey holds its digest for some hours with the key's id, and each
request looks whether the key still holds.
"""

from __future__ import annotations

import hashlib
import ipaddress
import re
import secrets

import redis
from flask import Blueprint, redirect, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from lookmatch_serving.api.keys import ApiKey, Scope, find_key, key_called
from lookmatch_serving.api.parts import current_parts

console = Blueprint("console", __name__, url_prefix="/console")

SESSION_COOKIE = "console"
SESSION_SECONDS = 8 * 3600
_COOKIE = re.compile(r"[A-Za-z0-9_-]{43}")
_LOOPBACK_NAMES = {"localhost", "127.0.0.1", "[::1]"}
_PASSED_ON = ("Forwarded", "X-Forwarded-For", "X-Forwarded-Host", "X-Real-Ip", "Via")
_OPEN = {"console.show_login", "console.log_in"}


@console.before_request
def guard() -> AnyResponse | None:
    """Send whoever may not be here to the login."""
    if request.endpoint in _OPEN or at_the_machine() or session_key_id() is not None:
        return None
    return redirect(url_for("console.show_login", next=request.path if request.method == "GET" else None), 303)


def at_the_machine() -> bool:
    """Whether the request comes from the machine itself and keys are not required."""
    if current_parts().settings.require_api_key or any(name in request.headers for name in _PASSED_ON):
        return False
    host = request.host.rpartition(":")[0] if re.search(r":\d+$", request.host) else request.host
    try:
        peer = ipaddress.ip_address(request.remote_addr or "")
    except ValueError:
        return False
    return peer.is_loopback and host.lower() in _LOOPBACK_NAMES


def admin_key(text: str) -> ApiKey | None:
    """The key of scope ``admin`` that was typed; None for anything else."""
    with current_parts().pool.connection() as connection:
        key = find_key(connection, text.strip())
    return key if key is not None and Scope.ADMIN in key.scopes else None


def open_session(key: ApiKey) -> str:
    """A new session's cookie.

    Raises:
        RedisError: Valkey does not answer.
    """
    secret = secrets.token_urlsafe(32)
    current_parts().valkey.set(_name(secret), key.key_id, ex=SESSION_SECONDS)
    return secret


def session_secret() -> str | None:
    """The cookie that came with the request, None when there is none of our making."""
    given = request.cookies.get(SESSION_COOKIE, "")
    return given if _COOKIE.fullmatch(given) else None


def session_key_id() -> str | None:
    """Id of the key that the session was opened with, as long as both hold."""
    secret = session_secret()
    if secret is None:
        return None
    held = current_parts().valkey.get(_name(secret))
    if not isinstance(held, bytes):
        return None
    with current_parts().pool.connection() as connection:
        key = key_called(connection, held.decode())
    return key.key_id if key is not None and Scope.ADMIN in key.scopes else None


def close_session(secret: str, valkey: redis.Redis) -> None:
    """End a session."""
    valkey.delete(_name(secret))


def _name(secret: str) -> str:
    return f"lookmatch:console:{hashlib.sha256(secret.encode()).hexdigest()}"
