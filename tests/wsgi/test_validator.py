"""``wsgiref.validate``, the standard library's opinion of both sides, stands between gateway and application."""

from __future__ import annotations

import io
import re
from collections.abc import Iterable, Iterator
from typing import Any
from wsgiref.validate import validator

import pytest

from tests.wsgi.playing import GET, HEAD, OLD, Wire, builder, parse
from wsgiserve.http11 import Data
from wsgiserve.wsgi import Gateway, Input

POST = b"POST /a%20b?c=d HTTP/1.1\r\nHost: example\r\nContent-Type: text/plain\r\n"

REQUESTS = {
    "get": GET,
    "head": HEAD,
    "http/1.0": OLD,
    "every byte": b"GET /%00%ff%zz?%00 HTTP/1.1\r\nHost: example\r\nX: \xff\r\nX: \xe9\r\n\r\n",
    "empty fields": b"GET / HTTP/1.1\r\nHost:\r\nX:\r\nContent-Type:\r\n\r\n",
    "content": POST + b"Content-Length: 12\r\n\r\nfirst\nsecond",
    "no content": POST + b"Content-Length: 0\r\n\r\n",
    "chunks": POST + b"Transfer-Encoding: chunked\r\n\r\n6\r\nfirst\n\r\n6\r\nsecond\r\n0\r\n\r\n",
    "absolute": b"GET http://other:81/path HTTP/1.1\r\nHost: example\r\n\r\n",
    "asterisk": b"OPTIONS * HTTP/1.1\r\nHost: example\r\n\r\n",
}


def as_list(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
    body = environ["wsgi.input"].read(100) or b"nothing"
    start_response("200 OK", [("Content-Type", "text/plain"), ("Content-Length", str(len(body)))])
    return [body]


def as_generator(environ: dict[str, Any], start_response: Any) -> Iterator[bytes]:
    start_response("200 OK", [("Content-Type", "text/plain")])
    yield environ["wsgi.input"].readline()
    yield from environ["wsgi.input"]


def by_write(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
    write = start_response("200 OK", [("Content-Type", "text/plain")])
    for line in environ["wsgi.input"].readlines():
        write(line)
    environ["wsgi.errors"].write("written\n")
    environ["wsgi.errors"].flush()
    return []


def bodiless(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
    start_response("204 No Content", [])
    return []


def after_an_error(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
    start_response("200 OK", [("Content-Type", "text/plain")])
    error = KeyError("sku")
    start_response("500 Oh", [("Content-Type", "text/plain")], (KeyError, error, None))
    return [b"sorry"]


def play(request_: bytes, application: Any, script_name: str) -> Wire:
    http, request = parse(request_)

    def receive(wanted: int) -> bytes:
        event = http.next_event()
        return event.data if isinstance(event, Data) else b""

    build = builder(script_name=script_name)
    # What sockets and logs have to say is not this floor's business.
    address = {"SERVER_NAME": "localhost", "SERVER_PORT": "80", "wsgi.errors": io.StringIO()}
    environ = build.build(address, request) | {"wsgi.input": Input(receive)}
    wire = Wire()
    Gateway(http, wire).run(application, environ)
    return wire


# Warnings are errors, and what __del__ says of an iterable that was not closed goes to stderr.
@pytest.mark.parametrize("application", [as_list, as_generator, by_write, bodiless, after_an_error])
@pytest.mark.parametrize("request_", REQUESTS)
@pytest.mark.parametrize("mount", ["", "/shop"])
def test_the_validator_has_nothing_to_say(
    request_: str, application: Any, mount: str, capsys: pytest.CaptureFixture[str]
) -> None:
    mounted = re.sub(rb"^([A-Z]+ (?:http://[^/]+)?)/", rb"\1" + mount.encode() + b"/", REQUESTS[request_])
    wire = play(mounted, validator(application), mount)
    assert wire.data.startswith(b"HTTP/1.1 ")
    assert capsys.readouterr().err == ""
