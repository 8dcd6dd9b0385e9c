"""Bounded concurrency: a search that finds no free place is refused at once, since a queue would only spend its deadline."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager

from lookmatch_serving.errors import TransientError
from lookmatch_serving.siblings import Seat


class OverloadedError(TransientError):
    """All places for searches are taken."""

    def __init__(self) -> None:
        super().__init__("the server is answering as many searches as it can; try again shortly")


class Admission:
    """Places to compute searches, and more to be inside at all, where one may wait for what an identical search computes."""

    def __init__(self, computed: int, inside: int | None = None, seat: Seat | None = None) -> None:
        """Make it.

        Args:
            computed: searches computed at a time, those that wait for their turn included.
            inside: searches at a time, those that wait included; as many as are computed when None. Keep it below the worker's
                threads, so that health probes and pictures find a thread while searches fill their places.
            seat: of this worker; the others hear from it how many searches are computed here.
        """
        self._computed, self._free = computed, computed
        self.seat = seat or Seat()
        self.seat.tell(0)
        self._guard = threading.Lock()
        self._inside = threading.BoundedSemaphore(computed if inside is None else inside)

    def inside(self) -> AbstractContextManager[None]:
        """Hold a place inside for the duration of a block.

        Raises:
            OverloadedError: no place is free.
        """
        return _held(self._inside)

    @property
    def full(self) -> bool:
        """Whether a search that asked for a place to compute now would be refused."""
        return self._free == 0

    @contextmanager
    def place(self) -> Iterator[None]:
        """Hold a place to compute for the duration of a block.

        Raises:
            OverloadedError: no place is free.
        """
        with self._guard:
            if self.full:
                raise OverloadedError
            self._free -= 1
            self.seat.tell(self._computed - self._free)
        try:
            yield
        finally:
            with self._guard:
                self._free += 1
                self.seat.tell(self._computed - self._free)


@contextmanager
def _held(places: threading.BoundedSemaphore) -> Iterator[None]:
    if not places.acquire(blocking=False):
        raise OverloadedError
    try:
        yield
    finally:
        places.release()
