"""Where a client should have gone that speaks plain HTTP to the HTTPS port.

Floor 3, no I/O. Only whole requests without content are sent on, GET and HEAD; the others have said in the clear what
was meant to be secret, and their sender should know.
Source: RFC 9110 §15.4.8 (307), chosen over 308 since browsers remember the latter for ever, and the next server on this
port may be a plain one.
"""

from __future__ import annotations

from typing import NamedTuple

from wsgiserve.errors import RemoteProtocolError
from wsgiserve.http11 import Connection, Request, RequestParser

__all__ = ["Redirect", "redirect"]


class Redirect(NamedTuple):
    """What to answer."""

    location: bytes
    content: bool
    """False for HEAD."""


def redirect(opening: bytes, parser: RequestParser) -> Redirect | None:
    """The same resource by https; None if that cannot be told from what the client has sent.

    Args:
        opening: the first bytes of the connection, as many as came at once.
    """
    http = Connection(parser)
    http.receive_data(opening)
    try:
        request = http.next_event()
    except RemoteProtocolError:
        return None
    if not isinstance(request, Request) or request.line.method not in (b"GET", b"HEAD") or request.length != 0:
        return None
    # The parser has checked both: neither can end the line that they become part of.
    host = request.line.authority or request.fields.host
    if not host:
        return None
    query = b"?" + request.line.query if request.line.query else b""
    return Redirect(b"https://" + host + request.line.path + query, request.line.method == b"GET")
