"""The end of processes that tests have started."""

from __future__ import annotations

import subprocess
from contextlib import suppress
from typing import Any

__all__ = ["end"]

# After each of two signals: for who has nothing to finish, and for who has.
_PATIENCE_SECONDS = (0.5, 5.0)


def end(process: subprocess.Popen[Any]) -> None:
    """As somebody ends it who is in a hurry: one that is killed does not tell what coverage has measured in it."""
    for seconds in _PATIENCE_SECONDS:
        process.terminate()
        with suppress(subprocess.TimeoutExpired):
            process.wait(seconds)
            return
    process.kill()
    process.wait()
