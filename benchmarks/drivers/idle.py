"""Ten thousand clients that have been answered once and keep their connections, and eight that go on asking.

What each idle connection costs the server in memory, how often it wakes up when nobody asks, and what the eight notice.
"""

from __future__ import annotations

import socket
import time
from contextlib import ExitStack

from benchmarks.drivers import wrk
from benchmarks.processes import resident_bytes, wakeups
from benchmarks.trial import FaultError, Serving, Trial, serving

__all__ = ["measure"]

_WARM_SECONDS = 1
_QUIET_SECONDS = 3.0
# Some look through all connections for each new one.
_OPENING_SECONDS = 60.0
# Ours looks once more at what it has answered, up to two seconds later, and sets deadlines.
_SETTLE_SECONDS = 3.0


def measure(trial: Trial) -> dict[str, float]:
    """Bytes for each connection (PSS, so not the kernel's), wake-ups per second, and wrk's figures without and with."""
    count = trial.case.others
    with serving(trial) as server, ExitStack() as stack:
        wrk.drive(server, _WARM_SECONDS)
        alone = wrk.drive(server, trial.seconds)
        before = resident_bytes(server.process.pid)
        clients: list[socket.socket] = []
        until = time.monotonic() + _OPENING_SECONDS
        while len(clients) < count:
            if time.monotonic() > until:
                raise FaultError(f"took {len(clients):,} connections in {_OPENING_SECONDS:g} s")
            clients.append(stack.enter_context(_client(server, len(clients))))
        time.sleep(_SETTLE_SECONDS)
        each = (resident_bytes(server.process.pid) - before) / count
        woken = wakeups(server.process.pid)
        time.sleep(_QUIET_SECONDS)
        woken = wakeups(server.process.pid) - woken
        beside = wrk.drive(server, trial.seconds)
        kept = sum(map(_open, clients))
    if kept < count:
        raise FaultError(f"kept {kept:,} of {count:,} connections")
    alone = {f"alone_{name}": value for name, value in alone.items()}
    return beside | alone | {"bytes_each": each, "idle_wakeups": woken / _QUIET_SECONDS, "kept": kept}


def _client(server: Serving, number: int) -> socket.socket:
    """A connection that has been answered once."""
    try:
        connection = server.connect()
        connection.sendall(server.head())
        data = b""
        while not data.endswith(server.case.answer):
            more = connection.recv(65536)
            if not more:
                raise FaultError(f"closed the connection of client {number + 1:,}")
            data += more
        if b"connection: close" in data.lower():
            raise FaultError("keeps no connection")
    except OSError as error:
        raise FaultError(f"did not answer client {number + 1:,}: {error!r}") from None
    return connection


def _open(connection: socket.socket) -> bool:
    """Whether the server has not closed it."""
    connection.setblocking(False)
    try:
        return bool(connection.recv(1, socket.MSG_PEEK))
    except BlockingIOError:
        return True
    except OSError:
        return False
