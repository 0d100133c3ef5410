"""What behaviours are made of."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from functools import partial
from typing import Any

from wsgiserve.conform.journal import note

__all__ = [
    "BEHAVIOURS",
    "BLOCK",
    "PAUSE",
    "TEXT",
    "Application",
    "Environ",
    "Noted",
    "answers",
    "behaviour",
    "content",
    "journal_of",
]

Environ = dict[str, Any]
Application = Callable[[Environ, Any], Iterable[bytes]]

BEHAVIOURS: dict[str, Application] = {}

PAUSE = 0.5
"""Seconds between two things of which a case looks whether the first came before the second."""

BLOCK = b"0123456789abcdef" * 64
"""One KiB."""

TEXT = ("Content-Type", "text/plain")


def behaviour(function: Application) -> Application:
    """Serve it under its name, without the underscore."""
    BEHAVIOURS[function.__name__.strip("_").replace("_", "-")] = function
    return function


def content(environ: Environ) -> bytes:
    """All content of a request, as far as a portable application can read it."""
    if environ.get("wsgi.input_terminated") or environ.get("HTTP_TRANSFER_ENCODING"):
        return b"".join(iter(lambda: environ["wsgi.input"].read(65536), b""))
    limited: bytes = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
    return limited


def journal_of(environ: Environ) -> Callable[[str], None]:
    return partial(note, environ["QUERY_STRING"])


class Noted:
    """An iterable of blocks that notes when it is closed; a block that is an exception is raised."""

    def __init__(self, environ: Environ, blocks: Iterable[bytes | Exception]) -> None:
        self.note = journal_of(environ)
        self._blocks = iter(blocks)

    def __iter__(self) -> Iterator[bytes]:
        return self

    def __next__(self) -> bytes:
        block = next(self._blocks)
        if isinstance(block, Exception):
            raise block
        return block

    def close(self) -> None:
        """Asked of every server, whatever happened."""
        self.note("closed")


def answers(
    body: Callable[[Environ], Iterable[bytes]], *headers: tuple[str, str], status: str = "200 OK"
) -> Application:
    def answer(environ: Environ, start_response: Any) -> Iterable[bytes]:
        start_response(status, [TEXT, *headers])
        return body(environ)

    return answer
