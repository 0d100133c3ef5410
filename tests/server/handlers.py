"""Request handlers as people write them for werkzeug: each overrides what its name says."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from tests.server.served import note
from wsgiserve.server.handler import WSGIRequestHandler

if TYPE_CHECKING:
    from wsgiserve.wsgi.environ import Environ


class LogsRequests(WSGIRequestHandler):
    """To add what the usual line does not have."""

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        note([self.command, self.path, self.request_version, self.requestline, code, size])
        note([self.headers["X-Name"], self.environ["PATH_INFO"], self.client_address[0]])
        super().log_request(code, size)


class LogsNothing(WSGIRequestHandler):
    """To have a quiet server."""

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        pass


class LogsElsewhere(WSGIRequestHandler):
    """To use a logger of its own."""

    def log(self, type: str, message: str, *args: Any) -> None:  # noqa: A002 - the name that werkzeug gave it
        note([type, message % args])


class SaysWhen(WSGIRequestHandler):
    """To have another time in the lines."""

    def log_date_time_string(self) -> str:
        return "noon"


class ChangesEnviron(WSGIRequestHandler):
    """To tell the application more."""

    def make_environ(self) -> Environ:
        environ = super().make_environ()
        environ["REMOTE_USER"] = self.headers["X-Name"]
        environ["COMMAND"] = self.command
        return environ


class BehindProxy(WSGIRequestHandler):
    """To see the client that a proxy speaks for."""

    def address_string(self) -> str:
        return self.headers["X-Real-IP"] or super().address_string()

    def port_integer(self) -> int:
        return 4711


class CallsItself(WSGIRequestHandler):
    """To hide what it is."""

    def version_string(self) -> str:
        return "Apache"


class SpeaksOldHTTP(WSGIRequestHandler):
    """For clients that cannot do better."""

    protocol_version = "HTTP/1.0"


class HearsOfLeavers(WSGIRequestHandler):
    """To clean up."""

    def connection_dropped(self, error: BaseException, environ: Environ | None = None) -> None:
        assert environ is not None
        note([type(error).__name__, environ["PATH_INFO"]])


class TimesRequests(WSGIRequestHandler):
    """To do something around the application."""

    def run_wsgi(self) -> None:
        started = time.monotonic()
        super().run_wsgi()
        note(["ran", time.monotonic() >= started])


class FailsToLog(WSGIRequestHandler):
    """By mistake."""

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        raise RuntimeError("no log")
