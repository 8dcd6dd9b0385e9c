"""What a schema cannot say of a search: pictures decode, addresses answer, price bounds are in order, deadlines can be kept,
keys are new."""

from __future__ import annotations

import base64
import io
import json
import os
import re
import uuid

import schemathesis
from hypothesis import strategies as st
from PIL import Image

PICTURE = io.BytesIO()
Image.new("RGB", (120, 160), (180, 40, 40)).save(PICTURE, "JPEG")
KEPT_DEADLINE_MS = 20_000

schemathesis.openapi.format("picture", st.just(PICTURE.getvalue()))
schemathesis.openapi.format("picture-base64", st.just(base64.b64encode(PICTURE.getvalue()).decode()))
schemathesis.openapi.format("picture-url", st.just(os.environ["LOOKMATCH_TEST_PICTURE_URL"]))


@schemathesis.hook
def map_body(context, body):
    """Put price bounds in order, name an address that answers and leave the server time to answer."""
    if not isinstance(body, dict):
        return body
    search = body.get("request", body)
    if isinstance(search, dict):
        price = (search.get("filters") or {}).get("price") if isinstance(search.get("filters"), dict | None) else None
        preferred = search.get("price")
        for band in [price, *(preferred if isinstance(preferred, list) else [])]:
            _put_in_order(band)
        _lead_to_a_picture(search)
        if type(search.get("deadline_ms")) is int and 50 <= search["deadline_ms"] <= 60_000:
            search["deadline_ms"] = KEPT_DEADLINE_MS
        if body is not search:
            body["request"] = json.dumps(search)
    return body


def _put_in_order(band):
    if isinstance(band, dict) and all(isinstance(band.get(name), int | float) for name in ("min", "max")):
        band["min"], band["max"] = sorted((band["min"], band["max"]))


@schemathesis.hook
def before_call(context, case, kwargs):
    """The coverage phase writes addresses from their pattern alone, and the same key for different requests."""
    if isinstance(case.body, dict):
        _lead_to_a_picture(case.body)
    if re.fullmatch(r'"?[A-Za-z0-9._:~+/=-]{1,255}"?', str((case.headers or {}).get("Idempotency-Key", ""))):
        case.headers["Idempotency-Key"] = uuid.uuid4().hex  # a key is for one request


def _lead_to_a_picture(search):
    address = search.get("image_url")
    if isinstance(address, str) and len(address) <= 2048 and re.fullmatch(r"https?://[^\x00]+", address):
        search["image_url"] = os.environ["LOOKMATCH_TEST_PICTURE_URL"]
