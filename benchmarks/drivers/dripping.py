"""A thousand clients that send a head byte by byte, one each second, beside others that ask as fast as they can."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from benchmarks.drivers import wrk
from benchmarks.trial import Serving, Trial, serving

__all__ = ["measure"]

_WARM_SECONDS = 1
# Each second is cut into so many turns, in which so many of them send their byte.
_TURNS = 20
_BEGIN = b"GET / HTTP/1.1\r\nHost: localhost\r\nX-Slow: "


def measure(trial: Trial) -> dict[str, float]:
    """The figures of wrk without the slow clients and with them."""
    with serving(trial) as server:
        wrk.drive(server, _WARM_SECONDS)
        alone = wrk.drive(server, trial.seconds)
        with _dripping(server):
            beside = wrk.drive(server, trial.seconds)
    return beside | {f"alone_{name}": value for name, value in alone.items()}


@contextmanager
def _dripping(server: Serving) -> Iterator[None]:
    stop = threading.Event()
    clients = [_client(server) for _ in range(server.case.others)]
    thread = threading.Thread(target=_drip, args=(server, clients, stop))
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()
        for client in clients:
            client.close()


def _drip(server: Serving, clients: list[socket.socket], stop: threading.Event) -> None:
    turn = 0
    while not stop.wait(1 / _TURNS):
        turn += 1
        for number in range(turn % _TURNS, len(clients), _TURNS):
            try:
                clients[number].send(b"x")
            except OSError:  # the server has lost patience, as it may
                clients[number].close()
                clients[number] = _client(server)


def _client(server: Serving) -> socket.socket:
    """One that has begun; one that cannot connect at once tries again at its next turn."""
    connection = socket.socket()
    connection.setblocking(False)
    with suppress(OSError):
        connection.connect(("127.0.0.1", server.port))
    with suppress(OSError):
        connection.send(_BEGIN)
    return connection
