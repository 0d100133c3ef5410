"""Accepting: from listening sockets to connected ones, and holding back when there is no room for more.

Floor 3. Connections that we do not accept wait in the kernel's queue; nobody is refused while it has room.

Where several processes share the listeners, the kernel wakes the one among those that are idle which began to watch
first, for ever the same. So each takes one connection at a time and goes back to the end of the line: who is idle gets
its share of what comes slowly, and nobody takes a burst alone that others could help with.
Source: accept(2) for the errors; trio's serve_listeners for the pause when descriptors run out; nginx's
ngx_reorder_accept_events for the line.
"""

from __future__ import annotations

import errno
import logging
import socket
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from math import inf
from typing import Any

from wsgiserve.server.addresses import Address
from wsgiserve.server.poller import Poller
from wsgiserve.server.sockets import own_address, unlink_unix
from wsgiserve.server.stream import wait

__all__ = ["Acceptor"]

log = logging.getLogger("wsgiserve")

# No descriptor, or no memory for one: another connection has to end first.
_EXHAUSTED = frozenset([errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM])

# One client is gone already, or its network is; the next in the queue is not touched by it: accept(2) "Error handling".
_LOST_NAMES = [
    *("ECONNABORTED", "EHOSTDOWN", "EHOSTUNREACH", "EINTR", "ENETDOWN", "ENETUNREACH", "ENONET", "ENOPROTOOPT"),
    *("EOPNOTSUPP", "EPERM", "EPROTO"),
]
_LOST = frozenset(getattr(errno, name) for name in _LOST_NAMES if hasattr(errno, name))

# In struct tcp_info of <linux/tcp.h>, behind eight bytes of flags and four other numbers: tcpi_unacked, which of a
# listener is the length of its queue.
_UNACKED = slice(24, 28)

# Whether more come than are accepted in one go is seen by trying. A burst of a thousand takes some fifty polls so.
_ENOUGH_TIMES = 8

# Long enough for some request to finish and give its descriptor back, short enough for a client not to notice.
_PAUSE_SECONDS = 0.1


