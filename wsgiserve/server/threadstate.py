"""What the system tells of a thread: whether it waits for something, or was only kept from running.

Floor 3. Where a system does not tell, every thread is taken for one that waits.
Source: getrusage(2), RUSAGE_THREAD; proc(5), /proc/PID/task/TID/stat.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable
from functools import cache

__all__ = ["is_asleep", "pauses"]

# More than anybody can have waited since the last question.
_MANY = 1_000_000


def pauses() -> int:
    """How often the calling thread has gone to sleep by itself, to wait for something. Half a microsecond."""
    return _count()()


def is_asleep(native_id: int | None) -> bool:
    """Whether a thread of this process waits: not when it runs, nor when it could and another has its processor."""
    try:
        with open(f"/proc/self/task/{native_id}/stat") as file:  # noqa: PTH123 - while others wait for this thread
            return not file.read().rpartition(")")[2].startswith(" R")
    except OSError:
        return True


@cache
def _count() -> Callable[[], int]:
    try:
        from resource import RUSAGE_THREAD, getrusage  # when it is asked for first, since few servers come here
    except ImportError:
        return itertools.count(step=_MANY).__next__
    return lambda: getrusage(RUSAGE_THREAD).ru_nvcsw
