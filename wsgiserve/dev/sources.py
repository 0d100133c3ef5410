"""One frame as data: the lines around the one that was executed, where in it, and what the variables were.

Source: PEP 657 for the columns, which count bytes of UTF-8; ``linecache`` for source that is no file.
"""

from __future__ import annotations

import linecache
import sysconfig
from itertools import islice
from pathlib import Path
from types import BuiltinFunctionType, CodeType, FrameType, FunctionType, ModuleType
from typing import Any

from wsgiserve.dev.report import Frame, Mark
from wsgiserve.dev.values import Budget, describe_locals
from wsgiserve.foreign import is_foreign
from wsgiserve.frames import is_ours, short_path

__all__ = ["describe_frame", "describe_syntax_error"]

_LINES_BEFORE, _LINES_AFTER = 5, 4

_DEFINITIONS = (BuiltinFunctionType, FunctionType, ModuleType, type)

_LONGEST_LINE = 500  # characters: of a file that a program wrote, or of data in a file


def describe_frame(frame: FrameType, line: int, instruction: int, budget: Budget) -> Frame:
    """A frame of a traceback.

    Args:
        line: which it was at; 0 if it is not known.
        instruction: which it was at, as ``tb_lasti`` tells it.
    """
    code = frame.f_code
    lines = linecache.getlines(code.co_filename, frame.f_globals)
    marks = _marks(code, instruction, lines)
    return {
        **_place(code.co_filename, line, marks, lines),
        "function": code.co_qualname,
        "locals": describe_locals(_variables(frame), budget),
    }


def _variables(frame: FrameType) -> dict[str, Any]:
    """Its locals; of a module without all that it imports and defines."""
    variables = dict(frame.f_locals)
    if frame.f_code.co_name != "<module>":
        return variables
    return {name: value for name, value in variables.items() if type(value) not in _DEFINITIONS}


def describe_syntax_error(error: SyntaxError) -> Frame:
    """The place that could not be compiled, as if it were one that was executed."""
    filename, line = error.filename or "", error.lineno or 0
    lines = linecache.getlines(filename)
    if not lines and error.text:
        lines = [""] * (line - 1) + [error.text]
    start = (error.offset or 1) - 1
    end = (error.end_offset or 0) - 1 if error.end_lineno in (line, None) else start + 1
    marks: list[Mark] = [{"line": line, "start": start, "end": max(end, start + 1)}] if error.offset else []
    return {**_place(filename, line, marks, lines), "function": "", "locals": []}


def _place(filename: str, line: int, marks: list[Mark], lines: list[str]) -> Frame:
    first = max(line - _LINES_BEFORE, 1)
    source = [text.rstrip("\r\n")[:_LONGEST_LINE] for text in lines[first - 1 : line + _LINES_AFTER]] if line else []
    while source and not source[-1].strip():
        source.pop()
    while source and not source[0].strip():
        source.pop(0)
        first += 1
    return {
        "file": filename,
        "name": _name(filename),
        "line": line,
        "column": (marks[0]["start"] if marks else _indentation(lines, line)) + 1,
        "function": "",
        "own": not (is_foreign(filename) or is_ours(filename)),
        "first": first,
        "source": source,
        "marks": marks,
        "locals": [],
    }


def _indentation(lines: list[str], line: int) -> int:
    text = lines[line - 1] if 0 < line <= len(lines) else ""
    return len(text) - len(text.lstrip())


def _name(filename: str) -> str:
    """A path as short as it stays clear: ``shop/cart.py``, ``flask/app.py``."""
    for key in ("purelib", "platlib", "stdlib"):
        folder = Path(sysconfig.get_path(key))
        if is_foreign(filename) and Path(filename).is_relative_to(folder):
            return str(Path(filename).relative_to(folder))
    return short_path(filename)


def _marks(code: CodeType, instruction: int, lines: list[str]) -> list[Mark]:
    """Where the instruction is, line by line; nothing when it is all that these lines have, or is not known."""
    if instruction < 0:
        return []
    line, end_line, start, end = next(islice(code.co_positions(), instruction // 2, None), (None,) * 4)
    if line is None or end_line is None or start is None or end is None or end_line > len(lines):
        return []
    marks = []
    for number in range(line, min(end_line, line + _LINES_AFTER) + 1):
        text = lines[number - 1].rstrip()
        left = _characters(text, start) if number == line else len(text) - len(text.lstrip())
        right = _characters(text, end) if number == end_line else len(text)
        if right > left:
            marks.append(Mark(line=number, start=left, end=right))
    return [] if line == end_line and _is_whole(lines[line - 1], marks) else marks


def _characters(text: str, offset: int) -> int:
    return len(text.encode()[:offset].decode(errors="replace"))


def _is_whole(text: str, marks: list[Mark]) -> bool:
    return all(text[mark["start"] : mark["end"]].strip() == text.strip() for mark in marks)
