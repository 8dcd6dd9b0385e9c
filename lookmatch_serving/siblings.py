"""How many searches each worker of a server computes, seen by all of them."""

from __future__ import annotations

import mmap

_ABSENT = 255
_MOST_WORKERS = 256


class Siblings:
    """One byte for each worker, in memory that forked processes share; each is written by its worker alone.

    The process that forks the workers gives each a seat before, and takes it back when the worker is gone.
    """

    def __init__(self) -> None:
        self._busy = mmap.mmap(-1, _MOST_WORKERS)
        self._busy[:] = bytes([_ABSENT]) * _MOST_WORKERS
        self._taken: set[int] = set()

    def take_seat(self) -> Seat:
        """A seat for a worker about to be forked; to the others it is absent until it tells what it does."""
        number = next(number for number in range(_MOST_WORKERS) if number not in self._taken)
        self._taken.add(number)
        return Seat(self._busy, number)

    def leave_seat(self, seat: Seat) -> None:
        """The worker is gone, whatever it told last."""
        self._busy[seat.number] = _ABSENT
        self._taken.discard(seat.number)


class Seat:
    """A worker's place among the others; ``Seat()`` is that of a process which has no others."""

    def __init__(self, busy: mmap.mmap | bytearray | None = None, number: int = 0) -> None:
        self.number = number
        self._busy = bytearray([_ABSENT]) if busy is None else busy
        self._left = False

    def tell(self, searches: int) -> None:
        """Tell how many searches this worker computes."""
        self._busy[self.number] = _ABSENT if self._left else min(searches, _ABSENT - 1)

    def leave(self) -> None:
        """Be absent from now on: this worker accepts nothing more."""
        self._left = True
        self.tell(0)

    @property
    def busier(self) -> bool:
        """Whether another worker computes fewer searches than this one."""
        return min(self._busy[:]) < self._busy[self.number]
