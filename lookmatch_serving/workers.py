"""gunicorn's workers: they know of each other, no client holds them up, and they stop without losing a request.

gunicorn's threaded worker finishes what it accepted and leaves what waits in the listen queue: those connections were made, their
requests sent, and they end in a reset. Measured under load, every stop lost some. So here a worker of a server that stops turns
new connections away first, then accepts all that were made, and only then closes the queue. On Linux a filter on the listening
socket drops new SYNs, so that a client is refused when it tries again, and none slips in between; elsewhere one may.
"""

from __future__ import annotations

import ctypes
import errno
import mmap
import socket
import struct
import sys
import time
from contextlib import suppress
from typing import Any

from gunicorn.app.base import BaseApplication
from gunicorn.arbiter import Arbiter
from gunicorn.workers.gthread import ThreadWorker

from lookmatch_serving.siblings import Seat, Siblings

_HANDSHAKE_SECONDS = 0.05
"""Connections that were half made when new ones were refused get this long to be made."""

_SO_ATTACH_FILTER = 26
_DROP_SYN = (
    (0x30, 0, 0, 13),  # load the byte of the TCP header that holds the flags
    (0x54, 0, 0, 0x12),  # keep SYN and ACK
    (0x15, 0, 1, 0x02),  # SYN alone?
    (0x06, 0, 0, 0),  # then drop the packet
    (0x06, 0, 0, 0xFFFFFFFF),  # else let it in whole
)
"""Classic BPF, as (code, jump if true, jump if false, operand)."""


class StoppableApplication(BaseApplication):  # type: ignore[misc]
    """An application whose workers can tell a server that stops from a worker that is replaced."""

    def __init__(self) -> None:
        self._flag = mmap.mmap(-1, 1)  # shared with the workers, which are forked
        self.siblings = Siblings()
        self.seat = Seat()
        super().__init__()

    @property
    def stopping(self) -> bool:
        """Whether the whole server stops."""
        return self._flag[0] != 0

    def run(self) -> None:
        """Serve until told to stop."""
        flag = self._flag

        class _Arbiter(Arbiter):  # type: ignore[misc]
            def stop(self, graceful: bool = True) -> None:
                flag[0] = 1
                super().stop(graceful)

        _Arbiter(self).run()


class DrainingWorker(ThreadWorker):  # type: ignore[misc]
    """A threaded worker that empties the listen queue when its server stops."""

    app: StoppableApplication

    def __init__(self, *arguments: Any) -> None:
        """Make it, before it is forked: its application then finds its seat."""
        super().__init__(*arguments)
        self.seat = self.app.seat = self.app.siblings.take_seat()

    def set_accept_enabled(self, enabled: bool) -> None:
        """Begin or cease to accept; the last time of a stopping server, all that waits is accepted first."""
        if not self.alive:
            self.seat.leave()
        super().set_accept_enabled(enabled)
        if not enabled and not self.alive and self.app.stopping:
            for listener in self.sockets:
                turn_new_connections_away(listener)
            for wait in (_HANDSHAKE_SECONDS, 0.0):
                for listener in self.sockets:
                    self._accept_all(listener)
                time.sleep(wait)
            for listener in self.sockets:
                with suppress(OSError):  # another worker did so already
                    listener.shutdown(socket.SHUT_RDWR)

    def handle(self, conn: Any) -> Any:
        """Handle a request; a connection that ends with it is closed here.

        Closing waits up to two seconds for the client to close its side. gunicorn waits on the thread that accepts, so that one
        client which keeps its side open would hold up all others.
        """
        kept = super().handle(conn)
        if kept is False:
            conn.close(graceful=True)
            conn.close = _closed  # what gunicorn calls next
        return kept

    def accept(self, listener: Any) -> None:
        """Accept a connection, if there is one; another worker may have closed the queue."""
        try:
            super().accept(listener)
        except OSError as error:
            if error.errno != errno.EINVAL:
                raise

    def _accept_all(self, listener: Any) -> None:
        listener.setblocking(False)
        while True:
            before = self.nr_conns
            self.accept(listener)
            if self.nr_conns == before:
                return


def _closed(graceful: bool = False) -> None:
    """Closes nothing: closing a closed socket is an error, upon which gunicorn counts the connection off a second time."""


def turn_new_connections_away(listener: socket.socket) -> None:
    """Let a listening TCP socket answer no new connection, while those that were begun can still be made; Linux only."""
    if sys.platform != "linux" or listener.family not in (socket.AF_INET, socket.AF_INET6):
        return
    code = b"".join(struct.pack("HBBI", *instruction) for instruction in _DROP_SYN)
    held = ctypes.create_string_buffer(code, len(code))
    program = struct.pack("HL", len(_DROP_SYN), ctypes.addressof(held))
    with suppress(OSError):  # not permitted here: then as elsewhere
        listener.setsockopt(socket.SOL_SOCKET, _SO_ATTACH_FILTER, program)
