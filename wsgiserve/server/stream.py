"""A connected socket as a stream: receive, send, wait, close; every OSError of a socket is understood here.

Floor 3. Sockets are non-blocking; ``recv`` and the ``send_`` methods do what can be done now, the ``wait_`` methods
wait, with a limit. Knows nothing of HTTP. What is here speaks plain TCP or unix; ``tlsstream`` has the same for TLS.
Source: recv(2), send(2), sendfile(2), shutdown(2), tcp(7).
"""

from __future__ import annotations

import errno
import os
import select
import socket
import sys
from contextlib import suppress
from typing import Protocol

from wsgiserve.errors import ClientDisconnected

__all__ = ["RECEIVE_BYTES", "PlainStream", "Stream", "copy_file_some", "has_bytes", "wait"]

# What one recv asks for: a request in one call, an upload in pieces that still fit the processor's caches.
RECEIVE_BYTES = 65_536

# The file, not the client, is the reason that sendfile failed: its file system cannot do that.
_NO_SENDFILE = frozenset([errno.EINVAL, errno.ENOSYS, errno.EOPNOTSUPP])
_NO_FILE = frozenset([errno.EIO, errno.ENOMEM, errno.EOVERFLOW, errno.ESTALE])

# Linux; elsewhere the client is woken twice.
_MORE: int = getattr(socket, "MSG_MORE", 0)

# An application that has taken the socket over has made it one that waits, until its request is over.
_LOOK = socket.MSG_PEEK | getattr(socket, "MSG_DONTWAIT", 0)

# Milliseconds, in struct tcp_info of <linux/tcp.h>: eight bytes of flags, and eleven other numbers, come before it.
_LAST_DATA_RECV = slice(52, 56)

# poll(2) counts milliseconds in an int, which is full after 24 days. Who waits for longer has set no limit.
_LONGEST_WAIT_SECONDS = 2_000_000.0


