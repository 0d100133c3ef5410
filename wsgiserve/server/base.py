"""The server: what is started and stopped, and how a connection on which something happened is served.

Floor 3. ``BaseWSGIServer`` runs everything in the thread that calls ``serve_forever``, the application too; who else
may run it is the mix-ins' business (``mixins.py``). Which connection is served next is told by ``loop.py``.
Source: ``socketserver.BaseServer`` for the shape, werkzeug's ``BaseWSGIServer`` for names, arguments and attributes.
"""

from __future__ import annotations

import itertools
import logging
import signal
import socket
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from math import inf
from typing import TYPE_CHECKING, Any, Self

from wsgiserve._version import __version__
from wsgiserve.http11 import Limits, RequestParser
from wsgiserve.server.access import AccessFields, AccessLog, flush_of, log_access, shortcut_of
from wsgiserve.server.clock import DateClock
from wsgiserve.server.deadlines import Deadlines
from wsgiserve.server.handler import WSGIRequestHandler
from wsgiserve.server.hints import Hint, log_hint
from wsgiserve.server.kinds import SlowKinds
from wsgiserve.server.loop import ConnectionLoop
from wsgiserve.server.occupancy import Occupancy
from wsgiserve.server.sockets import listen
from wsgiserve.server.tls import SSLContextSpec, make_ssl_context
from wsgiserve.wsgi import EnvironBuilder
from wsgiserve.wsgi.environ import Environ
from wsgiserve.wsgi.gateway import Application

if TYPE_CHECKING:
    import ssl

    from wsgiserve.wsgi.peers import Peers
    from wsgiserve.wsgi.proxied import ProxyHeaders

__all__ = ["BaseWSGIServer", "Explain"]

log = logging.getLogger("wsgiserve")

# Requests that one connection may have answered in a row while others are ready: enough for any pipeline that a client
# of good will sends, few enough to be fair.
_TURN = range(16)


Explain = Callable[[BaseException, Environ, int], tuple[bytes, bytes] | None]
"""From an error of the application, the environ of its request and that one's number in the access log to the fields
and the content of the answer; None leaves it at a line that says nothing. Called before any of a response is out."""

Timing = Callable[[float, int], bytes]
"""From the seconds that a response has taken until its head goes out, and its request's number, to field lines for that
head, each with its CRLF."""


