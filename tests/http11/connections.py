"""Connections that have received something, and the two steps that most tests take with them."""

from __future__ import annotations

import pytest

from wsgiserve.errors import RemoteProtocolError
from wsgiserve.http11 import Connection, Limits, Request, RequestParser, ResponseHead
from wsgiserve.http11.connection import Verdict

__all__ = ["GET", "HOST", "answer", "chunked", "connection", "next_request", "post", "refusal"]

HOST = b"Host: a.example\r\n"
GET = b"GET / HTTP/1.1\r\n" + HOST + b"\r\n"


def post(length: int, body: bytes = b"", fields: bytes = b"") -> bytes:
    return b"POST / HTTP/1.1\r\n" + HOST + fields + b"Content-Length: %d\r\n\r\n" % length + body


def chunked(body: bytes = b"", fields: bytes = b"") -> bytes:
    return b"POST / HTTP/1.1\r\n" + HOST + fields + b"Transfer-Encoding: chunked\r\n\r\n" + body


def connection(data: bytes = b"", **limits: int) -> Connection:
    made = Connection(RequestParser(Limits(**limits)))
    if data:
        made.receive_data(data)
    return made


def next_request(http: Connection) -> Request:
    request = http.next_event()
    assert isinstance(request, Request)
    return request


def answer(http: Connection) -> Verdict:
    """Send an empty response."""
    http.send_response(ResponseHead(200, b"OK", b"", 0))
    http.end()
    return http.finish()


def refusal(http: Connection) -> RemoteProtocolError:
    with pytest.raises(RemoteProtocolError) as caught:
        http.next_event()
    return caught.value
