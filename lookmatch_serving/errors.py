"""The exception tree of lookmatch.

::

    LookmatchError
    ├── PermanentError            trying again cannot help
    │   ├── InvalidInputError     names the field, the value and what is accepted (HTTP 400/422)
    │   ├── ConfigurationError    a setting or a missing part of the installation
    │   └── NotFoundError         (HTTP 404)
    └── TransientError            the same call may succeed later
        ├── DeadlineExceededError a stage ran out of its share of the request's deadline
        └── UpstreamError         an LLM, a vendor's server or a store did not answer usefully
"""

from __future__ import annotations

_SHOWN_VALUE_CHARACTERS = 200


class LookmatchError(Exception):
    """Base of every error that lookmatch raises on purpose."""


class PermanentError(LookmatchError):
    """Repeating the same call fails the same way."""


class TransientError(LookmatchError):
    """Repeating the same call later may succeed."""


class InvalidInputError(PermanentError):
    """A value from outside was refused.

    Attributes:
        field: dotted path of the field, for example ``filters.price.min``.
        value: what was given, shortened for display.
        accepted: what would have been accepted, in words.
    """

    def __init__(self, field: str, value: object, accepted: str) -> None:
        shown = repr(value)
        self.field = field
        self.value = shown if len(shown) <= _SHOWN_VALUE_CHARACTERS else shown[:_SHOWN_VALUE_CHARACTERS] + "…"
        self.accepted = accepted
        super().__init__(f"{field}: {self.value} is not accepted; {accepted}")


class ConfigurationError(PermanentError):
    """A setting or the installation keeps a part from working; the message says what to change."""


class NotFoundError(PermanentError):
    """Something named by the caller does not exist."""


class DeadlineExceededError(TransientError):
    """A stage could not finish within its share of the deadline."""


class UpstreamError(TransientError):
    """A system that we call failed or answered something unusable."""
