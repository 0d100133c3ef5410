"""The default limits, each at its last allowed byte and one beyond."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.http11.reading import read
from wsgiserve.http11 import Limits

HOST = b"Host: a.example\r\n"


def request_line(size: int) -> bytes:
    return b"GET /" + b"a" * (size - len("GET / HTTP/1.1")) + b" HTTP/1.1\r\n" + HOST + b"\r\n"


def field(size: int) -> bytes:
    return b"GET / HTTP/1.1\r\n" + HOST + b"X: " + b"a" * (size - len("X: ")) + b"\r\n\r\n"


def head(size: int) -> bytes:
    lines = (HOST + b"X: " + b"a" * 997 + b"\r\n") + (b"X: " + b"a" * 997 + b"\r\n") * 70
    return b"GET / HTTP/1.1\r\n" + lines[: size - 3] + b"aaa\r\n\r\n"


def fields(number: int) -> bytes:
    return b"GET / HTTP/1.1\r\n" + HOST + b"X: a\r\n" * (number - 1) + b"\r\n"


def content_length(size: int) -> bytes:
    return b"POST / HTTP/1.1\r\n" + HOST + b"Content-Length: %d\r\n\r\n" % size


def chunked(body: bytes) -> bytes:
    return b"POST / HTTP/1.1\r\n" + HOST + b"Transfer-Encoding: chunked\r\n\r\n" + body


def chunk(size: int) -> bytes:
    return chunked(b"%x\r\n" % size)


def chunk_extension(size: int) -> bytes:
    return chunked(b"1;" + b"a" * (size - 1) + b"\r\na\r\n0\r\n\r\n")


def trailers(size: int) -> bytes:
    return chunked(
        b"0\r\n" + (b"X: " + b"a" * 997 + b"\r\n") * 65 + b"X: " + b"a" * (size - 65 * 1002 - 3) + b"\r\n\r\n"
    )


@pytest.mark.parametrize(
    ("build", "limit", "status"),
    [
        (request_line, 8190, 414),
        (field, 8190, 431),
        (head, 65_536, 431),
        (fields, 100, 431),
        (content_length, 1 << 30, 413),
        (chunk, 1 << 30, 413),
        (chunk_extension, 16_384, 400),
        (trailers, 65_536, 431),
    ],
)
def test_a_limit_is_the_most_that_is_taken(build: Callable[[int], bytes], limit: int, status: int) -> None:
    errors = [[line for line in read(build(size), eof=False) if "error" in line] for size in (limit, limit + 1)]
    assert errors[0] == []
    assert errors[1][0].startswith(f"error {status} ")


def test_limits_do_not_change() -> None:
    with pytest.raises(AttributeError):
        Limits().body = 1  # type: ignore[misc]
