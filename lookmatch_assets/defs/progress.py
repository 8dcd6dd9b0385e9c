"""How far a long step is, told every few seconds: to the run's log, or to whoever waits for the run."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import TypeVar

EVERY_SECONDS = 5.0

Item = TypeVar("Item")
Say = Callable[[str], object]


@dataclass
class Progress:
    """Counts what is done of a step and says so at most every ``every_seconds``.

    Attributes:
        say: takes one line.
        what: is counted, for example "pictures embedded".
        total: of the step.
    """

    say: Say
    what: str
    total: int
    every_seconds: float = EVERY_SECONDS
    done: int = 0
    _begun: float = field(default_factory=time.monotonic)
    _said_at: float = field(default_factory=time.monotonic)

    def add(self, count: int = 1) -> None:
        """Note that more is done."""
        self.done += count
        now = time.monotonic()
        if now - self._said_at >= self.every_seconds:
            self._said_at = now
            self.say(self._line(now))

    def over(self, items: Iterable[Item]) -> Iterator[Item]:
        """The items; each counts once the next one is asked for."""
        for item in items:
            yield item
            self.add()

    def _line(self, now: float) -> str:
        a_second = self.done / max(now - self._begun, 1e-9)
        left = (self.total - self.done) / a_second if self.done else float("inf")
        waiting = f", about {left / 60:.0f} min left" if 60 <= left < float("inf") else ""
        return f"{self.what}: {self.done:,} of {self.total:,}, {a_second:,.0f} a second{waiting}"
