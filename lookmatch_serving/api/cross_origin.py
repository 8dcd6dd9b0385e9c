"""Pages of other origins that browsers may let call the API (CORS): none, unless ``LOOKMATCH_CORS_ORIGINS`` names them."""

from __future__ import annotations

from collections.abc import Sequence

from flask import Flask
from flask_cors import CORS

from lookmatch_serving.api.idempotency import HEADER, REPLAYED_HEADER

_SENT = ("Authorization", "Content-Type", HEADER, "X-Request-Id")
_SHOWN = ("X-Request-Id", "RateLimit", "RateLimit-Policy", "Retry-After", REPLAYED_HEADER)
_PREFLIGHT_SECONDS = 600


def allow_origins(app: Flask, origins: Sequence[str]) -> None:
    """Let pages of these origins call the API; credentials of the browser are never asked for, since keys go in a header."""
    if origins:
        CORS(
            app,
            resources={r"/v1/.*": {}, r"/openapi.json": {}},
            origins=list(origins),
            methods=["GET", "POST", "PUT", "DELETE"],
            allow_headers=list(_SENT),
            expose_headers=list(_SHOWN),
            max_age=_PREFLIGHT_SECONDS,
            supports_credentials=False,
        )
