"""Bodies where HTTP allows none: HEAD, 204, 205, 304. RFC 9110, sections 9.3.2, 15.3.5, 15.3.6 and 15.4.5.

PEP 3333, "The start_response() Callable", makes the server responsible for what the client gets.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from wsgiref.types import StartResponse, WSGIEnvironment

__all__ = [
    "always_a_body",
    "no_content",
    "no_content_empty",
    "not_modified",
    "not_modified_with_length",
    "reset_content",
]

TEXT = [("Content-Type", "text/plain; charset=utf-8")]


def always_a_body(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
    """Answers HEAD as it answers GET, with a body: the server must not send it."""
    start_response("200 OK", [*TEXT, ("Content-Length", "5")])
    return [b"body\n"]


def no_content(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
    """204 with a body: the server must not send it."""
    start_response("204 No Content", [])
    return [b"a body that must not be\n"]


def no_content_empty(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
    """204 as it should be; no Content-Length may be added (RFC 9110, section 8.6)."""
    start_response("204 No Content", [])
    return []


def reset_content(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
    """205 with a body: the server must not send it, and has to say that there is none."""
    start_response("205 Reset Content", TEXT)
    return [b"a body that must not be\n"]


def not_modified(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
    """304 with a body: the server must not send it."""
    start_response("304 Not Modified", [("ETag", '"1"')])
    return [b"a body that must not be\n"]


def not_modified_with_length(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
    """304 with the length that a 200 would have: allowed, and no body follows."""
    start_response("304 Not Modified", [("ETag", '"1"'), ("Content-Length", "5")])
    return []
