"""Who may ask and how often: before every request of the API, its key, the key's scope and its rate.

Rates are counted in Valkey, so that all workers share them, by the limits library's moving window. When Valkey does not answer,
requests are let through, with a warning in the log and in ``lookmatch_rate_limit_unavailable_total``: a cache that is down must
not take the API down with it.

Not by Flask-Limiter, which puts hooks around the same library: it tells nobody of a store whose errors it swallows, and spells
what is left in ``X-RateLimit`` fields, not in the draft's two.
"""

from __future__ import annotations

import math
import time
from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus

import redis
import structlog
from flask import Flask, Response, g, request
from limits import RateLimitItemPerMinute
from limits.errors import StorageError
from limits.storage import RedisStorage
from limits.strategies import MovingWindowRateLimiter

from lookmatch_serving.api.keys import ApiKey, Scope, find_key
from lookmatch_serving.api.parts import current_parts
from lookmatch_serving.errors import RETRY_HEADERS, PermanentError, TransientError
from lookmatch_serving.settings import Settings

_log = structlog.get_logger("lookmatch.api")
_POLICY = "default"
_WINDOW_SECONDS = 60
_SOCKET_SECONDS = 0.1
_GUARDED = frozenset({"v1", "shoppers"})
_SCOPES = {
    "v1.search_looks": Scope.SEARCH,
    "v1.list_looks": Scope.SEARCH,
    "v1.get_look": Scope.SEARCH,
    "v1.get_product": Scope.SEARCH,
    "v1.get_query": Scope.ADMIN,
    "shoppers.record_events": Scope.EVENTS,
    "shoppers.get_preferences": Scope.EVENTS,
    "shoppers.put_preferences": Scope.EVENTS,
    "shoppers.delete_preferences": Scope.EVENTS,
}


class UnauthenticatedError(PermanentError):
    """No key was sent where one is needed, or one that is not valid."""

    status = HTTPStatus.UNAUTHORIZED
    problem = "unauthenticated"
    detail = None
    headers: Mapping[str, str] = {"WWW-Authenticate": 'Bearer realm="lookmatch"'}


class ForbiddenError(PermanentError):
    """The key lacks the scope."""

    status = HTTPStatus.FORBIDDEN
    problem = "forbidden"
    detail = None


class RateLimitedError(TransientError):
    """The key sent more requests than it may.

    Attributes:
        seconds: until the next one is accepted.
    """

    status = HTTPStatus.TOO_MANY_REQUESTS
    problem = "rate-limited"
    detail = None

    def __init__(self, seconds: int) -> None:
        self.seconds = seconds
        self.headers = {**RETRY_HEADERS, "Retry-After": str(seconds)}
        super().__init__(f"this key has sent as many requests as it may in a minute; the next is accepted in {seconds} s")


@dataclass(frozen=True)
class Allowance:
    """What a caller may still send.

    Attributes:
        quota: requests in a window.
        remaining: of them.
        reset_seconds: until the window frees the next place.
    """

    quota: int
    remaining: int
    reset_seconds: int


class RateLimiter:
    """Counts requests of a key over the last minute."""

    def __init__(self, redis_url: str) -> None:
        storage = RedisStorage(
            _limits_url(redis_url), socket_timeout=_SOCKET_SECONDS, socket_connect_timeout=_SOCKET_SECONDS, wrap_exceptions=True
        )
        self._window = MovingWindowRateLimiter(storage)

    def take(self, key: ApiKey) -> Allowance:
        """Count one request.

        Raises:
            RateLimitedError: it is one too many.
            StorageError: Valkey does not answer.
        """
        rate = RateLimitItemPerMinute(key.rate_per_minute)
        taken = self._window.hit(rate, "api", key.key_id)
        found = self._window.get_window_stats(rate, "api", key.key_id)
        seconds = min(max(1, math.ceil(found.reset_time - time.time())), _WINDOW_SECONDS)
        if not taken:
            raise RateLimitedError(seconds)
        return Allowance(key.rate_per_minute, found.remaining, seconds)


def guard_requests(app: Flask, settings: Settings, limiter: RateLimiter) -> None:
    """Check every request of the API before it is handled.

    Args:
        app: the application.
        settings: ``require_api_key`` says whether a request without a key is refused.
        limiter: counts the requests of keys.
    """

    def check() -> None:
        if request.method == "OPTIONS":  # a browser's question before the request carries no key, and gets no data
            return
        scope = _SCOPES.get(request.endpoint or "")
        if scope is None:
            if request.blueprint in _GUARDED:
                raise ForbiddenError("this path is in no scope")
            return
        key = _key_of(request.headers.get("Authorization"))
        if key is None:
            if settings.require_api_key:
                raise UnauthenticatedError("send 'Authorization: Bearer <key>'")
            return
        g.api_key = key
        if not key.may(scope):
            raise ForbiddenError(f"the key lacks the scope {scope}")
        try:
            g.allowance = limiter.take(key)
        except RateLimitedError as error:
            g.allowance = Allowance(key.rate_per_minute, 0, error.seconds)
            raise
        except (StorageError, redis.RedisError, OSError) as error:
            current_parts().metrics.rate_limit_unavailable()
            _log.warning("rate_not_limited", key_id=key.key_id, error=type(error).__name__)

    app.before_request(check)
    app.after_request(_tell_allowance)


def _key_of(authorization: str | None) -> ApiKey | None:
    """The caller's key; None when no key was sent.

    Raises:
        UnauthenticatedError: what was sent is no valid key.
    """
    if authorization is None:
        return None
    scheme, _, text = authorization.partition(" ")
    if scheme.lower() != "bearer":
        raise UnauthenticatedError("the scheme Bearer is accepted")
    with current_parts().pool.connection() as connection:
        key = find_key(connection, text.strip())
    if key is None:
        raise UnauthenticatedError("this is no valid key")
    return key


def _tell_allowance(response: Response) -> Response:
    """The fields RateLimit-Policy and RateLimit of draft-ietf-httpapi-ratelimit-headers-10."""
    allowance: Allowance | None = g.get("allowance")
    if allowance is not None:
        response.headers["RateLimit-Policy"] = f'"{_POLICY}";q={allowance.quota};w={_WINDOW_SECONDS}'
        response.headers["RateLimit"] = f'"{_POLICY}";r={allowance.remaining};t={allowance.reset_seconds}'
    return response


def _limits_url(redis_url: str) -> str:
    """The store's address as the limits library spells it."""
    return "redis+" + redis_url if redis_url.startswith("unix:") else redis_url
