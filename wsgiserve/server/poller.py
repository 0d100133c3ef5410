"""Waiting for many sockets at once: epoll where there is one, otherwise whatever ``selectors`` finds best.

Floor 3. Knows descriptors and nothing of what they carry. Both pollers keep one contract:

- ``poll`` names a descriptor when something happened on it *since it was named last*. Whoever handles it must read
  until nothing is left, or remember that something may be; then ``rearm`` (free with epoll) before it waits again.
- All methods but ``poll`` may be called from any thread; ``wake`` may be called from a signal handler too.

The edge-triggered contract is what makes a request cost one ``epoll_wait``, and nothing else, however many threads share
the poller: a level-triggered one would name a busy connection over and over, or cost two ``epoll_ctl`` per request.
Source: epoll(7) "Level-triggered and edge-triggered", select(2).
"""

from __future__ import annotations

import select
import selectors
import socket
import sys
from collections import deque
from collections.abc import Iterable
from contextlib import suppress
from typing import Protocol

__all__ = ["EpollPoller", "Poller", "SelectorPoller", "new_poller"]

Ready = Iterable[tuple[int, bool]]
"""Descriptors with whether the peer has hung up, at least its sending half."""


class Poller(Protocol):
    """The interface; see the module for its contract."""

    def register(self, fileno: int) -> None:
        """Watch for bytes to read, or connections to accept."""

    def wait_write(self, fileno: int) -> None:
        """Watch for room to write instead."""

    def wait_read(self, fileno: int) -> None:
        """Watch for bytes to read again, after ``wait_write``."""

    def rearm(self, fileno: int) -> None:
        """Go on watching a descriptor that ``poll`` has named."""

    def unregister(self, fileno: int) -> None:
        """Stop watching; call it before the descriptor is closed. Unknown descriptors are ignored."""

    def poll(self, timeout: float | None) -> Ready:
        """Wait for at most ``timeout`` seconds, None for as long as it takes."""

    def wake(self) -> None:
        """Make ``poll`` return, now or when it is called next."""

    def close(self) -> None:
        """Give back its own descriptors."""


class _Waker:
    """A socket pair as a bell: write on one end, the poller sees the other."""

    def __init__(self) -> None:
        self._bell, self._ear = socket.socketpair()
        self._bell.setblocking(False)
        self._ear.setblocking(False)
        self.fileno = self._ear.fileno()

    def ring(self) -> None:
        with suppress(OSError):  # full: it rings already; closed: nobody waits any more
            self._bell.send(b"\0")

    def silence(self) -> None:
        with suppress(BlockingIOError):
            while self._ear.recv(4096):
                pass

    def close(self) -> None:
        self._bell.close()
        self._ear.close()


if sys.platform == "linux":
    _READ = select.EPOLLIN | select.EPOLLRDHUP | select.EPOLLET
    _WRITE = select.EPOLLOUT | select.EPOLLRDHUP | select.EPOLLET
    _HUNG_UP = select.EPOLLRDHUP | select.EPOLLHUP | select.EPOLLERR

    class EpollPoller:
        """Edge-triggered epoll."""

        def __init__(self) -> None:
            self._epoll = select.epoll()
            self._waker = _Waker()
            self._epoll.register(self._waker.fileno, select.EPOLLIN)

        def register(self, fileno: int) -> None:
            self._epoll.register(fileno, _READ)

        def wait_write(self, fileno: int) -> None:
            self._modify(fileno, _WRITE)

        def wait_read(self, fileno: int) -> None:
            self._modify(fileno, _READ)

        def rearm(self, fileno: int) -> None:
            pass  # edges need no arming

        def unregister(self, fileno: int) -> None:
            with suppress(OSError, ValueError):
                self._epoll.unregister(fileno)

        def _modify(self, fileno: int, events: int) -> None:
            with suppress(OSError, ValueError):  # closed by a server that did not wait for this thread
                self._epoll.modify(fileno, events)

        def poll(self, timeout: float | None) -> Ready:
            ready = []
            for fileno, mask in self._epoll.poll(timeout):
                if fileno == self._waker.fileno:
                    self._waker.silence()
                else:
                    ready.append((fileno, bool(mask & _HUNG_UP)))
            return ready

        def wake(self) -> None:
            self._waker.ring()

        def close(self) -> None:
            self._epoll.close()
            self._waker.close()


class SelectorPoller:
    """Any selector of the standard library, with the edge-triggered contract on top.

    A descriptor that was named is left out until it is armed again. Changes are queued and made by the thread that
    polls: select and kqueue do not notice changes made while they wait.
    """

    def __init__(self, selector: selectors.BaseSelector | None = None) -> None:
        self._selector = selector or selectors.DefaultSelector()
        self._waker = _Waker()
        self._selector.register(self._waker.fileno, selectors.EVENT_READ)
        self._changes: deque[tuple[int, int]] = deque()
        self._wanted: dict[int, int] = {}

    def register(self, fileno: int) -> None:
        self._want(fileno, selectors.EVENT_READ)

    def wait_write(self, fileno: int) -> None:
        self._want(fileno, selectors.EVENT_WRITE)

    def wait_read(self, fileno: int) -> None:
        self._want(fileno, selectors.EVENT_READ)

    def rearm(self, fileno: int) -> None:
        self._want(fileno, self._wanted[fileno])

    def unregister(self, fileno: int) -> None:
        """Returns after the selector has let go, so that the number may be used again at once."""
        self._wanted.pop(fileno, None)
        with suppress(KeyError, ValueError, OSError):
            self._selector.unregister(fileno)
        self._changes.append((fileno, 0))

    def poll(self, timeout: float | None) -> Ready:
        self._make_changes()
        ready = []
        for key, _ in self._selector.select(timeout):
            if key.fd == self._waker.fileno:
                self._waker.silence()
            else:
                self._set(key.fd, 0)
                ready.append((key.fd, False))
        return ready

    def wake(self) -> None:
        self._waker.ring()

    def close(self) -> None:
        self._selector.close()
        self._waker.close()

    def _want(self, fileno: int, events: int) -> None:
        self._wanted[fileno] = events
        self._changes.append((fileno, events))
        self._waker.ring()

    def _make_changes(self) -> None:
        while self._changes:
            fileno, events = self._changes.popleft()
            if events == self._wanted.get(fileno, 0):
                self._set(fileno, events)

    def _set(self, fileno: int, events: int) -> None:
        with suppress(KeyError, ValueError, OSError):
            self._selector.unregister(fileno)
        if events:
            self._selector.register(fileno, events)


def new_poller() -> Poller:
    """The best poller of this platform."""
    return EpollPoller() if sys.platform == "linux" else SelectorPoller()
