"""The client of a case: sockets whose every byte is kept, for the report of what was said."""

from __future__ import annotations

import socket
import ssl
import struct
import time
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Literal, NamedTuple

from wsgiserve.conform.responses import BrokenResponseError, Response, read_response
from wsgiserve.conform.tls import TLSConnection

__all__ = ["AFTER", "Client", "Connection", "FailedError", "Said", "Target", "check"]

AFTER = b"GET /after HTTP/1.1\r\nHost: a.example\r\n\r\n"
"""A request that comes behind what is tested."""


class FailedError(Exception):
    """The server does something else than the case wants; the text says what."""


def check(holds: object, found: str) -> None:
    """Fail with what was found unless it holds."""
    if not holds:
        raise FailedError(found)


@dataclass(frozen=True)
class Target:
    """Where the server under test listens.

    Attributes:
        address: host and port, or the path of a unix socket.
        tls: to speak TLS with.
        seconds: how long the server may take for anything.
    """

    address: tuple[str, int] | str
    tls: ssl.SSLContext | None = None
    seconds: float = 2.0

    def open(self) -> socket.socket | TLSConnection:
        """A new connection.

        Raises:
            OSError: nobody listens there.
        """
        if isinstance(self.address, str):
            return _connect_unix(self.address, self.seconds)
        connection = socket.create_connection(self.address, timeout=self.seconds)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return TLSConnection(connection, self.tls) if self.tls else connection


def _connect_unix(path: str, seconds: float) -> socket.socket:
    connection = socket.socket(socket.AF_UNIX)
    try:
        connection.settimeout(seconds)
        connection.connect(path)
    except OSError:
        connection.close()
        raise
    return connection


class Said(NamedTuple):
    """A piece of what was said on the connections of a case.

    Attributes:
        connection: 1 for the first that was opened.
        who: ``client`` or ``server``.
        data: none for the end of that side.
    """

    connection: int
    who: Literal["client", "server"]
    data: bytes


@dataclass
class Client:
    """What one case does, and may look at.

    Attributes:
        token: names the journal of this case.
        said: everything, in order.
    """

    target: Target
    token: str
    said: list[Said] = field(default_factory=list)
    opened: list[Connection] = field(default_factory=list)

    def connect(self) -> Connection:
        """A new connection."""
        connection = Connection(self.target.open(), self, len(self.opened) + 1)
        self.opened.append(connection)
        return connection

    def ask(self, data: bytes, method: str = "GET") -> Response:
        """The final response to a request that is sent on a connection of its own."""
        connection = self.connect()
        connection.send(data)
        return connection.response(method)

    def get(self, path: str, method: str = "GET", *, version: str = "1.1", fields: str = "") -> Response:
        """The response to a request without content."""
        head = f"{method} {path} HTTP/{version}\r\nHost: a.example\r\n{fields}\r\n"
        return self.ask(head.encode("latin-1"), method)

    def post(self, path: str, content: bytes, *, fields: str = "") -> Response:
        """The response to a request with Content-Length."""
        head = f"POST {path} HTTP/1.1\r\nHost: a.example\r\n{fields}Content-Length: {len(content)}\r\n\r\n"
        return self.ask(head.encode("latin-1") + content, "POST")

    def behave(self, name: str, method: str = "GET", *, version: str = "1.1") -> Response:
        """The response of the probe where it behaves so, under the journal of this case."""
        return self.get(f"/conform/{name}?{self.token}", method, version=version)

    def journal(self, until: str = "") -> list[str]:
        """What the probe noted, once this line is in it; what it has in the end otherwise."""
        deadline = time.monotonic() + self.target.seconds
        while True:
            lines: list[str] = self.get(f"/conform/journal?{self.token}").json()
            if not until or until in lines or time.monotonic() > deadline:
                return lines
            time.sleep(0.01)

    def close(self) -> None:
        """All connections."""
        for connection in self.opened:
            connection.close()


class Connection:
    """One connection of a case."""

    def __init__(self, connection: socket.socket | TLSConnection, client: Client, number: int) -> None:
        self._socket = connection
        self._client = client
        self._number = number
        self._buffer = bytearray()
        self.ended = False
        """Whether the server has closed its side."""

    def send(self, data: bytes, *, kept: bool = True) -> None:
        """Send bytes; a server that has refused what came before need not take them.

        Args:
            kept: whether they belong into a report.
        """
        if kept and data:
            self._client.said.append(Said(self._number, "client", data))
        try:
            self._socket.sendall(data)
        except TimeoutError:
            raise FailedError(f"nothing of what was sent was taken for {self._client.target.seconds:g} s") from None
        except (ConnectionError, ssl.SSLError):
            return

    def half_close(self) -> None:
        """Say that nothing more comes."""
        self._client.said.append(Said(self._number, "client", b""))
        with suppress(OSError):
            self._socket.shutdown(socket.SHUT_WR)

    def close(self) -> None:
        """Both sides."""
        self._socket.close()

    def abort(self) -> None:
        """Close with a reset, as a process that is killed with bytes unread."""
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self._socket.close()

    def response(self, method: str = "GET", *, interim: bool = False) -> Response:
        """The next final response, or any; fails when none comes."""
        while True:
            try:
                response = read_response(self._buffer, self._receive, method)
            except BrokenResponseError as error:
                raise FailedError(f"the answer is no HTTP response: {error}") from None
            if interim or response.status >= 200:
                return response

    def _receive(self) -> bytes:
        try:
            data = self._socket.recv(65536)
        except TimeoutError:
            raise FailedError(f"nothing came for {self._client.target.seconds:g} s") from None
        except (ConnectionError, ssl.SSLError):
            data = b""
        self.ended = not data
        self._client.said.append(Said(self._number, "server", data))
        return data

    def answers(self) -> bool:
        """Whether anything more comes before the server closes."""
        return bool(self._buffer) or bool(self._more())

    def seen(self) -> bytes:
        """What has come and was not read as a response yet."""
        return bytes(self._buffer)

    def wait(self) -> bool:
        """For more; whether any came before the server closed."""
        return bool(self._more())

    def _more(self) -> bytes:
        data = b"" if self.ended else self._receive()
        self._buffer += data
        return data

    def silent(self, seconds: float = 0.5) -> bool:
        """Whether nothing comes, and the server does not close, for that long; less than anything that is due takes."""
        if self._buffer or self.ended:
            return False
        self._socket.settimeout(seconds)
        try:
            return not self._more() and not self.ended
        except FailedError:
            return True
        finally:
            self._socket.settimeout(self._client.target.seconds)

    def expect_end(self) -> None:
        """Fail unless the server closes, and says nothing before."""
        try:
            check(
                not self.answers(), f"more came where the connection should have ended: {bytes(self._buffer[:200])!r}"
            )
        except FailedError as error:
            raise FailedError(f"the connection should have ended, but {error}") from None

    def expect_next(self) -> None:
        """Fail unless the connection serves another request, which nothing of the last one has got into."""
        self.send(AFTER)
        response = self.response()
        try:
            found = response.echo().environ
        except BrokenResponseError as error:
            raise FailedError(f"the next request on the connection was answered with {error}") from None
        path, method = found.get("PATH_INFO"), found.get("REQUEST_METHOD")
        check((method, path) == ("GET", "/after"), f"the next request on the connection was read as {method} {path}")
