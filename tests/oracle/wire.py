"""Raw bytes to a server, and its answers read the way RFC 9112 section 6.3 tells a client to.

The reader is the test suite's own and knows nothing of wsgiserve. It reads until the server closes, so a request sent
through it should ask for that; what follows a whole last response is kept as ``junk``.
"""

from __future__ import annotations

import re
import socket
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass

__all__ = ["Response", "exchange", "framing_of"]

ANSWER_SECONDS = 10.0
STATUS_LINE = re.compile(r"(HTTP/\d\.\d) (\d{3}) ?([^\r\n]*)")


@dataclass(frozen=True)
class Response:
    """One response, as it stood on the wire."""

    version: str
    status: int
    reason: str
    headers: tuple[tuple[str, str], ...]
    body: bytes
    framing: str
    """``none``, ``length``, ``chunked`` or ``close``."""
    whole: bool
    """Whether the connection ended no sooner than the framing promised."""

    def values(self, name: str) -> list[str]:
        """Of a header, in order."""
        return [value for key, value in self.headers if key.lower() == name]


class EndedError(Exception):
    """The server closed; ``rest`` is what it had sent of what was expected."""

    def __init__(self, rest: bytes) -> None:
        super().__init__("the server closed")
        self.rest = rest


class Reader:
    """A socket's bytes, by line or by count."""

    def __init__(self, connection: socket.socket) -> None:
        self.connection = connection
        self.buffer = b""

    def more(self) -> None:
        """Receive once; a reset counts as the end."""
        try:
            data = self.connection.recv(65536)
        except ConnectionError:
            data = b""
        if not data:
            rest, self.buffer = self.buffer, b""
            raise EndedError(rest)
        self.buffer += data

    def until(self, mark: bytes) -> bytes:
        """Up to and with ``mark``."""
        while mark not in self.buffer:
            self.more()
        found, _, self.buffer = self.buffer.partition(mark)
        return found + mark

    def exactly(self, count: int) -> bytes:
        """``count`` bytes."""
        while len(self.buffer) < count:
            self.more()
        data, self.buffer = self.buffer[:count], self.buffer[count:]
        return data

    def rest(self) -> bytes:
        """All until the server closes."""
        try:
            while True:
                self.more()
        except EndedError as ended:
            return ended.rest


def exchange(
    connection: socket.socket, parts: Sequence[bytes], methods: Sequence[str], *, half_close: bool = False
) -> tuple[list[Response], bytes]:
    """Send ``parts``, read the answers and what junk follows them, until the server closes.

    Args:
        parts: pieces of one request or of several. Before each but the first a response is awaited, such as 100
            Continue; when it is a final one the rest is not sent.
        methods: of the requests in ``parts``; a response to HEAD has no body, whatever its headers say.
        half_close: shut down our side after the last part.
    """
    connection.settimeout(ANSWER_SECONDS)
    reader = Reader(connection)
    waiting = list(methods)
    responses: list[Response] = []
    with connection:
        for number, part in enumerate(parts):
            if number and (not read_one(reader, waiting, responses) or responses[-1].status >= 200):
                break
            with suppress(ConnectionError):  # it may refuse before it has all; what it says is still to be read
                connection.sendall(part)
        if half_close:
            connection.shutdown(socket.SHUT_WR)
        while read_one(reader, waiting, responses):
            pass
        return responses, reader.rest()


def read_one(reader: Reader, waiting: list[str], responses: list[Response]) -> bool:
    """Read the next response into ``responses``; False when there is none, or none can follow."""
    if not waiting or (responses and not responses[-1].whole):
        return False
    try:
        head = reader.until(b"\r\n\r\n")
    except EndedError as ended:
        reader.buffer = ended.rest
        return False
    if not STATUS_LINE.match(head.decode("latin-1")):
        reader.buffer = head + reader.buffer
        return False
    response = read_response(reader, head, waiting[0])
    responses.append(response)
    if response.status >= 200:
        waiting.pop(0)
    return True


def read_response(reader: Reader, head: bytes, method: str) -> Response:
    """The rest of a response whose head is read."""
    start, *lines = head[:-4].decode("latin-1").split("\r\n")
    match = STATUS_LINE.fullmatch(start)
    assert match is not None
    pairs = [line.partition(":") for line in lines]
    headers = tuple((name, value.strip(" \t")) for name, _, value in pairs)
    status = int(match[2])
    known = {name.lower(): value for name, value in headers}
    framing = framing_of(method, status, known)
    body, whole = read_body(reader, framing, known)
    return Response(match[1], status, match[3], headers, body, framing, whole)


def framing_of(method: str, status: int, headers: dict[str, str]) -> str:
    """RFC 9112 section 6.3, the client's side."""
    if method == "HEAD" or status < 200 or status in {204, 304}:
        return "none"
    if headers.get("transfer-encoding", "").lower() == "chunked":
        return "chunked"
    return "length" if headers.get("content-length", "").isdigit() else "close"


def read_body(reader: Reader, framing: str, headers: dict[str, str]) -> tuple[bytes, bool]:
    """The content, and whether all of it came."""
    if framing == "none":
        return b"", True
    if framing == "close":
        return reader.rest(), True
    body = b""
    try:
        if framing == "length":
            return reader.exactly(int(headers["content-length"])), True
        while size := int(reader.until(b"\r\n").split(b";")[0], 16):
            body += reader.exactly(size)
            reader.exactly(2)
        while reader.until(b"\r\n") != b"\r\n":
            pass
        return body, True
    except EndedError as ended:
        return body + ended.rest, False
