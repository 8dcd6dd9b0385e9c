"""The client of the vision model: bounded in time and number, with a circuit breaker.

The SDK's own timeout bounds each read but not a reply that trickles; whoever calls also stops waiting at its
deadline, and the number of calls
that may still be running is bounded here.
"""

from __future__ import annotations

import base64
import io
import threading
from typing import Any, Protocol, TypeVar

import pybreaker
from PIL import Image
from pydantic import BaseModel, ValidationError

from lookmatch_serving.errors import UpstreamError

Answer = TypeVar("Answer", bound=BaseModel)

Content = list[dict[str, Any]]
"""Blocks of a user message: ``text_block`` and ``image_block``."""

MOST_CALLS = 16
FAILURES_TO_OPEN = 5
OPEN_SECONDS = 20
MAX_TOKENS = 4096


class VisionModel(Protocol):
    """A model that reads pictures and answers in a schema."""

    @property
    def name(self) -> str:
        """Name and version of the model."""

    def ask(self, system: str, content: Content, schema: type[Answer], seconds: float) -> Answer:
        """Ask once.

        Raises:
            UpstreamError: it failed, was busy, or answered outside the schema.
        """


class AnthropicVisionModel:
    """``VisionModel`` over the Messages API; ``ANTHROPIC_BASE_URL`` is honoured by the SDK."""

    def __init__(self, api_key: str, model: str, *, most_calls: int = MOST_CALLS, open_seconds: float = OPEN_SECONDS) -> None:
        import anthropic

        self._client = anthropic.Anthropic(api_key=api_key, max_retries=0)
        self._model = model
        self._free = threading.BoundedSemaphore(most_calls)
        self._breaker = pybreaker.CircuitBreaker(
            fail_max=FAILURES_TO_OPEN, reset_timeout=open_seconds, throw_new_error_on_trip=False
        )

    @property
    def name(self) -> str:
        """The model's name."""
        return self._model

    def close(self) -> None:
        """Close the connections; calls still running end with an error."""
        self._client.close()

    def ask(self, system: str, content: Content, schema: type[Answer], seconds: float) -> Answer:
        """See ``VisionModel``."""
        if not self._free.acquire(blocking=False):
            raise UpstreamError("the model is busy: every call it may run is running")
        try:
            answer: Answer = self._breaker.call(self._ask, system, content, schema, seconds)
        except pybreaker.CircuitBreakerError as error:
            raise UpstreamError("the model failed repeatedly and is left alone for a while") from error
        finally:
            self._free.release()
        return answer

    def _ask(self, system: str, content: Content, schema: type[Answer], seconds: float) -> Answer:
        import anthropic

        cached: Any = [{"type": "text", "text": system, "cache_control": {"type": "ephemeral"}}]
        messages: Any = [{"role": "user", "content": content}]
        try:
            reply = self._client.with_options(timeout=seconds).messages.parse(
                model=self._model, max_tokens=MAX_TOKENS, system=cached, messages=messages, output_format=schema
            )
        except anthropic.APITimeoutError as error:
            raise UpstreamError(f"the model did not answer within {seconds * 1000:.0f} ms") from error
        except anthropic.APIStatusError as error:
            raise UpstreamError(f"the model's server answered {error.status_code}") from error
        except anthropic.APIError as error:
            raise UpstreamError(f"the model could not be reached ({type(error).__name__})") from error
        except (ValidationError, ValueError) as error:
            raise UpstreamError("the model answered outside the schema") from error
        if reply.parsed_output is None:
            raise UpstreamError(f"the model gave no answer (stopped by {reply.stop_reason})")
        return reply.parsed_output


def text_block(text: str) -> dict[str, Any]:
    """A text part of a message."""
    return {"type": "text", "text": text}


def image_block(picture: Image.Image, pixels: int) -> dict[str, Any]:
    """A picture part of a message, at most ``pixels`` on its longer side."""
    small = picture.copy()
    small.thumbnail((pixels, pixels), Image.Resampling.BILINEAR, reducing_gap=2.0)
    buffer = io.BytesIO()
    small.convert("RGB").save(buffer, "JPEG", quality=85)
    data = base64.standard_b64encode(buffer.getvalue()).decode()
    return {"type": "image", "source": {"type": "base64", "media_type": "image/jpeg", "data": data}}
