"""Accepting: from listening sockets to connected ones, and holding back when there is no room for more.

Floor 3. Connections that we do not accept wait in the kernel's queue; nobody is refused while it has room.
Source: accept(2) for the errors; trio's serve_listeners for the pause when descriptors run out.
"""

from __future__ import annotations

import errno
import logging
import socket
import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from wsgiserve.server.poller import Poller

__all__ = ["Acceptor"]

log = logging.getLogger("wsgiserve")

# No descriptor, or no memory for one: another connection has to end first.
_EXHAUSTED = frozenset([errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM])

# Long enough for some request to finish and give its descriptor back, short enough for a client not to notice.
_PAUSE_SECONDS = 0.1


class Acceptor:
    """Accepts on several listeners.

    Args:
        listeners: listening, non-blocking sockets.
        has_room: whether another connection may be accepted.
    """

    def __init__(self, listeners: Sequence[socket.socket], has_room: Callable[[], bool]) -> None:
        self.listeners = list(listeners)
        self._has_room = has_room
        self._poller: Poller | None = None
        self._resume_at: float | None = None
        self._full = False
        self._warned = False

    def open(self, poller: Poller) -> None:
        """Begin to watch for connections."""
        self._poller = poller
        for listener in self.listeners:
            poller.register(listener.fileno())

    def accept(self, fileno: int) -> Iterator[tuple[socket.socket, Any]]:
        """Accept all that wait at the listener with this descriptor; nothing if there is no such listener."""
        for listener in self.listeners:
            if listener.fileno() == fileno:
                yield from self._accept_all(listener)

    def accept_waiting(self) -> Iterator[tuple[socket.socket, Any]]:
        """Accept all that wait at any listener."""
        for listener in self.listeners:
            yield from self._accept_all(listener)

    def pause_ends(self) -> float | None:
        """When accepting goes on, by the monotonic clock; None if it does not pause."""
        return self._resume_at

    def resume(self, now: float) -> None:
        """Go on accepting if there is room again."""
        if self._full and self._has_room():
            self._full = False
            self._rearm()
        if self._resume_at is not None and now >= self._resume_at:
            self._resume_at = None
            self._rearm()

    def close(self) -> None:
        """Stop accepting; connections that still wait in the kernel's queue are reset."""
        for listener in self.listeners:
            if self._poller is not None:
                self._poller.unregister(listener.fileno())
            listener.close()
        self.listeners.clear()
        self._resume_at = None

    def leave(self) -> None:
        """In a forked child: close its copies of the listeners, and leave the parent's poller alone."""
        self._poller = None
        self.close()

    @property
    def full(self) -> bool:
        """Whether accepting waits for a connection to end."""
        return self._full

    def _accept_all(self, listener: socket.socket) -> Iterator[tuple[socket.socket, Any]]:
        while True:
            if not self._has_room():
                self._full = True
                return
            try:
                sock, address = listener.accept()
            except BlockingIOError:
                if self._poller is not None:
                    self._poller.rearm(listener.fileno())
                return
            except OSError as error:
                if error.errno in _EXHAUSTED:
                    self._pause(error)
                    return
                continue  # that client is gone already (ECONNABORTED, EPROTO), or its network is
            self._warned = False
            sock.setblocking(False)
            yield sock, address

    def _pause(self, error: OSError) -> None:
        self._resume_at = time.monotonic() + _PAUSE_SECONDS
        if not self._warned:
            self._warned = True
            log.error(
                "cannot accept connections: %s; they wait until one is closed (raise the limit with ulimit -n, or "
                "lower --max-connections)",
                error.strerror,
            )

    def _rearm(self) -> None:
        # A new registration makes the poller name a listener at which connections have been waiting meanwhile.
        if self._poller is not None:
            for listener in self.listeners:
                self._poller.unregister(listener.fileno())
                self._poller.register(listener.fileno())
