"""Why a worker has no application: told to the supervisor, and to whoever asks for a page meanwhile.

Who sees more than one line is decided in ``dev/``, which is not there in production.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from wsgiref.types import StartResponse, WSGIEnvironment

__all__ = ["HEALS", "Failure", "Place", "files_of", "place_of"]

Place = tuple[str, int, int]
"""A file, a line and a column, both from 1."""

HEALS = "save a fix and it reloads by itself."

_UNEXPLAINED = b"The application cannot be loaded. The server's log says why.\n"


class Failure(NamedTuple):
    """The reason, as a message tells it."""

    slug: str
    what: str
    why: str
    fix: str
    chain: list[Any]
    """The exception as a ``dev.report.Chain``; empty if there is none, and in production."""

    def unexplained(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """A WSGI application: 503, and nothing that a stranger could learn from."""
        headers = [
            ("Content-Type", "text/plain; charset=utf-8"),
            ("Content-Length", str(len(_UNEXPLAINED))),
            ("Cache-Control", "no-store"),
            ("X-Content-Type-Options", "nosniff"),
        ]
        start_response("503 Service Unavailable", headers)
        return [_UNEXPLAINED]


def files_of(chain: list[Any]) -> set[str]:
    """The files of the user's own code that it went through."""
    return {frame["file"] for raised in chain for frame in raised["frames"] if frame["own"]}


def place_of(chain: list[Any]) -> Place | None:
    """Where to begin to look: the innermost line of the user's own code; None if there is none."""
    frames = [frame for raised in chain[:1] for frame in raised["frames"]]
    frame = next((frame for frame in reversed(frames) if frame["own"]), None)
    return (frame["file"], frame["line"], frame["column"]) if frame is not None else None
