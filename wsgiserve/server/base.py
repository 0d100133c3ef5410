"""The server: connections, the poll that watches them, deadlines, and the graceful end.

Floor 3. ``BaseWSGIServer`` runs everything in the thread that calls ``serve_forever``, the application too; who else may
run it is the mix-ins' business (``mixins.py``). A connection is *owned* by whoever holds its lock. The poller's news goes
through ``_ready``: connections in it are owned already, and whoever takes one from there has to settle it.
Source: ``socketserver.BaseServer`` for the shape, werkzeug's ``BaseWSGIServer`` for names, arguments and attributes.
"""

from __future__ import annotations

import itertools
import logging
import socket
import ssl
import threading
import time
from collections import deque
from collections.abc import Sequence
from math import inf

from wsgiserve._version import __version__
from wsgiserve.http11 import Limits, RequestParser
from wsgiserve.server.acceptor import Acceptor
from wsgiserve.server.access import AccessLog, log_access
from wsgiserve.server.channel import Channel
from wsgiserve.server.clock import DateClock
from wsgiserve.server.deadlines import Deadlines
from wsgiserve.server.handler import WSGIRequestHandler
from wsgiserve.server.hints import Hint
from wsgiserve.server.poller import Poller, new_poller
from wsgiserve.server.sockets import bind_tcp, bind_unix, from_fd, unlink_unix
from wsgiserve.server.tls import SSLContextSpec, make_ssl_context
from wsgiserve.wsgi import EnvironBuilder
from wsgiserve.wsgi.gateway import Application

__all__ = ["BaseWSGIServer"]

log = logging.getLogger("wsgiserve")

# Requests that one connection may have answered in a row while others are ready: enough for any pipeline that a client
# of good will sends, few enough to be fair.
_REQUESTS_PER_TURN = 16

# Memory for the unsent rests of finished responses, all connections together. What does not fit is sent by the thread
# that made it.
_PARKED_BYTES = 64 * 1024 * 1024

# Deadlines are looked through no more often than this: a sweep over ten thousand connections takes about a millisecond.
_SWEEP_SECONDS = 0.25


