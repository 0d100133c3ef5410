"""Applications to play, and what a wrong one is told."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from tests.wsgi.playing import GET, Played
from wsgiserve.errors import LocalProtocolError

TEXT = [("Content-Type", "text/plain")]


def answer(*blocks: bytes, status: str = "200 OK", headers: list[tuple[str, str]] | None = None) -> Any:
    """An application that returns a list."""

    def application(environ: dict[str, Any], start_response: Any) -> list[bytes]:
        start_response(status, list(TEXT if headers is None else headers))
        return list(blocks)

    return application


def stream(*blocks: bytes, status: str = "200 OK", headers: list[tuple[str, str]] | None = None) -> Any:
    """An application that returns an iterator."""

    def application(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        start_response(status, list(TEXT if headers is None else headers))
        return iter(blocks)

    return application


def returning(body: Any, status: str = "200 OK", headers: list[tuple[str, str]] | None = None) -> Any:
    """An application that returns this very object."""

    def application(environ: dict[str, Any], start_response: Any) -> Any:
        start_response(status, list(TEXT if headers is None else headers))
        return body

    return application


class Body:
    """An iterable that counts its closing and can fail anywhere."""

    def __init__(self, *blocks: Any, fails: bool = False, fails_to_close: bool = False) -> None:
        self.blocks = blocks
        self.closed = 0
        self.fails = fails
        self.fails_to_close = fails_to_close

    def __iter__(self) -> Iterator[Any]:
        yield from self.blocks
        if self.fails:
            raise KeyError("sku")

    def close(self) -> None:
        self.closed += 1
        if self.fails_to_close:
            raise ValueError("cannot close")


def failing(application: Any, request: bytes = GET) -> LocalProtocolError:
    """The error of an application that broke a rule before anything was sent."""
    played = Played(application, request)
    assert isinstance(played.error, LocalProtocolError), played.error
    assert played.wire.pieces == []
    return played.error


def blamed_function(error: LocalProtocolError) -> str:
    """The function that the error is blamed on, after a look at the file that it is in."""
    assert error.blame is not None
    place, _, function = error.blame.partition(" in ")
    assert Path(place.rpartition(":")[0]).parent == Path(__file__).parent
    return function
