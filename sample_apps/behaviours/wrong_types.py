"""Objects of the wrong type. PEP 3333, "A Note On String Types": headers are ``str``, bodies are ``bytes``."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from wsgiref.types import StartResponse, WSGIEnvironment

__all__ = [
    "bytes_body",
    "bytes_status",
    "headers_not_a_list",
    "none_body",
    "number_value",
    "str_block",
    "str_block_later",
    "str_body",
    "str_write",
]

TEXT = [("Content-Type", "text/plain; charset=utf-8")]


def wrong(value: object) -> Any:
    """The value without its type, so that the type checker lets it pass."""
    return value


def str_block(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
    """A list of ``str``: blocks must be bytes."""
    start_response("200 OK", TEXT)
    return [wrong("text\n")]


def str_block_later(environ: WSGIEnvironment, start_response: StartResponse) -> Iterator[bytes]:
    """A ``str`` after a right block: the head is out already."""
    start_response("200 OK", TEXT)
    yield b"bytes\n"
    yield wrong("text\n")


def str_body(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
    """A bare ``str``: an iterable of one-character strings."""
    start_response("200 OK", TEXT)
    body: Iterable[bytes] = wrong("text\n")
    return body


def bytes_body(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
    """Bare ``bytes``: an iterable of numbers."""
    start_response("200 OK", TEXT)
    body: Iterable[bytes] = wrong(b"text\n")
    return body


def none_body(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
    """None, as from a function that forgot its ``return``."""
    start_response("200 OK", TEXT)
    body: Iterable[bytes] = wrong(None)
    return body


def str_write(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
    """A ``str`` given to ``write()``."""
    write = start_response("200 OK", TEXT)
    write(wrong("text\n"))
    return []


def bytes_status(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
    """A status of bytes: it must be a native string."""
    start_response(wrong(b"200 OK"), TEXT)
    return [b"text\n"]


def number_value(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
    """A number as a header's value: it must be a native string."""
    start_response("200 OK", [*TEXT, ("Content-Length", wrong(5))])
    return [b"text\n"]


def headers_not_a_list(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
    """A dict of headers: "It must be a Python list"."""
    start_response("200 OK", wrong({"Content-Type": "text/plain"}))
    return [b"text\n"]
