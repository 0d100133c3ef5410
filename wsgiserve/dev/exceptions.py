"""From an exception to a ``Chain``: what led to it, and for each what Python would print, with the variables besides.

Everything is looked at here, at once, so that nothing is kept alive that an exception refers to.
Source: ``traceback.TracebackException`` for which of ``__cause__`` and ``__context__`` counts, PEP 654 for groups,
PEP 657 for columns, PEP 678 for notes.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from types import FrameType, TracebackType
from typing import Generic, Literal, NamedTuple, TypeVar

from wsgiserve.dev.masking import mask_urls
from wsgiserve.dev.report import Chain, Frame, Raised
from wsgiserve.dev.sources import describe_frame, describe_syntax_error
from wsgiserve.dev.values import Budget
from wsgiserve.errors import LocalProtocolError
from wsgiserve.frames import is_import_system, is_ours

__all__ = ["describe_exception", "fold"]

_EXCEPTIONS = 10  # of a chain
_IN_GROUP = 10
_LEVELS = 4  # of groups
_FRAMES = 60  # of one exception, after recursion is folded; half of them from each end

_MESSAGE_CHARACTERS = 4000

# A recursion is told from a loop that calls a few times by this.
_FEWEST_REPEATS = 3
_LONGEST_CYCLE = 8

Item = TypeVar("Item")


def describe_exception(error: BaseException) -> Chain:
    """The exception, and those that led to it. Whatever their own methods do, it does not raise."""
    return _Describer().chain(error, _LEVELS)


class _Describer:
    def __init__(self) -> None:
        self._budget = Budget()
        self._seen: set[int] = set()

    def chain(self, error: BaseException, levels: int) -> Chain:
        found: Chain = []
        relation: Literal["", "cause", "context"] = ""
        current: BaseException | None = error
        while current is not None and id(current) not in self._seen and len(found) < _EXCEPTIONS:
            self._seen.add(id(current))
            found.append(self._raised(current, relation, levels))
            if current.__cause__ is not None:
                current, relation = current.__cause__, "cause"
            else:
                current, relation = (None if current.__suppress_context__ else current.__context__), "context"
        return found

    def _raised(self, error: BaseException, relation: Literal["", "cause", "context"], levels: int) -> Raised:
        group = error.exceptions[:_IN_GROUP] if isinstance(error, BaseExceptionGroup) and levels else ()
        return {
            "type": _type_name(error),
            "message": _message(error),
            "notes": _notes(error),
            "relation": relation,
            "frames": self._frames(error),
            "group": [self.chain(inner, levels - 1) for inner in group],
        }

    def _frames(self, error: BaseException) -> list[Frame]:
        folded = fold(_calls(error.__traceback__), _place)
        half = _FRAMES // 2
        omitted = max(len(folded) - _FRAMES, 0)
        frames = [self._frame(one) for one in (folded[:half] + folded[-half:] if omitted else folded)]
        if omitted:
            frames[half - 1]["omitted"] = omitted
        if isinstance(error, SyntaxError) and error.filename and error.lineno:
            frames.append(describe_syntax_error(error))
        return frames

    def _frame(self, folded: _Folded[Call]) -> Frame:
        frame = describe_frame(*folded.item, self._budget)
        if folded.repeats:
            frame["repeats"] = (folded.length, folded.repeats)
        return frame


def _type_name(error: BaseException) -> str:
    kind = type(error)
    return (
        kind.__qualname__ if kind.__module__ in ("builtins", "__main__") else f"{kind.__module__}.{kind.__qualname__}"
    )


def _message(error: BaseException) -> str:
    try:
        text = str(error.msg) if isinstance(error, SyntaxError) else str(error)
    except Exception as broken:
        return f"<its __str__ raises {type(broken).__name__}>"
    return mask_urls(text if len(text) <= _MESSAGE_CHARACTERS else f"{text[:_MESSAGE_CHARACTERS]} …")


def _notes(error: BaseException) -> list[str]:
    notes = getattr(error, "__notes__", ())  # which anybody may set, to anything
    found = [mask_urls(note) for note in notes if isinstance(note, str)] if isinstance(notes, list | tuple) else []
    if isinstance(error, BaseExceptionGroup) and len(error.exceptions) > _IN_GROUP:
        found.append(f"Only the first {_IN_GROUP} of its {len(error.exceptions)} exceptions are shown.")
    if isinstance(error, LocalProtocolError) and error.blame:
        found.append(f"at {error.blame}")
    return found


# Frames

Call = tuple[FrameType, int, int]
"""Frame, line, and which instruction of its code it was at."""


def _calls(traceback: TracebackType | None) -> list[Call]:
    """The frames of a traceback, without ours at its beginning and those that import a module."""
    calls: list[Call] = []
    while traceback is not None:
        filename = traceback.tb_frame.f_code.co_filename
        if not is_import_system(filename) and (calls or not is_ours(filename)):
            # A line may be None, of code that was made and not written.
            calls.append((traceback.tb_frame, traceback.tb_lineno or 0, traceback.tb_lasti))
        traceback = traceback.tb_next
    while calls and is_ours(calls[-1][0].f_code.co_filename):
        calls.pop()
    return calls


def _place(call: Call) -> Hashable:
    return call[0].f_code, call[1]


class _Folded(NamedTuple, Generic[Item]):
    """An item, and that the last ``length`` items, it included, follow so many times more."""

    item: Item
    length: int = 0
    repeats: int = 0


def fold(items: Sequence[Item], key: Callable[[Item], Hashable]) -> list[_Folded[Item]]:
    """Leave out repetitions of up to a few items: a function that calls itself, or others that call it again."""
    keys = [key(item) for item in items]
    folded: list[_Folded[Item]] = []
    at = 0
    while at < len(items):
        length, repeats = _longest_repetition(keys, at)
        folded += map(_Folded, items[at : at + length])
        if repeats:
            folded[-1] = _Folded(items[at + length - 1], length, repeats)
        at += length * (repeats + 1)
    return folded


def _longest_repetition(keys: list[Hashable], at: int) -> tuple[int, int]:
    """The shortest cycle that begins there and is repeated often enough, and how often; or one item."""
    for length in range(1, _LONGEST_CYCLE + 1):
        cycle, end = keys[at : at + length], at + length
        while len(cycle) == length and keys[end : end + length] == cycle:
            end += length
        repeats = (end - at) // length - 1
        if repeats >= _FEWEST_REPEATS:
            return length, repeats
    return 1, 0
