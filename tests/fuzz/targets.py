"""What a fuzzer calls: each takes any bytes, and raises if something is not as it has to be.

Whatever the bytes are, nothing is raised but RemoteProtocolError, nothing is kept beyond the limits, and where they
were cut makes no difference. What is read, h11 and llhttp read too, or a row of the table says why not.
"""

from __future__ import annotations

import random
import re
import zlib
from collections.abc import Callable, Iterator, Sequence

from tests.http11.disagreements import complaints
from tests.http11.reading import read
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
from wsgiserve.http11.content import ChunkedReader

__all__ = ["LONGEST", "TARGETS"]

# Bytes of an input: enough for several requests, and for every limit below to be passed.
LONGEST = 1500

_LIMITS = Limits(request_line=120, field=150, head=300, fields=6, body=400, chunk_extensions=40)

# Up to here an input is also given byte by byte.
_SHORT = 300


def parser(data: bytes) -> None:
    """A head: the same request or the same refusal each time, from memory or anew."""
    if data.partition(b"\r\n")[0] == b"":
        return  # nobody asks for it: the connection skips empty lines
    known = RequestParser(_LIMITS)
    first = _outcome(known, data)
    assert _outcome(known, data) == first
    assert _outcome(RequestParser(_LIMITS), data) == first
    if isinstance(first, Request) and (template := known.parse_head(data).fields.template) is not None:
        filled = known.fill(template, data + b"\r\n\r\n")
        assert filled in (None, first)


def _outcome(parser: RequestParser, head: bytes) -> object:
    try:
        return parser.parse_head(head)
    except RemoteProtocolError as error:
        return error


def chunked(data: bytes) -> None:
    """Chunked content: the same bytes, end, trailers and rest however it is cut."""
    whole = _dechunked([data])
    for pieces in _cuts(data):
        assert _dechunked(pieces) == whole, pieces


def _dechunked(pieces: Sequence[bytes]) -> tuple[bytes, object, bytes]:
    """The content, the end or the refusal, and what is behind the end."""
    reader, buffer, content = ChunkedReader(RequestParser(_LIMITS)), b"", b""
    for number, piece in enumerate(pieces):
        buffer += piece
        try:
            event, start = reader(buffer, 0)
            while isinstance(event, Data):
                assert event.data
                content += event.data
                event, start = reader(buffer, start)
        except RemoteProtocolError as error:
            return content, error, b""
        buffer = buffer[start:]
        assert len(content) <= _LIMITS.body
        if isinstance(event, EndOfMessage):
            return content, event.trailers, buffer + b"".join(pieces[number + 1 :])
        assert len(buffer) <= _LIMITS.head + len(piece) + 4
    return content, None, b""


def connection(data: bytes) -> None:
    """Requests, responses and the next requests: the same events however cut, anew or again, within the limits."""
    whole = read(data, parser=RequestParser(_LIMITS))
    for pieces in _cuts(data):
        assert read(*pieces, parser=RequestParser(_LIMITS)) == whole, pieces
    parser = RequestParser(_LIMITS)
    heads = re.split(rb"(?<=\r\n\r\n)", data)
    for _ in range(3):  # anew, from lines that were kept, from heads that were
        assert read(*filter(None, heads), parser=parser) == whole
    _feed(data)


def _feed(data: bytes) -> None:
    """Byte by byte, as the most patient client would, and watch what is kept."""
    http = Connection(RequestParser(_LIMITS))
    most = _LIMITS.request_line + _LIMITS.head + 8  # and CRLFs; more than trailers or a chunk's first line may have
    for at in range(min(len(data), 4 * most)):
        http.receive_data(data[at : at + 1])
        try:
            while (event := http.next_event()) is not NEED_DATA:
                if event is CLOSED:
                    return
                if http.complete:
                    http.send_response(ResponseHead(200, b"OK", b"", 0))
                    http.end()
                    if http.finish() is CLOSE:
                        return
        except RemoteProtocolError:
            return
        assert len(http._buffer) - http._start <= most, "more is kept than the limits allow"


def differential(data: bytes) -> None:
    """Beside h11 and llhttp."""
    assert (found := complaints(data)) == [], found


def _cuts(data: bytes) -> Iterator[list[bytes]]:
    """Some ways to cut it, the same for the same bytes."""
    choose = random.Random(zlib.crc32(data))
    if len(data) <= _SHORT:
        yield [data[at : at + 1] for at in range(len(data))]
    for count in (1, 2, 5):
        places = sorted({choose.randint(0, len(data)) for _ in range(count)})
        pieces = [data[start:end] for start, end in zip([0, *places], [*places, len(data)], strict=True)]
        yield [piece for piece in pieces if piece]


TARGETS: dict[str, Callable[[bytes], None]] = {
    "parser": parser,
    "chunked": chunked,
    "connection": connection,
    "differential": differential,
}
