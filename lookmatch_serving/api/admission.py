"""Bounded concurrency: a search that finds no free place is refused at once, since a queue would only spend its deadline."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from lookmatch_serving.errors import TransientError


class OverloadedError(TransientError):
    """All places for searches are taken."""


class Admission:
    """A fixed number of places.

    Keep it below the worker's threads, so that health probes and pictures find a thread while searches fill their places.
    """

    def __init__(self, places: int) -> None:
        self._free = threading.BoundedSemaphore(places)

    @contextmanager
    def place(self) -> Iterator[None]:
        """Hold one place for the duration of a block.

        Raises:
            OverloadedError: no place is free.
        """
        if not self._free.acquire(blocking=False):
            raise OverloadedError("the server is answering as many searches as it can; try again shortly")
        try:
            yield
        finally:
            self._free.release()
