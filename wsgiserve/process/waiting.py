"""Waiting in one ``select`` for whatever may happen: descriptors, signals and the clock.

What all supervisors have in common. Nothing here happens on a clock of its own.
Source: signal(7); Python's ``signal.set_wakeup_fd``, by which a signal is something to read.
"""

from __future__ import annotations

import selectors
import signal
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from math import inf
from types import FrameType
from typing import Any

from wsgiserve.server.poller import Waker

__all__ = ["Waiting"]


class Waiting:
    """Descriptors that are waited for, and the signals that have come.

    Attributes:
        selector: the data of each key is called when there is something to read.
        signals: those that were to be noted, in the order in which they came.
    """

    def __init__(self) -> None:
        self.selector = selectors.DefaultSelector()
        self.signals: list[int] = []
        self._told = 0
        self._waker = Waker()
        self.selector.register(self._waker.fileno, selectors.EVENT_READ, self._waker.silence)

    def wait(self, due: float, last: int = -1) -> None:
        """Wait until something happens, and call whom it concerns.

        Args:
            due: by the monotonic clock, how long at most; inf for ever.
            last: the descriptor whose turn comes after all others'.
        """
        timeout = None if due == inf else max(due - time.monotonic(), 0.0)
        for key, _ in sorted(self.selector.select(timeout), key=lambda event: event[0].fileobj == last):
            key.data()

    def new_signals(self) -> list[int]:
        """Those that have been noted since this was asked last."""
        new = self.signals[self._told :]
        self._told += len(new)
        return new

    @contextmanager
    def noting(self, numbers: Iterable[int], others: Mapping[int, Callable[[], object]]) -> Iterator[None]:
        """Note these signals, and call what is given for others; each ends a wait.

        What is called may come in the middle of anything. The handlers of before are put back at the end.
        """

        def note(number: int, frame: FrameType | None) -> None:
            self.signals.append(number)

        def call(number: int, frame: FrameType | None) -> None:
            others[number]()

        handlers: dict[int, Any] = dict.fromkeys(numbers, note) | dict.fromkeys(others, call)
        before: dict[int, Any] = {number: signal.signal(number, handler) for number, handler in handlers.items()}
        bell = signal.set_wakeup_fd(self._waker.bell, warn_on_full_buffer=False)
        try:
            yield
        finally:
            signal.set_wakeup_fd(bell)
            for number, handler in before.items():
                # None: it was not installed by Python, and cannot be put back by it.
                signal.signal(number, signal.SIG_DFL if handler is None else handler)

    def close(self) -> None:
        self._waker.close()
        self.selector.close()
