"""An exception as data that JSON can carry: what a page shows of it, and nothing that keeps its frames alive.

Shapes only; ``exceptions.py`` makes them. The same keys are the JSON that a client gets who asks for it.
"""

from __future__ import annotations

from typing import Literal, NotRequired, TypedDict

__all__ = ["Chain", "Frame", "Mark", "Raised"]


class Mark(TypedDict):
    """Characters of a source line at which an instruction is: what Python puts carets below."""

    line: int
    start: int
    end: int


class Frame(TypedDict):
    """One call that had not returned."""

    file: str
    """Absolute, or as Python calls what is no file: ``<string>``."""
    name: str
    """The file for a person: relative to the current directory, or to where packages are."""
    line: int
    column: int
    """From 1, in characters."""
    function: str
    own: bool
    """The user's code, and neither Python's nor a package's."""
    first: int
    """Number of the first line in ``source``."""
    source: list[str]
    """Lines around the one that was executed; empty when there is no source."""
    marks: list[Mark]
    locals: list[tuple[str, str]]
    repeats: NotRequired[tuple[int, int]]
    """The last one of so many frames, which follow one another so many times more."""
    omitted: NotRequired[int]
    """So many frames that followed are left out."""


class Raised(TypedDict):
    """One exception, and how it came about."""

    type: str
    message: str
    notes: list[str]
    relation: Literal["", "cause", "context"]
    """To the one before it in the chain, which it is the cause of, or which was raised while it was handled."""
    frames: list[Frame]
    """The outermost first, as in Python's tracebacks."""
    group: list[Chain]
    """The exceptions in it, if it is an ExceptionGroup."""


Chain = list[Raised]
"""The exception that was raised last, then what led to it."""
