"""Errors become HTTP here and nowhere else.

Ours say themselves how they are answered (``LookmatchError``). A store that does not answer, or holds nothing yet, is 503; what a
request is refused with before a route sees it (unknown path, wrong method, body too large, wrong content type) keeps its status;
everything else is 500, with the request's id and no internals.

Programs get ``application/problem+json``; a browser on a page gets the same words as a page.
"""

from __future__ import annotations

from dataclasses import asdict
from http import HTTPStatus

import psycopg
import redis
import structlog
from flask import Flask, Response, g, render_template, request
from psycopg_pool import PoolTimeout, TooManyRequests
from werkzeug.exceptions import HTTPException

from lookmatch_serving.api.records import FieldError, Problem
from lookmatch_serving.errors import LookmatchError, TransientError

PROBLEM_TYPE = "application/problem+json"

_log = structlog.get_logger("lookmatch.api")
_PROGRAM_PATHS = ("/v1/", "/images/", "/openapi.json", "/livez", "/readyz", "/metrics")
_DETAILS = {
    404: "nothing is at this path",
    405: "this path does not answer that method",
    413: "the request body is larger than this server accepts",
    415: "the body's content type is not accepted; send application/json or multipart/form-data",
}


class StoreUnavailableError(TransientError):
    """Postgres or Valkey does not answer."""

    problem = "store-unavailable"
    detail = "a data store does not answer just now; try again shortly"


class NotMaterialisedError(TransientError):
    """A table that assets make is not there."""

    problem = "not-materialised"
    detail = "the catalogue has not been materialised yet"


class HttpError(LookmatchError):
    """What the framework refuses a request with."""

    def __init__(self, error: HTTPException, status: HTTPStatus) -> None:
        self.status = status
        self.problem = status.phrase.lower().replace(" ", "-")
        self.detail = _DETAILS.get(status, "the request cannot be read")
        self.headers = {name: value for name, value in error.get_headers() if name.lower() in {"allow", "location"}}
        super().__init__(str(error))


def register_problems(app: Flask) -> None:
    """Answer every error of the application as a problem."""
    app.register_error_handler(Exception, _answer_error)


def problem_of(error: LookmatchError, instance: str, request_id: str) -> Problem:
    """How an error is told to the caller.

    Args:
        error: that ended the request.
        instance: the request's path.
        request_id: of the request.
    """
    return Problem(
        type=f"urn:lookmatch:problem:{error.problem}",
        title=error.problem.replace("-", " ").capitalize(),
        status=error.status,
        detail=str(error) if error.detail is None else error.detail,
        instance=instance,
        request_id=request_id,
        errors=[FieldError(**asdict(value)) for value in error.refused],
    )


def _answer_error(error: Exception) -> Response:
    known = _known(error)
    problem = problem_of(known, request.path, g.get("request_id", ""))
    if problem.status == HTTPStatus.INTERNAL_SERVER_ERROR:
        route = request.url_rule.rule if request.url_rule else "unmatched"  # a path may hold a rater's token or a shopper's id
        _log.error("request_failed", request_id=g.get("request_id"), route=route, exc_info=error)
    if _wants_page():
        response = Response(render_template(_page_template(), problem=problem), status=problem.status, mimetype="text/html")
    else:
        body = problem.model_dump_json(exclude_defaults=True)
        response = Response(body, status=problem.status, content_type=PROBLEM_TYPE)
    response.headers.update(known.headers)
    return response


def _known(error: Exception) -> LookmatchError:
    """The error itself where it is ours, else ours that stands for it."""
    if isinstance(error, LookmatchError):
        return error
    if isinstance(error, PoolTimeout | TooManyRequests | psycopg.OperationalError | redis.RedisError):
        return StoreUnavailableError()
    if isinstance(error, psycopg.errors.UndefinedTable | psycopg.errors.InvalidSchemaName):
        return NotMaterialisedError()
    if isinstance(error, HTTPException) and error.code and error.code < HTTPStatus.INTERNAL_SERVER_ERROR:
        return HttpError(error, HTTPStatus(error.code))
    return LookmatchError()


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
