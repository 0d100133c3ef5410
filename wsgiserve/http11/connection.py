"""One HTTP/1.1 connection as a machine: requests out of bytes, bytes out of responses, and whether it lives on.

Floor 1, no I/O. The caller feeds what it receives, pulls events, and puts on the wire what the ``send_*`` methods
return. It knows neither sockets nor time; a Date value is passed in. The reading side runs through

    HEAD -> CONTENT -> DONE -> (finish) -> HEAD         next request, pipelined or not
                  \\-> DRAIN ----------------^            content that nobody read is thrown away first

and any error of the client's is final: it is raised again on every later call, bytes after it are never parsed.
Source: RFC 9112 §2.2 (parsing), §9.3 (persistence), §9.3.2 (pipelining), §9.6 (tear-down); RFC 9110 §10.1.1 (Expect).
"""

from __future__ import annotations

import enum
from copy import copy
from typing import Final

from wsgiserve.errors import LocalProtocolError, RemoteProtocolError
from wsgiserve.http11.content import ChunkedReader, ContentReader, LengthReader
from wsgiserve.http11.events import CLOSED, NEED_DATA, Data, EndOfMessage, Event, Request, Template
from wsgiserve.http11.framing import CHUNKED, LENGTH, NO_CONTENT, UNTIL_CLOSE, Framing, response_framing
from wsgiserve.http11.parser import RequestParser
from wsgiserve.http11.writer import CONTINUE, LAST_CHUNK, ResponseHead, chunk, response_head

__all__ = ["CLOSE", "KEEP_ALIVE", "Connection", "Verdict"]


class Verdict(enum.Enum):
    """What becomes of a connection after a response."""

    KEEP_ALIVE = "the next request may follow"
    CLOSE = "nothing more is read or sent"


KEEP_ALIVE: Final = Verdict.KEEP_ALIVE
CLOSE: Final = Verdict.CLOSE

# Unread content up to this many bytes is read and dropped, so that the connection can be kept; beyond that a new
# connection costs less than the bytes. 256 KiB is about what is on its way already when a fast client is refused.
DRAIN_BYTES = 262_144

# Whose framing is not decided by the length of their content alone.
_UNUSUAL_STATUS = frozenset([204, 205, 304])

# RFC 9112 §2.2 wants at least one empty line before a request-line ignored: old clients end a POST with one.
_EMPTY_LINES = 4


