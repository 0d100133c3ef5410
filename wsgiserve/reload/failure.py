"""Why a worker has no application: told to the supervisor, and to whoever asks for a page meanwhile.

Who sees more than one line is decided in ``dev/``, which is not there in production.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, NamedTuple

from wsgiserve.errors import UserError

if TYPE_CHECKING:
    from wsgiref.types import StartResponse, WSGIEnvironment

    from wsgiserve.process.channel import Message

__all__ = ["HEALS", "Failure", "Place", "died", "files_of", "place_of", "refuse_what_no_save_mends"]

Place = tuple[str, int, int]
"""A file, a line and a column, both from 1."""

HEALS = "save a fix and it reloads by itself."

# Mistakes of the command line.
_MISTYPED = frozenset(["bad-option", "module-not-found"])

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


def died(how: str, *, loading: bool) -> Failure:
    """The reason when a process has ended before it could tell one."""
    when = "while it was loaded" if loading else "twice"
    why = "something in it ended the process: os._exit(), or a crash in compiled code."
    return Failure("app-died", f"the app's process ended {when} ({how}).", why, HEALS, [])


def refuse_what_no_save_mends(report: Message) -> None:
    """The first worker was asked for something that is not there: more likely mistyped than still to be written.

    Raises:
        UserError: that is the reason in its report.
    """
    if "failed" in report:
        failure = Failure(**report["failed"])
        if failure.slug in _MISTYPED:
            fix = failure.fix.removesuffix(HEALS).rstrip("\n")
            raise UserError(*failure[:2], why=failure.why, fix=fix, exit_code=report["exit_code"])
