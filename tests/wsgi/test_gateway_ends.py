"""How a request ends: ``close()`` exactly once, errors of everybody's, and requests that turn out to be broken."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.wsgi.applications import TEXT, Body, answer, failing, returning, stream
from tests.wsgi.playing import GET, HEAD, Played, Wire, parse
from wsgiserve.errors import ClientDisconnected, LocalProtocolError, RemoteProtocolError
from wsgiserve.wsgi import FileWrapper, Gateway, Input

# close


@pytest.mark.parametrize(
    "body",
    [
        Body(b"x"),
        Body(),
        Body(b"x", fails=True),
        Body("text"),
        Body(b"x", fails_to_close=True),
        Body(b"x" * 10, fails=True, fails_to_close=True),
    ],
)
def test_close_is_called_exactly_once(body: Body) -> None:
    Played(returning(body))
    assert body.closed == 1


@pytest.mark.parametrize("pieces", [0, 1, 2])
def test_close_is_called_when_the_client_is_gone(pieces: int) -> None:
    body = Body(b"x", b"y")
    played = Played(returning(body), wire=Wire(fails_after=pieces))
    assert isinstance(played.error, ClientDisconnected)
    assert body.closed == 1


def test_close_is_called_when_the_application_broke_a_rule() -> None:
    body = Body(b"x")
    assert "not called" in str(failing(lambda environ, start_response: body))
    assert body.closed == 1
    assert "shorter" in str(Played(returning(body, headers=[("Content-Length", "2")])).error)
    assert body.closed == 2


def test_close_is_called_for_a_broken_request() -> None:
    body = Body(b"x")
    with pytest.raises(RemoteProtocolError):
        _play_broken(returning(body))
    assert body.closed == 1


def test_a_generator_is_closed_where_it_stands() -> None:
    left = []

    def application(environ: dict[str, Any], start_response: Any) -> Iterator[bytes]:
        start_response("200 OK", [])
        try:
            while True:
                yield b"x"
        finally:
            left.append(True)

    Played(application, wire=Wire(fails_after=3))
    assert left == [True]


def test_the_last_byte_is_sent_before_close_is_called() -> None:
    wire = Wire()
    seen = []

    class Slow(Body):
        def close(self) -> None:
            seen.append(wire.data)

    Played(returning(Slow(b"x")), wire=wire)
    assert seen == [wire.data]
    assert wire.data.endswith(b"0\r\n\r\n")


def test_an_error_of_close_keeps_the_error_before_it() -> None:
    played = Played(returning(Body(b"x", fails=True, fails_to_close=True)))
    assert isinstance(played.error, ValueError)
    assert isinstance(played.error.__context__, KeyError)


def test_close_is_called_for_head_and_for_excess() -> None:
    for request, headers in ((HEAD, TEXT), (GET, [("Content-Length", "1")])):
        body = Body(b"x", b"y")
        Played(returning(body, headers=headers), request)
        assert body.closed == 1


def test_an_error_of_close_is_the_applications() -> None:
    played = Played(returning(Body(b"x", fails_to_close=True)))
    assert isinstance(played.error, ValueError)
    assert played.read()[2] == b"x"


def test_an_error_of_the_application_is_raised_as_it_is() -> None:
    def application(environ: dict[str, Any], start_response: Any) -> list[bytes]:
        raise SystemExit(3)

    assert isinstance(Played(application).error, SystemExit)


# Broken requests


BROKEN = b"POST / HTTP/1.1\r\nHost: example\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n"


def _play_broken(application: Any) -> Wire:
    """Run an application for a request whose content turns out to be broken."""
    connection, _ = parse(BROKEN)
    wire = Wire(sends_files=True)

    def receive(wanted: int) -> bytes:
        connection.next_event()
        return b""

    def reading(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        with pytest.raises(RemoteProtocolError):
            environ["wsgi.input"].read()
        blocks: Iterable[bytes] = application(environ, start_response)
        return blocks

    try:
        Gateway(connection, wire).run(reading, {"wsgi.input": Input(receive)})
    finally:
        assert wire.pieces == []
    return wire


def _a_file(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
    start_response("200 OK", [])
    return FileWrapper(Path(__file__).open("rb"))


def _wrong_too(environ: dict[str, Any], start_response: Any) -> list[bytes]:
    with pytest.raises(LocalProtocolError):
        start_response("wrong", [])
    return []


@pytest.mark.parametrize(
    "application",
    [
        answer(b"a page about an error"),
        stream(b"a page", b"about an error"),
        answer(),
        answer(b"1", status="400 Bad Request", headers=[("Content-Length", "5")]),
        lambda environ, start_response: start_response("500 Oh", [])(b"written") or [],
        _a_file,
        _wrong_too,
    ],
)
def test_whatever_is_made_of_a_broken_request_the_answer_says_that_it_is_broken(application: Any) -> None:
    with pytest.raises(RemoteProtocolError):
        _play_broken(application)
