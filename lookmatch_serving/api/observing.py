"""Around each request: its id, one log line, its metrics and the security headers."""

from __future__ import annotations

import logging
import re
import sys
import time
import uuid
from collections.abc import MutableMapping
from typing import Any

import structlog
from flask import Flask, Response, current_app, g, request

from lookmatch_serving.api.metrics import Metrics
from lookmatch_serving.api.parts import parts_of

_log = structlog.get_logger("lookmatch.api")
_SANE_REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{8,64}")
_SECRETS = (
    (re.compile(r"(?<=://)[^/\s@]+@"), "***@"),
    (re.compile(r"\blm_([0-9a-f]{12})_[A-Za-z0-9_-]+"), r"lm_\1_***"),
    (re.compile(r"\bsk-ant-[A-Za-z0-9_-]+"), "sk-ant-***"),
    (re.compile(r"(?i)\b(bearer|password=|token=|x-api-key:?)\s*[^\s'\"]+"), r"\1 ***"),
)
"""Pattern of a secret -> what stands in its place: credentials in addresses, our keys (their id may be shown), Anthropic's."""

_POLICY = (
    "default-src 'none'; img-src 'self' data:; style-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
SECURITY_HEADERS = {
    "Content-Security-Policy": _POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "strict-origin-when-cross-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "X-Frame-Options": "DENY",
}


def configure_logging() -> None:
    """Log JSON lines to stderr, with secrets masked. Called by the server process, not by the factory.

    A line and its end are one write, so that the lines of workers that share stderr do not run into each other.
    """
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            mask_secrets,
            structlog.processors.JSONRenderer(),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        logger_factory=structlog.WriteLoggerFactory(sys.stderr),
        cache_logger_on_first_use=True,
    )


def mask_secrets(_logger: object, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Replace what looks like a secret in every text of an event, tracebacks included."""
    for name, value in event.items():
        if isinstance(value, str):
            for pattern, shown in _SECRETS:
                value = pattern.sub(shown, value)
            event[name] = value
    return event


def observe_requests(app: Flask) -> None:
    """Give every request an id, a log line, metrics and headers."""
    app.before_request(_begin)
    app.after_request(_finish)


def chosen_request_id(offered: str) -> str:
    """The caller's id of a request where it is one, else a new one."""
    return offered if _SANE_REQUEST_ID.fullmatch(offered) else uuid.uuid4().hex


def note_request(metrics: Metrics, request_id: str | None, method: str, route: str, status: int, seconds: float) -> None:
    """Count an answered request and write its log line."""
    metrics.request_answered(method, route, status, seconds)
    _log.info("request", request_id=request_id, method=method, route=route, status=status, ms=round(seconds * 1000, 1))


def _begin() -> None:
    g.request_id = chosen_request_id(request.headers.get("X-Request-Id", ""))
    g.began = time.perf_counter()


def _finish(response: Response) -> Response:
    seconds = time.perf_counter() - g.get("began", time.perf_counter())
    route = request.url_rule.rule if request.url_rule else "unmatched"
    method = request.method if request.method in {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"} else "other"
    note_request(parts_of(current_app).metrics, g.get("request_id"), method, route, response.status_code, seconds)
    response.headers["X-Request-Id"] = g.get("request_id", "")
    for name, value in SECURITY_HEADERS.items():
        response.headers.setdefault(name, value)
    return response
