"""What this interpreter is: whether one thread at a time runs Python.

Floor 3. Asked when something is told, and after requests that are not short; an extension module may change the answer.
Source: PEP 703; ``sys._is_gil_enabled``, new in CPython 3.13. A free-threaded interpreter turns the GIL on when it
imports an extension module that asks for it, and never off again.
"""

from __future__ import annotations

import sys

__all__ = ["has_gil"]


def has_gil() -> bool:
    """Whether there is a global interpreter lock, and it is on."""
    return bool(getattr(sys, "_is_gil_enabled", _always)())


def _always() -> bool:
    return True
