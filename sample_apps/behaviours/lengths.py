"""Bodies that are not as long as their Content-Length says. PEP 3333, "Handling the Content-Length Header"."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from wsgiref.types import StartResponse, WSGIEnvironment

__all__ = [
    "empty_but_claimed",
    "no_number",
    "too_long",
    "too_long_generator",
    "too_long_write",
    "too_short",
    "too_short_generator",
    "twice",
    "zero",
]

TEXT = [("Content-Type", "text/plain; charset=utf-8")]


def too_short(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
    """Declares 10 bytes and returns 6: the connection must close, or the next response would be taken for the rest."""
    start_response("200 OK", [*TEXT, ("Content-Length", "10")])
    return [b"short\n"]


def too_short_generator(environ: WSGIEnvironment, start_response: StartResponse) -> Iterator[bytes]:
    """Declares 20 bytes and yields 12."""
    start_response("200 OK", [*TEXT, ("Content-Length", "20")])
    yield b"short\n"
    yield b"short\n"


def empty_but_claimed(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
    """Declares 5 bytes and returns none."""
    start_response("200 OK", [*TEXT, ("Content-Length", "5")])
    return []


def too_long(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
    """Declares 5 bytes and returns 13: the server "should not transmit more bytes"; the client would see junk."""
    start_response("200 OK", [*TEXT, ("Content-Length", "5")])
    return [b"rightthe rest"]


def too_long_generator(environ: WSGIEnvironment, start_response: StartResponse) -> Iterator[bytes]:
    """Declares 5 bytes and yields them in one block, then more."""
    start_response("200 OK", [*TEXT, ("Content-Length", "5")])
    yield b"right"
    yield b"the rest"


def too_long_write(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
    """Declares 5 bytes and writes more by ``write()``."""
    write = start_response("200 OK", [*TEXT, ("Content-Length", "5")])
    write(b"rig")
    write(b"htthe rest")
    return []


def zero(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
    """Declares 0 bytes and returns none: whole and right."""
    start_response("200 OK", [*TEXT, ("Content-Length", "0")])
    return []


def no_number(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
    """Declares a length that is no number (RFC 9110, section 8.6)."""
    start_response("200 OK", [*TEXT, ("Content-Length", "many")])
    return [b"text\n"]


def twice(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
    """Declares two different lengths (RFC 9112, section 6.3, rule 5: the client may not believe either)."""
    start_response("200 OK", [*TEXT, ("Content-Length", "5"), ("Content-Length", "4")])
    return [b"text\n"]
