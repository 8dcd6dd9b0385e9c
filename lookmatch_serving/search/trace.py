"""What one request notes about itself while it runs: time per stage and the steps of the ladder that were not taken."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager

from lookmatch_serving.search.look import Degradation


class Trace:
    """Timings in milliseconds by stage, and degradations in the order they happened."""

    def __init__(self) -> None:
        self.timings_ms: dict[str, float] = {}
        self.degraded: list[Degradation] = []

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """Time a stage; times of the same name add up."""
        started = time.monotonic()
        try:
            yield
        finally:
            spent = (time.monotonic() - started) * 1000
            self.timings_ms[name] = round(self.timings_ms.get(name, 0.0) + spent, 1)

    def degrade(self, stage: str, reason: str) -> None:
        """Note a step not taken, once."""
        note = Degradation(stage=stage, reason=reason[:300])
        if note not in self.degraded:
            self.degraded.append(note)
