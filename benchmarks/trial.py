"""One server with one case: started, asked until it answers, checked, and ended.

The check is a client that shares nothing with the load: status, length and content must be right, twice on a connection
if it is kept. It looks before the load and after it, so that the load itself need not look at each answer.
"""

from __future__ import annotations

import http.client
import io
import os
import socket
import ssl
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from subprocess import Popen
from typing import NamedTuple

from benchmarks import environment
from benchmarks.apps import PAUSE_SECONDS
from benchmarks.cases import Case
from benchmarks.processes import clean_environment, free_port, started
from benchmarks.servers import Order, Server

__all__ = ["FaultError", "Serving", "Trial", "serving"]

_START_SECONDS = 20.0
_ANSWER_SECONDS = 10.0
_BETWEEN_SECONDS = 0.02


class FaultError(Exception):
    """The server did not start, or answered wrongly: it is out of the case."""


class Trial(NamedTuple):
    """What a driver gets."""

    server: Server
    case: Case
    seconds: float
    """Of load."""
    requests: int
    """For the cases that count them."""

    def argv(self, port: int, path: str) -> list[str]:
        """The server's command.

        Raises:
            CannotError: It cannot do this case.
        """
        case = self.case
        order = Order(
            case.app, port, path, threads=case.threads, log=case.log, constant=case.constant, close=case.close
        )
        return self.server.argv(order._replace(tls=case.transport == "tls", connections=case.connections + case.others))


class Serving(NamedTuple):
    """A server that has answered.

    Attributes:
        size: of an answer, head included, in bytes.
    """

    case: Case
    process: Popen[bytes]
    port: int
    path: str
    size: int = 0

    def connect(self, seconds: float = _ANSWER_SECONDS) -> socket.socket:
        """A connection of the case's kind."""
        if self.path:
            connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
            connection.settimeout(seconds)
            connection.connect(self.path)
            return connection
        connection = socket.create_connection(("127.0.0.1", self.port), timeout=seconds)
        if self.case.transport != "tls":
            return connection
        context = ssl.create_default_context(cafile=str(environment.CERTIFICATE / "client.pem"))
        return context.wrap_socket(connection, server_hostname="localhost")

    def head(self) -> bytes:
        """Of the case's request."""
        request = self.case.request
        fields = [("Host", f"localhost:{self.port}"), *request.fields]
        fields += [("Content-Length", str(request.size))] if request.size else []
        fields += [("Connection", "close")] if self.case.close else []
        lines = [f"{request.method} {request.target} HTTP/1.1", *(f"{name}: {value}" for name, value in fields)]
        return "\r\n".join([*lines, "", ""]).encode()

    def check(self) -> int:
        """Ask twice, over one connection if it is kept.

        Returns:
            Bytes of an answer, its head included.
        Raises:
            FaultError: An answer is not what it has to be.
            OSError: There is none.
        """
        received = _Received(self.connect())
        try:
            _, kept = self._ask(received)
            if self.case.close or not kept:
                received.connection.close()
                received = _Received(self.connect())
            size, _ = self._ask(received)
            return size
        finally:
            received.connection.close()

    def ask(self, seconds: float) -> None:
        """Ask once over a connection of its own; raises what ``check`` raises.

        Args:
            seconds: to wait for the server at most, each time.
        """
        received = _Received(self.connect(seconds))
        with received.connection:
            self._ask(received)

    def check_streaming(self) -> None:
        """Ask for an answer that pauses before its end: what comes before must be here by then (PEP 3333).

        Raises:
            FaultError: All came together.
        """
        with self.connect() as connection:
            connection.sendall(self.head().replace(b"GET / ", b"GET /pause ", 1))
            first = last = 0.0
            size = 0
            while size < len(self.case.answer) and (data := connection.recv(65536)):
                first, last = first or time.monotonic(), time.monotonic()
                size += len(data)
        if last - first < PAUSE_SECONDS / 2:
            raise FaultError("kept a stream back until its end")

    def _ask(self, received: _Received) -> tuple[int, bool]:
        """Size of an answer, and whether the connection is kept; what comes behind it is where the next one begins."""
        received.connection.sendall(self.head() + b"x" * self.case.request.size)
        before = received.size
        response = http.client.HTTPResponse(received)  # type: ignore[arg-type]  # it asks for makefile() alone
        try:
            response.begin()
            body = response.read()
        except http.client.HTTPException as error:
            raise FaultError(f"answered what is no HTTP: {error!r}") from None
        if response.status != 200:
            raise FaultError(f"answered {response.status}")
        if body != self.case.answer:
            expected = self.case.answer
            raise FaultError(
                f"answered {len(body)} bytes, {body[:30]!r}, in place of {len(expected)}, {expected[:30]!r}"
            )
        if response.will_close and (rest := received.reader.read()):
            raise FaultError(f"sent {rest[:30]!r} behind its answer")
        return received.size - before, not response.will_close


class _Reader(io.BufferedReader):
    def close(self) -> None:
        """Stay open: what comes behind the answer is to be seen."""


class _Received(io.RawIOBase):
    """A connection as a file that counts."""

    def __init__(self, connection: socket.socket) -> None:
        self.connection = connection
        self.size = 0
        self.reader = _Reader(self)

    def makefile(self, mode: str) -> io.BufferedReader:
        return self.reader

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]  # of all buffers it is given this one
        count = self.connection.recv_into(buffer)
        self.size += count
        return count


@contextmanager
def serving(trial: Trial) -> Iterator[Serving]:
    """The trial's server, on its core, answering rightly; looked at again when the driver is done with it.

    Raises:
        CannotError: It cannot do this case.
        FaultError: It did not start, or answered wrongly before or after.
    """
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as name, (Path(name) / "log").open("w+b") as log:
        path = f"{name}/socket" if trial.case.transport == "unix" else ""
        port = 0 if path else free_port()
        surroundings = clean_environment() | {"PYTHONPATH": str(environment.ROOT)}
        with started(trial.argv(port, path), environment.ROOT, surroundings, log) as process:
            begun = Serving(trial.case, process, port, path)
            size = _first_check(begun, log)
            if trial.case.streams:
                begun.check_streaming()
            written = os.fstat(log.fileno()).st_size
            yield begun._replace(size=size)
            if trial.case.log and os.fstat(log.fileno()).st_size == written:
                raise FaultError("wrote no access log")
            try:
                begun.check()
            except OSError as error:
                raise FaultError(f"answered no more after the load: {error!r}") from None


def _first_check(begun: Serving, log: io.BufferedRandom) -> int:
    until = time.monotonic() + _START_SECONDS
    while True:
        try:
            return begun.check()
        except OSError as error:
            if begun.process.poll() is not None or time.monotonic() > until:
                log.seek(0)
                lines = log.read().decode(errors="replace").strip().splitlines() or [repr(error)]
                raise FaultError(f"did not start: {lines[-1][:200]}") from None
        time.sleep(_BETWEEN_SECONDS)
