"""``close()``: to be called whether the request "was completed normally, or terminated early".

PEP 3333, "Specification Details". ``count`` tells how often it was called in this server since it started.
"""

from __future__ import annotations

import mmap
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from wsgiref.types import StartResponse, WSGIEnvironment

__all__ = ["count", "counted", "counted_endless", "counted_error"]

TEXT = [("Content-Type", "text/plain; charset=utf-8")]

# Memory that forked children share with their parent, so the count is right for every kind of server.
CALLS = mmap.mmap(-1, 8)


class Counted:
    """A body that counts its ``close()`` calls."""

    def __init__(self, blocks: Iterator[bytes]) -> None:
        self.blocks = blocks

    def __iter__(self) -> Iterator[bytes]:
        return self.blocks

    def close(self) -> None:
        CALLS[:8] = (calls() + 1).to_bytes(8, "little")


def calls() -> int:
    """How often ``close()`` was called."""
    return int.from_bytes(CALLS[:8], "little")


def count(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
    """The number of ``close()`` calls, as text."""
    start_response("200 OK", TEXT)
    return [b"%d\n" % calls()]


def counted(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
    """A whole response: ``close()`` once, after its last block; on HEAD too."""
    start_response("200 OK", [*TEXT, ("Content-Length", "7")])
    return Counted(iter([b"counted"]))


def counted_error(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
    """A body that raises: ``close()`` once all the same."""

    def blocks() -> Iterator[bytes]:
        yield b"first\n"
        raise ValueError("raised while output")

    start_response("200 OK", TEXT)
    return Counted(blocks())


def counted_endless(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
    """A body without an end: ``close()`` once, when the client has gone."""

    def blocks() -> Iterator[bytes]:
        while True:
            yield b"x" * 65536

    start_response("200 OK", TEXT)
    return Counted(blocks())
