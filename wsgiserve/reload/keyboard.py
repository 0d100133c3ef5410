"""Standard input, line by line, for whoever asks first.

Source: termios(3) on canonical mode: a terminal hands over whole lines, as long as nobody changes it.
"""

from __future__ import annotations

import os
import selectors
from collections import deque

from wsgiserve.reload.process import WorkerProcess

__all__ = ["Keyboard"]


class Keyboard:
    """Reads only while somebody has asked: what is typed in between waits.

    Args:
        selector: in which it waits; its data is what to call.
        fileno: of standard input.
    """

    def __init__(self, selector: selectors.BaseSelector, fileno: int = 0) -> None:
        self._selector = selector
        self._fileno = fileno
        self._asking: deque[WorkerProcess] = deque()
        self._typed = b""
        self._ended = False
        self._watching = False

    def ask(self, worker: WorkerProcess) -> None:
        """The next line is for this worker; an empty one tells the end of the input."""
        self._asking.append(worker)
        self._give()

    def forget(self, worker: WorkerProcess) -> None:
        """It does not wait any more."""
        self._asking = deque(other for other in self._asking if other is not worker)
        self._give()

    def _read(self) -> None:
        data = os.read(self._fileno, 4096)
        self._typed += data
        self._ended = not data
        self._give()

    def _give(self) -> None:
        while self._asking and (b"\n" in self._typed or self._ended):
            line, newline, self._typed = self._typed.partition(b"\n")
            text = (line + newline).decode("utf-8", "replace")
            self._asking.popleft().channel.send({"line": text})
        self._watch(bool(self._asking))

    def _watch(self, wanted: bool) -> None:
        if wanted and not self._watching:
            try:
                self._selector.register(self._fileno, selectors.EVENT_READ, self._read)
            except (OSError, ValueError):  # closed; or a file, which epoll does not take, and which nobody types into
                self._ended = True
                self._give()
                return
        elif self._watching and not wanted:
            self._selector.unregister(self._fileno)
        self._watching = wanted
