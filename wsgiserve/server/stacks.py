"""What every thread of the server does just now: which request, since when, and where in the application.

Floor 3. Costs nothing until it is asked for: it looks at the threads' frames, where all of that stands anyway.
Source: ``sys._current_frames``.
"""

from __future__ import annotations

import os
import sys
import threading
import time
import traceback
from types import FrameType
from typing import NamedTuple

from wsgiserve.foreign import is_foreign
from wsgiserve.server.handler import WSGIRequestHandler

__all__ = ["Running", "running", "stacks"]

_OURS = os.path.dirname(os.path.dirname(__file__)) + os.sep  # noqa: PTH120 - frames have texts
_RUN_WSGI = WSGIRequestHandler.run_wsgi.__code__


class Running(NamedTuple):
    """A thread that runs a request."""

    thread: str
    request: str
    """``GET /report``"""
    seconds: float
    stack: traceback.StackSummary
    """The application's frames, the innermost last."""

    def place(self) -> str:
        """The innermost line of the user's own code: ``shop/report.py:31  time.sleep(14)``; empty if there is none."""
        own = [frame for frame in self.stack if not is_foreign(frame.filename)] or self.stack[-1:]
        return f"{_short(own[-1].filename)}:{own[-1].lineno}  {own[-1].line}".rstrip() if own else ""


def running() -> list[Running]:
    """All that runs in this process, the longest first."""
    names = {thread.ident: thread.name for thread in threading.enumerate()}
    found = [_running(names.get(ident, "?"), frame) for ident, frame in sys._current_frames().items()]
    return sorted(filter(None, found), key=lambda one: -one.seconds)


def stacks() -> str:
    """All of it as text, with a newline at its end."""
    parts = [
        f"{one.request}  {one.seconds:.2f} s  ({one.thread})\n{''.join(traceback.format_list(one.stack))}"
        for one in running()
    ]
    return "".join(parts) or "no request is running.\n"


def _running(thread: str, innermost: FrameType) -> Running | None:
    frame: FrameType | None = innermost
    while frame is not None and frame.f_code is not _RUN_WSGI:
        frame = frame.f_back
    if frame is None:
        return None
    handler, started = frame.f_locals["self"], frame.f_locals.get("started")
    if started is None or not handler.running:
        return None
    depth = sum(1 for _ in traceback.walk_stack(frame))
    inner = traceback.extract_stack(innermost)[depth:]
    stack = [line for line in inner if not line.filename.startswith(_OURS)]
    request = f"{handler.command} {handler.path}"
    return Running(thread, request, time.perf_counter() - started, traceback.StackSummary.from_list(stack))


def _short(filename: str) -> str:
    short = os.path.relpath(filename)
    return filename if short.startswith(os.pardir) else short
