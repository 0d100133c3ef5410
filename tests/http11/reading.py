"""What a connection reads, as lines of text: the language of the ``.events`` files in wsgiserve/conform/wire."""

from __future__ import annotations

from wsgiserve.errors import RemoteProtocolError
from wsgiserve.http11 import (
    CLOSED,
    KEEP_ALIVE,
    Connection,
    Data,
    EndOfMessage,
    Event,
    Limits,
    Request,
    RequestParser,
    ResponseHead,
)

__all__ = ["read"]


def read(*pieces: bytes, parser: RequestParser | None = None, eof: bool = True) -> list[str]:
    """Read what a client sends, piece after piece, answering each request when it is complete.

    Args:
        parser: with the limits that apply; one of its own with the default limits if None.
        eof: the client closes its side after the last piece.
    Returns:
        One line for each event, verdict or error; adjacent Data is one.
    """
    reading = _Reading(Connection(parser or RequestParser(Limits())))
    for piece in pieces:
        reading.receive(piece)
    if eof:
        reading.receive(b"")
    return reading.lines


class _Reading:
    def __init__(self, connection: Connection) -> None:
        self.lines: list[str] = []
        self._connection = connection
        self._content = b""
        self._closed = False

    def receive(self, piece: bytes) -> None:
        """Take a piece and all events that it completes; what comes after the end is written down like the rest."""
        request = self._connection.receive_again(piece)
        if request is not None:
            self.lines += _request_lines(request)
            self._settle()
            return
        self._connection.receive_data(piece)
        try:
            while self._note(self._connection.next_event()) or self._settle():
                pass
        except RemoteProtocolError as error:
            self._end_content()
            line = f"error {error.status} {error}"
            if self.lines[-1:] != [line]:
                self.lines.append(line)

    def _note(self, event: Event) -> bool:
        """Write an event down; False when there is none."""
        if isinstance(event, Data):
            self._content += event.data
            return True
        if isinstance(event, Request):
            self.lines += _request_lines(event)
            return True
        if isinstance(event, EndOfMessage):
            self._end_content()
            self.lines += ["end", *(f"trailer {_shown(b': '.join(pair))}".rstrip() for pair in event.trailers)]
            return True
        if event is CLOSED and not self._closed:
            self._closed = True
            self.lines.append("closed")
        return False

    def _end_content(self) -> None:
        if self._content:
            self.lines.append(f"data {_shown(self._content)}")
            self._content = b""

    def _settle(self) -> bool:
        """Answer a complete request; True when another one may follow."""
        connection = self._connection
        if self._closed or connection.request is None or not connection.complete:
            return False
        connection.send_response(ResponseHead(200, b"OK", b"", 0))
        connection.end()
        keep = connection.finish() is KEEP_ALIVE
        self._closed = not keep
        self.lines.append("keep-alive" if keep else "close")
        return keep


def _request_lines(request: Request) -> list[str]:
    line = request.line
    lines = [f"request {_shown(line.method)} {_shown(line.target)} HTTP/{line.version[0]}.{line.version[1]}"]
    for name, value in (("path", line.path), ("query", line.query), ("authority", line.authority)):
        if value and value != line.target:
            lines.append(f"{name} {_shown(value)}")
    lines += [f"field {_shown(b': '.join(pair))}".rstrip() for pair in request.fields.pairs]
    if request.length != 0:
        lines.append(f"content {'chunked' if request.length is None else request.length}")
    if request.expect_continue:
        lines.append("expects 100-continue")
    return lines


def _shown(data: bytes) -> str:
    return data.decode("latin-1").encode("unicode_escape").decode("ascii")
