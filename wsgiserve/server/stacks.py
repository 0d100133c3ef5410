"""What the server does just now: which requests, since when, and where in the application.

Floor 3. Costs nothing until it is asked for. The connections know what runs; where it is stands in the threads' frames,
which may be looked at as long as the GIL keeps their owners from going on meanwhile. Without it CPython crashes.
Source: ``sys._current_frames``; CPython, "Python support for free threading", Frame objects.
"""

from __future__ import annotations

import os
import sys
import threading
import time
import traceback
from collections.abc import Iterable
from types import FrameType
from typing import NamedTuple

from wsgiserve.foreign import is_foreign
from wsgiserve.server.handler import WSGIRequestHandler
from wsgiserve.server.interpreter import has_gil

__all__ = ["Running", "running", "stacks"]

_OURS = os.path.dirname(os.path.dirname(__file__)) + os.sep  # noqa: PTH120 - frames have texts
_RUN_WSGI = WSGIRequestHandler.run_wsgi.__code__


# In place of a stack.
_NOT_TO_BE_SEEN = "  where it is cannot be seen: without the GIL, no thread may look at another one's frames.\n"


class Running(NamedTuple):
    """A request that the application is at."""

    request: str
    """``GET /report``"""
    seconds: float
    thread: str
    """Empty where frames must not be looked at, or the application has returned just now."""
    stack: traceback.StackSummary
    """The application's frames, the innermost last; empty likewise."""

    def __str__(self) -> str:
        """``GET /report, 14 s, in shop/report.py:31  time.sleep(14)``."""
        place = self.place()
        return f"{self.request}, {self.seconds:.0f} s" + (f", in {place}" if place else "")

    def place(self) -> str:
        """The innermost line of the user's own code: ``shop/report.py:31  time.sleep(14)``; empty if there is none."""
        own = [frame for frame in self.stack if not is_foreign(frame.filename)] or self.stack[-1:]
        return f"{_short(own[-1].filename)}:{own[-1].lineno}  {own[-1].line}".rstrip() if own else ""


def running(connections: Iterable[WSGIRequestHandler]) -> list[Running]:
    """What runs on these connections, the longest first."""
    now = time.perf_counter()
    places = _places() if has_gil() else {}
    found = [
        Running(
            f"{each.command} {each.path}", now - each.started, *places.get(id(each), ("", traceback.StackSummary()))
        )
        for each in connections
        if each.running
    ]
    return sorted(found, key=lambda one: -one.seconds)


def stacks(connections: Iterable[WSGIRequestHandler]) -> str:
    """All of it as text, with a newline at its end."""
    return "".join(map(_text, running(connections))) or "no request is running.\n"


def _text(one: Running) -> str:
    thread = f"  ({one.thread})" if one.thread else ""
    stack = "".join(traceback.format_list(one.stack)) if has_gil() else _NOT_TO_BE_SEEN
    return f"{one.request}  {one.seconds:.2f} s{thread}\n{stack}"


def _places() -> dict[int, tuple[str, traceback.StackSummary]]:
    """By the ``id`` of a connection: the thread that runs its request, and where in the application that is."""
    names = {thread.ident: thread.name for thread in threading.enumerate()}
    places = {}
    for ident, innermost in sys._current_frames().items():
        frame: FrameType | None = innermost
        while frame is not None and frame.f_code is not _RUN_WSGI:
            frame = frame.f_back
        if frame is not None:
            places[id(frame.f_locals["self"])] = names.get(ident, "?"), _stack_from(frame, innermost)
    return places


def _stack_from(outer: FrameType, innermost: FrameType) -> traceback.StackSummary:
    depth = sum(1 for _ in traceback.walk_stack(outer))
    inner = traceback.extract_stack(innermost)[depth:]
    return traceback.StackSummary.from_list([line for line in inner if not line.filename.startswith(_OURS)])


def _short(filename: str) -> str:
    short = os.path.relpath(filename)
    return filename if short.startswith(os.pardir) else short
