"""Large content, up or down: clients that copy nothing, so that the server is what is measured and not the load.

What comes down is left in the kernel and dropped there (MSG_TRUNC); the check before and after the load reads it.
"""

from __future__ import annotations

import socket
import time
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple

from benchmarks.trial import FaultError, Serving, Trial, serving

__all__ = ["measure"]

_ROOM = bytearray(4 * 1024 * 1024)
_PATIENCE_SECONDS = 60.0
_MEBIBYTE = 1024 * 1024


class _Client(NamedTuple):
    rate: float
    latencies: list[float]


def measure(trial: Trial) -> dict[str, float]:
    """Requests and mebibytes of content per second, all clients together."""
    case = trial.case
    content = bytes(case.request.size)
    with serving(trial) as server, ThreadPoolExecutor(case.connections) as pool:
        server.check()
        clients = list(pool.map(lambda _: _client(server, content, trial.seconds), range(case.connections)))
    latencies = sorted(latency for client in clients for latency in client.latencies)
    rate = sum(client.rate for client in clients)
    return {
        "rate": rate,
        "mebibytes": rate * max(len(content), len(case.answer)) / _MEBIBYTE,
        "p50": latencies[len(latencies) // 2] * 1e3,
        "p99": latencies[min(len(latencies) * 99 // 100, len(latencies) - 1)] * 1e3,
        "errors": 0,
    }


def _client(server: Serving, content: bytes, seconds: float) -> _Client:
    """One that asks again as soon as it is answered; its last request may end later."""
    latencies: list[float] = []
    head, connection = server.head(), server.connect(_PATIENCE_SECONDS)
    started = now = time.perf_counter()
    try:
        while now - started < seconds:
            connection.sendall(head)
            connection.sendall(content)
            kept = _answered(connection, server.case.answer)
            before, now = now, time.perf_counter()
            latencies.append(now - before)
            if not kept:
                connection.close()
                connection = server.connect(_PATIENCE_SECONDS)
    except OSError as error:
        raise FaultError(f"gave no answer under load: {error!r}") from None
    finally:
        connection.close()
    return _Client(len(latencies) / (now - started), latencies)


def _answered(connection: socket.socket, answer: bytes) -> bool:
    """Read an answer, and tell whether the connection is kept.

    Raises:
        FaultError: It is no 200 of the right length, or not the right content if that came with the head.
    """
    data = b""
    while b"\r\n\r\n" not in data:
        if not (more := connection.recv(65536)):
            raise FaultError("closed a connection without an answer")
        data += more
    head, _, body = data.partition(b"\r\n\r\n")
    fields = head.lower()
    if head.split()[1] != b"200" or b"content-length: %d" % len(answer) not in fields or not answer.startswith(body):
        raise FaultError(f"answered {head[:60]!r} under load")
    left = len(answer) - len(body)
    while left:
        count = connection.recv_into(_ROOM, min(left, len(_ROOM)), socket.MSG_TRUNC)
        if not count:
            raise FaultError(f"closed a connection {left:,} bytes before the end of an answer")
        left -= count
    return b"connection: close" not in fields and not head.startswith(b"HTTP/1.0")
