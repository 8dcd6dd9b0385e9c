"""What calls of the vision model use and cost: tokens from the replies, US dollars by the price list that genai-prices ships.

The list is read from the installed package, never from the network. A model that is not in it costs an unknown amount, which is
said (``cost_usd`` null) and never guessed. Message Batches take half, which the list does not say.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import Any, Protocol

BATCH_SHARE = 0.5


class ReplyUsage(Protocol):
    """The ``usage`` of a Messages API reply."""

    @property
    def input_tokens(self) -> int: ...  # noqa: D102
    @property
    def output_tokens(self) -> int: ...  # noqa: D102
    @property
    def cache_creation_input_tokens(self) -> int | None: ...  # noqa: D102
    @property
    def cache_read_input_tokens(self) -> int | None: ...  # noqa: D102


@dataclass(frozen=True)
class ModelCall:
    """One call.

    Attributes:
        purpose: stage that asked.
        model: its name.
        outcome: ``answered``; ``useless`` for a reply that was paid for and could not be used; ``failed`` without a reply.
        seconds: it took.
        input_tokens: of the prompt, neither written to nor read from the cache.
        output_tokens: of the reply.
        cache_write_tokens: of the prompt, written to the cache.
        cache_read_tokens: of the prompt, read from the cache.
        batch: whether it went through the Message Batches API.
        cost_usd: by the price list; None when the model has no price there, or no reply came that says what was used.
    """

    purpose: str
    model: str
    outcome: str
    seconds: float
    input_tokens: int = 0
    output_tokens: int = 0
    cache_write_tokens: int = 0
    cache_read_tokens: int = 0
    batch: bool = False
    cost_usd: float | None = None


def call_of(purpose: str, model: str, outcome: str, seconds: float, usage: ReplyUsage, *, batch: bool = False) -> ModelCall:
    """The record of a call whose reply says what it used."""
    written, read = usage.cache_creation_input_tokens or 0, usage.cache_read_input_tokens or 0
    tokens = (usage.input_tokens, usage.output_tokens, written, read)
    cost = cost_of(model, *tokens, batch=batch)
    return ModelCall(purpose, model, outcome, round(seconds, 3), *tokens, batch=batch, cost_usd=cost)


def cost_of(model: str, prompt: int, reply: int, cache_write: int, cache_read: int, *, batch: bool = False) -> float | None:
    """US dollars of a call's tokens; None for a model without a known price."""
    from genai_prices import Usage, calc_price

    usage = Usage(
        input_tokens=prompt + cache_write + cache_read,
        output_tokens=reply,
        cache_write_tokens=cache_write,
        cache_read_tokens=cache_read,
    )
    try:
        price = calc_price(usage, model_ref=model, provider_id="anthropic")
    except LookupError:
        return None
    return round(float(price.total_price) * (BATCH_SHARE if batch else 1), 8)


class Ledger:
    """The calls that one request made, filled from any thread, and passed on to whoever keeps totals."""

    def __init__(self, listener: Callable[[ModelCall], None] | None = None) -> None:
        self._calls: list[ModelCall] = []
        self._listener = listener
        self._lock = threading.Lock()

    def add(self, call: ModelCall) -> None:
        """Note a call."""
        with self._lock:
            self._calls.append(call)
        if self._listener is not None:
            self._listener(call)

    def rows(self) -> list[dict[str, Any]]:
        """The calls so far, as they are kept with the query."""
        with self._lock:
            return [asdict(call) for call in self._calls]


def total_cost(calls: Iterable[Mapping[str, Any]]) -> float | None:
    """US dollars of calls; None when one of them is unknown."""
    costs = [call["cost_usd"] for call in calls]
    return None if any(cost is None for cost in costs) else round(sum(costs), 8)
