"""Changes that belong together: an editor writes a file in several steps, a formatter once more, a checkout many files.

Knows clocks only by what it is told.
"""

from __future__ import annotations

from collections.abc import Iterable
from math import inf
from pathlib import Path

from wsgiserve.reload.changes import Project

__all__ = ["Burst"]

# So long nothing may happen before changes count, and so long it may go on at most.
_QUIET_SECONDS = 0.01
_NOISE_SECONDS = 0.3

# A checkout changes many files one after the other, and holds this lock meanwhile.
_GIT_LOCK = Path(".git", "index.lock")
_GIT_SECONDS = 2.0
_GIT_LOOK_SECONDS = 0.05


class Burst:
    """Paths on which something has happened, until nothing more does.

    Args:
        at_once: the first change after a silence counts at once, as most saves are one; for who can start again when
            more follow, and nobody notices.

    Attributes:
        due: by the monotonic clock, when to ask ``is_over``; inf while there is nothing to ask.
    """

    def __init__(self, project: Project, *, at_once: bool = False) -> None:
        self.due = inf
        self._at_once = at_once
        self._changed_at = -inf
        self._project = project
        self._paths: dict[Path, None] = {}
        self._since = inf

    def __bool__(self) -> bool:
        return bool(self._paths)

    def add(self, paths: Iterable[Path], now: float) -> None:
        """Something has happened to these."""
        found = dict.fromkeys(paths)
        if found:
            if not self._paths:
                self._since = now
            self._paths |= found
            counts = self._at_once and now - self._changed_at > _QUIET_SECONDS
            self.due = now if counts else min(now + _QUIET_SECONDS, self._since + _NOISE_SECONDS)
            self._changed_at = now

    def is_over(self, now: float) -> bool:
        """Whether it is time to ``take`` them."""
        if now < self.due:
            return False
        if now < self._since + _GIT_SECONDS and any((root / _GIT_LOCK).exists() for root in self._project.roots):
            self.due = now + _GIT_LOOK_SECONDS
            return False
        return True

    def take(self) -> list[Path]:
        """Those whose content is another than before; the next burst begins."""
        changed = [path for path in self._paths if self._project.changed(path)]
        self._paths.clear()
        self.due = inf
        return changed
