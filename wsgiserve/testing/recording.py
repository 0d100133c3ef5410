"""Requests and responses as they were on the wire, by a handler that looks on.

Knows the handler's seams: what it receives, what it sends, what it makes of an error, and when it is done.
"""

from __future__ import annotations

import io
import json
import os
import threading
import time
from dataclasses import dataclass, field
from http.client import HTTPException, HTTPMessage, HTTPResponse, IncompleteRead
from typing import TYPE_CHECKING, Any, Protocol, cast
from urllib.parse import urlsplit

from wsgiserve.errors import ClientDisconnected, ProtocolError
from wsgiserve.lint import Finding, LintingHandler
from wsgiserve.server.request_log import SWITCHED

if TYPE_CHECKING:
    import socket

    from wsgiserve.http11 import ResponseHead
    from wsgiserve.wsgi.filewrapper import KernelFile
    from wsgiserve.wsgi.gateway import Gateway

__all__ = ["Exchange", "Recorder", "RecordingHandler", "note_swallowed"]

# Bytes that are kept of a request's content, and of a response.
_KEPT = 1024 * 1024

_running = threading.local()


@dataclass(slots=True)
class Exchange:
    """A request and its response."""

    method: str
    target: str
    """As sent: path and query."""
    request_headers: HTTPMessage
    request_body: bytes = b""
    """What the application has read of it; the first mebibyte."""
    status: int = 0
    headers: HTTPMessage = field(default_factory=HTTPMessage)
    """Of the response, those that the server adds included; empty if the server answered in its own name."""
    body: bytes = b""
    """Of the response, without framing; the first mebibyte."""
    seconds: float = 0.0
    errors: list[BaseException] = field(default_factory=list)
    """What the application raised, whether its framework made an answer of it or not."""
    findings: list[Finding] = field(default_factory=list)

    @property
    def path(self) -> str:
        """The target without its query."""
        return urlsplit(self.target).path

    @property
    def text(self) -> str:
        """The response's body as text."""
        return self.body.decode(self.headers.get_content_charset() or "utf-8")

    @property
    def json(self) -> Any:
        """The response's body, read as JSON."""
        return json.loads(self.body)

    def __str__(self) -> str:
        return f"{self.method:<6} {self.status}  {self.target}  {self.seconds * 1000:.0f} ms"


class Recorder(Protocol):
    """What the server of a ``RecordingHandler`` has to be besides a server."""

    def ends(self) -> int: ...

    def record(self, exchange: Exchange, turn: int | None) -> None: ...


class RecordingHandler(LintingHandler):
    """Tells its server of each exchange when it is over."""

    def run_wsgi(self) -> None:
        exchange = self._exchange = Exchange(self.command, self.path, self.headers)
        self._sent: list[bytes] = []
        self._turn: int | None = None
        self._started = time.perf_counter()
        _running.exchange = exchange
        try:
            super().run_wsgi()
        finally:
            _running.exchange = None

    def whole_content(self) -> bytes | None:
        return None  # it is read bit by bit, which comes by here

    def receive_content(self, wanted: int = 0) -> bytes:
        data = super().receive_content(wanted)
        exchange = self._exchange
        exchange.request_body += data[: _KEPT - len(exchange.request_body)]
        return data

    # What goes out

    def send_whole(self, head: ResponseHead, content: bytes, done: bool) -> bool:
        return False  # it goes the long way, which comes by here

    def send(self, data: bytes, more: bool = False) -> None:
        self._keep(data)
        super().send(data, more)

    def send_last(self, data: bytes, done: bool) -> None:
        self._keep(data)
        self._end()
        super().send_last(data, done)

    def send_file(self, head: bytes, file: KernelFile, count: int) -> None:
        self._keep(head)
        self._keep(os.pread(file.fileno, min(count, _KEPT), file.offset))
        self._end()
        super().send_file(head, file, count)

    def _end(self) -> None:
        if self._turn is None:
            self._turn = self._recorder.ends()

    def _keep(self, data: bytes) -> None:
        if sum(map(len, self._sent)) < _KEPT:
            self._sent.append(data)

    # What goes wrong

    def _fail(self, error: BaseException, gateway: Gateway) -> tuple[int, str]:
        self._end()
        # Of a socket that the application has taken over it may learn with any ConnectionError that the client left.
        left = ConnectionError if self.detached else ClientDisconnected
        if not isinstance(error, left | ProtocolError):
            _add(self._exchange.errors, error)
        return super()._fail(error, gateway)

    def log_access(self, status: int, seconds: float, *notes: str) -> None:
        exchange = self._exchange
        exchange.findings = self.findings
        super().log_access(status, seconds, *notes)
        exchange.status = SWITCHED if self.detached else status
        exchange.seconds = time.perf_counter() - self._started
        exchange.headers, exchange.body = _read(b"".join(self._sent), exchange.method)
        self._recorder.record(exchange, self._turn)

    @property
    def _recorder(self) -> Recorder:
        return cast("Recorder", self.server)


def note_swallowed(error: BaseException | None) -> None:
    """The framework made an answer of an exception, in the thread that runs the request."""
    exchange: Exchange | None = getattr(_running, "exchange", None)
    if exchange is not None and error is not None:
        _add(exchange.errors, error)


def _add(errors: list[BaseException], error: BaseException) -> None:
    if not any(known is error for known in errors):
        errors.append(error)


class _Wire:
    """What ``HTTPResponse`` reads from in place of a socket."""

    def __init__(self, data: bytes) -> None:
        self._data = data

    def makefile(self, mode: str) -> io.BytesIO:
        return io.BytesIO(self._data)


def _read(data: bytes, method: str) -> tuple[HTTPMessage, bytes]:
    """The header fields and the body of a response; as much of them as there is."""
    response = HTTPResponse(cast("socket.socket", _Wire(data)), method=method)
    try:
        response.begin()
    except (HTTPException, OSError):
        return HTTPMessage(), b""
    try:
        return response.headers, response.read()
    except IncompleteRead as error:
        return response.headers, error.partial
    finally:
        response.close()
