"""Findings, and who is told of them."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass
from weakref import WeakValueDictionary

from wsgiserve.foreign import is_foreign
from wsgiserve.lint.rules import RULES, page_of

__all__ = ["Finding", "Linter", "log_finding"]

log = logging.getLogger("wsgiserve.lint")

# Findings that are remembered as told; paths are the clients' choice, and there may be no end to them.
_REMEMBERED = 1000


@dataclass(frozen=True, slots=True)
class Finding:
    """A rule that the application broke."""

    code: str
    """``E107``"""
    rule: str
    """What was wrong in this request, in words."""
    place: str
    """``file.py:12 in function``, empty if it is not known."""
    request: str
    """``GET /cart``"""

    def __str__(self) -> str:
        return f"{self.request}: {self.code} {self.rule}" + (f"\n  at {self.place}" if self.place else "")


def log_finding(finding: Finding) -> None:
    """Tell it in the log, with what to do."""
    log.warning("%s\n  Fix: %s\n  %s", finding, RULES[finding.code].fix, page_of(finding.code))


class Linter:
    """What one server's requests have in common.

    Args:
        strict: a broken rule fails its request: 500 if no head is out, or the connection is closed. Not those of cost.
        tell: called once for each rule and place; for each path too, where the place is no code of the user's.
    """

    def __init__(self, *, strict: bool = False, tell: Callable[[Finding], None] = log_finding) -> None:
        self.strict = strict
        self._tell = tell
        self._told: set[tuple[str, ...]] = set()
        self._lock = threading.Lock()
        self._returned: WeakValueDictionary[int, object] = WeakValueDictionary()

    def tell(self, finding: Finding) -> None:
        """Tell it, unless it was told before."""
        file = finding.place.rpartition(" in ")[0].rpartition(":")[0]
        key = (finding.code, finding.place, finding.request if not file or is_foreign(file) else "")
        with self._lock:
            if key in self._told:
                return
            if len(self._told) >= _REMEMBERED:
                self._told.clear()
            self._told.add(key)
        self._tell(finding)

    def was_returned(self, iterable: object) -> bool:
        """Whether an earlier request got this very object; remembers it, and does not keep it alive."""
        with self._lock:
            if self._returned.get(id(iterable)) is iterable:
                return True
            try:
                self._returned[id(iterable)] = iterable
            except TypeError:  # no weak reference to it is possible: its id may be another's by the next request
                return False
        return False