class BaseWSGIServer(ConnectionLoop):
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
        multiprocess: other processes run the application too, and accept on the same listeners.

    For the caller:

    - serve_forever(), stop(), retire(), shutdown(), server_close(), log_startup()
    - add_listener(socket), running_requests(), fileno()

    May be overridden:

    - process_request(connection): who runs it
    - serve(): who polls

    Class variables:

    - multithread, multiprocess: what environ says of it; the second becomes true of one that is not alone

    Instance variables:

    - host, port, app, passthrough_errors, ssl_context, socket, sockets, server_address, address_family
    - access_log, write_access: the same, and a shortcut to it; the first may be set
    - explain: makes the page of an error, if there is to be one; see ``Explain``
    - proxy_headers: which proxies are believed what they say of their clients; None for none
    - proxy_protocol: which peers begin with a PROXY header; None for none
    - slow_kinds: of requests, see ``WSGIRequestHandler.kind``
    - timing: makes fields that tell how long a response took, if there are to be any; see ``Timing``
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
        multiprocess: bool = False,
    ) -> None:
        self.app = app
        self._access_log: AccessLog | None = None
        self.write_access: Callable[[AccessFields], object] | None = None
        self._flush_log = flush_of(None)
        self.handler = handler or WSGIRequestHandler
        self.passthrough_errors = passthrough_errors
        self.ssl_context: ssl.SSLContext | None = make_ssl_context(ssl_context)
        self.parser = RequestParser(limits or Limits())
        self.http_version = (1, 0) if self.handler.protocol_version == "HTTP/1.0" else (1, 1)
        self.date = DateClock()
        self.numbers: Iterator[int] = itertools.count(1)
        self.multiprocess = self.multiprocess or multiprocess
        self.environ_builder = EnvironBuilder(
            software=f"wsgiserve/{__version__}",
            url_scheme="http" if self.ssl_context is None else "https",
            multithread=self.multithread,
            multiprocess=self.multiprocess,
            script_name=script_name,
        )
        self.sockets = list(listeners) if listeners is not None else listen(host, port, fd)
        self._describe_listener(host, port)
        super().__init__(self.sockets, deadlines or Deadlines(), max_connections)
        self.acceptor.shared = multiprocess
        self.access_log = access_log
        self.explain: Explain | None = None
        self.timing: Timing | None = None
        self.proxy_headers: ProxyHeaders | None = None
        self.proxy_protocol: Peers | None = None
        self.slow_kinds = SlowKinds()
        self._hinted: set[str] = set()
        self._hinted_lock = threading.Lock()
        self._fatal: BaseException | None = None
        self._stopped = threading.Event()
        self._stopped.set()
        self._serving_thread = 0
        self._is_woken_by_signals = False
        self._closed = False

    def _describe_listener(self, host: str, port: int) -> None:
        self.socket = self.sockets[0]
        self.address_family = self.socket.family
        self.server_address = self.socket.getsockname()
        named = isinstance(self.server_address, tuple)
        self.host = host if named else str(self.server_address)
        self.port = int(self.server_address[1]) if named else port
        self.server_name, self.server_port = self.host, self.port

    @property
    def access_log(self) -> AccessLog | None:
        """Called with each finished request; may be another one, or None, at any time."""
        return self._access_log

    @access_log.setter
    def access_log(self, log: AccessLog | None) -> None:
        flush_old = self._flush_log
        self._access_log = log
        self.write_access = None if log is None else shortcut_of(log)
        self.notes_arrivals = log is not None
        self._flush_log = flush_of(log)
        flush_old()  # last: requests that end meanwhile find the new one

    # For the caller

    def add_listener(self, listener: socket.socket) -> None:
        """Accept on one more socket, which listens already; before ``serve_forever``."""
        self.sockets.append(listener)
        self.acceptor.listeners.append(listener)

    def serve_forever(self, poll_interval: float = 0.5) -> None:
        """Serve until ``stop`` or ``shutdown``, then close the server. KeyboardInterrupt ends it quietly.

        Args:
            poll_interval: there for ``socketserver``'s callers; nothing polls in intervals here.
        Raises:
            Exception: of the application, if ``passthrough_errors`` is set.
        """
        self._serving_thread = threading.get_ident()
        self._stopped.clear()
        try:
            try:
                self.acceptor.open(self.poller)
                with self._woken_by_signals():
                    self.serve()
            finally:
                self.server_close()
        except KeyboardInterrupt:
            pass
        finally:
            self._stopped.set()
        if self._fatal is not None:
            raise self._fatal

    @contextmanager
    def _woken_by_signals(self) -> Iterator[None]:
        """Signals end a poll, also those that another thread gets, or that come just before the poll begins.

        Python only takes note of a signal when it comes, and has the main thread handle it when that next runs
        bytecode. The system call that it is about to enter by then may take for ever.
        """
        if self._closed or threading.current_thread() is not threading.main_thread():
            yield
            return
        before = signal.set_wakeup_fd(self.poller.waker.bell, warn_on_full_buffer=False)
        self._is_woken_by_signals = before == -1
        if before != -1:
            signal.set_wakeup_fd(before)  # of an event loop, maybe, in whose thread we are a guest
        try:
            yield
        finally:
            if self._is_woken_by_signals:
                signal.set_wakeup_fd(-1)

    def stop(self) -> None:
        """Begin the graceful stop and return at once; a second call stops at once. Safe in a signal handler."""
        if self._graceful_until != inf:
            self._stop_now = True
        else:
            self._graceful_until = time.monotonic() + self.deadlines.graceful
            self.stopping = True
        self.poller.wake()

    def retire(self, seconds: float) -> None:
        """Stop gracefully within so many seconds, and leave new connections to a process with the same listeners.

        When it returns, nobody is accepted any more, and connections that waited for another request are closed.
        """
        self.deadlines = self.deadlines._replace(graceful=seconds)
        self._retired = True
        self.acceptor.leave_to_others()
        self.stop()
        self.part_from_idle()

    def shutdown(self) -> None:
        """Stop gracefully and wait until ``serve_forever`` has returned.

        In the thread that runs ``serve_forever``, a signal handler for instance, it does not wait. A request that calls
        it waits for itself, for as long as a graceful stop may take: let requests call ``stop``.
        """
        self.stop()
        if threading.get_ident() != self._serving_thread:
            self._stopped.wait()

    def running_requests(self) -> list[str]:
        """What a graceful stop of this process has to wait for: ``GET /report``. Safe in a signal handler."""
        connections = list(self.connections.values())
        return [f"{connection.command} {connection.path}" for connection in connections if connection.running]

    def server_close(self) -> None:
        """Close listeners and connections. Called by ``serve_forever`` at its end; may be called again."""
        if self._closed:
            return
        self._closed = self.stopping = self._stop_now = True
        self.send_held()
        for connection in list(self.connections.values()):
            connection.send_meanwhile()
        self.acceptor.unlink()
        self.acceptor.close()
        self._close_queued(self.ready)
        self._close_queued(self._requeued)
        for connection in list(self.connections.values()):
            connection.abort()
        self.poller.close()
        self.pause()

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

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.server_close()

    # Who does what; the mix-ins override these

    def serve(self) -> None:
        """Poll and process requests until the server has stopped."""
        while (connection := self.next_ready()) is not None:
            self.process_request(connection)
            self.pause()  # whatever takes its time next

    def pause(self) -> None:
        """As the base class: have the access log written."""
        self._flush_log()

    def make_way(self, connection: WSGIRequestHandler) -> None:
        """Before a request is run, if some kinds were slow: if this one will be, let others be served meanwhile."""

    def holds(self) -> bool:
        """Whether somebody will send what the calling thread holds back, even if it gets no further."""
        return False

    def occupancy(self) -> Occupancy:
        """How many of those who can run a request do; for the access log."""
        return Occupancy(1, 1, "threads")

    def make_connection(self, sock: socket.socket, address: Any) -> WSGIRequestHandler | None:
        """A handler for a socket that was accepted; None if it could not be made, and the socket is closed."""
        try:
            return self.handler(sock, address, self)
        except OSError as error:
            log.debug("%s: %s; closed", address, error)  # TLS found the client gone already
        except Exception as error:
            log.critical("%s: internal error, closed the connection", address, exc_info=error)
        sock.close()
        return None

    # Serving a connection; whoever calls these owns it

    def receive_request(self, connection: WSGIRequestHandler) -> bool:
        """Receive what is there; True when that makes a request, and the caller still owns the connection."""
        try:
            for _ in _TURN:
                if connection.advance():
                    return True
                if connection.settle():
                    return False
        except Exception as error:
            self.handle_error(connection, error)
        else:
            self.requeue(connection)
        return False

    def process_request(self, connection: WSGIRequestHandler, received: bool = False) -> None:
        """Have a connection served on which something happened. Here: by the caller.

        It is served until it has to wait for the client; then it belongs to the poller again.

        Args:
            received: ``receive_request`` has found a request already.
        """
        try:
            for _ in _TURN:
                if received or connection.advance():
                    received = False
                    connection.handle_one_request()
                    if not connection.rests:
                        continue
                    if connection.held is not None:
                        self._held.append(connection)
                        return
                if connection.settle():
                    return
        except Exception as error:
            self.handle_error(connection, error)
        except BaseException:
            # KeyboardInterrupt: from the keyboard, or raised by an application that means the same by it.
            connection.close()
            self.stop()
        else:
            self.requeue(connection)

    def send_held(self) -> None:
        """Send the responses that were held back until others would be ready too; any thread may call it.

        Who sleeps until a response comes is woken by each: one that has several connections, a proxy say, once for all
        of them.
        """
        while self._held:
            try:
                connection = self._held.popleft()
            except IndexError:  # another thread does the same
                return
            try:
                connection.settle_held()
                if not connection.settle():
                    self.requeue(connection)
            except Exception as error:
                self.handle_error(connection, error)

    def handle_error(self, connection: WSGIRequestHandler, error: Exception) -> None:
        """An exception came out of a connection: the application's, when they are passed on; otherwise our mistake."""
        if self.passthrough_errors:
            self._fatal = error
            self.stop()
            self.stop()
        else:
            log.critical("%s: internal error, closed the connection", connection.peer, exc_info=error)
        connection.close()

    def warn_once(self, hint: Hint) -> None:
        """Tell the developer of a mistake that clients repeat, the first time only."""
        with self._hinted_lock:
            if hint.slug in self._hinted:
                return
            self._hinted.add(hint.slug)
        self.warn(hint)

    def warn(self, hint: Hint) -> None:
        """Tell the developer of something that can be mended."""
        log_hint(hint)
