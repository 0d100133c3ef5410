"""A stream over TLS.

Floor 3. Imported for HTTPS alone: ssl takes 5 ms, which plain HTTP need not wait for.
Source: ssl "Notes on non-blocking sockets"; SSL_read(3); RFC 8446 §5.1 (records), §6.1 (close_notify).
"""

from __future__ import annotations

import os
import socket
import ssl
from contextlib import suppress

from wsgiserve.errors import ClientDisconnected
from wsgiserve.server.stream import RECEIVE_BYTES, PlainStream, copy_file_some, has_bytes

__all__ = ["TLSStream"]

# What one TLS record holds. SSL_write reports nothing before it has sent all that it was given, and has to be given the
# same again; so it is given records, or a client that takes a large response slowly would seem to take nothing of it.
_RECORD_BYTES = 16_384

# Enough for the head of a request whose client has forgotten that this is TLS.
_OPENING_BYTES = 8192


class TLSStream(PlainStream):
    """A ``PlainStream`` that speaks TLS. Start with ``handshake``.

    Attributes:
        opening: the first bytes that came, before anything was made of them.
    """

    __slots__ = ("_needs_write", "opening", "tls")

    @property
    def sends_files(self) -> bool:
        return hasattr(os, "pread")

    def __init__(self, sock: socket.socket, context: ssl.SSLContext) -> None:
        # suppress_ragged_eofs: a client that closes without close_notify is as gone as one that says good-bye.
        self.tls = context.wrap_socket(sock, server_side=True, do_handshake_on_connect=False, suppress_ragged_eofs=True)
        super().__init__(self.tls)
        self.opening = b""
        self._needs_write = False  # the last call waits for room to write, whatever it was asked to do

    def handshake(self) -> bool:
        """Go on with the handshake; False when it waits for the client.

        Raises:
            ClientDisconnected: it failed. ``__cause__`` is the SSLError.
        """
        self._needs_write = False
        if not self.opening:
            self._look_at_opening()
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

    def _look_at_opening(self) -> None:
        with suppress(OSError):  # nothing has come yet
            # Not SSLSocket's method, which knows no flags.
            self.opening = socket.socket.recv(self.tls, _OPENING_BYTES, socket.MSG_PEEK)

    def release(self) -> socket.socket:
        """The socket without TLS, for a client that does not speak it. This stream is of no use afterwards."""
        plain = socket.socket(fileno=self.tls.detach())
        plain.setblocking(False)
        return plain

    @property
    def needs_write(self) -> bool:
        """Whether what ``handshake`` waits for is room to write rather than bytes to read."""
        return self._needs_write

    def recv(self, count: int = RECEIVE_BYTES) -> bytes | None:
        try:
            data = self.tls.recv(count)
            # A full record is hardly the last one; less than was asked for is all that OpenSSL has read, and what comes
            # from now on makes a new event. To have OpenSSL say each time that there is no more would cost 37,000
            # instructions, where a hello takes 99,000.
            self.more = len(data) in (count, _RECORD_BYTES) or (bool(data) and has_bytes(self.tls))
        except (ssl.SSLWantReadError, ssl.SSLWantWriteError):
            self.more = False
            return None
        except ssl.SSLZeroReturnError:
            self.more = False
            return b""  # the client's good-bye, in answer to ours
        except OSError as error:
            raise ClientDisconnected(f"receiving: {_reason(error)}") from error
        return data

    def send_some(self, data: bytes | memoryview, more: bool = False) -> int:
        sent = 0
        try:
            while sent < len(data):
                sent += self.tls.send(data[sent : sent + _RECORD_BYTES])
        except (ssl.SSLWantWriteError, ssl.SSLWantReadError):
            pass
        except OSError as error:
            raise ClientDisconnected(f"sending: {_reason(error)}") from error
        return sent

    def send_file_some(self, file: int, offset: int, count: int) -> int | None:
        # Not by the kernel, which would send the file as it lies there, unencrypted; but bit by bit, as the client
        # takes it, and so without a thread that waits.
        return copy_file_some(self, file, offset, count)

    def wait_readable(self, seconds: float) -> bool:
        return bool(self.tls.pending()) or super().wait_readable(seconds)

    def say_goodbye(self) -> None:
        # It raises SSLWantReadError when all is well: the client's own good-bye is not there yet. ValueError: the
        # application that had the socket has said it already.
        with suppress(OSError, ValueError):
            self.tls.unwrap()


def _reason(error: OSError) -> str:
    return getattr(error, "reason", None) or error.strerror or type(error).__name__