class BaseWSGIServer:
    """A WSGI server that does everything in one thread.

    Args:
        host: name or address to listen on, or ``unix://path``.
        port: 0 lets the system pick; ``server.port`` then tells.
        app: the WSGI application.
        handler: subclass of WSGIRequestHandler.
        passthrough_errors: let exceptions of the application end ``serve_forever``.
        ssl_context: a context, a pair of certificate and key file, ``"adhoc"``, or None for plain HTTP.
        fd: descriptor of a listening socket to use instead of ``host`` and ``port``.
        listeners: listening sockets to use instead of all of these; the server closes them.
        limits: on what clients send, in bytes and numbers.
        deadlines: on how long they may take, in seconds.
        max_connections: beyond it, new ones wait in the kernel's queue.
        script_name: where the application is mounted, ``""`` or ``"/prefix"``.
        access_log: called with each finished request; None for none.

    For the caller:

    - serve_forever(), stop(), shutdown(), server_close(), fileno(), log_startup()

    May be overridden:

    - process_request(connection): who runs it
    - serve(): who polls

    Class variables:

    - multithread, multiprocess: what environ says of it

    Instance variables:

    - host, port, app, passthrough_errors, ssl_context, socket, sockets, server_address, address_family
    """

    multithread = False
    multiprocess = False

    def __init__(
        self,
        host: str,
        port: int,
        app: Application,
        handler: type[WSGIRequestHandler] | None = None,
        passthrough_errors: bool = False,
        ssl_context: SSLContextSpec = None,
        fd: int | None = None,
        *,
        listeners: Sequence[socket.socket] | None = None,
        limits: Limits | None = None,
        deadlines: Deadlines | None = None,
        max_connections: int = 16_384,
        script_name: str = "",
        access_log: AccessLog | None = log_access,
    ) -> None:
        self.app = app
        self.handler = handler or WSGIRequestHandler
        self.passthrough_errors = passthrough_errors
        self.ssl_context: ssl.SSLContext | None = make_ssl_context(ssl_context)
        self.deadlines = deadlines or Deadlines()
        self.parser = RequestParser(limits or Limits())
        self.http_version = (1, 0) if self.handler.protocol_version == "HTTP/1.0" else (1, 1)
        self.max_connections = max_connections
        self.access_log = access_log
        self.date = DateClock()
        self.numbers = itertools.count(1)
        self.environ_builder = EnvironBuilder(
            software=f"wsgiserve/{__version__}",
            url_scheme="http" if self.ssl_context is None else "https",
            multithread=self.multithread,
            multiprocess=self.multiprocess,
            script_name=script_name,
        )
        self.sockets = list(listeners) if listeners is not None else _listen(host, port, fd)
        self._describe_listener(host, port)
        self.poller: Poller = new_poller()
        self.acceptor = Acceptor(self.sockets, self._has_room)
        self.connections: dict[int, WSGIRequestHandler] = {}
        self._ready: deque[WSGIRequestHandler] = deque()
        self._parked = 0
        self._parked_lock = threading.Lock()
        self._next_sweep = inf
        self._shortest_deadline = min(
            self.deadlines.head, self.deadlines.keep_alive, self.deadlines.write, self.deadlines.tls_handshake
        )
        self._hinted: set[str] = set()
        self._fatal: BaseException | None = None
        self._graceful_until = inf
        self._draining = False
        self._stop_now = False
        self._stopped = threading.Event()
        self._stopped.set()
        self._closed = False
        self.stopping = False

    def _describe_listener(self, host: str, port: int) -> None:
        self.socket = self.sockets[0]
        self.address_family = self.socket.family
        self.server_address = self.socket.getsockname()
        named = isinstance(self.server_address, tuple)
        self.host = host if named else str(self.server_address)
        self.port = int(self.server_address[1]) if named else port
        self.server_name, self.server_port = self.host, self.port

    # For the caller

    def serve_forever(self, poll_interval: float = 0.5) -> None:
        """Serve until ``stop`` or ``shutdown``, then close the server. KeyboardInterrupt ends it quietly.

        Args:
            poll_interval: there for ``socketserver``'s callers; nothing polls in intervals here.
        Raises:
            Exception: of the application, if ``passthrough_errors`` is set.
        """
        self._stopped.clear()
        try:
            self.acceptor.open(self.poller)
            self.serve()
        except KeyboardInterrupt:
            pass
        finally:
            self.server_close()
            self._stopped.set()
        if self._fatal is not None:
            raise self._fatal

    def stop(self) -> None:
        """Begin the graceful stop and return at once; a second call stops at once. Safe in a signal handler."""
        if self.stopping:
            self._stop_now = True
        else:
            self._graceful_until = time.monotonic() + self.deadlines.graceful
            self.stopping = True
        self.poller.wake()

    def shutdown(self) -> None:
        """From another thread: stop gracefully and wait until ``serve_forever`` has returned."""
        self.stop()
        self._stopped.wait()

    def server_close(self) -> None:
        """Close listeners and connections. Called by ``serve_forever`` at its end; may be called again."""
        if self._closed:
            return
        self._closed = True
        for listener in self.acceptor.listeners:
            unlink_unix(listener)
        self.acceptor.close()
        for connection in list(self.connections.values()):
            connection.abort()
        self.poller.close()

    def fileno(self) -> int:
        """Of the first listener."""
        return self.socket.fileno()

    def log_startup(self) -> None:
        """Say where the server listens."""
        scheme = "http" if self.ssl_context is None else "https"
        for listener in self.sockets:
            address = listener.getsockname()
            if isinstance(address, tuple):
                host = f"[{address[0]}]" if ":" in address[0] else address[0]
                log.info("listening on %s://%s:%d", scheme, host, address[1])
            else:
                log.info("listening on unix://%s", address)

    def __enter__(self) -> BaseWSGIServer:
        return self

    def __exit__(self, *_: object) -> None:
        self.server_close()

    # Who does what; the mix-ins override these

    def serve(self) -> None:
        """Poll and process requests until the server has stopped."""
        while (connection := self.next_ready()) is not None:
            self.process_request(connection)

    def process_request(self, connection: WSGIRequestHandler) -> None:
        """Have a connection served on which something happened. Here: by the caller."""
        self.finish_request(connection)

    # Serving a connection; whoever calls these owns it

    def receive_request(self, connection: WSGIRequestHandler) -> bool:
        """Receive what is there; True when that makes a request, and the caller still owns the connection."""
        try:
            while not connection.advance():
                if self.settle(connection):
                    return False
        except Exception as error:
            self.handle_error(connection, error)
            return False
        return True

    def finish_request(self, connection: WSGIRequestHandler, *, received: bool = False) -> None:
        """Serve a connection until it has to wait for the client; then it belongs to the poller again.

        Args:
            received: ``receive_request`` has found a request already.
        """
        try:
            for _ in range(_REQUESTS_PER_TURN):
                if received or connection.advance():
                    received = False
                    connection.handle_one_request()
                elif self.settle(connection):
                    return
        except Exception as error:
            self.handle_error(connection, error)
        except BaseException:
            # KeyboardInterrupt: from the keyboard, or raised by an application that means the same by it.
            connection.close()
            self.stop()
        else:
            self.requeue(connection)

    def settle(self, connection: WSGIRequestHandler) -> bool:
        """Let go of a connection; False if there is something to do on it already, and the caller still owns it."""
        if connection.closed:
            return True
        if connection.deadline < self._next_sweep:
            self._next_sweep = connection.deadline
        self.poller.rearm(connection.stream.fileno)
        connection.lock.release()
        # Between our last look and the release somebody may have tried in vain to take it.
        return not (connection.readable and connection.lock.acquire(blocking=False))

    def requeue(self, connection: WSGIRequestHandler) -> None:
        """Put a connection that has more to do behind the others that are ready."""
        self._ready.append(connection)
        self.poller.wake()

    def handle_error(self, connection: WSGIRequestHandler, error: Exception) -> None:
        """An exception came out of a connection: the application's, when they are passed on; otherwise our mistake."""
        if self.passthrough_errors:
            self._fatal = error
            self.stop()
            self.stop()
        else:
            log.critical("%s: internal error, closed the connection", connection.peer, exc_info=error)
        connection.close()

    def forget(self, connection: Channel) -> None:
        """A connection is about to be closed."""
        fileno = connection.stream.fileno
        self.poller.unregister(fileno)
        self.connections.pop(fileno, None)
        if self.acceptor.full or (self.stopping and not self.connections):
            self.poller.wake()

    def may_park(self, size: int) -> bool:
        """Reserve memory for the rest of a response; False when too much waits already. ``unpark`` gives it back."""
        with self._parked_lock:
            if self._parked + size > _PARKED_BYTES:
                return False
            self._parked += size
            return True

    def unpark(self, size: int) -> None:
        """Give back what ``may_park`` reserved."""
        with self._parked_lock:
            self._parked -= size

    def warn_once(self, hint: Hint) -> None:
        """Tell the developer of a mistake that clients repeat, the first time only."""
        if hint.slug not in self._hinted:
            self._hinted.add(hint.slug)
            log.warning("%s\n  Why: %s\n  Fix: %s", hint.what, hint.why, hint.fix, extra={"hint": hint})

    # Polling; one thread at a time calls these

    def next_ready(self) -> WSGIRequestHandler | None:
        """The next connection on which something happened, owned by the caller; None when the server has stopped."""
        while not self._stop_now:
            try:
                return self._ready.popleft()
            except IndexError:
                if self.drained():
                    break
            self._poll()
        return None

    def _poll(self) -> None:
        now = time.monotonic()
        if now >= self._next_sweep:
            self._sweep(now)
        self.acceptor.resume(now)
        for fileno, hung_up in self.poller.poll(self._poll_timeout(now)):
            connection = self.connections.get(fileno)
            if connection is None:
                self.service_event(fileno)
                continue
            if hung_up:
                connection.hung_up = True
            connection.readable = True
            if connection.lock.acquire(blocking=False):
                self._ready.append(connection)

    def _poll_timeout(self, now: float) -> float | None:
        due = min(self._next_sweep, self._graceful_until, self.acceptor.pause_ends() or inf)
        if self.connections:
            # Another thread may set a nearer deadline while this one waits; it cannot be nearer than this.
            due = min(due, now + self._shortest_deadline)
        return None if due == inf else max(due - now, 0.0)

    def service_event(self, fileno: int) -> None:
        """Something happened on a descriptor that is no connection's: here, a listener's."""
        for sock, address in self.acceptor.accept(fileno):
            self._add(sock, address)

    def _add(self, sock: socket.socket, address: object) -> None:
        try:
            connection = self.handler(sock, address, self)
        except OSError:
            sock.close()  # TLS found the client gone already
            return
        fileno = connection.stream.fileno
        self.connections[fileno] = connection
        if connection.deadline < self._next_sweep:
            self._next_sweep = connection.deadline
        self.poller.register(fileno)

    def _has_room(self) -> bool:
        return len(self.connections) < self.max_connections

    def _sweep(self, now: float) -> None:
        """Expire the connections whose deadline has passed. Those that are being served have deadlines of their own."""
        earliest = inf
        for connection in list(self.connections.values()):
            if connection.deadline > now:
                earliest = min(earliest, connection.deadline)
            elif connection.lock.acquire(blocking=False):
                if connection.deadline <= now:
                    connection.expire()
                if not self.settle(connection):
                    self._ready.append(connection)
        self._next_sweep = max(earliest, now + min(_SWEEP_SECONDS, self._shortest_deadline))

    # Stopping

    def drained(self) -> bool:
        """Whether the server was told to stop, and nothing is left to be done or time is up."""
        if not self.stopping:
            return False
        if not self._draining:
            self._draining = True
            self._begin_drain()
        return not self._ready and (not self.connections or self.out_of_time())

    def out_of_time(self) -> bool:
        """Whether the graceful stop has taken as long as it may."""
        return time.monotonic() >= self._graceful_until

    def _begin_drain(self) -> None:
        """Take in who is at the door, close it, and look at every idle connection once more before it is closed."""
        for sock, address in self.acceptor.accept_waiting():
            self._add(sock, address)
        for listener in self.acceptor.listeners:
            unlink_unix(listener)
        self.acceptor.close()
        for connection in list(self.connections.values()):
            connection.readable = True
            if connection.lock.acquire(blocking=False):
                self._ready.append(connection)


def _listen(host: str, port: int, fd: int | None) -> list[socket.socket]:
    if fd is not None:
        return [from_fd(fd)]
    if host.startswith("unix://"):
        return [bind_unix(host.removeprefix("unix://"))]
    return bind_tcp(host, port)
