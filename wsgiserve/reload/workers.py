"""The workers of a supervisor: the one that serves or is loading, and those before it that are on their way out.

Knows when one may follow the other, and when one has to go; not why.
"""

from __future__ import annotations

import selectors
import signal
import socket
import time
from collections.abc import Callable, Iterator
from math import inf

from wsgiserve.process.channel import Message
from wsgiserve.reload.process import Process, WorkerProcess

__all__ = ["Workers"]

# After the second signal.
_AT_ONCE_SECONDS = 1.0


class Workers:
    """One at a time, and what is left of others.

    Args:
        selector: in which it waits for them; its data is what to call.
        hear: called with the worker that has something to say, or has closed its channel.

    Attributes:
        current: None while there is none.
        due: by the monotonic clock, when to call ``hurry``.
    """

    def __init__(self, selector: selectors.BaseSelector, hear: Callable[[WorkerProcess], None]) -> None:
        self._selector = selector
        self._hear = hear
        self._leaving: list[WorkerProcess] = []
        self.current: WorkerProcess | None = None

    def __iter__(self) -> Iterator[WorkerProcess]:
        if self.current is not None:
            yield self.current
        yield from self._leaving

    def __bool__(self) -> bool:
        return self.current is not None or bool(self._leaving)

    @property
    def due(self) -> float:
        return min((worker.due for worker in self._leaving), default=inf)

    def start(self, order: Message, start: Callable[[socket.socket], Process]) -> None:
        """Start the one that is the current one from now on; see ``WorkerProcess``."""
        worker = self.current = WorkerProcess(order, start)
        self._selector.register(worker.channel, selectors.EVENT_READ, lambda: self._hear(worker))

    def dismiss(self, seconds: float) -> None:
        """Have the current one finish what runs within so many seconds."""
        if self.current is not None:
            self.current.retire(seconds)
            self._leave()

    def next(self) -> WorkerProcess | None:
        """The one that has loaded and may begin, since no older one accepts connections; None: not yet."""
        worker = self.current
        if worker is None or worker.report is None or worker.state != "loading":
            return None
        return None if any(other.accepts for other in self._leaving) else worker

    def bury(self, worker: WorkerProcess) -> str:
        """Forget one that has closed its channel; how it has ended."""
        self._selector.unregister(worker.channel)
        if worker is self.current:
            self.current = None
        else:
            self._leaving.remove(worker)
        return worker.ended()

    def hurry(self) -> None:
        """Those that should have ended by now."""
        now = time.monotonic()
        for worker in self._leaving:
            if now >= worker.due:
                worker.hurry()

    def signal(self, number: int) -> None:
        """They stop as a server does, and finish what runs."""
        for worker in self:
            worker.signal(number)

    def hasten(self) -> None:
        """They were told to stop at once."""
        if self.current is not None:
            self._leave()
        for worker in self._leaving:
            worker.due = min(worker.due, time.monotonic() + _AT_ONCE_SECONDS)

    def kill(self) -> None:
        """Whatever they are doing."""
        for worker in self:
            worker.signal(signal.SIGKILL)
            worker.ended()

    def _leave(self) -> None:
        assert self.current is not None
        self._leaving.append(self.current)
        self.current = None
