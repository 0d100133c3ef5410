"""A client that speaks in bytes and reads responses by the standard library's parser, one after the other."""

from __future__ import annotations

import socket
import ssl
from email.message import Message
from http.client import HTTPResponse
from typing import Any, BinaryIO, NamedTuple

from tests.server.running import SECONDS, reset

__all__ = ["Client", "Response", "connect", "request"]


class Response(NamedTuple):
    """A response, read to its end."""

    status: int
    reason: str
    version: str
    headers: Message
    body: bytes


class _Shared:
    """The bytes of a connection: what is left after one response is the next one's."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file

    def __getattr__(self, name: str) -> Any:
        return getattr(self._file, name)

    def close(self) -> None:
        """Nothing: HTTPResponse thinks that a file is its own."""

    def makefile(self, mode: str) -> _Shared:
        """Stand for the socket, too."""
        assert mode == "rb"
        return self


class Client:
    """One connection."""

    def __init__(self, sock: socket.socket) -> None:
        self.sock = sock
        self.file = sock.makefile("rb")
        self._shared: Any = _Shared(self.file)

    def send(self, data: bytes) -> None:
        """Send all of it."""
        self.sock.sendall(data)

    def read(self, method: str = "GET") -> Response:
        """The next response. Informational ones are left out."""
        response = HTTPResponse(self._shared, method=method)
        response.begin()
        body = response.read()
        version = {10: "HTTP/1.0", 11: "HTTP/1.1"}[response.version]
        return Response(response.status, response.reason, version, response.headers, body)

    def read_head(self) -> bytes:
        """The head of the next response, as it stands on the wire."""
        lines = []
        while (line := self.file.readline()) != b"\r\n":
            assert line, "the server closed within a head"
            lines.append(line)
        return b"".join([*lines, line])

    def exchange(self, data: bytes, method: str = "GET") -> Response:
        """Send, and read one response."""
        self.send(data)
        return self.read(method)

    def rest(self) -> bytes:
        """All that is to come until the server closes."""
        return self.file.read()

    def finish(self) -> None:
        """Say that we will send no more, and go on reading."""
        self.sock.shutdown(socket.SHUT_WR)

    def reset(self) -> None:
        """Close as the kernel of a client does that crashed."""
        self.file.close()
        reset(self.sock)

    def close(self) -> None:
        """Close; again if need be."""
        self.file.close()
        self.sock.close()


def connect(address: Any, *, tls: ssl.SSLContext | None = None, receive_bytes: int = 0) -> Client:
    """Connect to what ``getsockname`` gave.

    Args:
        tls: speak TLS; the name to be verified is ``localhost``.
        receive_bytes: of the kernel's receive buffer, for a client that is to be slow.
    """
    family = socket.AF_UNIX if isinstance(address, str) else socket.AF_INET6 if ":" in address[0] else socket.AF_INET
    sock = socket.socket(family)
    if receive_bytes:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_bytes)
    sock.settimeout(SECONDS)
    try:
        sock.connect(address)
        return Client(tls.wrap_socket(sock, server_hostname="localhost") if tls is not None else sock)
    except OSError:
        sock.close()
        raise


def request(
    target: str = "/", *headers: str, method: str = "GET", body: bytes = b"", version: str = "HTTP/1.1"
) -> bytes:
    """A request; with a body it has a Content-Length, with a newer version than 1.0 a Host."""
    lines = [f"{method} {target} {version}", *headers]
    if version != "HTTP/1.0":
        lines.insert(1, "Host: example.com")
    if body:
        lines.append(f"Content-Length: {len(body)}")
    return "\r\n".join([*lines, "", ""]).encode("latin-1") + body
