"""Requests to stop that come on two ways: as signals, and from the process above.

Ctrl-C reaches a whole group of processes, and systemd signals a whole service; the process above passes on what it has
got as well. The same wish, told twice, is one wish: whichever way has told more counts.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from wsgiserve.server.deadlines import Deadlines
    from wsgiserve.signals import Stoppable

__all__ = ["Stops"]


class Stops:
    """Stands before a server, which is told to stop as often as either way has told it."""

    def __init__(self, server: Stoppable) -> None:
        self._server = server
        self._lock = threading.RLock()  # a signal comes at any time, in the midst of the same function too
        self._by_signals = self._by_parent = self._done = 0

    @property
    def deadlines(self) -> Deadlines:
        """The server's."""
        return self._server.deadlines

    def running_requests(self) -> Sequence[str]:
        """The server's."""
        return self._server.running_requests()

    def stop(self) -> bool:
        """By a signal; whether that was news."""
        with self._lock:
            self._by_signals += 1
            return self._catch_up()

    def asked(self) -> bool:
        """By the process above; whether that was news."""
        with self._lock:
            self._by_parent += 1
            return self._catch_up()

    def _catch_up(self) -> bool:
        before = self._done
        while self._done < max(self._by_signals, self._by_parent):
            self._done += 1
            self._server.stop()
        return self._done > before
