"""A bar on standard error, with what is being done and how long it may still take."""

from __future__ import annotations

import sys
import time

__all__ = ["Progress"]

_BAR = 30


class Progress:
    """So many steps, that take about as long as each other."""

    def __init__(self, steps: float) -> None:
        self._steps = steps
        self._done = 0.0
        self._started = time.monotonic()

    def step(self, what: str, count: float = 1) -> None:
        """So much is done; this comes next."""
        self._done += count
        part = self._done / self._steps if self._steps else 1.0
        bar = "#" * round(part * _BAR)
        left = (time.monotonic() - self._started) * (1 - part) / part if part else 0.0
        sys.stderr.write(f"\r\x1b[K[{bar:.<{_BAR}}] {part:4.0%}  {left / 60:4.1f} min left  {what}")
        sys.stderr.flush()
