"""What is counted: for each case an application, and what its clients send."""

from __future__ import annotations

import ssl
from collections.abc import Callable
from importlib.metadata import PackageNotFoundError, version
from typing import NamedTuple

from benchmarks.apps import PIECE

__all__ = ["CASES", "Case", "trusting_anybody"]

_HOST = b" HTTP/1.1\r\nHost: localhost:8000\r\n"
_GET = b"GET /" + _HOST + b"\r\n"
_POST = b"POST /" + _HOST + b"Content-Type: text/plain\r\nContent-Length: %d\r\n\r\n" % len(PIECE) + PIECE
_CLOSE = b"GET /" + _HOST + b"Connection: close\r\n\r\n"
# As ``benchmarks/wrk/browser.lua`` sends it.
_BROWSER = (
    b"GET /articles/%d/comments?page=%d&order=newest&token=%d" + _HOST + b"User-Agent: Mozilla/5.0 (X11; Linux x86_64; "
    b"rv:140.0) Gecko/20100101 Firefox/140.0\r\nAccept: text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"
    b"\r\nAccept-Language: en-GB,en;q=0.7,de;q=0.3\r\nAccept-Encoding: gzip, deflate, br, zstd\r\n"
    b"Upgrade-Insecure-Requests: 1\r\nSec-Fetch-Dest: document\r\nSec-Fetch-Mode: navigate\r\n"
    b"Sec-Fetch-Site: same-origin\r\nCookie: theme=dark; session=%d\r\n\r\n"
)


def _browser(number: int) -> bytes:
    return _BROWSER % (number, number % 97, number * 7919, number * 104729)


class Case(NamedTuple):
    """One way to ask."""

    name: str
    """What else its figures depend on, the versions of a framework, is part of it: others are another case."""
    request: Callable[[int], bytes] = lambda number: _GET
    """From a request's number to what is sent."""
    app: str = "benchmarks.apps:hello"
    log: bool = False
    close: bool = False
    """Each request comes on a connection of its own."""
    tls: bool = False


def trusting_anybody() -> ssl.SSLContext:
    """For clients of a server that has made its certificate itself."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    return context


def _framework() -> list[Case]:
    try:
        name = f"flask {version('flask')}, werkzeug {version('werkzeug')}"
    except PackageNotFoundError:
        return []
    return [Case(name, app="benchmarks.flaskapp:app")]


CASES = (
    Case("hello"),
    Case("hello, logged", log=True),
    Case("browser", _browser),
    Case("post 1 KiB", lambda number: _POST, "benchmarks.apps:upload"),
    Case("stream 10 blocks", app="benchmarks.apps:streaming"),
    Case("connection each", lambda number: _CLOSE, close=True),
    Case("hello over TLS", tls=True),
    *_framework(),
)
