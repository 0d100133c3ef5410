"""SIGINT and SIGTERM, to the ``stop`` of a server, and to an exit code; and what to say when that takes its time.

Knows that a server can be stopped and what it then waits for, and nothing else of it.
Source: signal(7); Python's ``signal``, which calls handlers in the main thread only.
"""

from __future__ import annotations

import logging
import signal
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from types import FrameType
from typing import TYPE_CHECKING, Any, Protocol

from wsgiserve.console import shorten

if TYPE_CHECKING:
    from wsgiserve.server.deadlines import Deadlines

__all__ = ["EXIT_CODES", "Stoppable", "stopped_by_signals", "tell_what_is_waited_for"]

# 128 + the signal's number is what shells report for Ctrl-C; being told to stop by SIGTERM is a clean end.
EXIT_CODES: dict[int, int] = {signal.SIGINT: 130, signal.SIGTERM: 0}


# Requests that are named, and columns for each.
_NAMED, _COLUMNS = 3, 60

log = logging.getLogger("wsgiserve")


class Stoppable(Protocol):
    @property
    def deadlines(self) -> Deadlines: ...

    def stop(self) -> bool | None:
        """False: it had been told already."""

    def running_requests(self) -> Sequence[str]: ...


@contextmanager
def stopped_by_signals(server: Stoppable, *, defaults_only: bool = False) -> Iterator[list[int]]:
    """SIGINT and SIGTERM call ``server.stop()``: once for a graceful end, twice for an immediate one.

    After the first, who waits is told for what, and how long. From the second on they raise KeyboardInterrupt too,
    which ``serve_forever`` takes for the end that it is. Only the main thread can have handlers; elsewhere nothing
    changes. The handlers of before are put back at the end.

    Args:
        defaults_only: leave a signal alone that the program ignores or has a handler of its own for.
    Yields:
        The signals that have come, growing.
    """
    received: list[int] = []

    def stop(number: int, frame: FrameType | None) -> None:
        received.append(number)
        is_news = server.stop() is not False
        if len(received) > 1:
            # The application may be running in this very thread, which would not look at anything else before it ends.
            raise KeyboardInterrupt
        if is_news:
            tell_what_is_waited_for(server, number)

    before: dict[int, Any] = {}
    try:
        if threading.current_thread() is threading.main_thread():
            for number in EXIT_CODES:
                if not defaults_only or signal.getsignal(number) in (signal.SIG_DFL, signal.default_int_handler):
                    before[number] = signal.signal(number, stop)
        yield received
    finally:
        for number, handler in before.items():
            # None: it was not installed by Python, and cannot be put back by it.
            signal.signal(number, signal.SIG_DFL if handler is None else handler)


def tell_what_is_waited_for(server: Stoppable, number: int) -> None:
    """After the first signal: which requests take their time, how long they have, and what is quicker."""
    # In a signal handler. Python runs it between two steps of the main thread, whose locks for the log can be taken
    # again; and the second signal is heard even if whoever reads the log has stopped to.
    names = server.running_requests()
    if names:
        more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
        what = ", ".join(shorten(name, _COLUMNS) for name in names[:_NAMED]) + more
        again = "Ctrl-C" if number == signal.SIGINT else signal.Signals(number).name
        log.info("stopping: %s may take up to %g s; %s again stops at once", what, server.deadlines.graceful, again)
