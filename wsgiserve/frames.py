"""An exception of the user's code, short: its words, the lines of the user's that led to it, and a place's path.

Knows exceptions, not messages.
"""

from __future__ import annotations

import os
import traceback
from pathlib import Path

from wsgiserve.foreign import is_foreign

__all__ = [
    "describe",
    "is_import_system",
    "is_ours",
    "is_raised_by_import",
    "mark",
    "short_path",
    "user_frames",
    "whole_traceback",
]

_OURS = str(Path(__file__).parent) + os.sep
_FROZEN = "<frozen "
_IMPORTLIB = str(Path(os.__file__).with_name("importlib")) + os.sep


def describe(error: BaseException) -> str:
    """``KeyError: 'sku'``: the class and the first line, without a full stop at its end."""
    name, lines = type(error).__name__, str(error).strip().splitlines()
    return f"{name}: {lines[0].rstrip().removesuffix('.')}" if lines else name


def user_frames(error: BaseException) -> list[str]:
    """``shop/cache.py:3  import redis`` for each line of the user's own code, the innermost first.

    When none is the user's, the innermost of all; when there are none, nothing.
    """
    frames = [frame for frame in traceback.extract_tb(error.__traceback__) if not is_ours(frame.filename)]
    real = [frame for frame in frames if not frame.filename.startswith(_FROZEN)]  # the others have no lines to show
    shown = [frame for frame in real if not is_foreign(frame.filename)] or real[-1:]
    return [f"{short_path(frame.filename)}:{frame.lineno}  {frame.line}".rstrip() for frame in reversed(shown)]


def whole_traceback(error: BaseException) -> str:
    """All of it, as Python prints it."""
    return "".join(traceback.format_exception(error)).rstrip()


def is_ours(filename: str) -> bool:
    """Whether code is this package's."""
    return filename.startswith(_OURS)


def is_import_system(filename: str) -> bool:
    """Whether code is what ``import`` runs, between the line that imports and the module."""
    return filename.startswith((_FROZEN, _IMPORTLIB))


def is_raised_by_import(error: BaseException) -> bool:
    """Whether the import system raised it for what we asked, and no code that it was importing."""
    frames = traceback.extract_tb(error.__traceback__)
    return all(is_ours(frame.filename) or is_import_system(frame.filename) for frame in frames)


def mark(error: SyntaxError) -> list[str]:
    """The source line of a syntax error, and a caret below the place; nothing when the line is not known."""
    if not error.text or not error.text.strip():
        return []
    line = error.text.rstrip()
    before = line[: max((error.offset or 1) - 1, 0)].lstrip()
    # Tabs stay, so that the caret stands where the terminal puts the character above it.
    return [line.lstrip(), "".join("\t" if character == "\t" else " " for character in before) + "^"]


def short_path(filename: str) -> str:
    """Relative to the current directory if it is below it."""
    try:
        return str(Path(filename).resolve().relative_to(Path.cwd()))
    except (OSError, ValueError):
        return filename
