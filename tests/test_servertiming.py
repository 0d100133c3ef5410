"""The Server-Timing field, from its text to a server that sends it."""

from __future__ import annotations

from collections.abc import Iterable
from http.client import HTTPConnection
from typing import TYPE_CHECKING

import pytest

from tests.server.running import IN_ONE_PROCESS, SECONDS, running
from wsgiserve.config import Config
from wsgiserve.server.access import Access
from wsgiserve.server.base import BaseWSGIServer
from wsgiserve.servertiming import make_timing

if TYPE_CHECKING:
    from wsgiref.types import StartResponse, WSGIEnvironment


@pytest.mark.parametrize(
    ("shows_ids", "line"),
    [
        (True, b'Server-Timing: app;desc="k3f9";dur=34.2\r\n'),
        (False, b"Server-Timing: app;dur=34.2\r\n"),
    ],
)
def test_the_field_tells_milliseconds_and_the_line_in_the_log(shows_ids: bool, line: bytes) -> None:
    assert make_timing(shows_ids=shows_ids)(0.03421, int("k3f9", 36)) == line


def block(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
    start_response("200 OK", [("Server-Timing", "db;dur=3")])
    return [b"content"]


@pytest.mark.parametrize("kind", IN_ONE_PROCESS)
def test_a_server_tells_how_long_the_application_took(kind: type[BaseWSGIServer]) -> None:
    accesses: list[Access] = []
    server = kind("127.0.0.1", 0, block, access_log=accesses.append)
    told: list[tuple[float, int]] = []

    def timing(seconds: float, number: int) -> bytes:
        told.append((seconds, number))
        return b"X-Took: a while\r\n"

    server.timing = timing
    with running(server):
        connection = HTTPConnection("127.0.0.1", server.port, timeout=SECONDS)
        for _ in range(2):
            connection.request("GET", "/")
            response = connection.getresponse()
            assert (response.headers["X-Took"], response.read()) == ("a while", b"content")
        connection.close()
    assert [number for _, number in told] == [access.number for access in accesses]
    assert all(0 < seconds <= access.seconds for (seconds, _), access in zip(told, accesses, strict=True))


@pytest.mark.parametrize(
    ("config", "tells"),
    [
        (Config(mode="dev"), True),
        (Config(mode="prod"), False),
        (Config(mode="dev", server_timing=False), False),
        (Config(mode="prod", server_timing=True), True),
    ],
)
def test_it_is_told_in_development_unless_somebody_says_otherwise(config: Config, tells: bool) -> None:
    assert config.effective_server_timing({}) is tells
