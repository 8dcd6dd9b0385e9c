"""The exception tree of lookmatch. Each class says how HTTP answers it; ``api.problems`` makes the answer.

::

    LookmatchError
    ├── PermanentError            trying again cannot help
    │   ├── InvalidInputError     names the field, the value and what is accepted
    │   ├── ConfigurationError    a setting or a missing part of the installation
    │   └── NotFoundError
    └── TransientError            the same call may succeed later
        ├── DeadlineExceededError a stage ran out of its share of the request's deadline
        └── UpstreamError         an LLM, a vendor's server or a store did not answer usefully
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from http import HTTPStatus

RETRY_HEADERS: Mapping[str, str] = {"Retry-After": "1", "Cache-Control": "no-store"}

_SHOWN_VALUE_CHARACTERS = 200


@dataclass(frozen=True)
class RefusedValue:
    """One refused value: where it was (dotted path), what it was (shortened) and what is accepted."""

    field: str
    value: str
    accepted: str


class LookmatchError(Exception):
    """Base of every error that lookmatch raises on purpose.

    Attributes:
        status: HTTP status of its answer.
        problem: what the answer's problem type ends with; its title is the same in words.
        detail: what the answer says; None says the error's message, which then must not tell of our inside.
        headers: of the answer.
        refused: values of the request that are wrong.
    """

    status: HTTPStatus = HTTPStatus.INTERNAL_SERVER_ERROR
    problem: str = "internal-error"
    detail: str | None = "the server failed to answer; quote the request id when reporting it"
    headers: Mapping[str, str] = {}
    refused: Sequence[RefusedValue] = ()


class PermanentError(LookmatchError):
    """Repeating the same call fails the same way."""


class TransientError(LookmatchError):
    """Repeating the same call later may succeed."""

    status = HTTPStatus.SERVICE_UNAVAILABLE
    problem = "unavailable"
    detail: str | None = "the server cannot answer just now; try again shortly"
    headers = RETRY_HEADERS


class InvalidInputError(PermanentError):
    """A value from outside was refused.

    Attributes:
        field: dotted path of the field, for example ``filters.price.min``.
        value: what was given, shortened for display.
        accepted: what would have been accepted, in words.
    """

    status = HTTPStatus.UNPROCESSABLE_ENTITY
    problem = "invalid-request"
    detail = None

    def __init__(self, field: str, value: object, accepted: str) -> None:
        shown = repr(value)
        self.field = field
        self.value = shown if len(shown) <= _SHOWN_VALUE_CHARACTERS else shown[:_SHOWN_VALUE_CHARACTERS] + "…"
        self.accepted = accepted
        self.refused = [RefusedValue(field, self.value, accepted)]
        super().__init__(f"{field}: {self.value} is not accepted; {accepted}")


class ConfigurationError(PermanentError):
    """A setting or the installation keeps a part from working; the message says what to change."""


class NotFoundError(PermanentError):
    """Something named by the caller does not exist."""

    status = HTTPStatus.NOT_FOUND
    problem = "not-found"
    detail = None


class DeadlineExceededError(TransientError):
    """A stage could not finish within its share of the deadline."""

    problem = "deadline-exceeded"
    detail = "the request could not be answered within its deadline"


class UpstreamError(TransientError):
    """A system that we call failed or answered something unusable."""
