"""How a process has ended, in the words of a person.

Source: signal(7), wait(2).
"""

from __future__ import annotations

import signal

__all__ = ["describe_end"]


def describe_end(code: int) -> str:
    """``exit code 3``, or the name of a signal: ``SIGKILL``.

    Args:
        code: as ``subprocess`` has it, the negative number for a signal.
    """
    if code >= 0:
        return f"exit code {code}"
    try:
        return signal.Signals(-code).name
    except ValueError:  # a real-time signal between the two that have a name
        return f"signal {-code}"
