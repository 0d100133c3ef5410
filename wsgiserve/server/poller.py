"""Waiting for many sockets at once: epoll where there is one, otherwise whatever ``selectors`` finds best.

Floor 3. Knows descriptors and nothing of what they carry. Both pollers keep one contract:

- ``poll`` names a descriptor when something happened on it *since it was named last*. Whoever handles it must read
  until nothing is left, or remember that something may be; then ``rearm`` (free with epoll) before it waits again.
- One thread at a time calls ``poll``. The other methods may be called from any thread meanwhile, ``wake`` from a signal
  handler too. Descriptors that are not registered are ignored.
- Listeners are another matter, because several processes may wait for the same ones: ``poll`` names one for as long as
  connections wait there, and wakes one process for each that comes rather than all of them.

The edge-triggered contract is what makes a request cost one ``epoll_wait``, and nothing else, however many threads
share the poller: a level-triggered one would name a busy connection over and over, or cost two ``epoll_ctl`` per
request.
Source: epoll(7) "Level-triggered and edge-triggered", epoll_ctl(2) for EPOLLEXCLUSIVE, select(2).
"""

from __future__ import annotations

import errno
import select
import selectors
import socket
import sys
import threading
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from typing import Protocol

__all__ = ["EpollPoller", "Poller", "SelectorPoller", "Waker", "new_poller"]

Ready = list[tuple[int, int]]
"""Descriptors, each with bits of which ``hung_up`` are set when the peer has hung up, at least its sending half."""


class Waker:
    """A socket pair as a bell: write on one end, the poller sees the other.

    Attributes:
        bell: descriptor for ``signal.set_wakeup_fd``.
        fileno: descriptor that the poller watches.
        on_signal: called by the thread that polls when it was a signal that rang.
    """

    def __init__(self) -> None:
        self._bell, self._ear = socket.socketpair()
        self._bell.setblocking(False)
        self._ear.setblocking(False)
        self.bell = self._bell.fileno()
        self.fileno = self._ear.fileno()
        self.on_signal: Callable[[], object] = lambda: None

    def ring(self) -> None:
        with suppress(OSError):  # full: it rings already; closed: nobody waits any more
            self._bell.send(b"\0")

    def silence(self) -> None:
        with suppress(BlockingIOError):
            while rings := self._ear.recv(4096):
                if rings.strip(b"\0"):  # Python writes the number of the signal
                    self.on_signal()

    def close(self) -> None:
        self._bell.close()
        self._ear.close()


class Poller(Protocol):
    """The interface; see the module for its contract."""

    waker: Waker
    rearms: bool
    """Whether ``rearm`` does anything."""
    hung_up: int
    """See ``Ready``."""

    def register(self, fileno: int) -> None:
        """Watch for bytes to read."""

    def register_listener(self, fileno: int) -> None:
        """Watch for connections to accept, behind all other processes that watch the same listener."""

    def wait_write(self, fileno: int) -> None:
        """Watch for room to write instead."""

    def wait_read(self, fileno: int) -> None:
        """Watch for bytes to read again, after ``wait_write`` or ``wait_hang_up``."""

    def wait_hang_up(self, fileno: int) -> None:
        """Watch for nothing but that the peer hangs up, where a poller can: the bytes are being read anyway."""

    def rearm(self, fileno: int) -> None:
        """Go on watching a descriptor that ``poll`` has named."""

    def unregister(self, fileno: int) -> None:
        """Stop watching, at once: call it before the descriptor is closed, and its number may be used again."""

    def poll(self, timeout: float | None) -> Ready:
        """Wait for at most ``timeout`` seconds, None for as long as it takes."""

    def wake(self) -> None:
        """Make ``poll`` return, now or when it is called next."""

    def close(self) -> None:
        """Give back its own descriptors."""


