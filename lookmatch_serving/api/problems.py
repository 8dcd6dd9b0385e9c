"""Errors become HTTP here and nowhere else.

| error | status |
|---|---|
| body that cannot be read (bad JSON) | 400 |
| ``UnauthenticatedError``, ``ForbiddenError``, ``RateLimitedError`` | 401, 403, 429 with Retry-After |
| ``NotFoundError``, unknown path | 404 |
| ``UnreadableKeyError``, ``InProgressError``, ``ReusedKeyError`` of an Idempotency-Key | 400, 409, 422 |
| wrong method, body too large, wrong content type | 405, 413, 415 |
| ``InvalidInputError``, ``InvalidRequestError``: understood, but a value is refused | 422 |
| ``TransientError``, no database connection, statement timeout, nothing materialised yet | 503 with Retry-After |
| everything else | 500, with the request's id and no internals |

Programs get ``application/problem+json``; a browser on a page gets the same words as a page.
"""

from __future__ import annotations

from http import HTTPStatus

import psycopg
import redis
import structlog
from flask import Flask, Response, g, render_template, request
from psycopg_pool import PoolTimeout, TooManyRequests
from werkzeug.exceptions import HTTPException

from lookmatch_serving.api.access import ForbiddenError, RateLimitedError, UnauthenticatedError
from lookmatch_serving.api.idempotency import InProgressError, ReusedKeyError, UnreadableKeyError
from lookmatch_serving.api.records import FieldError, Problem
from lookmatch_serving.errors import DeadlineExceededError, InvalidInputError, NotFoundError, PermanentError, TransientError

PROBLEM_TYPE = "application/problem+json"
RETRY_HEADERS = {"Retry-After": "1", "Cache-Control": "no-store"}

_log = structlog.get_logger("lookmatch.api")
_PROGRAM_PATHS = ("/v1/", "/images/", "/openapi.json", "/livez", "/readyz", "/metrics")
_STORE_ERRORS = (PoolTimeout, TooManyRequests, psycopg.OperationalError, redis.RedisError)
_NOT_MATERIALISED = (psycopg.errors.UndefinedTable, psycopg.errors.InvalidSchemaName)
_DETAILS = {
    404: "nothing is at this path",
    405: "this path does not answer that method",
    413: "the request body is larger than this server accepts",
    415: "the body's content type is not accepted; send application/json or multipart/form-data",
}


class UnreadableBodyError(PermanentError):
    """The body is not what its content type says."""


class InvalidRequestError(PermanentError):
    """Several values of a request were refused at once."""

    def __init__(self, errors: list[FieldError]) -> None:
        self.errors = errors
        super().__init__("; ".join(f"{error.field}: {error.accepted}" for error in errors))


def register_problems(app: Flask) -> None:
    """Answer every error of the application as a problem."""
    app.register_error_handler(Exception, _answer_error)


def unavailable(instance: str, request_id: str) -> Problem:
    """What a request is told that may be sent again."""
    detail = "the server cannot answer just now; try again shortly"
    return _named(HTTPStatus.SERVICE_UNAVAILABLE, "unavailable", detail, instance, request_id)


def _answer_error(error: Exception) -> Response:
    problem, headers = _problem_of(error)
    if problem.status == HTTPStatus.INTERNAL_SERVER_ERROR:
        route = request.url_rule.rule if request.url_rule else "unmatched"  # a path may hold a rater's token or a shopper's id
        _log.error("request_failed", request_id=g.get("request_id"), route=route, exc_info=error)
    if _wants_page():
        response = Response(render_template(_page_template(), problem=problem), status=problem.status, mimetype="text/html")
    else:
        body = problem.model_dump_json(exclude_defaults=True)
        response = Response(body, status=problem.status, content_type=PROBLEM_TYPE)
    response.headers.update(headers)
    return response


def _problem_of(error: Exception) -> tuple[Problem, dict[str, str]]:
    if isinstance(error, InvalidInputError):
        refused = FieldError(field=error.field, value=error.value, accepted=error.accepted)
        return _problem(422, "invalid-request", str(error), [refused]), {}
    if isinstance(error, InvalidRequestError):
        return _problem(422, "invalid-request", str(error), error.errors), {}
    if isinstance(error, UnreadableBodyError):
        return _problem(400, "unreadable-body", str(error)), {}
    if isinstance(error, NotFoundError):
        return _problem(404, "not-found", str(error)), {}
    if isinstance(error, UnauthenticatedError):
        return _problem(401, "unauthenticated", str(error)), {"WWW-Authenticate": 'Bearer realm="lookmatch"'}
    if isinstance(error, ForbiddenError):
        return _problem(403, "forbidden", str(error)), {}
    if isinstance(error, RateLimitedError):
        return _problem(429, "rate-limited", str(error)), {**RETRY_HEADERS, "Retry-After": str(error.seconds)}
    if isinstance(error, UnreadableKeyError):
        return _problem(400, "unreadable-idempotency-key", str(error)), {}
    if isinstance(error, ReusedKeyError):
        return _problem(422, "idempotency-key-reused", str(error)), {}
    if isinstance(error, InProgressError):
        return _problem(409, "idempotency-key-in-progress", str(error)), RETRY_HEADERS
    if isinstance(error, DeadlineExceededError):
        return _problem(503, "deadline-exceeded", "the request could not be answered within its deadline"), RETRY_HEADERS
    if isinstance(error, TransientError):
        return unavailable(request.path, g.get("request_id", "")), RETRY_HEADERS
    if isinstance(error, _STORE_ERRORS):
        return _problem(503, "store-unavailable", "a data store does not answer just now; try again shortly"), RETRY_HEADERS
    if isinstance(error, _NOT_MATERIALISED):
        return _problem(503, "not-materialised", "the catalogue has not been materialised yet"), RETRY_HEADERS
    if isinstance(error, HTTPException) and error.code and error.code < HTTPStatus.INTERNAL_SERVER_ERROR:
        return _http_problem(error)
    return _problem(500, "internal-error", "the server failed to answer; quote the request id when reporting it"), {}


def _http_problem(error: HTTPException) -> tuple[Problem, dict[str, str]]:
    status = error.code or HTTPStatus.BAD_REQUEST
    name = HTTPStatus(status).phrase.lower().replace(" ", "-")
    headers = {key: value for key, value in error.get_headers() if key.lower() in {"allow", "location"}}
    return _problem(status, name, _DETAILS.get(status, "the request cannot be read")), headers


def _problem(status: int, name: str, detail: str, errors: list[FieldError] | None = None) -> Problem:
    return _named(status, name, detail, request.path, g.get("request_id", ""), errors)


def _named(
    status: int, name: str, detail: str, instance: str, request_id: str, errors: list[FieldError] | None = None
) -> Problem:
    return Problem(
        type=f"urn:lookmatch:problem:{name}",
        title=name.replace("-", " ").capitalize(),
        status=status,
        detail=detail,
        instance=instance,
        request_id=request_id,
        errors=errors or [],
    )


def _page_template() -> str:
    """The page, or its middle alone where a page asks for a part of itself."""
    return "_problem.html" if request.headers.get("HX-Request") == "true" else "error.html"


def _wants_page() -> bool:
    if request.headers.get("HX-Request") == "true":
        return True
    if request.path.startswith(_PROGRAM_PATHS):
        return False
    best = request.accept_mimetypes.best_match([PROBLEM_TYPE, "application/json", "text/html"], default=PROBLEM_TYPE)
    return best == "text/html" and "text/html" in request.headers.get("Accept", "")
