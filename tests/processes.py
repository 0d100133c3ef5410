"""Processes that tests start: waiting for what they do, and their end."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

from tests.server import running

__all__ = ["PROCESS_SECONDS", "end", "sleeps", "until"]

# For a process to start, or to do what takes another one's start: an interpreter that imports Django and has to share
# its processor with ten others has been seen to need more than twenty.
PROCESS_SECONDS = 60.0

# After each of two signals: for who has nothing to finish, and for who has.
_PATIENCE_SECONDS = (0.5, 5.0)


def until(condition: Callable[[], object]) -> None:
    """Wait for what processes bring about and nobody announces."""
    running.until(condition, PROCESS_SECONDS)


def sleeps(pid: int) -> bool:
    """Whether the main thread waits in the kernel, where a signal ends its waiting: just before, it would wait too."""
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "S"


def end(process: subprocess.Popen[Any]) -> None:
    """As somebody ends it who is in a hurry: one that is killed does not tell what coverage has measured in it."""
    for seconds in _PATIENCE_SECONDS:
        process.terminate()
        with suppress(subprocess.TimeoutExpired):
            process.wait(seconds)
            return
    process.kill()
    process.wait()
