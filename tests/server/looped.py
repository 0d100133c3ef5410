"""A loop without sockets, on a clock of its own."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterable
from math import inf
from typing import Any, cast

from wsgiserve.server.channel import Channel
from wsgiserve.server.deadlines import Deadlines
from wsgiserve.server.handler import WSGIRequestHandler
from wsgiserve.server.loop import ConnectionLoop
from wsgiserve.server.poller import Poller


class Clock:
    """Stands for the module ``time``; it stands still until a test moves it, or a ``FakePoller`` waits."""

    def __init__(self) -> None:
        self.now = 100.0

    def monotonic(self) -> float:
        return self.now

    def perf_counter(self) -> float:
        return self.now + 1000.0  # on some systems these are different clocks


class FakePoller:
    """Tells of what the test says; waiting takes no time but the clock's."""

    rearms = True
    hung_up = 1

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self.events: list[tuple[int, bool]] = []
        self.waited_for: list[float | None] = []
        self.watched: list[int] = []
        self.woken = 0
        self._rings = False
        self.meanwhile: Callable[[], object] = lambda: None
        self.closed = False

    def register(self, fileno: int) -> None:
        self.watched.append(fileno)

    register_listener = register

    def unregister(self, fileno: int) -> None:
        if fileno in self.watched:
            self.watched.remove(fileno)

    def rearm(self, fileno: int) -> None:
        """What is not watched is ignored: a listener that was looked away from, at the end."""

    def poll(self, timeout: float | None) -> Iterable[tuple[int, bool]]:
        self.waited_for.append(timeout)
        self.meanwhile()
        events, self.events = self.events, []
        if not events and not self._rings and timeout is not None:
            self._clock.now += timeout
        self._rings = False
        return events

    def wake(self) -> None:
        self.woken += 1
        self._rings = True

    def close(self) -> None:
        self.closed = True


class FakeStream:
    def __init__(self, fileno: int) -> None:
        self.fileno = fileno


class FakeConnection:
    """What the loop knows of a connection."""

    def __init__(self, loop: Loop, fileno: int, deadline: float = inf) -> None:
        self._loop = self.server = loop
        self.stream = FakeStream(fileno)
        self.lock = threading.Lock()
        self.deadline = deadline
        self.readable = False
        self.arrived_after = inf
        self.hung_up = False
        self.watched = False
        self.own_address: object = None
        self.closed = False
        self.expired_at: float | None = None
        self.flushed = 0

    def settle(self) -> bool:
        return Channel.settle(cast("Channel", self))

    def flush_meanwhile(self) -> None:
        self.flushed += 1

    def expire(self) -> None:
        self.expired_at = self._loop.clock.now
        self.close()

    def close(self) -> None:
        self.closed = True
        self._loop.forget(cast("WSGIRequestHandler", self))


class Loop(ConnectionLoop):
    """With fakes around it; a socket that is accepted becomes a fake connection of the same descriptor."""

    def __init__(self, clock: Clock, deadlines: Deadlines | None = None, max_connections: int = 100) -> None:
        super().__init__([], deadlines or Deadlines(), max_connections)
        self.poller.close()
        self.clock = clock
        self.fake_poller = FakePoller(clock)
        self.poller = cast("Poller", self.fake_poller)

    def make_connection(self, sock: socket.socket, address: Any) -> WSGIRequestHandler | None:
        return cast("WSGIRequestHandler", FakeConnection(self, sock.fileno())) if address else None

    def stop_now(self) -> None:
        self._stop_now = True

    def add(
        self, fileno: int, deadline: float = inf, make: Callable[..., FakeConnection] = FakeConnection
    ) -> FakeConnection:
        connection = make(self, fileno, deadline)
        self.connections[fileno] = cast("WSGIRequestHandler", connection)
        self._sweep.add(fileno)
        self._sweep.note(self.clock.now)
        self.poller.register(fileno)
        connection.watched = True
        return connection

    def next_fake(self) -> FakeConnection:
        return cast("FakeConnection", self.next_ready())


class FakeListener:
    def __init__(self, *waiting: object) -> None:
        self.waiting = list(waiting)

    def fileno(self) -> int:
        return 3

    def getsockname(self) -> tuple[str, int]:
        return "192.0.2.1", 80

    def accept(self) -> tuple[socket.socket, object]:
        if not self.waiting:
            raise BlockingIOError
        return cast("socket.socket", FakeSocket(100 + len(self.waiting))), self.waiting.pop(0)

    def close(self) -> None:
        pass


class FakeSocket:
    def __init__(self, fileno: int) -> None:
        self.fileno = lambda: fileno

    def setblocking(self, flag: bool) -> None:
        pass


def listening(loop: Loop, *waiting: object) -> FakeListener:
    listener = FakeListener(*waiting)
    loop.acceptor.listeners = [cast("socket.socket", listener)]
    loop.acceptor.open(loop.poller)
    return listener
