"""The body of a search request -> a search request and the look's file."""

from __future__ import annotations

import base64
import binascii
import json
from http import HTTPStatus
from typing import Any, NoReturn

from flask import Request
from werkzeug.exceptions import UnsupportedMediaType

from lookmatch_serving.api.validation import InvalidRequestError, shorten, validate
from lookmatch_serving.errors import InvalidInputError, PermanentError, RefusedValue
from lookmatch_serving.search.models.request import SearchRequest

_SOURCES = "exactly one of image, image_url and look_id"
_LIST_FIELDS = frozenset({"layers", "filters.brand", "filters.size", "filters.category", "filters.relax"})
_LITERALS = frozenset({"page_size", "deadline_ms", "explain", "filters.in_stock", "filters.price.min", "filters.price.max"})
"""Plain fields whose text is a number or a truth value, spelled as in JSON."""


class UnreadableBodyError(PermanentError):
    """The body is not what its content type says."""

    status = HTTPStatus.BAD_REQUEST
    problem = "unreadable-body"
    detail = None


def read_search(request: Request) -> tuple[SearchRequest, bytes | None]:
    """Read a search from JSON or multipart.

    Multipart carries the file as ``image`` and the rest either as JSON in the field ``request`` or as plain fields with dotted
    names (``filters.price.min``); list fields may be repeated.

    Raises:
        UnreadableBodyError: the body is not what its content type says.
        InvalidRequestError: a value is refused.
        InvalidInputError: a value is refused.
    """
    if request.mimetype == "application/json":
        values = read_json(request.get_data(cache=False))
        image = _decode_image(values.pop("image", None))
    elif request.mimetype == "multipart/form-data":
        values, image = _read_form(request)
    else:
        raise UnsupportedMediaType
    record = validate(SearchRequest, values)
    sources = {"image": image, "image_url": record.image_url, "look_id": record.look_id}
    given = [name for name, value in sources.items() if value is not None]
    if len(given) != 1:
        value = " and ".join(given) or "nothing"
        raise InvalidRequestError([RefusedValue(given[-1] if given else "image", value, _SOURCES)])
    return record, image


def read_json(body: bytes) -> dict[str, Any]:
    """A JSON object.

    Raises:
        UnreadableBodyError: it is not JSON, or not an object.
    """
    try:
        values = json.loads(body, parse_constant=_refuse_constant)
    except (ValueError, RecursionError) as error:
        raise UnreadableBodyError(f"the body is not JSON: {_reason(error)}") from error
    if not isinstance(values, dict):
        raise UnreadableBodyError("the body must be a JSON object")
    return values


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not a JSON value")


def _reason(error: Exception) -> str:
    if isinstance(error, json.JSONDecodeError):
        return f"{error.msg} at line {error.lineno} column {error.colno}"
    if isinstance(error, UnicodeDecodeError):
        return "it is not UTF-8"
    return "it is nested too deeply" if isinstance(error, RecursionError) else "a number cannot be read"


def _decode_image(value: Any) -> bytes | None:
    if value is None:
        return None
    accepted = "base64 of a picture file"
    if not isinstance(value, str) or not value:
        raise InvalidRequestError([RefusedValue("image", shorten(value), accepted)])
    try:
        return base64.b64decode(value, validate=True)
    except (binascii.Error, ValueError) as error:
        raise InvalidInputError("image", value[:60], accepted) from error


def _read_form(request: Request) -> tuple[dict[str, Any], bytes | None]:
    unknown = sorted(set(request.files) - {"image"})
    if unknown:
        raise InvalidInputError(unknown[0], "a file", "one file, in the field image")
    files = request.files.getlist("image")
    if len(files) > 1:
        raise InvalidInputError("image", f"{len(files)} files", "one file")
    image = files[0].read() if files else None
    if "request" in request.form:
        others = sorted(set(request.form) - {"request"})
        if others:
            raise InvalidInputError(others[0], request.form[others[0]], "either the field request or plain fields, not both")
        values = read_json(request.form["request"].encode("utf-8", "surrogatepass"))
        if "image" in values:
            raise InvalidInputError("image", "a value in the field request", "a file in the field image")
        return values, image
    return _nested({name: request.form.getlist(name) for name in request.form}), image


def _nested(fields: dict[str, list[str]]) -> dict[str, Any]:
    """Plain form fields with dotted names as nested values; empty ones count as not given."""
    values: dict[str, Any] = {}
    for name, given in fields.items():
        filled = [value for value in given if value]
        if not filled:
            continue
        if len(filled) > 1 and name not in _LIST_FIELDS:
            raise InvalidInputError(name, f"{len(filled)} values", "one value")
        *parents, leaf = name.split(".")
        place = values
        for parent in parents:
            place = place.setdefault(parent, {})
            if not isinstance(place, dict):
                raise InvalidInputError(name, filled[0], f"either {parent} or fields within it")
        if leaf in place:
            raise InvalidInputError(name, filled[0], f"either {name} or fields within it")
        place[leaf] = filled if name in _LIST_FIELDS else _literal(filled[0]) if name in _LITERALS else filled[0]
    return values


def _literal(text: str) -> Any:
    """The number or truth value that a text spells; the text itself, which is then refused by name, where it spells none."""
    try:
        value = json.loads(text, parse_constant=_refuse_constant)
    except (ValueError, RecursionError):
        return text
    return value if isinstance(value, bool | int | float) else text
