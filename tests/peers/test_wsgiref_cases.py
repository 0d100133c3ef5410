"""CPython's own cases of wsgiref, asked of our server.

They are those of ``test.test_wsgiref``, run as they are: where that module runs its server or its handler, ours runs.
What both say in words of their own is said in wsgiref's, by ``in_its_words``; nothing else is changed.
"""

from __future__ import annotations

import io
import logging
import os
import socket
import time
import unittest
from collections.abc import Iterable
from http import HTTPStatus
from importlib import import_module
from platform import python_implementation, python_version
from types import ModuleType
from typing import TYPE_CHECKING
from wsgiref.handlers import BaseHandler

import pytest

from tests.server.running import SECONDS, running
from wsgiserve.server.access import Access
from wsgiserve.server.base import BaseWSGIServer

if TYPE_CHECKING:
    from wsgiref.types import WSGIApplication

try:
    theirs: ModuleType | None = import_module("test.test_wsgiref")
except ImportError:
    theirs = None

# Some distributions keep the tests of the standard library apart. Where nothing may be skipped test_wsgiref.py, which
# needs no more than wsgiref itself, has to be enough.
if theirs is None and "WSGISERVE_TEST_ALL" not in os.environ:
    pytest.skip("this Python came without test.test_wsgiref", allow_module_level=True)

# What a server does; the other cases are about the classes of wsgiref.
SAME = [
    "IntegrationTests.test_plain_hello",
    "IntegrationTests.test_environ",
    "IntegrationTests.test_request_length",
    "IntegrationTests.test_validated_hello",
    "IntegrationTests.test_simple_validation_error",
    "IntegrationTests.test_wsgi_input",
    "IntegrationTests.test_bytes_validation",
    "HandlerTests.testContentLength",
    "HandlerTests.testBasicErrorOutput",
    "HandlerTests.testErrorAfterOutput",
    "HandlerTests.testBytesData",
    "HandlerTests.testCloseOnError",
]

# What ours does in another way: what the case finds instead, and why that is right.
DIFFERENT = {
    "IntegrationTests.test_status_validation_errors": (
        "in bad_app",
        "it is refused with 500 too; the log has the rule, its code and the line instead of a failed assertion",
    ),
    "IntegrationTests.test_cp1252_url": (
        "400 Bad Request",
        "bytes beyond ASCII have to be percent-encoded in a target (RFC 3986 §2)",
    ),
}


def run_ours(application: WSGIApplication = lambda *_: [], data: bytes = b"GET / HTTP/1.0\n\n") -> tuple[bytes, str]:
    """What a client gets, and what the log has: the traceback, and a line for the request."""
    told = io.StringIO()
    handler = logging.StreamHandler(told)
    logger = logging.getLogger("wsgiserve")
    logger.addHandler(handler)

    def line(access: Access) -> None:
        request = f"{access.method} {access.target} {access.version}"
        told.write(f'{access.peer} - - [{time.asctime()}] "{request}" {access.status} {access.size}\n')

    try:
        with (
            running(BaseWSGIServer("127.0.0.1", 0, application, access_log=line)) as server,
            socket.create_connection(("127.0.0.1", server.port), SECONDS) as client,
        ):
            client.sendall(data.replace(b"\n", b"\r\n"))  # RFC 9112 §2.2: LF alone is refused
            client.shutdown(socket.SHUT_WR)
            out = b"".join(iter(lambda: client.recv(65536), b""))
    finally:
        logger.removeHandler(handler)
    return in_its_words(out), told.getvalue()


def in_its_words(out: bytes) -> bytes:
    """A response of ours as wsgiref's server would have written it."""
    head, _, body = out.partition(b"\r\n\r\n")
    start, *fields = head.decode("latin-1").split("\r\n")
    code = int(start.split(" ")[1])
    if body.startswith(b"500 Internal Server Error\n"):
        body = BaseHandler.error_body
        fields = ["Content-Type: text/plain", f"Content-Length: {len(body)}"]
    if code == HTTPStatus.REQUEST_URI_TOO_LONG:
        start = f"{code} {HTTPStatus(code).phrase}"  # which Python changed in 3.13
    own = ("Server: wsgiserve", "Connection: close")
    software = f"WSGIServer/0.2 {python_implementation()}/{python_version()}"
    fields = [f"Server: {software}", *(field for field in fields if field not in own)]
    start = "HTTP/1.0 " + start.removeprefix("HTTP/1.1 ")
    return "\r\n".join([start, *fields, "", ""]).encode("latin-1") + body


class OurHandler:
    """In the place of the module's handlers: as CGI scripts write it, which is without version, Date and Server."""

    error_status = BaseHandler.error_status
    error_body = BaseHandler.error_body

    def __init__(self) -> None:
        self.stdout, self.stderr = io.BytesIO(), io.StringIO()

    def run(self, application: WSGIApplication) -> None:
        out, told = run_ours(application)
        head, _, body = out.partition(b"\r\n\r\n")
        start, *fields = head.split(b"\r\n")
        lines = [b"Status: " + start.removeprefix(b"HTTP/1.0 "), *(field for field in fields if not self._own(field))]
        self.stdout.write(b"\r\n".join([*lines, b"", b""]) + body)
        self.stderr.write("".join(told.splitlines(keepends=True)[:-1]))

    def _own(self, field: bytes) -> bool:
        return field.startswith((b"Server:", b"Date:"))


def failures(name: str, monkeypatch: pytest.MonkeyPatch) -> Iterable[str]:
    """Of one of their cases, run with ours."""
    assert theirs is not None
    hello = theirs.hello_app
    monkeypatch.setattr(theirs, "run_amock", lambda app=hello, data=b"GET / HTTP/1.0\n\n": run_ours(app, data))
    for handler in ("ErrorHandler", "TestHandler"):
        monkeypatch.setattr(theirs, handler, OurHandler)
    result = unittest.TestResult()
    unittest.defaultTestLoader.loadTestsFromName(name, theirs).run(result)
    assert result.testsRun == 1
    assert not result.skipped
    return [text for _, text in (*result.failures, *result.errors)]


if theirs is not None:

    @pytest.mark.parametrize("name", SAME)
    def test_what_cpython_asks_of_a_server_ours_does(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
        assert failures(name, monkeypatch) == []

    @pytest.mark.parametrize("name", DIFFERENT)
    def test_what_ours_does_in_another_way(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
        found, why = DIFFERENT[name]
        told = failures(name, monkeypatch)
        assert told, why
        assert all(found in text for text in told)

    def test_nobody_was_forgotten() -> None:
        """A case that a new Python brings has to be looked at."""
        assert theirs is not None
        integration = {f"IntegrationTests.{name}" for name in dir(theirs.IntegrationTests) if name.startswith("test")}
        # test_interrupted_write is about handle_request(), which serves one request in the thread that calls it.
        assert integration - {*SAME, *DIFFERENT} == {"IntegrationTests.test_interrupted_write"}
