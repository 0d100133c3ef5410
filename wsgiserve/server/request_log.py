"""What is said of a request when it is over: its line in the access log, ours or a subclass's.

Floor 3. The short way hands what an ``Access`` is made of to the server's ``access_log``. A subclass that overrides one
of werkzeug's log methods has them called instead.
Source: ``werkzeug.serving.WSGIRequestHandler`` for the methods that people override.
"""

from __future__ import annotations

import logging
import time
from typing import TYPE_CHECKING, Any

from wsgiserve.errors import RemoteProtocolError
from wsgiserve.server.access import Access
from wsgiserve.server.request_facts import RequestFacts
from wsgiserve.wsgi.environ import PROTOCOLS

if TYPE_CHECKING:
    import socket

    from wsgiserve.server.base import BaseWSGIServer

__all__ = ["QUEUE_SECONDS", "SWITCHED", "RequestLog"]

log = logging.getLogger("wsgiserve.access")

# Of a connection that left HTTP. Whatever the application sent on it, no other status would be nearer to the truth.
SWITCHED = 101

# A request that waited for so long before anybody looked at it gets a column that says so. People begin to notice
# about there, and the kernel's clock for it goes in steps of up to ten milliseconds.
QUEUE_SECONDS = 0.05


class RequestLog(RequestFacts):
    """Writes the access lines of a connection."""

    __slots__ = ("_is_told", "_number")

    _overrides_log = False
    _listens = False

    def __init__(self, request: socket.socket, client_address: Any, server: BaseWSGIServer) -> None:
        RequestFacts.__init__(self, request, client_address, server)  # by name: see Exchange
        self._number = 0  # of the current request, once somebody has asked for it
        # What stands in the class is looked up anew each time.
        self._is_told = self._listens

    def __init_subclass__(cls, **kwargs: Any) -> None:
        """Find out once whether the short way, which calls none of these methods, would miss something."""
        super().__init_subclass__(**kwargs)
        cls._overrides_log = any(getattr(cls, name) is not getattr(RequestLog, name) for name in _LOG_METHODS)
        cls._listens = cls._overrides_log or cls.log_access is not RequestLog.log_access

    def queue_note(self) -> str:
        """``queue 380 ms · 8/8 threads busy`` if the current request has waited to be served; otherwise empty.

        Call it before the application, of a request that may have waited, by its ``arrived_after``. What came behind an
        earlier request of its connection waited for that one, and is not spoken of; nor is anything where the system
        does not tell when bytes came.
        """
        seconds = self.stream.seconds_since_arrival()
        return f"queue {seconds * 1000:.0f} ms · {self.server.occupancy()}" if seconds >= QUEUE_SECONDS else ""

    def request_number(self) -> int:
        """The number that the current request's line will have, and no other."""
        self._number = self._number or next(self.server.numbers)
        return self._number

    def log_access(self, status: int, seconds: float, note: str = "", besides: str = "", /) -> None:
        """Write the current request's line, with a note on its end, and one on anything else; both may be empty."""
        http = self.http
        request, size = http.request, http.content_sent
        assert request is not None
        if self.detached:
            status, size, note = SWITCHED, 0, note or "socket taken over"
        if self._is_told and self._overrides_log:
            self.log_request(status, size)
            return
        write = self.server.write_access
        if write is None:
            return
        line = request.line
        if line.said is None:
            line.said = line.method.decode("latin-1"), line.target.decode("latin-1"), PROTOCOLS[line.version]
        method, target, version = line.said
        write(
            (
                time.time(),
                seconds,
                self.address_string(),
                method,
                target,
                version,
                status,
                size,
                self._number or next(self.server.numbers),
                f"{note}  {besides}" if note and besides else note or besides,
            )
        )

    def log_refusal(self, error: RemoteProtocolError) -> None:
        """A request that was no request is a line in the access log too."""
        if self._overrides_log:
            self.log_error("code %d, message %s", error.status, error)
            return
        write = self.server.write_access
        if write is not None:
            peer, number = self.address_string(), next(self.server.numbers)
            size = self.http.content_sent
            write(Access(time.time(), 0.0, peer, "-", "-", "-", error.status, size, number, f"✗ {error}"))

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """Write the access line of the current request. Called only if a subclass overrides one of the log methods."""
        self.log("info", '"%s" %s %s', self.requestline, code, size)

    def log_error(self, format: str, *args: Any) -> None:  # noqa: A002 - the name that http.server gave it
        """Log at level error, through ``log``."""
        self.log("error", format, *args)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the name that http.server gave it
        """Log at level info, through ``log``."""
        self.log("info", format, *args)

    def log(self, type: str, message: str, *args: Any) -> None:  # noqa: A002 - the name that werkzeug gave it
        """Write ``message % args`` behind the client's address and the time, at the level named ``type``."""
        prefix = f"{self.address_string()} - - [{self.log_date_time_string()}] ".replace("%", "%%")
        getattr(log, type)(prefix + message.rstrip(), *args)

    def log_date_time_string(self) -> str:
        """The local time as ``23/Nov/2026 12:04:31``."""
        return time.strftime("%d/%b/%Y %H:%M:%S")


_LOG_METHODS = ("log_request", "log", "log_error", "log_message", "log_date_time_string")