class Acceptor:
    """Accepts on several listeners.

    Args:
        listeners: listening, non-blocking sockets.
        has_room: whether another connection may be accepted.

    Attributes:
        listeners: those that are still open.
        full: accepting waits for a connection to end.
        shared: another process has the same listeners, and goes on listening when this one does not.
    """

    def __init__(self, listeners: Sequence[socket.socket], has_room: Callable[[], bool]) -> None:
        self.listeners = list(listeners)
        self.full = False
        self.shared = False
        self._has_room = has_room
        self._lock = threading.Lock()
        self._left = False
        self._poller: Poller | None = None
        self._resume_at = inf
        self._warned = False
        self._most = 1  # to accept in one go
        self._filled = 0  # so many times all of these were there
        self._addresses: dict[int, Address | None] = {}

    def open(self, poller: Poller) -> None:
        """Begin to watch for connections."""
        self._poller = poller
        for listener in self.listeners:
            self._addresses[listener.fileno()] = own_address(listener)
            poller.register_listener(listener.fileno())

    def address_at(self, fileno: int) -> Address | None:
        """The address that all have reached who are accepted there; None if each has to be asked."""
        return self._addresses.get(fileno)

    def accept(self, fileno: int) -> Iterator[tuple[socket.socket, Any]]:
        """Accept those that wait at the listener with this descriptor; nothing if there is no such listener.

        Where other processes could as well, the first. Otherwise about as many as came before. The poller names the
        listener again for as long as somebody waits, and to ask each time whether there is another would cost those who
        come one by one 2.5 µs, a quarter of what accepting takes.
        """
        for listener in self.listeners:
            if listener.fileno() == fileno:
                return self._accept(listener, 1 if self.shared else self._most)
        return iter(())

    def accept_waiting(self) -> Iterator[tuple[socket.socket, Any]]:
        """Accept all that wait at any listener; ``holds_back`` tells afterwards whether some had to be left there."""
        self.full = False
        self._resume_at = inf
        for listener in self.listeners:
            yield from self._accept(listener, sys.maxsize)

    def waiting(self) -> int:
        """How many wait at the listeners; for those that cannot tell, one if there is any. Any thread may ask."""
        return sum(map(_waiting_at, list(self.listeners)))

    @property
    def holds_back(self) -> bool:
        """Whether connections may be waiting for which there was no room."""
        return self.full or self._resume_at != inf

    def pause_ends(self) -> float:
        """When accepting goes on, by the monotonic clock; infinite if it does not pause."""
        return self._resume_at

    def resume(self, now: float) -> None:
        """Go on accepting if there is room again."""
        if self.full and self._has_room():
            self.full = False
            self._look_again()
        if now >= self._resume_at:
            self._resume_at = inf
            self._look_again()

    def leave_to_others(self) -> None:
        """Accept nobody any more, from the moment when this returns. Any thread may call it; ``close`` still has to."""
        with self._lock:
            self._left = True

    def unlink(self) -> None:
        """Take away the files of unix sockets, so that nobody new finds them; those who wait can still be accepted."""
        if not self.shared:
            for listener in self.listeners:
                unlink_unix(listener)

    def close(self) -> None:
        """Stop accepting; connections that still wait in the kernel's queue are reset."""
        for listener in self.listeners:
            if self._poller is not None:
                self._poller.unregister(listener.fileno())
            listener.close()
        self.listeners.clear()
        self.full = False
        self._resume_at = inf

    def leave(self) -> None:
        """In a forked child: close its copies of the listeners, and leave the parent's poller alone."""
        self._poller = None
        self.close()

    def _accept(self, listener: socket.socket, most: int) -> Iterator[tuple[socket.socket, Any]]:
        for count in range(most):
            if not self._has_room():
                self.full = True
                self._look_away()
                return
            try:
                with self._lock:
                    if self._left:
                        return
                    sock, address = listener.accept()
            except BlockingIOError:
                self._warned = False
                self._most, self._filled = max(count, 1), 0
                self._rearm(listener)
                return
            except OSError as error:
                if error.errno in _LOST:
                    continue
                self._pause(error)
                return
            sock.setblocking(False)
            yield sock, address
        self._expect_more(listener)

    def _expect_more(self, listener: socket.socket) -> None:
        if self.shared:
            self._line_up(listener)
            return
        self._filled += 1
        if self._filled == _ENOUGH_TIMES:
            self._most, self._filled = 2 * self._most, 0
        self._rearm(listener)

    def _pause(self, error: OSError) -> None:
        """Try again in a moment, whatever it was; say so once, until the queue has been emptied again."""
        self._resume_at = time.monotonic() + _PAUSE_SECONDS
        self._look_away()
        if not self._warned:
            self._warned = True
            advice = " (raise the limit with ulimit -n, or lower --max-connections)"
            log.error(
                "cannot accept connections: %s; they wait until it is possible again%s",
                error.strerror,
                advice if error.errno in _EXHAUSTED else "",
            )

    def _look_away(self) -> None:
        """Leave who waits, and who comes, to other processes, if there are any."""
        if self._poller is not None:
            for listener in self.listeners:
                self._poller.unregister(listener.fileno())

    def _look_again(self) -> None:
        for listener in self.listeners:
            self._line_up(listener)

    def _rearm(self, listener: socket.socket) -> None:
        if self._poller is not None:
            self._poller.rearm(listener.fileno())

    def _line_up(self, listener: socket.socket) -> None:
        """Go to the end of the line at a listener. The poller names it if somebody waits there."""
        if self._poller is not None:
            self._poller.unregister(listener.fileno())
            self._poller.register_listener(listener.fileno())


def _waiting_at(listener: socket.socket) -> int:
    try:
        if sys.platform == "linux" and listener.family != socket.AF_UNIX:
            info = listener.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, _UNACKED.stop)
            return int.from_bytes(info[_UNACKED], sys.byteorder)
        return int(wait(listener.fileno(), 0, write=False))
    except (OSError, ValueError):  # who polls has closed it meanwhile
        return 0
