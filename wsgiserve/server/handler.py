"""One request: environ, application, response, log; and what happens when something goes wrong.

Floor 3. The way of a request is one straight line; each step is one function in one file, nothing jumps back up::

    accept                 server/loop.py
    process_request        server/mixins.py     the only line that differs between modes
    advance                server/channel.py    all that can be done without waiting for the client
      recv                 server/stream.py     bytes, or ClientDisconnected
      receive_again        http11/connection.py a head that was read before -> Request
      receive_data         http11/connection.py
      next_event           http11/connection.py -> parser.py      -> Request
    handle_one_request     server/handler.py
      make_environ         wsgi/environ.py                        -> environ
      run(app, environ)    wsgi/gateway.py      <-> application
      send_whole           server/exchange.py -> http11/connection.py: head and body in one piece, if that is all
      send_response/_data  http11/connection.py -> framing.py -> writer.py -> bytes
      send                 server/exchange.py -> stream.py
      log_access           server/request_log.py                  -> access.py
      settle_response      server/exchange.py   finish            -> KEEP_ALIVE | CLOSE
    pause                  server/base.py       when nothing else is ready: the access log is written

Between two calls of ``advance`` a connection belongs to the poller and holds no thread: while a head arrives, while it
is idle, while the client takes the rest of a finished response, while a refused client is heard out.
Source: ``werkzeug.serving.WSGIRequestHandler`` for everything that people override.
"""

from __future__ import annotations

import logging
import time
from io import BytesIO
from math import inf
from typing import TYPE_CHECKING, Any

from wsgiserve.errors import ClientDisconnected, ClientTimeout, LocalProtocolError, RemoteProtocolError
from wsgiserve.http11.events import Request, Template, TemplateRequest
from wsgiserve.http11.framing import NO_CONTENT
from wsgiserve.server.errorstream import ErrorStream
from wsgiserve.server.peer import peer_keys
from wsgiserve.server.request_log import QUEUE_SECONDS, RequestLog
from wsgiserve.server.takeover import ClientSocket
from wsgiserve.wsgi import Gateway, Input, WholeInput
from wsgiserve.wsgi.blame import blame_error, without_server
from wsgiserve.wsgi.environ import Environ

if TYPE_CHECKING:
    import socket

    from wsgiserve.server.base import BaseWSGIServer

__all__ = ["WSGIRequestHandler"]

log = logging.getLogger("wsgiserve")
error_log = logging.getLogger("wsgiserve.errors")

# What nginx writes when the client closed the connection before it was answered. No client ever sees it.
_CLIENT_LEFT = 499

# Between two requests: one for all, rather than another one each time.
_NO_ENVIRON: Environ = {}

_FAILED = "The application failed to answer this request. The server's log says why."


