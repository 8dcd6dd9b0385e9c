"""One deadline per request, and a bounded pool for work that may hang.

A thread cannot be stopped from outside, so work that overruns its share is abandoned: its caller goes on, its thread
comes back when
the work ends by itself. The pool bounds how many such threads there can be; when all are taken, new work is refused at once.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from concurrent.futures import TimeoutError as FutureTimeoutError
from typing import TypeVar

from lookmatch_serving.errors import DeadlineExceededError, UpstreamError

Result = TypeVar("Result")


class Deadline:
    """A point on the monotonic clock that the answer must not pass."""

    def __init__(self, milliseconds: float) -> None:
        self.total_ms = milliseconds
        self._started = time.monotonic()

    @property
    def elapsed_ms(self) -> float:
        """Milliseconds since the request began."""
        return (time.monotonic() - self._started) * 1000

    @property
    def remaining_ms(self) -> float:
        """Milliseconds left; 0 when none are."""
        return max(0.0, self.total_ms - self.elapsed_ms)

    def share_ms(self, *, reserve_ms: float, at_most: float = float("inf")) -> float:
        """Milliseconds a stage may spend: what remains less what later stages need, at most ``at_most``; 0 when none."""
        return max(0.0, min(self.remaining_ms - reserve_ms, at_most))

    def require(self, stage: str) -> float:
        """Milliseconds left.

        Raises:
            DeadlineExceededError: none are; the message names the stage.
        """
        left = self.remaining_ms
        if left <= 0:
            raise DeadlineExceededError(f"{stage}: the deadline of {self.total_ms:.0f} ms has passed")
        return left


class BoundedWorkers:
    """A pool of at most ``size`` threads. Where none is free work is refused at once, or waits within its time (``waits``)."""

    def __init__(self, size: int, name: str, *, waits: bool = False) -> None:
        self._waits = waits
        self._pool = ThreadPoolExecutor(size, thread_name_prefix=name)
        self._free = threading.BoundedSemaphore(size)
        self._name = name

    def start(self, work: Callable[[], Result], milliseconds: float = 0.0) -> Future[Result]:
        """Begin work on a thread of the pool.

        Args:
            work: to do.
            milliseconds: to wait for a free thread, where the pool waits.

        Raises:
            UpstreamError: every thread is taken.
        """
        if not self._free.acquire(timeout=milliseconds / 1000 if self._waits else 0):
            raise UpstreamError(f"{self._name}: every worker is busy")
        try:
            future = self._pool.submit(work)
        except RuntimeError as error:
            self._free.release()
            raise UpstreamError(f"{self._name}: closed") from error
        future.add_done_callback(lambda _: self._free.release())
        return future

    def run(self, work: Callable[[], Result], milliseconds: float) -> Result:
        """Do work on a thread of the pool and wait for it no longer than its share.

        Raises:
            DeadlineExceededError: it did not finish; it is abandoned.
            UpstreamError: every thread is taken.
        """
        if milliseconds <= 0:
            raise DeadlineExceededError("no time was left")
        began = time.monotonic()
        future = self.start(work, milliseconds)
        try:
            return future.result(max(0.0, began + milliseconds / 1000 - time.monotonic()))
        except FutureTimeoutError as error:
            if future.done() and not future.cancelled() and future.exception() is error:
                raise
            future.cancel()
            raise DeadlineExceededError(f"no answer within {milliseconds:.0f} ms") from error

    def close(self) -> None:
        """Take no more work; threads that still run end by themselves."""
        self._pool.shutdown(wait=False, cancel_futures=True)
