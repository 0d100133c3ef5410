"""When and how often ``start_response`` is called. PEP 3333, "The start_response() Callable", "Error Handling"."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from wsgiref.types import StartResponse, WSGIEnvironment

__all__ = [
    "after_first_block",
    "at_first_block",
    "exc_info_after_output",
    "exc_info_after_write",
    "exc_info_before_output",
    "never",
    "twice",
    "twice_after_output",
]

TEXT = [("Content-Type", "text/plain; charset=utf-8")]


def at_first_block(environ: WSGIEnvironment, start_response: StartResponse) -> Iterator[bytes]:
    """Called when the first block is asked for: it "may be performed by the iterable's first iteration"."""
    start_response("201 Created", [*TEXT, ("X-Started", "late")])
    yield b"started late\n"


def after_first_block(environ: WSGIEnvironment, start_response: StartResponse) -> Iterator[bytes]:
    """Called after the first block: too late, it must come "before the iterable yields its first body bytestring"."""
    yield b"too early\n"
    start_response("200 OK", TEXT)


def never(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
    """Never called: there is no status, so there can be no response but an error."""
    return [b"no status\n"]


def twice(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
    """Called twice without ``exc_info``: "a fatal error"."""
    start_response("200 OK", TEXT)
    start_response("202 Accepted", TEXT)
    return [b"twice\n"]


def twice_after_output(environ: WSGIEnvironment, start_response: StartResponse) -> Iterator[bytes]:
    """Called again without ``exc_info`` when output is on its way: a fatal error too."""
    start_response("200 OK", TEXT)
    yield b"first\n"
    start_response("202 Accepted", TEXT)
    yield b"second\n"


def exc_info_before_output(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
    """Called again with ``exc_info`` before any output: the new status and headers replace the old ones."""
    try:
        start_response("200 OK", [*TEXT, ("X-First", "1")])
        raise KeyError("found before output")
    except KeyError:
        start_response("503 Service Unavailable", [*TEXT, ("X-Second", "2")], sys.exc_info())
        return [b"replaced\n"]


def exc_info_after_output(environ: WSGIEnvironment, start_response: StartResponse) -> Iterator[bytes]:
    """Called with ``exc_info`` when output is out: the exception is raised again, and the response breaks off."""
    start_response("200 OK", TEXT)
    yield b"before the error\n"
    try:
        raise KeyError("found after output")
    except KeyError:
        start_response("500 Internal Server Error", TEXT, sys.exc_info())
    yield b"never sent\n"


def exc_info_after_write(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
    """The same after ``write()``, which is output as well."""
    write = start_response("200 OK", TEXT)
    write(b"before the error\n")
    try:
        raise KeyError("found after write")
    except KeyError:
        start_response("500 Internal Server Error", TEXT, sys.exc_info())
    return [b"never sent\n"]
