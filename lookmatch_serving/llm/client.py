"""The client of the vision model: bounded in time and number, with retries inside its time and a circuit breaker.

The SDK's own timeout bounds each read but not a reply that trickles; whoever calls also stops waiting at its deadline, and the
number of calls that may still be running is bounded here. A reply that comes later than it was waited for counts as a failure
for the breaker, and is still handed on, so that it can be kept for the next request.
"""

from __future__ import annotations

import base64
import io
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Generic, Protocol, TypeVar, cast

import pybreaker
from PIL import Image
from pydantic import BaseModel, ValidationError

from lookmatch_serving.errors import UpstreamError
from lookmatch_serving.llm.accounting import Ledger, ModelCall, call_of

Answer = TypeVar("Answer", bound=BaseModel)

Content = list[dict[str, Any]]
"""Blocks of a user message: ``text_block`` and ``image_block``."""

MOST_CALLS = 16
FAILURES_TO_OPEN = 5
OPEN_SECONDS = 20
MAX_TOKENS = 4096
MOST_ATTEMPTS = 3
LEAST_WAIT, MOST_WAIT = 0.1, 2.0
"""Seconds between attempts where the server does not say how long to wait."""

THINKING_OFF = frozenset({"claude-haiku-5-5", "claude-sonnet-5-5", "claude-sonnet-5", "claude-opus-5", "claude-haiku-4-5"})
"""Models that take a request without thinking, as one with a deadline is."""

LOW_EFFORT = frozenset({"claude-haiku-5-5", "claude-sonnet-5-5", "claude-opus-5-5", "claude-sonnet-5", "claude-opus-5"})
"""Models that take a request for low effort."""

_RETRIED = {408, 409, 429, 500, 502, 503, 504, 529}


@dataclass(frozen=True)
class Question(Generic[Answer]):
    """What is asked.

    Attributes:
        purpose: stage that asks, for the accounts.
        system: the prompt that is the same for every question of the purpose; it is offered to the prompt cache.
        content: blocks of the user's message.
        schema: of the answer.
    """

    purpose: str
    system: str
    content: Content
    schema: type[Answer]


class VisionModel(Protocol):
    """A model that reads pictures and answers in a schema."""

    @property
    def name(self) -> str:
        """Name and version of the model."""

    def ask(self, question: Question[Answer], seconds: float, ledger: Ledger) -> Answer:
        """Ask, again where the failure passes and time allows.

        Args:
            question: what is asked.
            seconds: for all attempts together.
            ledger: is told of each attempt.

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
        self._trying = threading.Lock()

    @property
    def name(self) -> str:
        """The model's name."""
        return self._model

    @property
    def client(self) -> Any:
        """The SDK's client, for the Message Batches API."""
        return self._client

    def close(self) -> None:
        """Close the connections; calls still running end with an error."""
        self._client.close()

    def ask(self, question: Question[Answer], seconds: float, ledger: Ledger) -> Answer:
        """See ``VisionModel``."""
        if not self._free.acquire(blocking=False):
            raise UpstreamError("the model is busy: every call it may run is running")
        try:
            with self._one_trial(), self._breaker.calling():  # ``call`` would hold the breaker's lock until the model answers
                return self._in_time(question, seconds, ledger)
        except pybreaker.CircuitBreakerError as error:
            raise UpstreamError("the model failed repeatedly and is left alone for a while") from error
        except _Late as late:
            return cast(Answer, late.answer)
        finally:
            self._free.release()

    @contextmanager
    def _one_trial(self) -> Iterator[None]:
        """Let one call at a time try a model that failed repeatedly; the breaker itself would let all try that come at once."""
        if self._breaker.current_state == pybreaker.STATE_CLOSED:
            yield
            return
        if not self._trying.acquire(blocking=False):
            raise pybreaker.CircuitBreakerError
        try:
            yield
        finally:
            self._trying.release()

    def _in_time(self, question: Question[Answer], seconds: float, ledger: Ledger) -> Answer:
        from tenacity import Retrying, retry_if_exception, stop_after_attempt, stop_before_delay

        began = time.monotonic()
        attempts = Retrying(
            stop=stop_after_attempt(MOST_ATTEMPTS) | stop_before_delay(seconds),
            wait=_wait,
            retry=retry_if_exception(_passes),
            reraise=True,
        )
        answer: Answer = attempts(self._attempt, question, began + seconds, ledger)
        if time.monotonic() - began > seconds:
            raise _Late(answer)
        return answer

    def _attempt(self, question: Question[Answer], end: float, ledger: Ledger) -> Answer:
        import anthropic

        began = time.monotonic()
        seconds = max(end - began, 0.001)
        try:
            reply = self._client.with_options(timeout=seconds).messages.create(**request_of(self._model, question))
        except anthropic.APIResponseValidationError as error:
            ledger.add(ModelCall(question.purpose, self._model, "useless", round(time.monotonic() - began, 3)))
            raise UpstreamError("the model answered outside the schema") from error
        except anthropic.APIError as error:
            ledger.add(ModelCall(question.purpose, self._model, "failed", round(time.monotonic() - began, 3)))
            raise _failure(error, seconds) from error
        outcome = "useless"
        try:
            answer = answer_of(reply, question.schema)
            outcome = "answered"
            return answer
        finally:
            ledger.add(call_of(question.purpose, self._model, outcome, time.monotonic() - began, reply.usage))