class WSGIRequestHandler(RequestLog):
    """Handles the requests of one connection. Subclass it, and override what the second list names.

    For the caller:

    - advance() -> bool
    - handle_one_request()

    May be overridden:

    - make_environ() -> dict
    - run_wsgi()
    - log_request(code, size), log(type, message, *args), log_error(), log_message()
    - address_string(), port_integer(), version_string(), log_date_time_string()
    - connection_dropped(error, environ)

    Class variables:

    - server_version: what version_string() returns, for the Server field
    - protocol_version: "HTTP/1.1", or "HTTP/1.0" for a server without keep-alive and chunks

    Instance variables:

    - server, client_address, request (the socket), and the current request as command, path, request_version,
      requestline, headers and environ
    """

    __slots__ = ("_asked", "_asks_for_address", "_errors", "_form", "_input", "_keys", "environ")

    server_version = "wsgiserve"
    protocol_version = "HTTP/1.1"

    _overrides_address = False

    def __init_subclass__(cls, **kwargs: Any) -> None:
        """Find out once whether environ has what these methods would say without asking them."""
        super().__init_subclass__(**kwargs)
        base = WSGIRequestHandler
        cls._overrides_address = any(getattr(cls, name) is not getattr(base, name) for name in _ADDRESS_METHODS)

    def __init__(self, request: socket.socket, client_address: Any, server: BaseWSGIServer) -> None:
        RequestLog.__init__(self, request, client_address, server)  # by name: see Exchange
        self.server_field = self.version_string().encode("latin-1")
        self.environ = _NO_ENVIRON
        self._asked: Request | Template | None = None  # what was asked last on this connection, and
        self._form: Environ | None = None  # what is the same in the environ of all who ask it here
        self._keys: Environ | None = None  # what is the same in the environ of all requests
        self._errors: ErrorStream | None = None
        self._input: Input | WholeInput | None = None
        self._asks_for_address = self._overrides_address

    # The straight line

    def handle_one_request(self) -> None:
        """Answer the request that ``advance`` has found."""
        self.run_wsgi()

    def run_wsgi(self) -> None:
        """Run the application for the current request, send its response, log it."""
        self.started = started = time.perf_counter()
        server = self.server
        queued = ""
        if server.notes_arrivals:
            since, self.arrived_after = self.arrived_after, inf
            if started - since >= QUEUE_SECONDS:
                queued = self.queue_note()
        gateway = self.make_gateway()
        try:
            self.running = True
            try:
                self.environ = environ = self.make_environ()
                if server.slow_kinds.until:
                    server.make_way(self)
                gateway.run(server.app, environ)
            finally:
                self.running = False
                if self._input is not None or (self._errors is not None and self._errors.rest):
                    self._end_request()
            if gateway.excess is not None:
                self._report_excess(gateway.excess)
        except KeyboardInterrupt:
            self.send_held()
            self.close()
            raise
        except BaseException as error:
            status, note = self._fail(error, gateway)
            if server.notes_arrivals or self._is_told:
                self.log_access(status, time.perf_counter() - started, note, queued)
            if self._passes_on(error):
                raise
        else:
            if server.notes_arrivals or self._is_told:
                self.log_access(gateway.status, time.perf_counter() - started, "", queued)
            self.settle_response()
        finally:
            self.environ = _NO_ENVIRON
            self.told_address = ""  # the next request of a proxy is another client's
            self._number = 0

    def make_gateway(self) -> Gateway:
        """What runs the application for one request."""
        return Gateway(self.http, self)

    def own_fields(self) -> tuple[bytes, bytes, bytes]:
        """Date, Server, and if there are to be any, fields that tell how long the response took."""
        timing = self.server.timing
        if timing is None:
            return self.server.date(), self.server_field, b""
        late_fields = timing(time.perf_counter() - self.started, self.request_number())
        return self.server.date(), self.server_field, late_fields

    def make_environ(self) -> Environ:
        """The environ of the current request."""
        request, form = self.http.request, self._form
        assert request is not None
        if form is None:
            return self._build_environ(request)
        if request is self._asked:
            environ = form.copy()
        elif type(request) is TemplateRequest and request.template is self._asked:
            environ = self.server.environ_builder.fill(form, request)
        else:
            return self._build_environ(request)
        environ["wsgi.input"] = BytesIO() if request.length == 0 else self._make_input()
        return environ

    def _build_environ(self, request: Request) -> Environ:
        server = self.server
        builder, keys = server.environ_builder, self._keys or self._make_keys()
        # Whoever asks it here again has the same environ but for its input, and a copy is all that he costs.
        is_kept = request.persistent and server.proxy_headers is None and not self._asks_for_address
        if is_kept and type(request) is TemplateRequest:
            self._asked, self._form = request.template, builder.form(keys, request.template)
            environ = builder.fill(self._form, request)
        else:
            environ = builder.build(keys, request)
            if is_kept and request.repeats:
                self._asked, self._form = request, environ.copy()
        # A BytesIO costs a tenth of what one of our own does.
        environ["wsgi.input"] = BytesIO() if request.length == 0 else self._make_input()
        if server.proxy_headers is not None:
            server.proxy_headers.apply(environ)
            self.told_address = environ["REMOTE_ADDR"]
        if self._asks_for_address:
            environ["REMOTE_ADDR"] = self.address_string()
            environ["REMOTE_PORT"] = str(self.port_integer())
        return environ

    def _make_input(self) -> Input | WholeInput:
        content = self.whole_content()
        self._input = Input(self.receive_content) if content is None else WholeInput(content)
        return self._input

    def _make_keys(self) -> Environ:
        self._errors = ErrorStream(self._describe)
        self._keys = keys = peer_keys(self.stream.sock, self.client_address, self.own_address)
        keys["werkzeug.socket"] = self.client_socket = ClientSocket(self.stream.sock, self.take_over)
        keys["wsgi.errors"] = self._errors
        return keys

    def _end_request(self) -> None:
        """Cut the application's ties to the connection: what it kept of this request must not touch the next one."""
        if self._input is not None:
            self._input.expire()
            self._input = None
        if self._errors is not None:
            self._errors.flush()

    def close(self) -> None:
        """Close the connection, and let go of what refers back to it."""
        RequestLog.close(self)  # by name: see Exchange
        self._keys = self._errors = self._form = self.client_socket = None

    # When something goes wrong

    def _fail(self, error: BaseException, gateway: Gateway) -> tuple[int, str]:
        """The one ladder: who broke what decides the answer, the log level, and the note in the access log.

        Returns:
            The status that the client saw, and the note.
        """
        sent = gateway.status if self.http.framing is not None else 0
        if self.detached:
            return 0, self._fail_detached(error)  # the status of what is no HTTP any more is ``log_access``'s to say
        if isinstance(error, ClientTimeout) and not sent:
            log.debug("%s: %s; answered 408 and closed", self.peer, error)
            self.fail_response(408, f"The request did not arrive in time: {error}.")
            return 408, "✗ too slow"
        if isinstance(error, ClientDisconnected):
            log.debug("%s: %s; closed", self.peer, error)
            self.connection_dropped(error, self.environ)
            self.close()
            return sent or _CLIENT_LEFT, "✗ too slow" if isinstance(error, ClientTimeout) else "✗ client left"
        if isinstance(error, RemoteProtocolError):
            log.debug("%s: %s; answered %d and closed", self.peer, error, sent or error.status)
            self.fail_response(error.status, f"The server refused the request: {error}.")
            return sent or error.status, f"✗ {error}"
        self._log_failure(error, "closed the connection, the response is incomplete" if sent else "answered 500")
        self.fail_response(500, _FAILED, None if sent else self._explain(error))
        return sent or 500, _note(error)

    def _explain(self, error: BaseException) -> tuple[bytes, bytes] | None:
        """Fields and content of a page about an error, for whom the server explains it to."""
        explain, keys, request = self.server.explain, self._keys, self.http.request
        if explain is None or keys is None or request is None:
            return None
        try:
            # A fresh environ: the application may have written into its own.
            return explain(error, self.server.environ_builder.build(keys, request), self.request_number())
        except Exception:
            log.critical("%s: internal error, the page about the error is missing", self._describe(), exc_info=True)
            return None

    def _fail_detached(self, error: BaseException) -> str:
        note = ""
        if isinstance(error, ConnectionError):
            log.debug("%s: %s; closed", self.peer, error)
            self.connection_dropped(error, self.environ)
            note = "✗ client left"
        elif not isinstance(error, LocalProtocolError):
            # Not that, because who has spoken for itself need not call start_response, nor return anything of use.
            self._log_failure(error, "closed the connection, which the application had taken over")
            note = _note(error)
        self.fail_response(500, _FAILED)
        return note

    def _log_failure(self, error: BaseException, consequence: str) -> None:
        if isinstance(error, LocalProtocolError):
            blame = f"\n  at {error.blame}" if error.blame else ""
            error_log.error("%s: %s %s; %s%s", self._describe(), error.code, error, consequence, blame)
        else:
            exc_info = (type(error), error, without_server(error))
            error_log.error("%s: %s", self._describe(), consequence, exc_info=exc_info)

    def _report_excess(self, blame: str) -> None:
        if self.command != "HEAD" and not self.detached:
            code = "E108" if self.http.framing is NO_CONTENT else "E107"
            error_log.error(
                "%s: %s the body is longer than its Content-Length or status allows; the rest was not sent\n  at %s",
                self._describe(),
                code,
                blame,
            )

    def _passes_on(self, error: BaseException) -> bool:
        # SystemExit ends the request and not the server, whichever thread it is in: an application must not be able
        # to stop serving the others.
        return self.server.passthrough_errors and not isinstance(error, ClientDisconnected | RemoteProtocolError)

    def connection_dropped(self, error: BaseException, environ: Environ | None = None) -> None:
        """Called when the client left before its response was complete. Does nothing, as in werkzeug."""

    def version_string(self) -> str:
        """The Server field."""
        return self.server_version

    def _describe(self) -> str:
        return f"{self.peer} {self.command} {self.path}"


_ADDRESS_METHODS = ("address_string", "port_integer")


def _note(error: BaseException) -> str:
    if isinstance(error, LocalProtocolError):
        return f"✗ against PEP 3333 ({error.code}), see above"
    text = str(error).replace("\n", " ")
    name = type(error).__name__
    return f"✗ {name}: {text}  {blame_error(error)}" if text else f"✗ {name}  {blame_error(error)}"
