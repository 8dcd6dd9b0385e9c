"""Opaque page tokens: a JSON list in URL-safe base64 without padding. What the values mean is the caller's, who checks them."""

from __future__ import annotations

import base64
import json
from typing import Any

PAGE_TOKEN = r"^[A-Za-z0-9_-]+$"  # noqa: S105  a pattern
"""How a token is spelled."""


def encode_token(*values: Any) -> str:
    """The token of some JSON values."""
    return base64.urlsafe_b64encode(json.dumps(values, separators=(",", ":")).encode()).decode().rstrip("=")


def decode_token(token: str) -> list[Any]:
    """The values of a token.

    Raises:
        ValueError: ``encode_token`` did not make it.
    """
    try:
        values = json.loads(base64.urlsafe_b64decode(token + "=" * (-len(token) % 4)))
    except RecursionError as error:
        raise ValueError("lists are nested too deeply") from error
    if not isinstance(values, list):
        raise ValueError("it holds no list")
    return values
