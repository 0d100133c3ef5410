"""``breakpoint()`` in a worker, whose terminal is the supervisor's.

A worker is in a process group of its own, so that Ctrl-C does not reach it, and may therefore not read the terminal. So
pdb asks the supervisor for each line. While somebody looks around in a request nothing is reloaded, or the request
would be gone.
Source: PEP 553; bdb and pdb for what a debugger calls when it goes on.
"""

from __future__ import annotations

import os
import pdb
import sys
import threading
from collections.abc import Callable
from queue import SimpleQueue
from typing import Any

from wsgiserve.process.channel import Channel

__all__ = ["Terminal"]


class Terminal:
    """The supervisor's terminal, as a debugger's ``stdin``; one thread at a time has it.

    Args:
        channel: to the supervisor.
        describe: what runs, for whoever wonders where the prompt comes from.
    """

    def __init__(self, channel: Channel, describe: Callable[[], str]) -> None:
        self._channel = channel
        self._describe = describe
        self._lock = threading.Lock()
        self._owner = 0
        self._lines: SimpleQueue[str] = SimpleQueue()

    def install(self) -> None:
        """Have ``breakpoint()`` use it, unless PYTHONBREAKPOINT names another debugger."""
        sys.breakpointhook = self._break

    def readline(self) -> str:
        """A line, its newline included; empty at the end of the input."""
        self._channel.send({"prompt": True})
        return self._lines.get()

    def give(self, line: str) -> None:
        """The line that ``readline`` waits for; by the thread that hears the supervisor."""
        self._lines.put(line)

    def release(self) -> None:
        """The debugger has done with it."""
        if self._owner == threading.get_ident():
            self._owner = 0
            self._channel.send({"debugging": ""})
            self._lock.release()

    def _break(self, *args: Any, **kwargs: Any) -> Any:
        if os.environ.get("PYTHONBREAKPOINT"):
            return sys.__breakpointhook__(*args, **kwargs)
        if self._owner != threading.get_ident():
            self._lock.acquire()
            self._owner = threading.get_ident()
            self._channel.send({"debugging": self._describe()})
        header = kwargs.get("header")
        if header is not None:
            print(header)
        return _Debugger(self).set_trace(sys._getframe(1))


class _Debugger(pdb.Pdb):
    def __init__(self, terminal: Terminal) -> None:
        # Steps do not lead out of the application, into the server.
        super().__init__(stdin=terminal, stdout=sys.stdout, nosigint=True, skip=["wsgiserve.*"])  # type: ignore[arg-type]
        self._terminal = terminal

    def set_continue(self) -> None:
        super().set_continue()
        self._terminal.release()

    def set_quit(self) -> None:
        super().set_quit()
        self._terminal.release()
