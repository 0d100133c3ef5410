"""h11 and llhttp (through httptools) beside our parser: the same bytes to all three, what each made of them."""

from __future__ import annotations

from typing import NamedTuple

import h11
import httptools

from wsgiserve.errors import RemoteProtocolError
from wsgiserve.http11 import (
    CLOSE,
    CLOSED,
    NEED_DATA,
    Connection,
    Data,
    EndOfMessage,
    Limits,
    Request,
    RequestParser,
    ResponseHead,
)

__all__ = ["Message", "Reading", "by_h11", "by_llhttp", "by_us"]


class Message(NamedTuple):
    """A complete request; field names in lower case, content in one piece."""

    method: bytes
    target: bytes
    fields: tuple[tuple[bytes, bytes], ...]
    content: bytes


class Reading(NamedTuple):
    """What somebody read of all the bytes of a connection.

    Attributes:
        messages: complete requests.
        refused: the reason why reading stopped, empty if it did not: all was read, or more was awaited.
    """

    messages: list[Message]
    refused: str


def _message(method: bytes, target: bytes, fields: list[tuple[bytes, bytes]], content: bytes) -> Message:
    # h11 gives names of transfer codings in lower case, llhttp leaves white space behind values.
    pairs = [(name, value.rstrip(b" \t")) for name, value in fields]
    pairs = [(name, value.lower() if name == b"transfer-encoding" else value) for name, value in pairs]
    return Message(method, target, tuple(pairs), content)


def by_us(data: bytes) -> Reading:
    """Read with wsgiserve."""
    connection = Connection(RequestParser(Limits()))
    connection.receive_data(data)
    messages: list[Message] = []
    content = b""
    try:
        while (event := connection.next_event()) is not CLOSED:
            if isinstance(event, Data):
                content += event.data
            if isinstance(event, Request):
                content = b""
            if event is NEED_DATA and connection.request is None:
                break
            if connection.complete and (event is NEED_DATA or isinstance(event, EndOfMessage)):
                request = connection.request
                assert request is not None
                messages.append(_message(request.line.method, request.line.target, list(request.fields.pairs), content))
                connection.send_response(ResponseHead(200, b"OK", b"", 0))
                if connection.finish() is CLOSE:
                    return Reading(messages, "the connection ends with a response")
            elif event is NEED_DATA:
                break
    except RemoteProtocolError as error:
        return Reading(messages, str(error))
    return Reading(messages, "")


def by_h11(data: bytes) -> Reading:
    """Read with h11, a pure Python parser of the same standard."""
    connection = h11.Connection(h11.SERVER)
    connection.receive_data(data)
    messages: list[Message] = []
    request: h11.Request | None = None
    content = b""
    try:
        while not isinstance(event := connection.next_event(), h11.ConnectionClosed | type(h11.NEED_DATA)):
            if isinstance(event, h11.Request):
                request, content = event, b""
            elif isinstance(event, h11.Data):
                content += event.data
            elif isinstance(event, h11.EndOfMessage):
                assert request is not None
                messages.append(_message(request.method, request.target, list(request.headers), content))
                if request.method == b"CONNECT":
                    return Reading(messages, "what follows is the tunnel's")
                connection.send(h11.Response(status_code=200, headers=[("Content-Length", "0")]))
                connection.send(h11.EndOfMessage())
                if connection.our_state is h11.MUST_CLOSE:
                    return Reading(messages, "closed after the response")
                connection.start_next_cycle()
    except h11.RemoteProtocolError as error:
        return Reading(messages, str(error))
    return Reading(messages, "")


class _Collector:
    """Callbacks of httptools; a message counts when it is complete."""

    def __init__(self) -> None:
        self.messages: list[Message] = []
        self.parser = httptools.HttpRequestParser(self)
        self.on_message_begin()

    def on_message_begin(self) -> None:
        self._target = self._content = b""
        self._fields: list[tuple[bytes, bytes]] = []
        self._head = False

    def on_url(self, url: bytes) -> None:
        self._target += url

    def on_header(self, name: bytes, value: bytes) -> None:
        if not self._head:  # behind it, these are trailers
            self._fields.append((name.lower(), value))

    def on_headers_complete(self) -> None:
        self._head = True

    def on_body(self, body: bytes) -> None:
        self._content += body

    def on_message_complete(self) -> None:
        method = self.parser.get_method()
        self.messages.append(_message(method, self._target, self._fields, self._content))


def by_llhttp(data: bytes) -> Reading:
    """Read with llhttp, the parser of Node.js, in the strictness that httptools sets."""
    collector = _Collector()
    try:
        collector.parser.feed_data(data)
    except (httptools.HttpParserError, httptools.HttpParserUpgrade) as error:
        return Reading(collector.messages, f"{type(error).__name__}: {error}")
    return Reading(collector.messages, "")
