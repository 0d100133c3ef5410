"""Exceptions from the application. PEP 3333, "Error Handling": the server logs them and keeps serving."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from wsgiref.types import StartResponse, WSGIEnvironment

__all__ = [
    "in_close",
    "raises_after_output",
    "raises_at_once",
    "raises_before_output",
    "raises_first_block",
    "raises_while_output",
    "raises_with_length",
    "system_exit",
]

TEXT = [("Content-Type", "text/plain; charset=utf-8")]


def raises_at_once(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
    """Raises before ``start_response``: a 500 from the server."""
    raise ValueError("raised at once")


def raises_before_output(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
    """Raises after ``start_response``, before output: nothing is sent yet, so the status can still be 500."""
    start_response("200 OK", TEXT)
    raise ValueError("raised before output")


def raises_first_block(environ: WSGIEnvironment, start_response: StartResponse) -> Iterator[bytes]:
    """A generator that raises before its first block: still before output."""
    start_response("200 OK", TEXT)
    if environ["REQUEST_METHOD"]:
        raise ValueError("raised for the first block")
    yield b"never sent\n"


def raises_while_output(environ: WSGIEnvironment, start_response: StartResponse) -> Iterator[bytes]:
    """Raises between two blocks: the client must be able to see that the body is not whole."""
    start_response("200 OK", TEXT)
    yield b"first\n"
    raise ValueError("raised while output")


def raises_with_length(environ: WSGIEnvironment, start_response: StartResponse) -> Iterator[bytes]:
    """The same where a length was declared: the connection must close before that many bytes."""
    start_response("200 OK", [*TEXT, ("Content-Length", "12")])
    yield b"first\n"
    raise ValueError("raised while output")


def raises_after_output(environ: WSGIEnvironment, start_response: StartResponse) -> Iterator[bytes]:
    """Raises when the declared length has been sent: the client has its whole response."""
    start_response("200 OK", [*TEXT, ("Content-Length", "6")])
    yield b"whole\n"
    raise ValueError("raised after output")


def in_close(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
    """``close()`` itself raises: to be logged; the response was whole."""

    class Body:
        def __iter__(self) -> Iterator[bytes]:
            yield b"whole\n"

        def close(self) -> None:
            raise ValueError("raised in close")

    start_response("200 OK", [*TEXT, ("Content-Length", "6")])
    return Body()


def system_exit(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
    """Raises SystemExit: an application may not end the server."""
    sys.exit(7)
