"""A client's reader of responses, as strict as RFC 9112 allows; it shares nothing with the server's parser."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple

__all__ = ["BrokenResponseError", "CutShortError", "Echo", "Response", "read_response"]

Receive = Callable[[], bytes]
"""The next bytes; none at the end of the connection."""

_STATUS_LINE = re.compile(rb"(HTTP/1\.[01]) ([1-9][0-9]{2})(?: ([\t \x21-\x7e\x80-\xff]*))?")
_FIELD_LINE = re.compile(
    rb"([!#$%&'*+.^_`|~0-9A-Za-z-]+):[ \t]*((?:[\x21-\xff](?:[\t \x21-\xff]*[\x21-\xff])?)?)[ \t]*"
)
_CHUNK_SIZE = re.compile(rb"([0-9A-Fa-f]{1,16})(?:;[\t \x21-\x7e]*)?")


class Echo(NamedTuple):
    """What the probe says it was given.

    Attributes:
        type: name of the class of environ.
        environ: values that are no strings by their repr.
        types: names of the classes of its values.
        content: its bytes as characters of Latin-1.
    """

    type: str
    environ: dict[str, str]
    types: dict[str, str]
    content: str


class BrokenResponseError(Exception):
    """What the server sent is no response."""


class CutShortError(BrokenResponseError):
    """The connection ended before the response did."""


@dataclass(frozen=True)
class Response:
    """One response, as it stood on the wire."""

    version: str
    status: int
    reason: str
    fields: tuple[tuple[str, str], ...]
    body: bytes = b""
    framing: str = "none"
    """``none``, ``length``, ``chunked`` or ``close``."""

    def values(self, name: str) -> list[str]:
        """Of all field lines of a name in lower case."""
        return [value for key, value in self.fields if key.lower() == name]

    def list_of(self, name: str) -> set[str]:
        """The members of a field that is a list, in lower case."""
        return {member.strip().lower() for value in self.values(name) for member in value.split(",")}

    @property
    def persists(self) -> bool:
        """Whether another response may follow on this connection (RFC 9112 §9.3)."""
        options = self.list_of("connection")
        if "close" in options or self.framing == "close":
            return False
        return self.version == "HTTP/1.1" or "keep-alive" in options

    def json(self) -> Any:
        """Of the body."""
        try:
            return json.loads(self.body)
        except ValueError:
            raise BrokenResponseError(f"the body is not JSON: {self.body[:200]!r}") from None

    def echo(self) -> Echo:
        """What the probe was given; an error if it is not the probe's answer."""
        told = self.json()
        if self.status != 200 or not isinstance(told, dict) or told.keys() != set(Echo._fields):
            raise BrokenResponseError(f"not what the probe says, but {self.status} {self.body[:80]!r}")
        return Echo(**told)


class _Reader:
    def __init__(self, buffer: bytearray, receive: Receive) -> None:
        self._buffer = buffer
        self._receive = receive

    def _more(self, wanted: str) -> None:
        data = self._receive()
        if not data:
            raise CutShortError(f"the connection ended in the middle of {wanted}")
        self._buffer += data

    def line(self, wanted: str) -> bytes:
        while b"\r\n" not in self._buffer:
            self._more(wanted)
        line, _, rest = self._buffer.partition(b"\r\n")
        self._buffer[:] = rest
        return bytes(line)

    def exactly(self, count: int) -> bytes:
        while len(self._buffer) < count:
            self._more("the content")
        data = bytes(self._buffer[:count])
        del self._buffer[:count]
        return data

    def rest(self) -> bytes:
        while data := self._receive():
            self._buffer += data
        data = bytes(self._buffer)
        self._buffer.clear()
        return data

    def field_lines(self, wanted: str) -> list[tuple[str, str]]:
        fields = []
        while line := self.line(wanted):
            match = _FIELD_LINE.fullmatch(line)
            if not match:
                raise BrokenResponseError(f"not a field line: {line!r}")
            fields.append((match[1].decode("latin-1"), match[2].decode("latin-1")))
        return fields

    def chunks(self) -> bytes:
        content = b""
        while True:
            line = self.line("a chunk's size")
            match = _CHUNK_SIZE.fullmatch(line)
            if not match:
                raise BrokenResponseError(f"not a chunk's size: {line!r}")
            size = int(match[1], 16)
            if not size:
                break
            content += self.exactly(size)
            if self.exactly(2) != b"\r\n":
                raise BrokenResponseError("no CRLF behind a chunk")
        self.field_lines("the trailer section")
        return content


def read_response(buffer: bytearray, receive: Receive, method: str) -> Response:
    """Read one response, interim ones too.

    Args:
        buffer: bytes that were received before; those behind the response are left in it.
        method: of the request that it answers.

    Raises:
        BrokenResponseError: it is none.
    """
    reader = _Reader(buffer, receive)
    start = reader.line("the status line")
    match = _STATUS_LINE.fullmatch(start)
    if not match:
        raise BrokenResponseError(f"not a status line: {start!r}")
    version, reason = match[1].decode(), (match[3] or b"").decode("latin-1")
    head = Response(version, int(match[2]), reason, tuple(reader.field_lines("the head")))
    framing = _framing(head, method)
    body = {
        "none": lambda: b"",
        "length": lambda: reader.exactly(int(head.values("content-length")[0])),
        "chunked": reader.chunks,
        "close": reader.rest,
    }[framing]()
    return Response(head.version, head.status, head.reason, head.fields, body, framing)


def _framing(head: Response, method: str) -> str:
    """RFC 9112 §6.3."""
    if len(set(head.values("content-length"))) > 1 or any(
        not value.isdecimal() for value in head.values("content-length")
    ):
        raise BrokenResponseError(f"not a length: {head.values('content-length')}")
    if method == "HEAD" or head.status < 200 or head.status in (204, 304):
        return "none"
    if head.values("transfer-encoding"):
        if head.values("content-length"):
            raise BrokenResponseError("Transfer-Encoding and Content-Length in one response")
        return "chunked" if head.list_of("transfer-encoding") == {"chunked"} else "close"
    return "length" if head.values("content-length") else "close"
