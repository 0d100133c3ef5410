"""The command on a terminal of its own, as a person sees it and types into it."""

from __future__ import annotations

import fcntl
import os
import pty
import select
import struct
import subprocess
import sys
import termios
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.processes import PROCESS_SECONDS, end, sleeps, until

__all__ = ["COLUMNS", "ROWS", "Terminal", "terminal"]

COLUMNS, ROWS = 100, 40

# What a shell does: the terminal is the controlling one, so that Ctrl-C is a signal; then the command takes its place.
_SHELL = "import fcntl, os, sys, termios; fcntl.ioctl(0, termios.TIOCSCTTY, 0); os.execv(sys.argv[1], sys.argv[1:])"


class Terminal:
    """``wsgiserve`` with these words, in a terminal of 100 columns and 40 rows."""

    def __init__(self, *argv: str, folder: Path | None = None) -> None:
        self._terminal, its = pty.openpty()
        fcntl.ioctl(its, termios.TIOCSWINSZ, struct.pack("HHHH", ROWS, COLUMNS, 0, 0))
        self.said = ""
        self._read_to = 0
        self.process = subprocess.Popen(
            [sys.executable, "-c", _SHELL, sys.executable, "-m", "wsgiserve", *argv],
            stdin=its,
            stdout=its,
            stderr=its,
            cwd=folder,
            start_new_session=True,
        )
        os.close(its)

    def until(self, text: str) -> str:
        """Read on until this is said, behind what was read for an earlier call; all that was said."""
        while (found := self.said.find(text, self._read_to)) < 0:
            self.said += self._read()
        self._read_to = found + len(text)
        return self.said[: self._read_to]

    def read_on(self) -> None:
        """What has been said meanwhile."""
        while select.select([self._terminal], [], [], 0)[0]:
            try:
                self.said += os.read(self._terminal, 4096).decode(errors="replace")
            except OSError:  # the other end is closed
                return

    def type(self, text: str) -> None:
        """Newline is the Enter key."""
        os.write(self._terminal, text.encode())

    def interrupt(self) -> int:
        """Ctrl-C once it waits for something; the exit code. Another one would end it in the midst of ending."""
        until(lambda: sleeps(self.process.pid))
        self.type("\x03")
        try:
            return self.process.wait(PROCESS_SECONDS)
        except subprocess.TimeoutExpired:
            return pytest.fail(self.said)

    def close(self) -> None:
        end(self.process)
        os.close(self._terminal)

    def _read(self) -> str:
        ready, _, _ = select.select([self._terminal], [], [], PROCESS_SECONDS)
        try:
            return os.read(self._terminal, 4096).decode(errors="replace") if ready else pytest.fail(self.said)
        except OSError:  # what a terminal says when the other end is closed
            return pytest.fail(self.said)


@contextmanager
def terminal(*argv: str, folder: Path | None = None) -> Iterator[Terminal]:
    """Its process is ended at the end."""
    made = Terminal(*argv, folder=folder)
    try:
        yield made
    finally:
        made.close()