class Connection:
    """Reads requests and writes responses, one after the other, over one connection.

    Args:
        parser: shared by all connections of a server; holds the limits.
        version: what we claim to speak. ``(1, 0)`` never sends chunks and never keeps the connection.

    Attributes:
        request: the request being answered, None between two requests.
        framing: of the response being sent, None before its head is out.
        content_sent: bytes of response content so far, chunk framing not counted.
        excess: bytes of response content that the application produced and that were not sent: beyond its
            Content-Length, or where the status allows none.
        idle: nothing has come since the last response, or since the connection began.
    """

    __slots__ = (
        "_buffer",
        "_drained",
        "_empty_lines",
        "_eof",
        "_error",
        "_had_content",
        "_heads",
        "_keeps",
        "_missing",
        "_parser",
        "_persistent",
        "_reader",
        "_scanned",
        "_section_start",
        "_start",
        "_template",
        "_version",
        "content_sent",
        "continue_expected",
        "excess",
        "framing",
        "idle",
        "request",
    )

    def __init__(self, parser: RequestParser, version: tuple[int, int] = (1, 1)) -> None:
        self._parser = parser
        self._version = version
        self._keeps = version >= (1, 1)
        self._heads = parser.heads if self._keeps else {}
        self._buffer = b""
        self._start = 0  # offset in _buffer of the first byte not yet read
        self._eof = False
        self._error: RemoteProtocolError | None = None
        self._persistent = True
        self._reader: ContentReader | None = None  # None before a head, and when the message is complete
        self._drained = -1  # bytes of unread content thrown away; -1 while somebody may still read it
        self._scanned = 0  # bytes from _start in which there is no end of the head
        self._section_start = 0  # bytes from _start to the field section, 0 before the request-line is complete
        self._empty_lines = 0
        self._had_content = False  # the last request; so may the next one
        self._template: Template | None = None  # of the last request's field section, if it is kept but for a secret
        self.request: Request | None = None
        self.idle = True
        self.continue_expected = False
        self.framing: Framing | None = None
        self._missing = 0  # of a response with Content-Length: bytes still to be sent
        self.content_sent = 0
        self.excess = 0

    # Reading

    def receive_data(self, data: bytes) -> None:
        """Take what the client sent; ``b""`` says that it will send no more. Pull events afterwards."""
        self.idle = False
        if not data:
            self._eof = True
        elif self._start == len(self._buffer):
            self._buffer = data
            self._start = 0
        else:
            self._buffer = self._buffer[self._start :] + data
            self._start = 0

    @property
    def content_left(self) -> int:
        """Bytes of content still to be received, where ``receive_content`` may take them; else 0."""
        reader = self._reader
        if type(reader) is not LengthReader or self._start < len(self._buffer) or self._eof:
            return 0
        assert reader.remaining is not None
        return reader.remaining

    def receive_content(self, data: bytes) -> None:
        """``receive_data`` and ``next_event`` in one for content that the caller reads; ``content_left`` at most."""
        reader = self._reader
        assert reader is not None
        assert reader.remaining is not None
        reader.remaining -= len(data)
        self.continue_expected = False

    def receive_again(self, data: bytes) -> Request | None:
        """``receive_data`` and ``next_event`` in one for the usual request: a whole head that was read before.

        If the last one had a cookie, a head that was read before but for target and cookie, rather than that; if it had
        content, a head that was read before and all of its content.

        Returns:
            The request; None leaves everything as it was, and the long way has to be gone.
        """
        if not self.idle:
            return None
        if self._template is not None:
            request: Request | None = self._parser.fill(self._template, data)
        elif self._had_content:
            request = self._receive_with_content(data)
        else:
            request = self._heads.get(data)
        if request is None:
            return None
        self.idle = False
        self.request = request
        self._persistent = request.persistent
        return request

    def _receive_with_content(self, data: bytes) -> Request | None:
        end = data.find(b"\r\n\r\n") + 4
        request = self._parser.content_heads.get(data[:end])
        if request is None or request.length != len(data) - end:
            return None
        self._buffer, self._start = data, end
        self._reader = LengthReader(request.length)
        return request

    def next_event(self) -> Event:
        """The next Request, Data or EndOfMessage; NEED_DATA until more is received; CLOSED at the client's end.

        After EndOfMessage it answers NEED_DATA until ``finish`` was called: requests are answered in order.

        Raises:
            RemoteProtocolError: the client broke a rule. ``can_answer`` tells whether a response would be understood.
        """
        if self._error is not None:
            raise copy(self._error)
        try:
            if self.request is None:
                return self._read_head()
            return self._read_content()
        except RemoteProtocolError as error:
            # A copy has no traceback. One that is kept would tie this connection to its own frames, and with all that
            # the client has sent it would wait for the garbage collector.
            self._error = copy(error)
            self._persistent = False
            raise

    @property
    def can_answer(self) -> bool:
        """Whether a client whose request was refused is waiting for a response: not while its content is drained."""
        return self._drained < 0

    @property
    def error(self) -> RemoteProtocolError | None:
        """The rule that the client broke, if it did; an exception of its own each time, to be raised or not."""
        return None if self._error is None else copy(self._error)

    @property
    def started(self) -> bool:
        """Whether bytes of a request, or of unread content, have arrived and the rest is awaited."""
        return self._start < len(self._buffer) or self._drained >= 0

    @property
    def complete(self) -> bool:
        """Whether all of the current request's content has been read, whether or not EndOfMessage was pulled."""
        return self._reader is None or self._reader.remaining == 0

    def _read_head(self) -> Event:
        if self._drained >= 0 and not self._drain():
            return NEED_DATA
        buffer, start = self._buffer, self._start
        if start == len(buffer):
            return self._wait_for_head()
        if buffer[start] == 0x0D:
            self._skip_empty_lines()
            start = self._start
            if buffer[start : start + 2] in (b"", b"\r"):
                return self._wait_for_head()
        end = buffer.find(b"\r\n\r\n", start + max(self._scanned - 3, 0))
        if end < 0:
            self._check_incomplete_head()
            return self._wait_for_head()
        head = buffer[start : end + 4]
        request = self._parser.heads.get(head) or self._parser.content_heads.get(head)
        if request is None:
            request = self._parser.parse_head(buffer[start:end])
            if request.repeats:
                self._parser.keep_head(head, request)
        self._start = end + 4
        self._begin(request)
        return request

    def _begin(self, request: Request) -> None:
        self._scanned = self._section_start = self._empty_lines = 0
        self.request = request
        self._template = request.fields.template
        self._had_content = request.length != 0
        self._persistent = request.persistent and self._keeps
        self.continue_expected = request.expect_continue
        if request.length is None:
            self._reader = ChunkedReader(self._parser)
        elif request.length:
            self._reader = LengthReader(request.length)

    def _skip_empty_lines(self) -> None:
        while self._buffer.startswith(b"\r\n", self._start):
            self._start += 2
            self._empty_lines += 1
            if self._empty_lines > _EMPTY_LINES:
                raise RemoteProtocolError("empty lines where a request was expected")

    def _wait_for_head(self) -> Event:
        if self._eof:
            if self._start == len(self._buffer):
                return CLOSED
            raise RemoteProtocolError("the request ended before its head was complete")
        return NEED_DATA

    def _check_incomplete_head(self) -> None:
        """Refuse now what more bytes cannot mend; nobody should wait for a head that is wrong already."""
        parser, buffer, start = self._parser, self._buffer, self._start
        if not self._section_start:
            end = buffer.find(b"\r\n", start + max(self._scanned - 1, 0))
            if end < 0:
                parser.check_line(buffer, start, len(buffer), scanned=self._scanned, terminator=1)
            else:
                parser.parse_request_line(buffer[start:end])
                self._section_start = end + 2 - start
        if self._section_start:
            scanned = max(self._scanned - self._section_start, 0)
            parser.check_section(buffer, start + self._section_start, len(buffer), scanned=scanned, terminator=3)
        self._scanned = len(buffer) - start

    def _read_content(self) -> Event:
        reader = self._reader
        if reader is None:
            return NEED_DATA
        event, self._start = reader(self._buffer, self._start)
        if event is None:
            if self._eof:
                raise RemoteProtocolError("the request ended before its content was complete")
            return NEED_DATA
        # RFC 9110 §10.1.1: no 100 is needed once content has arrived.
        self.continue_expected = False
        if isinstance(event, EndOfMessage):
            self._reader = None
        return event

    def whole_content(self) -> bytes | None:
        """All of the request's content, which counts as read; None, and nothing is read, unless it is there already.

        It saves the events where the content has come with the head, and its length was told.
        """
        reader = self._reader
        if type(reader) is not LengthReader:
            return None
        assert reader.remaining is not None
        start = self._start
        end = start + reader.remaining
        if end > len(self._buffer):
            return None
        self._start = end
        self._reader = None
        self.continue_expected = False
        return self._buffer[start:end]

    def _drain(self) -> bool:
        """Throw away content that nobody read; True when it is gone and a request may follow."""
        while True:
            event = self._read_content()
            if isinstance(event, Data):
                self._drained += len(event.data)
                if self._drained > DRAIN_BYTES:
                    raise RemoteProtocolError("too much content follows a request that was answered without it")
            else:
                break
        if self._reader is not None:
            return False
        self._drained = -1
        return True

    # Writing

    def send_continue(self) -> bytes:
        """``100 Continue`` if the client waits for it and still has to be told; otherwise nothing."""
        if not self.continue_expected or self.framing is not None:
            return b""
        self.continue_expected = False
        return CONTINUE

    def send_whole(self, head: ResponseHead, content: bytes, date: bytes, server: bytes) -> bytes:
        """``send_response``, ``send_data``, ``end`` in one, where there is nothing to decide; ``b""`` where there is.

        That is: in answer to a usual request, or to one whose content has been read, content as long as the application
        said, if it said so. A head that is written again for the same second and as much content need not be put
        together again.

        Args:
            content: all of it; if it is empty, there is something to decide.
            date, server: as ``send_response`` takes them.
        """
        request, length, persistent = self.request, len(content), self._persistent
        if request is None or not self._keeps or self.framing is not None:
            return b""
        if not request.usual and not (request.line.usual and self.complete):
            return b""
        # All at once: another thread may be writing another one. Compared one by one, without a tuple to compare with.
        for_date, for_server, for_length, for_persistent, written = head.written
        if length != for_length or date != for_date or server != for_server or persistent is not for_persistent:
            if not length or head.status in _UNUSUAL_STATUS or head.length not in (None, length):
                return b""
            written = response_head(
                head,
                LENGTH,
                length,
                version=b"HTTP/1.1",
                date=date,
                server=server,
                connection=b"" if persistent else b"close",
            )
            head.written = date, server, length, persistent, written
        self.framing = LENGTH
        self._missing = 0
        self.content_sent = length
        return written + content

    def send_response(
        self,
        head: ResponseHead,
        *,
        date: bytes = b"",
        server: bytes = b"",
        length: int | None = None,
        late_fields: bytes = b"",
    ) -> bytes:
        """The response head.

        Args:
            date: IMF-fixdate for a Date field, unless the application has its own.
            server: product tokens for a Server field, likewise.
            length: of the content when the server knows it and the application declared none. Not used with 304,
                where Content-Length is that of the 200 response (RFC 9110 §8.6), which nobody knows here.
            late_fields: field lines, each with its CRLF, that belong to this response alone.
        """
        assert self.request is not None
        line = self.request.line
        if head.length is not None or head.status == 304:
            length = head.length
        if head.status == 204:
            # RFC 9110 §8.6: a server MUST NOT send Content-Length with 204. Frameworks do, with 0; no need to fail.
            length = None
        elif head.status == 205:
            # RFC 9110 §15.3.6: no content, and unlike 204 the framing has to tell so.
            length = 0
        version = min(line.version, self._version)
        self.framing = response_framing(line.method, version, head.status, length)
        self._missing = length or 0 if self.framing is LENGTH else 0
        self._persistent = self._persistent and self._can_persist()
        return response_head(
            head,
            self.framing,
            length,
            version=b"HTTP/1.1" if self._keeps else b"HTTP/1.0",
            date=date,
            server=server,
            connection=self._connection_field(version),
            late_fields=late_fields,
        )

    def _can_persist(self) -> bool:
        # A client that waits for 100 Continue may send its content now, or not: what follows cannot be told apart.
        if self.framing is UNTIL_CLOSE or self.continue_expected:
            return False
        remaining = self._reader.remaining if self._reader is not None else 0
        return remaining is None or remaining <= DRAIN_BYTES

    def _connection_field(self, version: tuple[int, int]) -> bytes:
        if not self._persistent:
            return b"close"
        return b"keep-alive" if version < (1, 1) else b""

    def send_data(self, data: bytes) -> bytes:
        """Content in the response's framing. What goes beyond it is left out and counted in ``excess``."""
        framing = self.framing
        if framing is CHUNKED:
            self.content_sent += len(data)
            return chunk(data) if data else data
        if framing is NO_CONTENT:
            self.excess += len(data)
            return b""
        if framing is LENGTH:
            if len(data) > self._missing:
                self.excess += len(data) - self._missing
                data = data[: self._missing]
            self._missing -= len(data)
        self.content_sent += len(data)
        return data

    def skip_content(self) -> int:
        """Bytes of content that Content-Length still promises; the caller sends them by other means."""
        missing, self._missing = self._missing, 0
        self.content_sent += missing
        return missing

    @property
    def nothing_follows(self) -> bool:
        """Whether every byte of the response has been returned to the caller."""
        framing = self.framing
        return framing is NO_CONTENT or (framing is LENGTH and not self._missing)

    def end(self) -> bytes:
        """The end of the response's content.

        Raises:
            LocalProtocolError: fewer bytes were sent than Content-Length promised. The connection must be closed,
                or the client would take the next response for the rest of this one.
        """
        if self.framing is LENGTH and self._missing:
            self._persistent = False
            raise LocalProtocolError(
                f"the body is {self._missing} bytes shorter than its Content-Length ({self.content_sent} were sent)",
                code="E112",
            )
        return LAST_CHUNK if self.framing is CHUNKED else b""

    def close_after_response(self) -> None:
        """Tell the client, if a head is still to be sent, that this response is the last one."""
        self._persistent = False

    def finish(self) -> Verdict:
        """Settle the connection after a response: KEEP_ALIVE leaves it ready for the next request.

        Call it once for each request; content that nobody read is dropped from then on.
        """
        if not self._persistent:
            return CLOSE
        reader = self._reader
        if reader is not None and reader.remaining == 0:
            reader = self._reader = None
        if self._start == len(self._buffer):
            if self._eof:
                return CLOSE
            self.idle = reader is None
        if reader is not None:
            self._drained = 0
        self.request = None
        self.framing = None
        self.content_sent = self.excess = 0
        return KEEP_ALIVE
