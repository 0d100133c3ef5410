"""Values as short texts: bounded in length and depth, whatever their classes make of ``repr``, secrets left out.

Source: ``reprlib``, which bounds the built-in types; ours adds names that are secret, and classes derived from those.
"""

from __future__ import annotations

import reprlib
import time
from collections.abc import Mapping
from itertools import islice
from typing import Any

from wsgiserve.dev.masking import MASK, is_secret, mask

__all__ = ["Budget", "describe_locals", "describe_value"]

_CHARACTERS = 400  # of one value: five lines of a page
_ELEMENTS = 20
_LOCALS = 40  # of one frame

# A longer text is cut before anything looks for secrets in it. What is shown of it, _CHARACTERS from its two ends, must
# be far from the cut, or half a secret would be left over.
_LONGEST_TEXT = 20 * _CHARACTERS

_NOT_SHOWN = "(not looked at: the values before took too long)"


class Budget:
    """Time for all values of one page: a ``__repr__`` may ask a database."""

    def __init__(self, seconds: float = 1.0) -> None:
        self._due = time.monotonic() + seconds

    def is_spent(self) -> bool:
        """Whether to look at no further value."""
        return time.monotonic() >= self._due


def describe_locals(variables: Mapping[str, Any], budget: Budget) -> list[tuple[str, str]]:
    """Name and text of a frame's variables, in their order, those that Python itself sets left out."""
    shown = [(name, value) for name, value in variables.items() if not (name.startswith("__") and name.endswith("__"))]
    described = [
        (name, _NOT_SHOWN if budget.is_spent() else describe_value(value, name)) for name, value in shown[:_LOCALS]
    ]
    if len(shown) > _LOCALS:
        described.append(("…", f"and {len(shown) - _LOCALS} more"))
    return described


def describe_value(value: Any, name: str = "") -> str:
    """A short text for a value; ``name`` may tell that it is secret. Never raises."""
    if name and is_secret(name):
        return MASK
    return _cut(mask(_Repr().repr(value)))


def _cut(text: str) -> str:
    half = _CHARACTERS // 2
    return text if len(text) <= _CHARACTERS else f"{text[:half]} … {text[-half:]}"


class _Repr(reprlib.Repr):
    def __init__(self) -> None:
        super().__init__()
        self.maxlevel = 4
        self.maxdict = self.maxlist = self.maxtuple = self.maxset = self.maxfrozenset = self.maxdeque = _ELEMENTS

    def repr1(self, x: Any, level: int) -> str:
        try:
            return self._bounded(x, level)
        except (Exception, SystemExit) as error:
            return f"<{type(x).__name__}, whose __repr__ raises {type(error).__name__}>"

    def _bounded(self, x: Any, level: int) -> str:
        # By the class and not by isinstance(), which a proxy of a request that is over answers with an exception.
        kind = type(x)
        if issubclass(kind, str | bytes | bytearray):
            return self._text(x)
        if issubclass(kind, Mapping):
            return self._mapping(x, level)
        for base in (list, tuple, set, frozenset):
            if issubclass(kind, base) and kind.__repr__ is base.__repr__:
                described: str = getattr(self, f"repr_{base.__name__}")(x, level)
                return described
        return _ends(mask(repr(x)))

    def _text(self, x: Any) -> str:
        if len(x) > _LONGEST_TEXT:
            half = _LONGEST_TEXT // 2
            return f"{_ends(mask(repr(x[:half] + x[-half:])))} ({len(x)} long)"
        return _ends(mask(repr(x)))

    def _mapping(self, x: Mapping[Any, Any], level: int) -> str:
        name = type(x).__name__
        if level <= 0:
            return f"{name}(…)"
        pairs = [self._pair(key, value, level - 1) for key, value in islice(x.items(), self.maxdict)]
        text = "{" + ", ".join([*pairs, *(["…"] if len(x) > self.maxdict else [])]) + "}"
        return text if type(x) is dict else f"{name}({text})"

    def _pair(self, key: Any, value: Any, level: int) -> str:
        secret = isinstance(key, str) and is_secret(key)
        return f"{self.repr1(key, level)}: {MASK if secret else self.repr1(value, level)}"

    def repr_tuple(self, x: tuple[Any, ...], level: int) -> str:
        """A pair may be an item of what is a mapping only by its use: header fields."""
        if len(x) == 2 and isinstance(x[0], str) and is_secret(x[0]):
            return f"({self.repr1(x[0], level)}, {MASK})"
        return super().repr_tuple(x, level)


def _ends(text: str) -> str:
    """As ``_cut``, for one of several values, which share the room."""
    return text if len(text) <= _CHARACTERS else f"{text[: _CHARACTERS // 2]} … {text[-_CHARACTERS // 4 :]}"
