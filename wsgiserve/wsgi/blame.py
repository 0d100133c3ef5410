"""Where in the application to look: ``file.py:12 in function`` for a log entry about a broken rule.

Floor 2, no I/O. A server's traceback for a wrong header ends in the server; this finds the line that sent it.
"""

from __future__ import annotations

from functools import partial
from types import CodeType, FrameType, GeneratorType, TracebackType
from typing import Any

__all__ = ["blame_body", "blame_callable", "blame_error", "blame_frame", "without_server"]


def blame_frame(frame: FrameType | None) -> str | None:
    """The line that a frame stands at."""
    if frame is None:
        return None
    return f"{frame.f_code.co_filename}:{frame.f_lineno} in {frame.f_code.co_name}"


def blame_callable(function: Any) -> str | None:
    """Where a function, a method, a class or an object's ``__call__`` is defined; None for code that is not Python."""
    while isinstance(function, partial):
        function = function.func
    if isinstance(function, type):
        function = function.__init__  # type: ignore[misc]  # only looked at, so it does not matter whose it is
    call = getattr(type(function), "__call__", None)  # noqa: B004 - where it is defined, not whether
    for code in (getattr(function, "__code__", None), getattr(call, "__code__", None)):
        if isinstance(code, CodeType):
            return f"{code.co_filename}:{code.co_firstlineno} in {code.co_name}"
    return None


def blame_body(source: object, application: Any) -> str | None:
    """The line that a block of the body came from.

    Args:
        source: the frame that called ``write()``, or the iterator that gave the block. A generator is blamed at its
            last yield, or at that of the generator it yields from.
        application: blamed for everything else.
    """
    while isinstance(source, GeneratorType) and isinstance(source.gi_yieldfrom, GeneratorType):
        source = source.gi_yieldfrom
    frame = source.gi_frame if isinstance(source, GeneratorType) else source
    return blame_frame(frame) if isinstance(frame, FrameType) else blame_callable(application)


def blame_error(error: BaseException) -> str:
    """The innermost line of a traceback, short: ``cart.py:88``; empty when there is no traceback."""
    traceback = error.__traceback__
    if traceback is None:
        return ""
    while traceback.tb_next is not None:
        traceback = traceback.tb_next
    filename = traceback.tb_frame.f_code.co_filename.replace("\\", "/").rpartition("/")[2]
    return f"{filename}:{traceback.tb_lineno}"


def without_server(error: BaseException) -> TracebackType | None:
    """The traceback from the application's first line on; all of it when no line is the application's."""
    traceback = error.__traceback__
    while traceback is not None and traceback.tb_frame.f_globals.get("__name__", "").startswith("wsgiserve."):
        traceback = traceback.tb_next
    return traceback or error.__traceback__
