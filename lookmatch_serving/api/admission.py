"""Bounded concurrency: a search that finds no free place is refused at once, since a queue would only spend its deadline."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager

from lookmatch_serving.errors import TransientError


class OverloadedError(TransientError):
    """All places for searches are taken."""


class Admission:
    """Places to compute searches, and more to be inside at all, where one may wait for what an identical search computes."""

    def __init__(self, computed: int, inside: int | None = None) -> None:
        """Make it.

        Args:
            computed: searches computed at a time.
            inside: searches at a time, those that wait included; as many as are computed when None. Keep it below the worker's
                threads, so that health probes and pictures find a thread while searches fill their places.
        """
        self._computing = threading.BoundedSemaphore(computed)
        self._inside = threading.BoundedSemaphore(computed if inside is None else inside)

    def inside(self) -> AbstractContextManager[None]:
        """Hold a place inside for the duration of a block.

        Raises:
            OverloadedError: no place is free.
        """
        return _held(self._inside)

    def place(self) -> AbstractContextManager[None]:
        """Hold a place to compute for the duration of a block.

        Raises:
            OverloadedError: no place is free.
        """
        return _held(self._computing)


@contextmanager
def _held(places: threading.BoundedSemaphore) -> Iterator[None]:
    if not places.acquire(blocking=False):
        raise OverloadedError("the server is answering as many searches as it can; try again shortly")
    try:
        yield
    finally:
        places.release()
