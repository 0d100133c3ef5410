"""The question which of the changed files a worker has imported: only the worker can know."""

from __future__ import annotations

import time
from collections.abc import Sequence
from math import inf
from pathlib import Path
from typing import TYPE_CHECKING

from wsgiserve.reload.process import WorkerProcess

if TYPE_CHECKING:
    from wsgiserve.process.channel import Message

__all__ = ["Inquiry"]

# A worker that does not say what it has imported within this time is assumed to have imported everything.
_ANSWER_SECONDS = 0.2


class Inquiry:
    """One question at a time; the next one takes the place of the one before.

    Attributes:
        paths: that are asked about; empty while nothing is asked.
        due: by the monotonic clock, when to go on without an answer; inf while nothing is asked.
    """

    def __init__(self) -> None:
        self._number = 0
        self.paths: list[Path] = []
        self.due = inf

    def ask(self, worker: WorkerProcess, paths: Sequence[Path]) -> None:
        """Its answer is a message with ``imported``: names of modules, by the path of their file."""
        self._number += 1
        self.paths, self.due = [*paths], time.monotonic() + _ANSWER_SECONDS
        worker.channel.send({"imported": [str(path) for path in paths], "question": self._number})

    def is_answered_by(self, message: Message) -> bool:
        """Whether that is the answer to this question, and not to an earlier one."""
        return bool(self.paths) and message["question"] == self._number

    def close(self) -> None:
        """It has been answered, or does not matter any more."""
        self.paths, self.due = [], inf
