"""Where in the application to look: ``file.py:12 in function`` for a log entry about a broken rule.

Floor 2, no I/O. A server's traceback for a wrong header ends in the server; this finds the line that sent it.
"""

from __future__ import annotations

from types import FrameType, GeneratorType
from typing import Any

__all__ = ["blame_callable", "blame_error", "blame_frame", "blame_iterable"]


def blame_frame(frame: FrameType | None) -> str | None:
    """The line that a frame stands at."""
    if frame is None:
        return None
    return f"{frame.f_code.co_filename}:{frame.f_lineno} in {frame.f_code.co_name}"


def blame_callable(function: Any) -> str | None:
    """Where a function, a method, or an object's ``__call__`` is defined; None for code that is not Python."""
    function = getattr(function, "__func__", function)
    code = getattr(function, "__code__", None)
    if code is None:
        call = getattr(type(function), "__call__", None)  # noqa: B004 - where it is defined, not whether
        code = getattr(call, "__code__", None)
    return f"{code.co_filename}:{code.co_firstlineno} in {code.co_name}" if code else None


def blame_iterable(iterable: Any, application: Any) -> str | None:
    """The line at which a generator yielded last; for another iterable, the application that returned it."""
    if isinstance(iterable, GeneratorType) and iterable.gi_frame is not None:
        return blame_frame(iterable.gi_frame)
    return blame_callable(application)


def blame_error(error: BaseException) -> str:
    """The innermost line of a traceback, short: ``cart.py:88``; empty when there is no traceback."""
    traceback = error.__traceback__
    if traceback is None:
        return ""
    while traceback.tb_next is not None:
        traceback = traceback.tb_next
    filename = traceback.tb_frame.f_code.co_filename.replace("\\", "/").rpartition("/")[2]
    return f"{filename}:{traceback.tb_lineno}"
