"""What development adds to a server: the page of an error, the page of an application that cannot be loaded, and, when
it is asked for, werkzeug's debugger.

None of it stands between the server and the application, but for the debugger, which is a middleware itself.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Iterable
from functools import partial
from typing import TYPE_CHECKING

from wsgiserve.accesslog import request_id
from wsgiserve.dev.answers import answer
from wsgiserve.dev.audience import Audience
from wsgiserve.dev.exceptions import describe_exception
from wsgiserve.dev.problem import Problem, request_of
from wsgiserve.dev.text import headline
from wsgiserve.editors import editor_link, editor_template

if TYPE_CHECKING:
    from wsgiref.types import StartResponse, WSGIEnvironment

    from wsgiserve.config import Config
    from wsgiserve.dev.report import Chain
    from wsgiserve.reload.failure import Failure
    from wsgiserve.server.base import BaseWSGIServer
    from wsgiserve.server.hints import Hint
    from wsgiserve.wsgi.environ import Environ
    from wsgiserve.wsgi.gateway import Application

__all__ = ["Tools"]

log = logging.getLogger("wsgiserve")


class Tools:
    """The tools of one process.

    Attributes:
        on_error: called with each error that is explained.
    """

    def __init__(self, config: Config) -> None:
        self._server: BaseWSGIServer | None = None
        self._hosts = config.allowed_host or ()
        self._audience = Audience(self._hosts, self._warn)
        self._link = partial(editor_link, editor_template(config.editor, os.environ))
        self._shows_ids = config.access_log
        self.on_error: Callable[[Chain], object] = lambda chain: None

    def attach(self, server: BaseWSGIServer) -> None:
        """Have a server's errors explained."""
        self._server = server
        server.explain = self.explain

    def _warn(self, hint: Hint) -> None:
        if self._server is not None:
            self._server.warn_once(hint)

    # An error

    def explain(self, error: BaseException, environ: Environ, number: int) -> tuple[bytes, bytes] | None:
        """Fields and content of the answer to a request that met an error; None for those whom it is not for."""
        if not self._audience.admits(environ):
            return None
        chain = describe_exception(error)
        self.on_error(chain)
        request = request_of(environ, request_id(number) if self._shows_ids else "")
        problem = Problem(500, "exception", headline(chain[0]), "", "", chain, request)
        headers, body = answer(problem, environ.get("HTTP_ACCEPT", ""), self._link)
        fields = (f"{name}: {value}\r\n".encode("latin-1") for name, value in headers if name != "Content-Length")
        return b"".join(fields), body

    # No application

    def page_for(self, failure: Failure) -> Application:
        """An application that answers every request with 503 and the reason."""

        def page(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
            if not self._audience.admits(environ):
                return failure.unexplained(environ, start_response)
            problem = Problem(503, *failure, request_of(environ))
            headers, body = answer(problem, environ.get("HTTP_ACCEPT", ""), self._link)
            start_response("503 Service Unavailable", headers)
            return [body]

        return page

    # The debugger

    def debugged(self, application: Application) -> Application:
        """The application with werkzeug's debugger around it, for the developer alone."""
        from werkzeug.debug import DebuggedApplication

        debugger = DebuggedApplication(application, evalex=True)
        debugger.trusted_hosts += self._hosts
        # In the words of werkzeug, which says them only in processes that its own reloader has started.
        log.warning(" * Debugger is active!")
        log.info(" * Debugger PIN: %s", debugger.pin)

        def choose(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
            chosen: Application = debugger if self._audience.admits(environ) else application
            return chosen(environ, start_response)

        return choose