class _PassingError(UpstreamError):
    """A failure that may pass; ``retry_after`` is what the server asked to wait, in seconds."""

    def __init__(self, message: str, retry_after: float | None) -> None:
        self.retry_after = retry_after
        super().__init__(message)


class _Late(Exception):
    """Tells the breaker of an answer that came too late."""

    def __init__(self, answer: Any) -> None:
        self.answer = answer
        super().__init__("late")


def request_of(model: str, question: Question[Any]) -> dict[str, Any]:
    """Parameters of a Messages API request; thinking is off and effort low where the model allows it.

    The SDK's ``parse`` would send the same, but keeps no usage of a reply that it cannot parse, and does not do batches.
    """
    import anthropic

    output: dict[str, Any] = {"format": {"type": "json_schema", "schema": anthropic.transform_schema(question.schema)}}
    request: dict[str, Any] = {
        "model": model,
        "max_tokens": MAX_TOKENS,
        "system": [{"type": "text", "text": question.system, "cache_control": {"type": "ephemeral"}}],
        "messages": [{"role": "user", "content": question.content}],
        "output_config": output,
    }
    if model in THINKING_OFF:
        request["thinking"] = {"type": "disabled"}
    if model in LOW_EFFORT:
        output["effort"] = "low"
    return request


def answer_of(reply: Any, schema: type[Answer]) -> Answer:
    """What a reply says in a schema.

    Raises:
        UpstreamError: nothing, or something else.
    """
    text = next((block.text for block in reply.content if block.type == "text"), None)
    if text is None or reply.stop_reason == "refusal":
        raise UpstreamError(f"the model gave no answer (stopped by {reply.stop_reason})")
    try:
        return schema.model_validate_json(text)
    except ValidationError as error:
        raise UpstreamError("the model answered outside the schema") from error


def _failure(error: Any, seconds: float) -> UpstreamError:
    """The SDK's error as ours."""
    import anthropic

    if isinstance(error, anthropic.APITimeoutError):
        return UpstreamError(f"the model did not answer within {seconds * 1000:.0f} ms")
    if isinstance(error, anthropic.APIStatusError):
        message = f"the model's server answered {error.status_code}"
        if error.status_code in _RETRIED:
            return _PassingError(message, _seconds_of(error.response.headers.get("retry-after")))
        return UpstreamError(message)
    message = f"the model could not be reached ({type(error).__name__})"
    return _PassingError(message, None) if isinstance(error, anthropic.APIConnectionError) else UpstreamError(message)


def _seconds_of(header: str | None) -> float | None:
    """Seconds of a ``Retry-After``; None for its other form, a date."""
    try:
        return max(0.0, float(header)) if header else None
    except ValueError:
        return None


def _passes(error: BaseException) -> bool:
    return isinstance(error, _PassingError)


def _wait(state: Any) -> float:
    """Seconds before the next attempt: what the server asked for, else doubling from ``LEAST_WAIT``."""
    error = state.outcome.exception()
    asked = error.retry_after if isinstance(error, _PassingError) else None
    return float(asked if asked is not None else min(LEAST_WAIT * 2 ** (state.attempt_number - 1), MOST_WAIT))


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
