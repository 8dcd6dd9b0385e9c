"""A limit of the searches that compute at a time in a process: what they share is one interpreter and one encoder."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager

from lookmatch_serving.search.runtime.deadline import Deadline
from lookmatch_serving.search.runtime.trace import Trace

LONGEST_WAIT = 0.5
"""Of a deadline: who has waited so long goes on all the same, since the search that computes may itself wait, for Postgres say.

With a quarter of 1,000 ms the last of three went on too early every twentieth time, and slowed down the other two.
"""


class ConcurrencyLimit:
    """Lets a few searches compute at a time, in the order in which they came.

    Three at a time in each of two processes on two cores took 92 ms of processor time each, and one after the other 78 ms, when
    twice as many were asked as could be answered; 15.9 and 18.5 were answered a second. The queue is first in, first out:
    ``threading.Semaphore`` lets whoever comes at that moment pass those who wait.
    """

    def __init__(self, most: int) -> None:
        self._free = most
        self._queue: deque[threading.Event] = deque()
        self._guard = threading.Lock()

    @contextmanager
    def held(self, deadline: Deadline, trace: Trace) -> Iterator[None]:
        """Compute within the limit for the duration of a block; the wait before it is the stage ``waiting``."""
        with trace.stage("waiting"):
            admitted = self._enter(deadline.share_ms(reserve_ms=0, at_most=LONGEST_WAIT * deadline.total_ms) / 1000)
        try:
            yield
        finally:
            if admitted:
                self._leave()

    def _enter(self, seconds: float) -> bool:
        """Wait in the queue; False where time was over first."""
        with self._guard:
            if self._free:
                self._free -= 1
                return True
            admitted = threading.Event()
            self._queue.append(admitted)
        if admitted.wait(seconds):
            return True
        with self._guard:
            if admitted.is_set():  # just now
                return True
            self._queue.remove(admitted)
            return False

    def _leave(self) -> None:
        with self._guard:
            if self._queue:
                self._queue.popleft().set()
            else:
                self._free += 1
