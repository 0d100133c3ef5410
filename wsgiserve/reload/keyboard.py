"""Standard input, line by line: for whoever asked first, else for the shortcuts.

Source: termios(3) on canonical mode: a terminal hands over whole lines, as long as nobody changes it; and on job
control: whoever reads from a terminal in the background is stopped.
"""

from __future__ import annotations

import os
import selectors
from collections import deque
from collections.abc import Callable

from wsgiserve.reload.process import WorkerProcess

__all__ = ["Keyboard"]


class Keyboard:
    """Reads only while somebody wants to hear: what is typed in between waits.

    Args:
        selector: in which it waits; its data is what to call.
        fileno: of standard input.

    Attributes:
        lent: to a debugger, which will ask for every line; nobody else hears any.
    """

    def __init__(self, selector: selectors.BaseSelector, fileno: int = 0) -> None:
        self._selector = selector
        self.fileno = fileno
        self.lent = False
        self._asking: deque[WorkerProcess] = deque()
        self._heed: Callable[[str], None] | None = None
        self._typed = b""
        self._ended = False
        self._watching = False

    def listen(self, heed: Callable[[str], None]) -> None:
        """From now on ``heed`` is called with each line that nobody has asked for."""
        self._heed = heed
        self._give()

    def ask(self, worker: WorkerProcess) -> None:
        """The next line is for this worker; an empty one tells the end of the input."""
        self._asking.append(worker)
        self._give()

    def forget(self, worker: WorkerProcess) -> None:
        """It does not wait any more."""
        self._asking = deque(other for other in self._asking if other is not worker)
        self._give()

    def resume(self) -> None:
        """This process may have come to the foreground, or nothing is lent any more."""
        self._give()

    def _read(self) -> None:
        if not self._in_foreground():
            self._watch(False)
            return
        try:
            data = os.read(self.fileno, 4096)
        except OSError:  # the terminal is gone
            data = b""
        self._typed += data
        self._ended = not data
        self._give()

    def _in_foreground(self) -> bool:
        try:
            return os.tcgetpgrp(self.fileno) == os.getpgrp()
        except OSError:  # no terminal, or not ours
            return True

    def _give(self) -> None:
        while b"\n" in self._typed or (self._ended and self._asking):
            if not self._asking and (self._heed is None or self.lent):
                break
            line, newline, self._typed = self._typed.partition(b"\n")
            text = (line + newline).decode("utf-8", "replace")
            if self._asking:
                self._asking.popleft().channel.send({"line": text})
            elif self._heed is not None:
                self._heed(text)
        self._watch(bool(self._asking or (self._heed and not self.lent)) and not self._ended)

    def _watch(self, wanted: bool) -> None:
        if wanted and not self._watching:
            try:
                self._selector.register(self.fileno, selectors.EVENT_READ, self._read)
            except (OSError, ValueError):  # closed; or a file, which epoll does not take, and which nobody types into
                self._ended = True
                self._give()
                return
        elif self._watching and not wanted:
            self._selector.unregister(self.fileno)
        self._watching = wanted
