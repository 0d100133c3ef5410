"""Servers in a thread of the test's own process, and waiting for what happens there."""

from __future__ import annotations

import socket
import struct
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from wsgiserve.server.base import BaseWSGIServer
from wsgiserve.server.servers import ThreadedWSGIServer, ThreadPoolWSGIServer

if TYPE_CHECKING:
    from collections.abc import Iterable
    from wsgiref.types import StartResponse, WSGIEnvironment

__all__ = [
    "GET",
    "IN_ONE_PROCESS",
    "Held",
    "at_once",
    "descriptors",
    "hello",
    "once",
    "refused",
    "reset",
    "running",
    "until",
]

# How long to wait for what must happen. Nothing waits as long unless it is broken; the machine may be a busy one.
SECONDS = 20.0

GET = b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"

# The classes that serve in the process that calls serve_forever; fork has test_forking.py.
IN_ONE_PROCESS = [BaseWSGIServer, ThreadPoolWSGIServer, ThreadedWSGIServer]

Server = TypeVar("Server", bound=BaseWSGIServer)


def hello(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
    """Answers with the path."""
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [environ["PATH_INFO"].encode("latin-1")]


class Held:
    """An application whose requests to ``/held`` wait until they are let go; others are answered at once.

    Attributes:
        inside: acquired once for each request that has reached the application and waits there.
        go: set it to let all of them answer.
    """

    def __init__(self) -> None:
        self.inside = threading.Semaphore(0)
        self.go = threading.Event()

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        if environ["PATH_INFO"] == "/held":
            self.inside.release()
            assert self.go.wait(SECONDS)
        return hello(environ, start_response)

    def wait_for(self, requests: int) -> None:
        """Until so many more requests wait in the application."""
        for _ in range(requests):
            assert self.inside.acquire(timeout=SECONDS)


@contextmanager
def running(server: Server) -> Iterator[Server]:
    """Have a thread serve, and stop it at the end."""
    failures: list[BaseException] = []

    def serve() -> None:
        try:
            server.serve_forever()
        except BaseException as error:
            failures.append(error)

    thread = threading.Thread(target=serve, name="serve_forever")
    thread.start()
    try:
        yield server
    finally:
        if not server.stopping:
            server.stop()
        thread.join(SECONDS)
        assert not thread.is_alive(), "serve_forever does not end"
    assert not failures, failures


def until(condition: Callable[[], object], seconds: float = SECONDS) -> None:
    """Wait for what other threads or processes bring about and nobody announces."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it does not happen"
        time.sleep(0.002)


def once(condition: Callable[[], object], do: Callable[[], object]) -> threading.Thread:
    """Do something as soon as a condition holds, in another thread."""

    def run() -> None:
        until(condition)
        do()

    thread = threading.Thread(target=run)
    thread.start()
    return thread


def at_once(threads: int, do: Callable[[], object]) -> None:
    """Do something in so many threads that begin together and take short turns; what one of them raises is raised."""
    line = threading.Barrier(threads)
    failures: list[BaseException] = []

    def run() -> None:
        try:
            line.wait(SECONDS)
            do()
        except BaseException as error:
            failures.append(error)

    crowd = [threading.Thread(target=run) for _ in range(threads)]
    turn = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        for thread in crowd:
            thread.start()
        for thread in crowd:
            thread.join(SECONDS)
            assert not thread.is_alive()
    finally:
        sys.setswitchinterval(turn)
    if failures:
        raise failures[0]


def descriptors() -> set[str]:
    """The open descriptors of this process, with what they stand for."""
    found = set()
    for link in Path("/proc/self/fd").iterdir():
        with suppress(FileNotFoundError):  # that of the listing itself
            found.add(f"{link.name} {link.readlink()}")
    return found


def refused(port: int) -> bool:
    """Whether nobody listens there."""
    with socket.socket() as client:
        try:
            client.connect(("127.0.0.1", port))
        except ConnectionRefusedError:
            return True
        except ConnectionResetError:
            pass  # it stood at the door in the moment when that was closed
    return False


def reset(client: socket.socket) -> None:
    """Close the way that a crashing client's kernel does: with RST instead of FIN."""
    client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    client.close()