if sys.platform == "linux":
    _READ = select.EPOLLIN | select.EPOLLRDHUP | select.EPOLLET
    _WRITE = select.EPOLLOUT | select.EPOLLRDHUP | select.EPOLLET
    _HANG_UP = select.EPOLLRDHUP | select.EPOLLET
    # Whoever is woken may leave connections to others: no edge would tell them. EPOLLRDHUP does not go with it.
    _ACCEPT = select.EPOLLIN | select.EPOLLEXCLUSIVE

    class EpollPoller:
        """Edge-triggered epoll."""

        def __init__(self) -> None:
            # Not in the class, where they would be looked up anew for each request.
            self.rearms = False
            self.hung_up = select.EPOLLRDHUP | select.EPOLLHUP | select.EPOLLERR
            self._epoll = select.epoll()
            self.waker = Waker()
            self._rung = self.waker.fileno, select.EPOLLIN
            self._epoll.register(*self._rung)

        def register(self, fileno: int) -> None:
            self._epoll.register(fileno, _READ)

        def register_listener(self, fileno: int) -> None:
            self._epoll.register(fileno, _ACCEPT)

        def wait_write(self, fileno: int) -> None:
            self._modify(fileno, _WRITE)

        def wait_read(self, fileno: int) -> None:
            self._modify(fileno, _READ)

        def wait_hang_up(self, fileno: int) -> None:
            self._modify(fileno, _HANG_UP)

        def rearm(self, fileno: int) -> None:
            pass  # edges need no arming

        def unregister(self, fileno: int) -> None:
            with suppress(OSError, ValueError):
                self._epoll.unregister(fileno)

        def _modify(self, fileno: int, events: int) -> None:
            with suppress(OSError, ValueError):  # closed by a server that did not wait for this thread
                self._epoll.modify(fileno, events)

        def poll(self, timeout: float | None) -> Ready:
            # Neither a loop nor a list of our own, for which every request would pay.
            ready = self._epoll.poll(timeout)
            if self._rung in ready:
                self.waker.silence()
                ready.remove(self._rung)
            return ready

        def wake(self) -> None:
            self.waker.ring()

        def close(self) -> None:
            self._epoll.close()
            self.waker.close()


class SelectorPoller:
    """Any selector of the standard library, with the edge-triggered contract on top.

    A descriptor that was named is left out until it is armed again. Arming is queued and done by the thread that polls:
    select and kqueue do not notice changes made while they wait. Letting go is done at once, because the number may be
    another socket's a moment later.
    """

    rearms = True
    hung_up = 1

    def __init__(self, selector: selectors.BaseSelector | None = None) -> None:
        self._selector = selector or selectors.DefaultSelector()
        self.waker = Waker()
        self._selector.register(self.waker.fileno, selectors.EVENT_READ)
        self._wanted: dict[int, int] = {}
        self._lock = threading.Lock()  # for _wanted and the selector, which have to agree on who is watched at all
        self._to_arm: deque[int] = deque()
        self._polling = False

    def register(self, fileno: int) -> None:
        self._want(fileno, selectors.EVENT_READ)

    register_listener = register  # all processes are woken; the sockets do not block, so one accepts and no other waits

    def wait_write(self, fileno: int) -> None:
        self._change(fileno, selectors.EVENT_WRITE)

    def wait_read(self, fileno: int) -> None:
        self._change(fileno, selectors.EVENT_READ)

    def wait_hang_up(self, fileno: int) -> None:
        pass  # it was named, and is left out until somebody asks for it again

    def rearm(self, fileno: int) -> None:
        self._change(fileno, 0)

    def unregister(self, fileno: int) -> None:
        with self._lock:
            self._wanted.pop(fileno, None)
            self._leave_out(fileno)

    def poll(self, timeout: float | None) -> Ready:
        self._polling = True  # before _arm: whoever comes too late for that sees this, and rings
        self._arm()
        ready = []
        for fileno in self._select(timeout):
            if fileno == self.waker.fileno:
                self.waker.silence()
            else:
                with self._lock:
                    self._leave_out(fileno)
                ready.append((fileno, 0))  # a level-triggered selector will tell of a hang-up again
        self._polling = False
        return ready

    def wake(self) -> None:
        self.waker.ring()

    def close(self) -> None:
        self._selector.close()
        self.waker.close()

    def _change(self, fileno: int, events: int) -> None:
        known = self._wanted.get(fileno)
        if known is not None:
            self._want(fileno, events or known)

    def _want(self, fileno: int, events: int) -> None:
        self._wanted[fileno] = events
        self._to_arm.append(fileno)
        if self._polling:
            self.waker.ring()

    def _arm(self) -> None:
        while self._to_arm:
            fileno = self._to_arm.popleft()
            with self._lock:
                self._leave_out(fileno)
                if fileno in self._wanted:
                    self._selector.register(fileno, self._wanted[fileno])

    def _leave_out(self, fileno: int) -> None:
        with suppress(KeyError, ValueError, OSError):  # it is out already; or everything is closed
            self._selector.unregister(fileno)

    def _select(self, timeout: float | None) -> list[int]:
        try:
            return [key.fd for key, _ in self._selector.select(timeout)]
        except OSError as error:
            if error.errno != errno.EBADF:
                raise
            return []  # select(2) was about to begin when another thread let go of a descriptor and closed it


def new_poller() -> Poller:
    """The best poller of this platform."""
    return EpollPoller() if sys.platform == "linux" else SelectorPoller()
