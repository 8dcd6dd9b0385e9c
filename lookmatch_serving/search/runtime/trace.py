"""What one request notes about itself while it runs: time per stage and the steps of fallback chains that were not taken."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from lookmatch_serving.llm.accounting import Ledger, ModelCall
from lookmatch_serving.search.models.answer import Degradation
from lookmatch_serving.search.models.query import LayerQuery


@dataclass(frozen=True)
class StageEvent:
    """What an observer of a request is told when a stage begins, when it ends, and when the layers of the look are known.

    Attributes:
        stage: name as in ``SearchAnswer.timings_ms``.
        finished: False at the stage's beginning.
        milliseconds: that the stage took; 0 until it is finished.
        layers: of the look, once query generation has read them; else empty.
    """

    stage: str
    finished: bool = False
    milliseconds: float = 0.0
    layers: tuple[LayerQuery, ...] = ()


Observer = Callable[[StageEvent], None]
"""Is told of a request's progress on the request's own thread: it must be quick and must not raise."""


class Trace:
    """Timings in milliseconds by stage, degradations in the order they happened, and calls of the model.

    An observer is told of each stage, a listener of each call.
    """

    def __init__(self, observer: Observer | None = None, listener: Callable[[ModelCall], None] | None = None) -> None:
        self.ledger = Ledger(listener)
        self.timings_ms: dict[str, float] = {}
        self.degraded: list[Degradation] = []
        self._observer = observer

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """Time a stage; times of the same name add up."""
        started = time.monotonic()
        self._tell(StageEvent(name))
        try:
            yield
        finally:
            spent = (time.monotonic() - started) * 1000
            self.timings_ms[name] = round(self.timings_ms.get(name, 0.0) + spent, 1)
            self._tell(StageEvent(name, finished=True, milliseconds=self.timings_ms[name]))

    def layers_read(self, queries: Sequence[LayerQuery]) -> None:
        """Tell the observer what the look consists of."""
        self._tell(StageEvent("query_generation", layers=tuple(queries)))

    def degrade(self, stage: str, reason: str) -> None:
        """Note a step not taken, once."""
        note = Degradation(stage=stage, reason=reason[:300])
        if note not in self.degraded:
            self.degraded.append(note)

    def _tell(self, progress: StageEvent) -> None:
        if self._observer is not None:
            self._observer(progress)
