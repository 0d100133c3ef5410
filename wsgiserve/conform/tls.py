"""A TLS connection of a client that can say that nothing more comes, and read on (RFC 8446 §6.1).

``SSLSocket.unwrap`` reads in the same step, and drops an answer that has come by then.
"""

from __future__ import annotations

import socket
import ssl
from collections.abc import Callable
from contextlib import suppress
from typing import TypeVar

__all__ = ["TLSConnection"]

_T = TypeVar("_T")


class TLSConnection:
    """Has of a socket what ``Connection`` needs.

    Args:
        connection: connected; closed with this.

    Raises:
        OSError: there is no handshake.
    """

    def __init__(self, connection: socket.socket, context: ssl.SSLContext) -> None:
        self._socket = connection
        self._incoming, self._outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self._tls = context.wrap_bio(self._incoming, self._outgoing)
        try:
            self._do(self._tls.do_handshake)
        except OSError:
            connection.close()
            raise

    def _do(self, step: Callable[[], _T]) -> _T:
        while True:
            try:
                result = step()
            except ssl.SSLWantReadError:
                self._flush()
                self._receive()
            else:
                self._flush()
                return result

    def _receive(self) -> None:
        data = self._socket.recv(65536)
        if data:
            self._incoming.write(data)
        else:
            self._incoming.write_eof()

    def _flush(self) -> None:
        if data := self._outgoing.read():
            self._socket.sendall(data)

    def sendall(self, data: bytes) -> None:
        """As that of a socket."""
        self._do(lambda: self._tls.write(data) if data else 0)

    def recv(self, size: int) -> bytes:
        """As that of a socket; also the end without a close_notify is one."""
        try:
            return self._do(lambda: self._tls.read(size))
        except (ssl.SSLZeroReturnError, ssl.SSLEOFError):
            return b""

    def shutdown(self, how: int) -> None:
        """Send close_notify; reading goes on."""
        del how  # there is but one way
        with suppress(ssl.SSLWantReadError):  # the server's close_notify is not waited for
            self._tls.unwrap()
        self._flush()

    def settimeout(self, seconds: float) -> None:
        """Of each step."""
        self._socket.settimeout(seconds)

    def setsockopt(self, level: int, option: int, value: bytes) -> None:
        """Of the socket."""
        self._socket.setsockopt(level, option, value)

    def close(self) -> None:
        """Of the socket."""
        self._socket.close()
