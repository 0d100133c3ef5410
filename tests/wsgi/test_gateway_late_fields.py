"""Fields that are made when the head goes out."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

import pytest

from tests.wsgi.playing import Played

if TYPE_CHECKING:
    from wsgiref.types import StartResponse, WSGIEnvironment


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
