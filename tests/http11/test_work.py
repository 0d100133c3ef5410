"""Work grows with the bytes, not with their square: however small the pieces, however many the chunks.

Counted, not timed: ``Counted`` is a buffer that adds up the bytes that are looked at or copied. The one copy that is
left out is appending what arrived to a head that is not complete: memory moves the 64 KiB of a whole head in less time
than the system call took that brought one byte of it.
"""

from __future__ import annotations

from typing import Any, SupportsIndex

import pytest

from wsgiserve.http11 import NEED_DATA, Connection, EndOfMessage, Limits, Request, RequestParser

HOST = b"Host: a.example\r\n"


class Counted(bytes):
    """Bytes that know how many of them were looked at; what is made of them knows it too."""

    work = 0

    def find(self, sub: Any, start: Any = 0, end: Any = None, /) -> int:
        last = len(self) if end is None else min(end, len(self))
        found = super().find(sub, start, last)
        Counted.work += (found if found >= 0 else last) - start
        return found

    def count(self, sub: Any, start: Any = 0, end: Any = None, /) -> int:
        last = len(self) if end is None else min(end, len(self))
        Counted.work += last - start
        return super().count(sub, start, last)

    def __getitem__(self, key: SupportsIndex | slice) -> Any:
        found = super().__getitem__(key)
        if isinstance(found, int):
            return found
        if len(found) < len(self):  # the whole of it is not copied
            Counted.work += len(found)
        return Counted(found)

    def __add__(self, other: Any) -> Counted:
        return Counted(super().__add__(other))


def work_of(pieces: list[bytes]) -> int:
    """Bytes looked at until a connection has read its one request."""
    Counted.work = 0
    http = Connection(RequestParser(Limits()))
    last: object = None
    for piece in pieces:
        http.receive_data(Counted(piece))
        while (event := http.next_event()) is not NEED_DATA:
            last = event
    assert isinstance(last, Request | EndOfMessage)
    assert http.complete
    return Counted.work


def head(size: int) -> bytes:
    return b"GET / HTTP/1.1\r\n" + HOST + b"X-A: 456789012345678901\r\n" * (size // 25) + b"\r\n"


def long_line(size: int) -> bytes:
    return b"GET /" + b"a" * size + b" HTTP/1.1\r\n" + HOST + b"\r\n"


def chunked(body: bytes) -> bytes:
    return b"POST / HTTP/1.1\r\n" + HOST + b"Transfer-Encoding: chunked\r\n\r\n" + body


def trailers(size: int) -> bytes:
    return chunked(b"0\r\n" + b"X-A: 456789012345678901\r\n" * (size // 25) + b"\r\n")


def extension(size: int) -> bytes:
    return chunked(b"1;" + b"a" * size + b"\r\na\r\n0\r\n\r\n")


def tiny_chunks(size: int) -> bytes:
    return chunked(b"1\r\na\r\n" * (size // 6) + b"0\r\n\r\n")


@pytest.mark.parametrize("build", [head, long_line, trailers, extension, tiny_chunks], ids=lambda build: build.__name__)
@pytest.mark.parametrize("piecewise", [False, True], ids=["whole", "byte by byte"])
def test_four_times_the_bytes_are_four_times_the_work(build: Any, piecewise: bool) -> None:
    def work(size: int) -> int:
        data = build(size)
        return work_of([data[at : at + 1] for at in range(len(data))] if piecewise else [data])

    assert work(2400) < 6 * work(600)


def test_many_requests_in_one_buffer_cost_what_they_cost_alone() -> None:
    def work(number: int) -> int:
        Counted.work = 0
        http = Connection(RequestParser(Limits()))
        http.receive_data(Counted((b"\r\n" + head(0)) * number))
        while http.next_event() is not NEED_DATA:
            http.finish()
        return Counted.work

    assert work(400) < 6 * work(100)
