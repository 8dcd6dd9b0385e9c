"""What can go wrong when an encoder is asked for."""

from __future__ import annotations

from collections.abc import Sequence

from lookmatch_serving.errors import ConfigurationError


class UnknownEncoderError(ConfigurationError):
    """No encoder has this key; the message names it and the accepted ones."""

    def __init__(self, key: str, accepted: Sequence[str]) -> None:
        self.key = key
        super().__init__(f"unknown encoder {key!r}; accepted: {', '.join(accepted)}")


class EncoderUnavailableError(ConfigurationError):
    """The encoder is known but cannot be used here; the message names the fix."""

    def __init__(self, key: str, reason: str, fix: str) -> None:
        self.key = key
        super().__init__(f"encoder {key!r} is unavailable: {reason}; {fix}")
