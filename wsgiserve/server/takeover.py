"""``werkzeug.socket``: the client's socket in the application's hands, for WebSockets and the like.

Floor 3. Looking at the socket changes nothing. The first call that would read from it, write to it or change it takes
it over: the socket blocks from then on, and the server stays silent on this connection and closes it when the
application returns.
Source: werkzeug's ``environ["werkzeug.socket"]``, as flask-sock and simple-websocket use it.
"""

from __future__ import annotations

import io
import socket
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Any

__all__ = ["THREAD_NAMES", "ClientSocket"]

THREAD_NAMES = "wsgiserve-"
"""How the names of the server's threads begin."""

# For all sockets together: it is held for microseconds, once for each thread that uses one.
_NOTING = threading.Lock()

_LOOKS = frozenset(
    [
        "cipher",
        "compression",
        "context",
        "family",
        "get_channel_binding",
        "getpeercert",
        "getpeername",
        "getsockname",
        "getsockopt",
        "gettimeout",
        "pending",
        "proto",
        "selected_alpn_protocol",
        "server_hostname",
        "server_side",
        "session_reused",
        "shared_ciphers",
        "type",
        "version",
    ]
)


_NOBODY: frozenset[threading.Thread] = frozenset()


class ClientSocket:
    """Stands for a socket and has all of its attributes.

    Args:
        sock: the connected socket, an SSLSocket under TLS.
        take_over: called before each use that is more than a look. What it raises, the user of the socket gets.
    """

    __slots__ = ("_sock", "_take_over", "_users")

    def __init__(self, sock: socket.socket, take_over: Callable[[], None]) -> None:
        self._sock = sock
        self._take_over = take_over
        self._users = _NOBODY  # replaced under _NOTING, looked at without

    def __getattr__(self, name: str) -> Any:
        value = getattr(self._sock, name)
        if name in _LOOKS or not callable(value):
            return value

        # Not yet: a debugger that lists what is here asks for every attribute, and calls none.
        def use(*args: Any, **kwargs: Any) -> Any:
            self._take_over()
            self._note_user(threading.current_thread())
            return value(*args, **kwargs)

        return use

    def _note_user(self, thread: threading.Thread) -> None:
        # Not the server's own, which do not end, and run other requests that send to this socket, as a chat does; nor
        # those that Python did not start, which cannot be waited for.
        if thread in self._users or thread.name.startswith(THREAD_NAMES) or isinstance(thread, threading._DummyThread):
            return
        with _NOTING:
            self._users = frozenset([*filter(threading.Thread.is_alive, self._users), thread])

    def wait_for_users(self, seconds: float) -> None:
        """Wait until the application's other threads that have used the socket have ended, but not for long.

        simple-websocket, for one, wakes the application when the client's close frame has come, and answers it after
        that, in a thread of its own: an application that returns at once would have the socket closed before.
        """
        until = time.monotonic() + seconds
        for thread in self._users - {threading.current_thread()}:
            thread.join(max(until - time.monotonic(), 0.0))

    def fileno(self) -> int:
        """The descriptor. Watching it, with ``selectors`` for instance, is only a look."""
        return self._sock.fileno()

    def close(self) -> None:
        """Hang up. The descriptor is closed by the server, when the application returns.

        Until then the server knows the connection by that number, which must not become another one's.
        """
        with suppress(OSError):
            self._take_over()
            # Not SSLSocket's method: another thread of the application's may be sending, and would go on in the clear.
            socket.socket.shutdown(self._sock, socket.SHUT_RDWR)

    def detach(self) -> int:
        """Not possible, for the same reason.

        Raises:
            io.UnsupportedOperation: always; an OSError.
        """
        raise io.UnsupportedOperation("the server keeps the socket; use socket.dup(sock.fileno())")
