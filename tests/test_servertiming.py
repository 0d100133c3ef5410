"""The Server-Timing field, from its text to a server that sends it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from http.client import HTTPConnection
from typing import TYPE_CHECKING

import pytest

from tests.server.running import IN_ONE_PROCESS, SECONDS, running
from tests.wsgi.playing import Played
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


def blocks(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
    block(environ, start_response)
    yield b"con"
    yield b"tent"


def written(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
    start_response("200 OK", [("Server-Timing", "db;dur=3")])(b"content")
    return []


def nothing(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
    start_response("204 No Content", [("Server-Timing", "db;dur=3")])
    return []


@pytest.mark.parametrize("application", [block, blocks, written, nothing])
def test_late_fields_are_made_once_and_stand_beside_the_applications(application: object) -> None:
    made: list[bytes] = []

    def late() -> bytes:
        made.append(b"Server-Timing: app;dur=1\r\n")
        return made[0]

    assert callable(application)
    played = Played(application, late_fields=late)
    assert played.error is None
    assert len(made) == 1
    assert "\r\nServer-Timing: db;dur=3\r\nServer-Timing: app;dur=1\r\n" in played.text


def test_late_fields_are_of_the_response_that_goes_out() -> None:
    def replacing(environ: WSGIEnvironment, start_response: Callable[..., object]) -> Iterable[bytes]:
        try:
            start_response("200 OK", [("X-First", "1")])
            raise KeyError("sku")
        except KeyError as error:
            start_response("500 Oops", [], (type(error), error, error.__traceback__))
        return [b"sorry"]

    text = Played(replacing, late_fields=lambda: b"Server-Timing: app;dur=1\r\n").text
    assert text.count("Server-Timing") == 1
    assert "X-First" not in text


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
