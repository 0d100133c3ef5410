"""One slow call among a hundred fast ones, over connections that wait for their answers; latencies told apart.

wrk cannot tell them apart, and corrects its percentiles for what a slow answer has kept it from sending.
"""

from __future__ import annotations

import select
import socket
import time

from benchmarks.apps import BODY
from benchmarks.trial import FaultError, Serving, Trial, serving

__all__ = ["measure"]

_SHARE = 100
_PATIENCE_SECONDS = 10.0


def measure(trial: Trial) -> dict[str, float]:
    """Latencies of the fast ones, in milliseconds, and all requests per second."""
    with serving(trial) as server:
        clients = _Clients(server)
        try:
            clients.drive(1.0)
            fast = sorted(clients.drive(trial.seconds))
        finally:
            clients.close()
    if not fast:
        raise FaultError("answered nothing under load")
    return {
        "fast_p99": fast[len(fast) * 99 // 100] * 1e3,
        "fast_p50": fast[len(fast) // 2] * 1e3,
        "rate": len(fast) / trial.seconds,
        "errors": clients.errors,
    }


class _Clients:
    """All connections, in one thread: what it adds to a latency is the same for every server."""

    def __init__(self, server: Serving) -> None:
        self.errors = 0
        self._server = server
        self._requests = [server.head(), server.head().replace(b"GET / ", b"GET /slow ", 1)]
        self._count = 0
        self._poll = select.epoll()
        self._connections: dict[int, socket.socket] = {}
        self._sent: dict[int, tuple[float, bool]] = {}
        self._parts: dict[int, bytes] = {}
        for _ in range(server.case.connections):
            self._open()

    def drive(self, seconds: float) -> list[float]:
        """Seconds that each fast answer of the next while took."""
        latencies: list[float] = []
        until = time.perf_counter() + seconds
        while time.perf_counter() < until:
            ready = self._poll.poll(_PATIENCE_SECONDS)
            if not ready:
                raise FaultError(f"answered nobody for {_PATIENCE_SECONDS:g} s")
            for number, _ in ready:
                self._read(number, latencies)
        return latencies

    def close(self) -> None:
        for connection in self._connections.values():
            connection.close()
        self._poll.close()

    def _open(self) -> None:
        connection = self._server.connect()
        connection.setblocking(False)
        number = connection.fileno()
        self._connections[number] = connection
        self._poll.register(connection, select.EPOLLIN)
        self._send(number)

    def _send(self, number: int) -> None:
        self._count += 1
        slow = self._count % _SHARE == 0
        self._parts[number] = b""
        self._sent[number] = (time.perf_counter(), slow)
        self._connections[number].send(self._requests[slow])

    def _read(self, number: int, latencies: list[float]) -> None:
        try:
            data = self._connections[number].recv(65536)
        except ConnectionError:
            data = b""
        self._parts[number] += data
        if data and not self._parts[number].endswith(BODY):
            return
        sent, slow = self._sent[number]
        if data and self._parts[number].split(None, 2)[1] != b"200":
            raise FaultError(f"answered {self._parts[number][:40]!r} under load")
        if data and not slow:
            latencies.append(time.perf_counter() - sent)
        if data and b"connection: close" not in self._parts[number].lower():
            self._send(number)
            return
        self.errors += not data
        self._connections.pop(number).close()
        self._open()
