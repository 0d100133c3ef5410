"""A chain of exceptions as plain text, in the form and order of Python's own traceback, and as Markdown.

Made from the report and not by ``traceback``, so that what is masked there is masked here.
Source: ``traceback.TracebackException.format`` for the words between exceptions; CommonMark 0.31 §4.5 for fences.
"""

from __future__ import annotations

import platform
import re
from collections.abc import Iterator, Sequence
from textwrap import indent

from wsgiserve._version import __version__
from wsgiserve.dev.problem import Problem
from wsgiserve.dev.report import Chain, Frame, Raised

__all__ = ["headline", "markdown_of", "repeated", "text_of", "traceback_of"]

_BETWEEN = {
    "cause": "The above exception was the direct cause of the following exception:",
    "context": "During handling of the above exception, another exception occurred:",
}


def headline(raised: Raised) -> str:
    """``KeyError: 'sku'``."""
    return f"{raised['type']}: {raised['message']}" if raised["message"] else raised["type"]


def text_of(problem: Problem) -> str:
    """All of it for a terminal."""
    fix = f"Fix: {problem.fix}" if problem.fix else ""
    request = "\n".join(f"{name}: {value}" for name, value in problem.request)
    parts = [problem.what, problem.why, fix, traceback_of(problem.chain), request]
    return "\n\n".join(filter(None, parts)) + "\n"


def markdown_of(problem: Problem) -> str:
    """What a person needs who is asked about it: no variables and no header fields, which may be private."""
    versions = f"wsgiserve {__version__}, Python {platform.python_version()}, {platform.system()}"
    request = dict(problem.request).get("Request", "")
    about = "\n".join(f"- {line}" for line in (request and f"Request: `{request}`", versions) if line)
    what, *more = problem.what.splitlines() or [""]
    parts = ["### " + what, "\n".join(more), problem.why, about, _fenced(traceback_of(problem.chain))]
    return "\n\n".join(filter(None, parts)) + "\n"


def _fenced(text: str) -> str:
    if not text:
        return ""
    fence = "`" * max([3, *(len(ticks) + 1 for ticks in re.findall("`+", text))])
    return f"{fence}text\n{text}\n{fence}"


def traceback_of(chain: Chain) -> str:
    """``Traceback (most recent call last):`` and so on, without a newline at its end; empty for no exception."""
    parts = []
    for number, raised in reversed(list(enumerate(chain))):
        parts.append("\n".join(_lines(raised)))
        if number:
            parts.append(_BETWEEN[chain[number]["relation"]])
    return "\n\n".join(parts)


def _lines(raised: Raised) -> Iterator[str]:
    if raised["frames"]:
        yield "Traceback (most recent call last):"
    for frame in raised["frames"]:
        yield from _frame_lines(frame)
    yield headline(raised)
    yield from raised["notes"]
    for number, chain in enumerate(raised["group"], 1):
        yield f"  +---------------- {number} ----------------"
        yield indent(traceback_of(chain), "  | ", lambda line: True)


def _frame_lines(frame: Frame) -> Iterator[str]:
    function = f", in {frame['function']}" if frame["function"] else ""
    yield f'  File "{frame["file"]}", line {frame["line"]}{function}'
    at = frame["line"] - frame["first"]
    if 0 <= at < len(frame["source"]):
        yield from _source_lines(frame, frame["source"][at])
    if "repeats" in frame:
        yield f"  [{repeated(*frame['repeats'])}]"
    if "omitted" in frame:
        yield f"  [{frame['omitted']} frames are left out]"


def _source_lines(frame: Frame, line: str) -> Sequence[str]:
    before = len(line) - len(line.lstrip())
    marks = [mark for mark in frame["marks"] if mark["line"] == frame["line"]]
    shown = f"    {line.strip()}"
    if not marks:
        return [shown]
    start, end = marks[0]["start"], marks[0]["end"]
    return [shown, " " * (4 + start - before) + "^" * (end - start)]


def repeated(length: int, times: int) -> str:
    """``these 2 frames are repeated 490 more times``."""
    which = "this frame is" if length == 1 else f"these {length} frames are"
    return f"{which} repeated {times} more times"
