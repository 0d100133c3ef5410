"""A connection without a network: a stream that does as it is told, and a server that does not run.

For tests that look at each step of a connection, in the order in which they want it to happen.
"""

from __future__ import annotations

import os
import socket
from collections import deque
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, cast

from tests.server.looped import Clock
from tests.server.running import hello
from wsgiserve.errors import ClientDisconnected
from wsgiserve.server import channel
from wsgiserve.server.base import BaseWSGIServer
from wsgiserve.server.handler import WSGIRequestHandler
from wsgiserve.server.stream import RECEIVE_BYTES

if TYPE_CHECKING:
    from wsgiserve.server.poller import Poller

__all__ = ["Bench", "Clock", "FakePoller", "FakeStream"]


class FakeStream:
    """A stream; what it gives and takes is put in and read out by the test.

    Attributes:
        arrived: what ``recv`` gives, one after the other: bytes, or None when nothing is there, or an error.
        room: how many bytes the client takes until it takes no more; None: all.
        sent: what the client took.
        begun: what was sent with the promise that more comes at once.
        said: what was done to the stream besides, in order.
        before_recv: called at the beginning of each ``recv``.
        asked_for: the most that the last ``recv`` might have given.
        expected: how many bytes ``expect`` was told of, one after the other.
        silent: what ``seconds_since_arrival`` tells.
        waits: what ``wait_readable`` and ``wait_writable`` answer, one after the other.
    """

    def __init__(self, fileno: int) -> None:
        self.sock: Any = None
        self.fileno = fileno
        self.more = False
        self.sends_files = True
        self.arrived: deque[bytes | Exception | None] = deque()
        self.room: int | None = None
        self.sent = b""
        self.begun = b""
        self.said: list[str] = []
        self.silent = 0.0
        self.asked_for = 0
        self.expected: list[int] = []
        self.before_recv: Callable[[], None] = lambda: None
        self.waits: deque[Callable[[], bool]] = deque()

    def recv(self, count: int = RECEIVE_BYTES) -> bytes | None:
        self.before_recv()
        self.asked_for = count
        self.more = False
        found = self.arrived.popleft() if self.arrived else None
        if isinstance(found, Exception):
            raise found
        self.more = found is not None and len(found) == count
        return found

    def send_some(self, data: bytes | memoryview, more: bool = False) -> int:
        if "gone" in self.said:
            raise ClientDisconnected("sending: gone")
        taken = bytes(data if self.room is None else data[: self.room])
        self.sent += taken
        if more:
            self.begun += taken
        if self.room is not None:
            self.room -= len(taken)
        return len(taken)

    def send_file_some(self, file: int, offset: int, count: int) -> int | None:
        data = os.pread(file, count, offset)
        return self.send_some(data) if data else None

    def expect(self, count: int) -> None:
        self.expected.append(count)

    def seconds_since_arrival(self) -> float:
        return self.silent

    def wait_readable(self, seconds: float) -> bool:
        self.said.append(f"waited {seconds:g} s for bytes")
        return self.waits.popleft()()

    def wait_writable(self, seconds: float) -> bool:
        self.said.append(f"waited {seconds:g} s for room")
        return self.waits.popleft()()

    def say_goodbye(self) -> None:
        self.said.append("goodbye")

    def shutdown(self) -> None:
        self.said.append("shutdown")

    def abort(self) -> None:
        self.said.append("abort")

    def close(self) -> None:
        self.said.append("close")


class FakePoller:
    """Notes what it is asked to watch for."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    def __getattr__(self, name: str) -> Callable[..., None]:
        return lambda fileno=0: self.asked.append(name)


class Bench:
    """One connection of a server that is not running.

    Attributes:
        connection: owned by the test, as if it had taken it out of the poller.
        clock: the one that the connection looks at.
    """

    def __init__(
        self, monkeypatch: Any, handler: type[WSGIRequestHandler] = WSGIRequestHandler, **arguments: Any
    ) -> None:
        self.clock = Clock()
        monkeypatch.setattr(channel, "time", self.clock)
        self.server = BaseWSGIServer("127.0.0.1", 0, arguments.pop("app", hello), handler, **arguments)
        self.poller = FakePoller()
        self.server.poller.close()
        self.server.poller = cast("Poller", self.poller)
        ours, self.theirs = socket.socketpair()
        ours.setblocking(False)
        self.ours = ours
        self.connection = handler(ours, ("192.0.2.7", 4711), self.server)
        self.server.connections[ours.fileno()] = self.connection
        self.server._sweep.add(ours.fileno())
        self.stream = FakeStream(ours.fileno())
        self.stream.sock = ours
        self.connection.stream = self.stream
        self.connection.lock.acquire()
        self.connection.watched = True

    def arrive(self, *arrived: bytes | Exception | None) -> bool:
        """Let this be there to receive, tell the connection, and have it look."""
        self.stream.arrived.extend(arrived)
        self.connection.readable = True
        return self.connection.advance()

    def close(self) -> None:
        """Give everything back."""
        self.connection.close()
        self.connection.stream.close()
        self.ours.close()
        self.theirs.close()
        self.server.server_close()
