"""A connected socket as a stream: receive, send, wait, close; every OSError of a socket is understood here.

Floor 3. Sockets are non-blocking; ``recv`` and ``send_some`` do what can be done now, the other methods wait, with a
limit. Knows nothing of HTTP. The classes differ in what the socket speaks: plain TCP or unix, or TLS.
Source: recv(2), send(2), sendfile(2), shutdown(2); ssl "Notes on non-blocking sockets".
"""

from __future__ import annotations

import os
import select
import socket
import ssl
from contextlib import suppress
from typing import Protocol

from wsgiserve.errors import ClientDisconnected, ClientTimeout

__all__ = ["RECEIVE_BYTES", "PlainStream", "Stream", "TLSStream"]

# What one recv asks for: a request in one call, an upload in pieces that still fit the processor's caches.
RECEIVE_BYTES = 65_536

# What one sendfile asks for; the kernel takes what fits the socket's buffer.
_FILE_BYTES = 1 << 30


class Stream(Protocol):
    """What a channel needs of a connection."""

    sock: socket.socket
    fileno: int
    more: bool
    """After ``recv``: there may be more to receive at once, without a new event from the poller."""

    @property
    def sends_files(self) -> bool:
        """Whether ``send_file_some`` works."""

    def recv(self) -> bytes | None:
        """Bytes that have arrived, ``b""`` at their end, None if there are none now."""

    def send_some(self, data: bytes | memoryview) -> int:
        """Send what the kernel takes now; the number of bytes, 0 if it takes none."""

    def send_file_some(self, file: int, offset: int, count: int) -> int | None:
        """Let the kernel send bytes of a file; the number of bytes, 0 if it takes none now, None at the file's end."""

    def wait_readable(self, seconds: float) -> None:
        """Wait for bytes; ClientTimeout when none come."""

    def wait_writable(self, seconds: float) -> None:
        """Wait for room; ClientTimeout when there is none."""

    def shutdown(self) -> None:
        """Say that nothing more will be sent. The client may still be sending."""

    def close(self) -> None:
        """Close the socket; errors do not matter any more."""


class PlainStream:
    """TCP and unix sockets."""

    __slots__ = ("fileno", "more", "sock")

    @property
    def sends_files(self) -> bool:
        return hasattr(os, "sendfile")

    def __init__(self, sock: socket.socket) -> None:
        self.sock = sock
        self.fileno = sock.fileno()
        self.more = False

    def recv(self) -> bytes | None:
        try:
            data = self.sock.recv(RECEIVE_BYTES)
        except (BlockingIOError, InterruptedError):
            self.more = False
            return None
        except OSError as error:
            raise ClientDisconnected(f"receiving: {error.strerror}") from error
        # epoll(7): a short read from a stream socket has emptied it; what comes later is a new edge.
        self.more = len(data) == RECEIVE_BYTES
        return data

    def send_some(self, data: bytes | memoryview) -> int:
        try:
            return self.sock.send(data)
        except (BlockingIOError, InterruptedError):
            return 0
        except OSError as error:
            raise ClientDisconnected(f"sending: {error.strerror}") from error

    def send_file_some(self, file: int, offset: int, count: int) -> int | None:
        try:
            return os.sendfile(self.fileno, file, offset, min(count, _FILE_BYTES)) or None
        except (BlockingIOError, InterruptedError):
            return 0
        except OSError as error:
            raise ClientDisconnected(f"sending a file: {error.strerror}") from error

    def wait_readable(self, seconds: float) -> None:
        if not _wait(self.fileno, seconds, write=False):
            raise ClientTimeout(f"no byte of the content came for {seconds:g} s")

    def wait_writable(self, seconds: float) -> None:
        if not _wait(self.fileno, seconds, write=True):
            raise ClientTimeout(f"the client took no byte of the response for {seconds:g} s")

    def shutdown(self) -> None:
        with suppress(OSError):
            self.sock.shutdown(socket.SHUT_WR)

    def close(self) -> None:
        with suppress(OSError):
            self.sock.close()


class TLSStream(PlainStream):
    """The same over TLS. Start with ``handshake``."""

    __slots__ = ("_needs_write", "tls")

    @property
    def sends_files(self) -> bool:
        return False  # the kernel would send the file as it lies there, unencrypted

    def __init__(self, sock: socket.socket, context: ssl.SSLContext) -> None:
        # suppress_ragged_eofs: a client that closes without close_notify is as gone as one that says good-bye.
        self.tls = context.wrap_socket(sock, server_side=True, do_handshake_on_connect=False, suppress_ragged_eofs=True)
        super().__init__(self.tls)
        self._needs_write = False  # the last call waits for room to write, whatever it was asked to do

    def handshake(self) -> bool:
        """Go on with the handshake; False when it waits for the client.

        Raises:
            ClientDisconnected: it failed. ``__cause__`` is the SSLError.
        """
        self._needs_write = False
        try:
            self.tls.do_handshake()
        except ssl.SSLWantReadError:
            return False
        except ssl.SSLWantWriteError:
            self._needs_write = True
            return False
        except OSError as error:
            raise ClientDisconnected(f"TLS handshake: {_reason(error)}") from error
        return True

    def release(self) -> socket.socket:
        """The socket without TLS, for a client that does not speak it. This stream is of no use afterwards."""
        plain = socket.socket(fileno=self.tls.detach())
        plain.setblocking(False)
        return plain

    @property
    def needs_write(self) -> bool:
        """Whether what ``handshake`` waits for is room to write rather than bytes to read."""
        return self._needs_write

    def recv(self) -> bytes | None:
        try:
            data = self.tls.recv(RECEIVE_BYTES)
        except (ssl.SSLWantReadError, ssl.SSLWantWriteError):
            self.more = False
            return None
        except (ssl.SSLZeroReturnError, ssl.SSLEOFError):
            data = b""
        except OSError as error:
            raise ClientDisconnected(f"receiving: {_reason(error)}") from error
        # Records that are already in OpenSSL's buffer make no event on the socket.
        self.more = bool(data)
        return data

    def send_some(self, data: bytes | memoryview) -> int:
        try:
            return self.tls.send(data)
        except (ssl.SSLWantWriteError, ssl.SSLWantReadError):
            return 0
        except OSError as error:
            raise ClientDisconnected(f"sending: {_reason(error)}") from error

    def wait_readable(self, seconds: float) -> None:
        if not self.tls.pending():
            super().wait_readable(seconds)


def _reason(error: OSError) -> str:
    return getattr(error, "reason", None) or error.strerror or type(error).__name__


def _wait(fileno: int, seconds: float, *, write: bool) -> bool:
    """Wait for one descriptor. poll(2) where it exists: select(2) cannot watch numbers above 1023."""
    if hasattr(select, "poll"):
        poll = select.poll()
        poll.register(fileno, select.POLLOUT if write else select.POLLIN)
        return bool(poll.poll(seconds * 1000))
    watched = [fileno]
    return any(select.select([] if write else watched, watched if write else [], [], seconds))
