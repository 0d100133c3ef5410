"""The server classes, composed of a mix-in and the base, and ``make_server``, which picks one.

Floor 3. Names, arguments and errors are those of ``werkzeug.serving``.
"""

from __future__ import annotations

from typing import Any

from wsgiserve.server.base import BaseWSGIServer
from wsgiserve.server.forking import ForkingMixIn
from wsgiserve.server.handler import WSGIRequestHandler
from wsgiserve.server.mixins import ThreadingMixIn, ThreadPoolMixIn
from wsgiserve.server.tls import SSLContextSpec
from wsgiserve.wsgi.gateway import Application

__all__ = ["ForkingWSGIServer", "ThreadPoolWSGIServer", "ThreadedWSGIServer", "make_server"]


class ThreadPoolWSGIServer(ThreadPoolMixIn, BaseWSGIServer):
    """A fixed pool of threads; what the command ``wsgiserve`` runs."""


class ThreadedWSGIServer(ThreadingMixIn, BaseWSGIServer):
    """A thread for each connection that has a request; what ``run_simple(threaded=True)`` runs."""


class ForkingWSGIServer(ForkingMixIn, BaseWSGIServer):
    """A process for each connection; what ``run_simple(processes=N)`` runs."""

    def __init__(
        self,
        host: str,
        port: int,
        app: Application,
        processes: int = 40,
        handler: type[WSGIRequestHandler] | None = None,
        passthrough_errors: bool = False,
        ssl_context: SSLContextSpec = None,
        fd: int | None = None,
        **settings: Any,
    ) -> None:
        super().__init__(host, port, app, handler, passthrough_errors, ssl_context, fd, processes=processes, **settings)


def make_server(
    host: str,
    port: int,
    app: Application,
    threaded: bool = False,
    processes: int = 1,
    request_handler: type[WSGIRequestHandler] | None = None,
    passthrough_errors: bool = False,
    ssl_context: SSLContextSpec = None,
    fd: int | None = None,
) -> BaseWSGIServer:
    """A server that listens already; call ``serve_forever`` to have it answer.

    Raises:
        ValueError: threads and processes at once, or processes on a platform without fork.
        TypeError: the handler is one of another server.
        OSError: the address is not to be had.
    """
    if request_handler is not None and not issubclass(request_handler, WSGIRequestHandler):
        raise TypeError(
            f"request_handler {request_handler.__name__} must derive from wsgiserve.WSGIRequestHandler: handlers of "
            "http.server and werkzeug read and write the socket themselves. Import the base class from "
            "wsgiserve.serving, or call wsgiserve.install() before it is imported from werkzeug.serving"
        )
    if threaded and processes > 1:
        raise ValueError("Cannot have a multi-thread and multi-process server.")
    if threaded:
        return ThreadedWSGIServer(host, port, app, request_handler, passthrough_errors, ssl_context, fd)
    if processes > 1:
        return ForkingWSGIServer(host, port, app, processes, request_handler, passthrough_errors, ssl_context, fd)
    return BaseWSGIServer(host, port, app, request_handler, passthrough_errors, ssl_context, fd)
