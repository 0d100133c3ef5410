"""The client's reader takes what RFC 9112 allows, and nothing else."""

from __future__ import annotations

import pytest

from wsgiserve.conform.responses import BrokenResponseError, CutShortError, Response, read_response


def read(data: bytes, method: str = "GET", size: int = 65536) -> tuple[Response, bytes]:
    """The response, and what is left."""
    pieces = [data[at : at + size] for at in range(0, len(data), size)]
    buffer = bytearray()
    response = read_response(buffer, lambda: pieces.pop(0) if pieces else b"", method)
    return response, bytes(buffer) + b"".join(pieces)


@pytest.mark.parametrize("size", [1, 7, 65536])
@pytest.mark.parametrize(
    ("data", "method", "framing", "body", "left"),
    [
        (b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabcX", "GET", "length", b"abc", b"X"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nX", "HEAD", "none", b"", b"X"),
        (b"HTTP/1.1 204 No Content\r\n\r\nX", "GET", "none", b"", b"X"),
        (b"HTTP/1.1 304 Not Modified\r\nContent-Length: 3\r\n\r\nX", "GET", "none", b"", b"X"),
        (b"HTTP/1.1 100 Continue\r\n\r\nX", "POST", "none", b"", b"X"),
        (b"HTTP/1.1 200 OK\r\n\r\nabc", "GET", "close", b"abc", b""),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\nabc", "GET", "close", b"abc", b""),
        (
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2;a=b\r\nab\r\n1\r\nc\r\n0\r\nX: 1\r\n\r\nX",
            "GET",
            "chunked",
            b"abc",
            b"X",
        ),
    ],
)
def test_content_is_framed(data: bytes, method: str, framing: str, body: bytes, left: bytes, size: int) -> None:
    response, rest = read(data, method, size)
    assert (response.framing, response.body, rest) == (framing, body, left)


@pytest.mark.parametrize(
    "data",
    [
        b"200 OK\r\n\r\n",
        b"HTTP/2.0 200 OK\r\n\r\n",
        b"HTTP/1.1 20 OK\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nX-A : 1\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nX-A: a\rb\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nX-A: a\0b\r\n\r\n",
        b"HTTP/1.1 200 OK\r\n folded\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab",
        b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0x1\r\na\r\n0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nab\r\n0\r\n\r\n",
    ],
)
def test_what_is_no_response(data: bytes) -> None:
    with pytest.raises(BrokenResponseError):
        read(data)


@pytest.mark.parametrize(
    "data",
    [
        b"HTTP/1.1 200",
        b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nab",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n",
    ],
)
def test_half_a_response(data: bytes) -> None:
    with pytest.raises(CutShortError, match="ended in the middle"):
        read(data)


@pytest.mark.parametrize(
    ("version", "fields", "persists"),
    [
        ("1.1", b"", True),
        ("1.1", b"Connection: close\r\n", False),
        ("1.1", b"Connection: x, Close\r\n", False),
        ("1.0", b"", False),
        ("1.0", b"Connection: keep-alive\r\n", True),
    ],
)
def test_whether_the_connection_goes_on(version: str, fields: bytes, persists: bool) -> None:
    response, _ = read(b"HTTP/%s 200 OK\r\nContent-Length: 0\r\n%s\r\n" % (version.encode(), fields))
    assert response.persists is persists


@pytest.mark.parametrize("body", [b"no JSON", b"[]", b'{"environ": {}}'])
def test_what_the_probe_never_says(body: bytes) -> None:
    response, _ = read(b"HTTP/1.1 200 OK\r\n\r\n" + body)
    with pytest.raises(BrokenResponseError):
        response.echo()
