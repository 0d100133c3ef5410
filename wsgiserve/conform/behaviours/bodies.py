"""Statuses, fields and blocks: right ones, and those that PEP 3333 forbids."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator

from wsgiserve.conform.behaviours.common import BEHAVIOURS, BLOCK, PAUSE, Environ, Noted, answers


def _endless(_: Environ) -> Iterator[bytes]:
    while True:
        yield BLOCK


def _slowly(_: Environ) -> Iterator[bytes]:
    yield b"one"
    time.sleep(PAUSE)
    yield b"two"


def _noted_pair(environ: Environ) -> Iterable[bytes]:
    return Noted(environ, [b"one", b"two"])


BEHAVIOURS |= {
    # Blocks.
    "one-block": answers(lambda _: [b"hello"]),
    "blocks": answers(lambda _: [b"one", b"two", b"three"]),
    "no-block": answers(lambda _: []),
    "empty-blocks": answers(lambda _: [b"", b"one", b"", b"two", b""]),
    "generator": answers(lambda _: (block for block in (b"one", b"two", b"three"))),
    "empty-generator": answers(lambda _: iter(())),
    "generator-of-empty-blocks": answers(lambda _: iter([b"", b"one", b"", b"", b"two", b""])),
    "tuple": answers(lambda _: (b"one", b"two")),
    "slowly": answers(_slowly),
    "endless": answers(lambda environ: Noted(environ, _endless(environ))),
    "big": answers(lambda _: [BLOCK * 1024], ("Content-Length", str(1024 * len(BLOCK)))),
    "many": answers(lambda _: (BLOCK for _ in range(1024))),
    "crlf": answers(lambda _: iter([b"0\r\n\r\n", b"HTTP/1.1 200 OK\r\n\r\n"])),
    # Lengths.
    "length": answers(lambda _: iter([b"one", b"two"]), ("Content-Length", "6")),
    "length-zero": answers(lambda _: [], ("Content-Length", "0")),
    "too-short": answers(lambda _: iter([b"one", b"two"]), ("Content-Length", "10")),
    "too-long": answers(lambda _: iter([b"one", b"two"]), ("Content-Length", "3")),
    "too-long-list": answers(lambda _: [b"onetwo"], ("Content-Length", "3")),
    # Statuses without content.
    "no-content": answers(lambda _: [], status="204 No Content"),
    "no-content-body": answers(lambda _: [b"never"], status="204 No Content"),
    "not-modified": answers(lambda _: [], ("ETag", '"a"'), status="304 Not Modified"),
    "not-modified-body": answers(lambda _: [b"never"], ("ETag", '"a"'), status="304 Not Modified"),
    "not-modified-length": answers(lambda _: [], ("Content-Length", "5"), status="304 Not Modified"),
    "reset-content": answers(lambda _: [], status="205 Reset Content"),
    # Fields.
    "two-cookies": answers(lambda _: [b"hello"], ("Set-Cookie", "a=1"), ("Set-Cookie", "b=2")),
    "own-date": answers(lambda _: [b"hello"], ("Date", "Sun, 06 Nov 1994 08:49:37 GMT")),
    "own-server": answers(lambda _: [b"hello"], ("Server", "probe/1")),
    "latin-1-field": answers(lambda _: [b"hello"], ("X-Probe", "caf\xe9")),
    "field-order": answers(lambda _: [b"hello"], ("X-B", "1"), ("X-A", "2"), ("X-C", "3")),
    "other-status": answers(lambda _: [b"hello"], status="299 Quite Fine"),
    "not-found": answers(lambda _: [b"hello"], status="404 Not Found"),
    "long-reason": answers(lambda _: [b"hello"], status="200 All is well, really (100 %)"),
    "redirect": answers(lambda _: [b""], ("Location", "/other?a=b"), status="302 Found"),
    # Fields that an application must not send.
    "crlf-in-value": answers(lambda _: [b"hello"], ("X-Probe", "a\r\nX-Injected: 1")),
    "lf-in-value": answers(lambda _: [b"hello"], ("X-Probe", "a\nX-Injected: 1")),
    "cr-in-value": answers(lambda _: [b"hello"], ("X-Probe", "a\rX-Injected: 1")),
    "crlf-in-name": answers(lambda _: [b"hello"], ("X-Probe\r\nX-Injected", "1")),
    "crlf-in-status": answers(lambda _: [b"hello"], status="200 OK\r\nX-Injected: 1"),
    "nul-in-value": answers(lambda _: [b"hello"], ("X-Probe", "a\0b")),
    "control-in-value": answers(lambda _: [b"hello"], ("X-Probe", "a\x01b")),
    "space-in-name": answers(lambda _: [b"hello"], ("X Probe", "1")),
    "empty-name": answers(lambda _: [b"hello"], ("", "1")),
    "colon-in-name": answers(lambda _: [b"hello"], ("X-Probe:", "1")),
    "beyond-latin-1": answers(lambda _: [b"hello"], ("X-Probe", "\u20ac")),
    "own-chunked": answers(lambda _: [b"hello"], ("Transfer-Encoding", "chunked")),
    "own-connection": answers(lambda _: [b"hello"], ("Connection", "keep-alive"), ("Keep-Alive", "timeout=99")),
    "own-upgrade": answers(lambda _: [b"hello"], ("Upgrade", "h2c"), ("Connection", "Upgrade")),
    "two-lengths": answers(lambda _: [b"hello"], ("Content-Length", "5"), ("Content-Length", "4")),
    "negative-length": answers(lambda _: [b"hello"], ("Content-Length", "-5")),
    "no-number-length": answers(lambda _: [b"hello"], ("Content-Length", "five")),
    "status-without-reason": answers(lambda _: [b"hello"], status="200"),
    "status-no-number": answers(lambda _: [b"hello"], status="OK"),
    "status-two-digits": answers(lambda _: [b"hello"], status="20 OK"),
    "status-interim": answers(lambda _: [b"hello"], status="101 Switching Protocols"),
    # Types.
    "str-body": answers(lambda _: "hello"),  # type: ignore[arg-type,return-value]
    "str-block": answers(lambda _: ["hello"]),  # type: ignore[list-item]
    "none": answers(lambda _: None),  # type: ignore[arg-type,return-value]
    "bytes-status": answers(lambda _: [b"hello"], status=b"200 OK"),  # type: ignore[arg-type]
    "number-value": answers(lambda _: [b"hello"], ("X-Probe", 1)),  # type: ignore[arg-type]
    "bytes-value": answers(lambda _: [b"hello"], ("X-Probe", b"1")),  # type: ignore[arg-type]
    # Closing.
    "closes": answers(_noted_pair),
    "closes-no-content": answers(lambda environ: Noted(environ, []), status="204 No Content"),
    "closes-after-an-error": answers(lambda environ: Noted(environ, [b"one", RuntimeError("on purpose")])),
    "closes-after-an-error-at-once": answers(lambda environ: Noted(environ, [RuntimeError("on purpose")])),
}
