"""Request content: readers that find Data and EndOfMessage in a connection's buffer.

Floor 1. A reader is called with the buffer and an offset and returns the event with the offset behind it, or None
when it needs more bytes. It moves an offset rather than cutting the buffer: many tiny chunks in one large buffer
would otherwise cost a copy of the rest for each. Whatever way the bytes were cut, the same content comes out.
Source: RFC 9112 §6 (Content-Length), §7.1 (chunked), §7.1.1 (extensions), §7.1.2 (trailers).
"""

from __future__ import annotations

from typing import Protocol

from wsgiserve.errors import RemoteProtocolError
from wsgiserve.http11.events import Data, EndOfMessage
from wsgiserve.http11.grammar import CHUNK_LINE
from wsgiserve.http11.parser import RequestParser

__all__ = ["ChunkedReader", "ContentReader", "LengthReader"]

_CHUNK_SIZE_DIGITS = 16

Read = tuple[Data | EndOfMessage | None, int]


class ContentReader(Protocol):
    """Reads one message's content out of a connection's buffer."""

    remaining: int | None
    """Bytes of content still to come; None when only the end will tell."""

    def __call__(self, buffer: bytes, start: int) -> Read:
        """Find the next event at ``start``; None when its bytes have not all arrived."""


class LengthReader:
    """Content of a length known from the start."""

    __slots__ = ("remaining",)

    def __init__(self, length: int) -> None:
        self.remaining: int | None = length

    def __call__(self, buffer: bytes, start: int) -> Read:
        """All that has arrived, as one Data; not copied when the whole buffer is content."""
        assert self.remaining is not None
        if self.remaining == 0:
            return EndOfMessage(), start
        data = buffer[start : start + self.remaining]
        if not data:
            return None, start
        self.remaining -= len(data)
        return Data(data), start + len(data)


class ChunkedReader:
    """Chunked content, with extensions (validated, then ignored) and trailers."""

    __slots__ = ("_extensions", "_missing", "_parser", "_received", "_scanned", "_step", "remaining")

    def __init__(self, parser: RequestParser) -> None:
        self.remaining: int | None = None
        self._parser = parser
        self._step = self._read_size
        self._missing = 0  # bytes of the current chunk still to come
        self._received = 0  # bytes of content announced so far
        self._extensions = 0  # bytes of chunk extensions so far
        self._scanned = 0  # bytes of a chunk's first line, or of the trailers, in which an earlier call found no end

    def __call__(self, buffer: bytes, start: int) -> Read:
        """Go on where the last call stopped, until there is an event or nothing more can be read."""
        event: Data | EndOfMessage | None = None
        before = -1
        while event is None and before != start < len(buffer):
            before = start
            event, start = self._step(buffer, start)
        return event, start

    def _read_size(self, buffer: bytes, start: int) -> Read:
        limit = self._parser.limits.chunk_extensions
        longest = start + _CHUNK_SIZE_DIGITS + limit - self._extensions
        line_feed = buffer.find(b"\n", start + self._scanned, longest + 2)
        if line_feed < 0:
            if len(buffer) >= longest + 2:
                raise RemoteProtocolError("the chunk extensions are too long")
            self._scanned = len(buffer) - start
            return None, start
        self._scanned = 0
        size, extensions = _parse_chunk_line(buffer[start:line_feed])
        self._extensions += extensions
        if self._extensions > limit:
            raise RemoteProtocolError("the chunk extensions are too long")
        self._begin_chunk(size)
        return None, line_feed + 1

    def _begin_chunk(self, size: int) -> None:
        self._received += size
        if self._received > self._parser.limits.body:
            raise RemoteProtocolError("the content is longer than this server takes", status=413)
        self._missing = size
        self._step = self._read_data if size else self._read_trailers

    def _read_data(self, buffer: bytes, start: int) -> Read:
        data = buffer[start : start + self._missing]
        self._missing -= len(data)
        if not self._missing:
            self._step = self._read_data_end
        return Data(data), start + len(data)

    def _read_data_end(self, buffer: bytes, start: int) -> Read:
        arrived = buffer[start : start + 2]
        if not b"\r\n".startswith(arrived):
            raise RemoteProtocolError("a chunk is not followed by CRLF")
        if len(arrived) < 2:
            return None, start
        self._step = self._read_size
        return None, start + 2

    def _read_trailers(self, buffer: bytes, start: int) -> Read:
        if buffer.startswith(b"\r\n", start):
            return EndOfMessage(), start + 2
        end = buffer.find(b"\r\n\r\n", start + max(self._scanned - 3, 0))
        if end < 0:
            self._parser.check_section(buffer, start, len(buffer), scanned=self._scanned, terminator=3)
            self._scanned = len(buffer) - start
            return None, start
        self._parser.check_section(buffer, start, end)
        return EndOfMessage(tuple(self._parser.parse_fields(buffer[start:end]))), end + 4


def _parse_chunk_line(line: bytes) -> tuple[int, int]:
    """Size of a chunk and bytes of its extensions, from its first line up to the CR."""
    if not line.endswith(b"\r"):
        raise RemoteProtocolError("a line ends with LF instead of CRLF")
    match = CHUNK_LINE.fullmatch(line, 0, len(line) - 1)
    if match is None:
        raise RemoteProtocolError("an invalid chunk size or chunk extension")
    return int(match[1], 16), len(match[2])