class Stream(Protocol):
    """What a channel needs of a connection."""

    sock: socket.socket
    fileno: int
    more: bool
    """After ``recv``: there may be more to receive at once, without a new event from the poller."""

    @property
    def sends_files(self) -> bool:
        """Whether ``send_file_some`` works."""

    def recv(self, count: int = RECEIVE_BYTES) -> bytes | None:
        """Bytes that have arrived, at most so many, ``b""`` at their end, None if there are none now."""

    def expect(self, count: int) -> None:
        """So many bytes will be received, now or soon: have the kernel take in as many before, if it can."""

    def send_some(self, data: bytes | memoryview, more: bool = False) -> int:
        """Send what the kernel takes now; the number of bytes, 0 if it takes none. What is left must be sent next.

        Args:
            more: what follows comes at once, and the client need not be woken before.
        """

    def send_file_some(self, file: int, offset: int, count: int) -> int | None:
        """Send what the kernel takes now of a file; the number of bytes, 0 if none, None at the file's end."""

    def seconds_since_arrival(self) -> float:
        """How long ago the last bytes came in, read or not, as the system tells; 0.0 where it does not."""

    def wait_readable(self, seconds: float) -> bool:
        """Wait for bytes; False when none come."""

    def wait_writable(self, seconds: float) -> bool:
        """Wait for room; False when there is none. The kernel may still take a little: it tells of larger room only."""

    def say_goodbye(self) -> None:
        """Say that nothing more will be sent, and that this is on purpose; TLS has words for it."""

    def shutdown(self) -> None:
        """End the stream of bytes to the client, who may still be sending."""

    def abort(self) -> None:
        """End both directions. The only method that another thread may call than the one that uses the others."""

    def close(self) -> None:
        """Close the socket, or this process's copy of it, without a word; errors do not matter any more."""


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

    def recv(self, count: int = RECEIVE_BYTES) -> bytes | None:
        try:
            data = self.sock.recv(count)
        except (BlockingIOError, InterruptedError):
            self.more = False
            return None
        except OSError as error:
            raise ClientDisconnected(f"receiving: {error.strerror}") from error
        # epoll(7): a short read from a stream socket has emptied it; what comes later is a new edge.
        self.more = len(data) == count
        return data

    def recv_at_most(self, count: int) -> bytes | None:
        """As ``recv``, where the bytes behind these are for somebody else."""
        try:
            return self.sock.recv(count)
        except (BlockingIOError, InterruptedError):
            return None
        except OSError as error:
            raise ClientDisconnected(f"receiving: {error.strerror}") from error

    def expect(self, count: int) -> None:
        if sys.platform != "linux":
            return
        with suppress(OSError):  # closed by a server that did not wait for this thread
            # To raise the low-water mark makes the buffer as large, up to half of what tcp_rmem allows; and the kernel
            # goes on to make it larger where it sees reason, which it would not do after SO_RCVBUF (tcp_set_rcvlowat in
            # its net/ipv4/tcp.c). A mark that stayed there would hide what comes.
            try:
                self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVLOWAT, count)
            finally:
                self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVLOWAT, 1)

    def send_some(self, data: bytes | memoryview, more: bool = False) -> int:
        try:
            return self.sock.send(data, _MORE if more else 0)
        except (BlockingIOError, InterruptedError):
            return 0
        except OSError as error:
            raise ClientDisconnected(f"sending: {error.strerror}") from error

    def send_file_some(self, file: int, offset: int, count: int) -> int | None:
        try:
            return os.sendfile(self.fileno, file, offset, count) or None
        except (BlockingIOError, InterruptedError):
            return 0
        except OSError as error:
            if error.errno in _NO_SENDFILE:
                return copy_file_some(self, file, offset, count)
            if error.errno in _NO_FILE:
                raise
            raise ClientDisconnected(f"sending a file: {error.strerror}") from error

    def seconds_since_arrival(self) -> float:
        if sys.platform != "linux":
            return 0.0
        try:
            info = self.sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, _LAST_DATA_RECV.stop)
        except OSError:  # a unix socket
            return 0.0
        return int.from_bytes(info[_LAST_DATA_RECV], sys.byteorder) / 1000

    def wait_readable(self, seconds: float) -> bool:
        return wait(self.fileno, seconds, write=False)

    def wait_writable(self, seconds: float) -> bool:
        return wait(self.fileno, seconds, write=True)

    def say_goodbye(self) -> None:
        pass

    def shutdown(self) -> None:
        # Not SSLSocket's method: it forgets the session first, and whoever sends meanwhile sends in the clear.
        with suppress(OSError):
            socket.socket.shutdown(self.sock, socket.SHUT_WR)

    def abort(self) -> None:
        with suppress(OSError):
            socket.socket.shutdown(self.sock, socket.SHUT_RDWR)

    def close(self) -> None:
        try:  # noqa: SIM105 - suppress() would cost each connection 5,000 instructions more, of 119,000
            self.sock.close()
        except OSError:
            pass


def copy_file_some(stream: PlainStream, file: int, offset: int, count: int) -> int | None:
    """As ``send_file_some``, where the kernel cannot send the file itself."""
    data = os.pread(file, min(count, RECEIVE_BYTES), offset)
    return stream.send_some(data) if data else None


def wait(fileno: int, seconds: float, *, write: bool) -> bool:
    """Wait for one descriptor. poll(2) where it exists: select(2) cannot watch numbers above 1023."""
    seconds = min(seconds, _LONGEST_WAIT_SECONDS)
    if hasattr(select, "poll"):
        poll = select.poll()
        poll.register(fileno, select.POLLOUT if write else select.POLLIN)
        return bool(poll.poll(seconds * 1000))
    watched = [fileno]
    return any(select.select([] if write else watched, watched if write else [], [], seconds))


def has_bytes(sock: socket.socket) -> bool:
    """Whether something has come that nobody has received yet; under TLS, whatever it is. Any thread may ask."""
    try:
        # Not SSLSocket's method, which knows no flags.
        return bool(socket.socket.recv(sock, 1, _LOOK))
    except OSError:  # none yet; or it is closed
        return False
