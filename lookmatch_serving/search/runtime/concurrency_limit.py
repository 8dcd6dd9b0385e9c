"""Searches that compute take turns within a process; what they would share is one interpreter and one encoder."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager

from lookmatch_serving.search.runtime.deadline import Deadline
from lookmatch_serving.search.runtime.trace import Trace

LONGEST_WAIT = 0.5
"""Of a deadline: who has waited so long goes on without a turn, since the one that has it may itself wait, for Postgres say.

With a quarter of 1,000 ms the last of three went without its turn every twentieth time, and slowed down the other two.
"""


class Turns:
    """Lets a few searches compute at a time, in the order in which they came.

    Three at a time in each of two processes on two cores took 92 ms of processor time each, and in turns 78 ms, when twice as
    many were asked as could be answered; 15.9 and 18.5 were answered a second. A turn is handed to who has waited longest;
    ``threading.Semaphore`` lets whoever comes at that moment pass those who wait.
    """

    def __init__(self, at_a_time: int) -> None:
        self._free = at_a_time
        self._waiting: deque[threading.Event] = deque()
        self._guard = threading.Lock()

    @contextmanager
    def taken(self, deadline: Deadline, trace: Trace) -> Iterator[None]:
        """Hold a turn for the duration of a block; the wait for it is the stage ``waiting``."""
        with trace.stage("waiting"):
            held = self._take(deadline.share_ms(reserve_ms=0, at_most=LONGEST_WAIT * deadline.total_ms) / 1000)
        try:
            yield
        finally:
            if held:
                self._pass_on()

    def _take(self, seconds: float) -> bool:
        """Wait for a turn; False where none came."""
        with self._guard:
            if self._free:
                self._free -= 1
                return True
            mine = threading.Event()
            self._waiting.append(mine)
        if mine.wait(seconds):
            return True
        with self._guard:
            if mine.is_set():  # it came just now
                return True
            self._waiting.remove(mine)
            return False

    def _pass_on(self) -> None:
        with self._guard:
            if self._waiting:
                self._waiting.popleft().set()
            else:
                self._free += 1
