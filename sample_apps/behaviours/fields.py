"""Statuses and headers as applications should not send them. PEP 3333, "The start_response() Callable"."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from wsgiref.types import StartResponse, WSGIEnvironment

__all__ = [
    "control_in_value",
    "cookies",
    "hop_by_hop",
    "huge",
    "injection_in_name",
    "injection_in_status",
    "injection_in_value",
    "latin1_value",
    "leading_space_value",
    "many",
    "own_chunked",
    "own_server_and_date",
    "space_in_name",
    "status_without_reason",
]

TEXT = [("Content-Type", "text/plain; charset=utf-8"), ("Content-Length", "5")]
BODY = [b"text\n"]


def hop_by_hop(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
    """A hop-by-hop header: forbidden, "the exclusive province of the actual web server"."""
    start_response("200 OK", [*TEXT, ("Keep-Alive", "timeout=99")])
    return BODY


def own_chunked(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
    """Chunks by hand: applications "must not apply any kind of Transfer-Encoding to their output"."""
    start_response("200 OK", [("Content-Type", "text/plain"), ("Transfer-Encoding", "chunked")])
    return [b"5\r\ntext\n\r\n0\r\n\r\n"]


def injection_in_value(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
    """CR LF in a value, which "must not include any control characters": it would make a header of its own."""
    start_response("200 OK", [*TEXT, ("X-Name", "value\r\nX-Injected: yes")])
    return BODY


def injection_in_name(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
    """CR LF in a name, which "must be a valid HTTP header field-name"."""
    start_response("200 OK", [*TEXT, ("X-Injected: yes\r\nX-Name", "value")])
    return BODY


def injection_in_status(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
    """CR LF in the status: "must not contain control characters"."""
    start_response("200 OK\r\nX-Injected: yes", TEXT)
    return BODY


def control_in_value(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
    """A NUL in a value (RFC 9110, section 5.5)."""
    start_response("200 OK", [*TEXT, ("X-Name", "a\0b")])
    return BODY


def space_in_name(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
    """A name that is no token (RFC 9110, section 5.1)."""
    start_response("200 OK", [*TEXT, ("X Name", "value")])
    return BODY


def status_without_reason(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
    """A status of the code alone; it must be "a Status-Code and a Reason-Phrase"."""
    start_response("200", TEXT)
    return BODY


def own_server_and_date(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
    """Server and Date from the application: they stand, and the server adds no second ones."""
    headers = [("Server", "sample"), ("Date", "Thu, 01 Jan 2026 00:00:00 GMT")]
    start_response("200 OK", [*TEXT, *headers])
    return BODY


def cookies(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
    """Two Set-Cookie headers: the headers are a list, so a name may come twice, and the order stands."""
    start_response("200 OK", [*TEXT, ("Set-Cookie", "a=1"), ("Set-Cookie", "b=2")])
    return BODY


def latin1_value(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
    """A value beyond ASCII: a str of latin-1 characters, one byte each (PEP 3333, "Unicode Issues")."""
    start_response("200 OK", [*TEXT, ("X-Name", "caf\u00e9")])
    return BODY


def leading_space_value(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
    """A value with a space before it, as Django writes its cookies: space around a value is no part of it."""
    start_response("200 OK", [*TEXT, ("Set-Cookie", " a=1")])
    return BODY


def many(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
    """Ninety headers; Python's own client reads a hundred."""
    start_response("200 OK", [*TEXT, *((f"X-Number-{number}", str(number)) for number in range(90))])
    return BODY


def huge(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
    """One header of 60,000 bytes: no rule sets a limit for responses."""
    start_response("200 OK", [*TEXT, ("X-Huge", "h" * 60_000)])
    return BODY
