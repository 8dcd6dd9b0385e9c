"""Values from outside -> records, with every refusal naming its field, its value and what is accepted."""

from __future__ import annotations

import math
import types
import typing
from collections.abc import Iterator, Mapping, Sequence
from http import HTTPStatus
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from lookmatch_serving.errors import PermanentError, RefusedValue

_SHOWN_CHARACTERS = 100
_Model = TypeVar("_Model", bound=BaseModel)


class InvalidRequestError(PermanentError):
    """Several values of a request were refused at once."""

    status = HTTPStatus.UNPROCESSABLE_ENTITY
    problem = "invalid-request"
    detail = None

    def __init__(self, refused: Sequence[RefusedValue]) -> None:
        self.refused = refused
        super().__init__("; ".join(f"{value.field}: {value.accepted}" for value in refused))


def validate(model: type[_Model], values: Mapping[str, Any]) -> _Model:
    """Make a record of a model.

    Raises:
        InvalidRequestError: naming each refused field.
    """
    try:
        record = model.model_validate(values)
    except ValidationError as error:
        raise InvalidRequestError([_refused(model, found) for found in error.errors(include_url=False)]) from error
    found = _unstorable(record.model_dump())
    unstorable = [RefusedValue(path, shorten(value), why) for path, value, why in found]
    if unstorable:
        raise InvalidRequestError(unstorable)
    return record


def shorten(value: object) -> str:
    """A value as shown in a problem."""
    shown = repr(value[: 2 * _SHOWN_CHARACTERS] if isinstance(value, str) else value)
    shown = shown.encode("utf-8", "backslashreplace").decode()
    return shown if len(shown) <= _SHOWN_CHARACTERS else shown[:_SHOWN_CHARACTERS] + "…"


def _refused(model: type[BaseModel], error: Any) -> RefusedValue:
    path = [str(part) for part in error["loc"]]
    kind, message = error["type"], str(error["msg"]).removeprefix("Value error, ")
    if kind == "extra_forbidden":
        accepted = f"a known name: {', '.join(_names_at(model, path[:-1]))}"
    elif kind == "missing":
        accepted = f"a value; {'.'.join(path)} is required"
    else:
        accepted = message[:1].lower() + message[1:]
    value = "nothing" if kind == "missing" else shorten(error["input"])
    return RefusedValue(".".join(path) or "request", value, accepted)


def _names_at(model: type[BaseModel], path: list[str]) -> list[str]:
    """Field names of the record at a path within a model."""
    found: type[BaseModel] = model
    for part in path:
        field = found.model_fields.get(part)
        inner = _record_in(field.annotation) if field else None
        if inner is None:
            break
        found = inner
    return list(found.model_fields)


def _record_in(annotation: Any) -> type[BaseModel] | None:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    if typing.get_origin(annotation) in (typing.Union, types.UnionType):
        return next((record for option in typing.get_args(annotation) if (record := _record_in(option))), None)
    return None


def _unstorable(value: Any, path: str = "") -> Iterator[tuple[str, Any, str]]:
    """Values that JSON or a form can carry and a database cannot."""
    if isinstance(value, Mapping):
        for name, inner in value.items():
            yield from _unstorable(inner, f"{path}.{name}" if path else str(name))
    elif isinstance(value, list | tuple):
        for position, inner in enumerate(value):
            yield from _unstorable(inner, f"{path}.{position}")
    elif isinstance(value, float) and not math.isfinite(value):
        yield path, value, "a finite number"
    elif isinstance(value, str) and ("\x00" in value or any("\ud800" <= character <= "\udfff" for character in value)):
        yield path, value, "text without NUL and without lone surrogates"
