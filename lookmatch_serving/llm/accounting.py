"""What calls of the vision model use and cost: tokens from the replies, dollars by Anthropic's price list.

Prices are those of ``PRICES_SOURCE`` as of ``PRICES_AS_OF``, in US dollars a million tokens; Message Batches take half. A model
that is not in the table costs an unknown amount, which is said (``cost_usd`` null) and never guessed.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import Any, Protocol

PRICES_SOURCE = "https://platform.claude.com/docs/en/about-claude/pricing"
PRICES_AS_OF = "2026-11-25"
BATCH_SHARE = 0.5

_MILLION = 1_000_000


@dataclass(frozen=True)
class Price:
    """US dollars a million tokens: prompt, reply, prompt written to the 5-minute cache, prompt read from it."""

    prompt: float
    reply: float
    cache_write: float
    cache_read: float


@dataclass(frozen=True)
class ModelFacts:
    """What is known of a model.

    Attributes:
        price: of prompts up to ``long_prompt`` tokens.
        long_prompt: tokens from which on ``long_price`` holds for the whole request; None where there is one price.
        long_price: of longer prompts.
        thinking_off: whether a request may turn thinking off, as those with a deadline do.
        effort: whether a request may ask for low effort.
    """

    price: Price
    long_prompt: int | None = None
    long_price: Price | None = None
    thinking_off: bool = True
    effort: bool = True


MODELS: Mapping[str, ModelFacts] = {
    "claude-haiku-5-5": ModelFacts(Price(0.10, 0.50, 0.125, 0.01), 100_000, Price(0.50, 2.50, 0.625, 0.05)),
    "claude-sonnet-5-5": ModelFacts(Price(2.0, 10.0, 2.5, 0.10)),
    "claude-opus-5-5": ModelFacts(Price(4.0, 20.0, 5.0, 0.20), thinking_off=False),
    "claude-sonnet-5": ModelFacts(Price(2.0, 10.0, 2.5, 0.20)),
    "claude-opus-5": ModelFacts(Price(5.0, 25.0, 6.25, 0.50)),
    "claude-haiku-4-5": ModelFacts(Price(1.0, 5.0, 1.25, 0.10), effort=False),
}


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
    facts = MODELS.get(model)
    if facts is None:
        return None
    long = facts.long_prompt is not None and prompt + cache_write + cache_read > facts.long_prompt
    price = facts.long_price if long and facts.long_price else facts.price
    dollars = prompt * price.prompt + reply * price.reply + cache_write * price.cache_write + cache_read * price.cache_read
    return round(dollars / _MILLION * (BATCH_SHARE if batch else 1), 8)


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
