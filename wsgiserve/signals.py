"""SIGINT and SIGTERM, to the ``stop`` of a server, and to an exit code.

Knows that a server can be stopped, and nothing else of it.
Source: signal(7); Python's ``signal``, which calls handlers in the main thread only.
"""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any, Protocol

__all__ = ["EXIT_CODES", "Stoppable", "stopped_by_signals"]

# 128 + the signal's number is what shells report for Ctrl-C; being told to stop by SIGTERM is a clean end.
EXIT_CODES: dict[int, int] = {signal.SIGINT: 130, signal.SIGTERM: 0}


class Stoppable(Protocol):
    def stop(self) -> None: ...


@contextmanager
def stopped_by_signals(server: Stoppable, *, defaults_only: bool = False) -> Iterator[list[int]]:
    """SIGINT and SIGTERM call ``server.stop()``: once for a graceful end, twice for an immediate one.

    From the second on they raise KeyboardInterrupt too, which ``serve_forever`` takes for the end that it is. Only the
    main thread can have handlers; elsewhere nothing changes. The handlers of before are put back at the end.

    Args:
        defaults_only: leave a signal alone that the program ignores or has a handler of its own for.
    Yields:
        The signals that have come, growing.
    """
    received: list[int] = []

    def stop(number: int, frame: FrameType | None) -> None:
        received.append(number)
        server.stop()
        if len(received) > 1:
            # The application may be running in this very thread, which would not look at anything else before it ends.
            raise KeyboardInterrupt

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
