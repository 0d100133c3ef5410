"""One worker as the supervisor sees it: a process, the channel to it, and what is known of its state.

Source: subprocess.
"""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from math import inf
from typing import Protocol

from wsgiserve.process.channel import Channel, Message
from wsgiserve.process.ending import describe_end

__all__ = ["Process", "WorkerProcess", "start_interpreter"]

# After the time for running requests is over: until SIGTERM, and from there until SIGKILL.
_PATIENCE_SECONDS = 1.0


class Process(Protocol):
    """What is needed of ``subprocess.Popen``, which a worker need not be."""

    pid: int

    def send_signal(self, number: int, /) -> None: ...

    def wait(self, timeout: float | None = None) -> int: ...


def start_interpreter(module: str, descriptor: int, listeners: Sequence[int]) -> subprocess.Popen[bytes]:
    """Run a module in an interpreter like this one, with a descriptor that it is told and others that it inherits.

    In a group of its own, so that Ctrl-C reaches the supervisor alone.
    """
    return subprocess.Popen(
        [sys.executable, *_interpreter_options(), "-m", module, str(descriptor)],
        stdin=subprocess.DEVNULL,
        pass_fds=[descriptor, *listeners],
        process_group=0,
    )


class WorkerProcess:
    """A process that runs ``worker.py``.

    Args:
        order: its first message; see ``worker.py``.
        start: makes the process; what it is given is the worker's end of the channel.

    Attributes:
        channel: to talk to it.
        explains: it has no application to run, only a reason.
        state: ``loading``, ``ready``, ``failed`` (it serves the page that says why), or ``retired``.
        reads_templates_anew: the application sees changed templates by itself.
        report: what it told when it had loaded; None before.
        accepts: it may be accepting connections.
        started: by the monotonic clock.
        due: when ``hurry`` has to be called, by the same clock.
    """

    def __init__(self, order: Message, start: Callable[[socket.socket], Process]) -> None:
        ours, theirs = socket.socketpair()
        with theirs:
            self._process = start(theirs)
        self.channel = Channel(ours)
        self.channel.send(order)
        self.explains = order["failure"] is not None
        self.state = "loading"
        self.reads_templates_anew = False
        self.report: Message | None = None
        self.accepts = False
        self.started = time.monotonic()
        self.due = inf

    def begin(self) -> None:
        """Have it accept connections; it has loaded."""
        assert self.report is not None
        self.state = "ready" if "ready" in self.report else "failed"
        self.reads_templates_anew = self.report.get("ready", {}).get("reads_templates_anew", False)
        self.accepts = True
        self.channel.send({"begin": True})

    def signal(self, number: int) -> None:
        """Have it stop as a server stops on this signal. One that is still loading has nothing to finish."""
        self._send(number if self.state in ("ready", "failed", "retired") else signal.SIGKILL)

    def retire(self, seconds: float) -> None:
        """Have it finish what runs within so many seconds."""
        if self.state == "loading":
            self._send(signal.SIGKILL)
        else:
            self.channel.send({"retire": seconds})
            self.due = time.monotonic() + seconds + _PATIENCE_SECONDS
        self.state = "retired"

    def hurry(self) -> None:
        """It should have ended by now: tell it so, and next time end it."""
        self._send(signal.SIGTERM if self.state == "retired" else signal.SIGKILL)
        self.state = "late"
        self.due = time.monotonic() + _PATIENCE_SECONDS

    def ended(self) -> str:
        """How it has ended, for a person; it is ended now if it only closed the channel."""
        self.channel.close()
        try:
            code = self._process.wait(_PATIENCE_SECONDS)
        except subprocess.TimeoutExpired:
            self._send(signal.SIGKILL)
            code = self._process.wait()
        return describe_end(code)

    def _send(self, number: int) -> None:
        with suppress(ProcessLookupError):
            self._process.send_signal(number)


def _interpreter_options() -> list[str]:
    """Of this interpreter, for another one that is to behave alike."""
    options = [f"-W{warning}" for warning in sys.warnoptions]
    for name, value in sys._xoptions.items():
        options += ["-X", name if value is True else f"{name}={value}"]
    if sys.flags.optimize:
        options.append("-" + "O" * sys.flags.optimize)
    if sys.flags.dont_write_bytecode and "PYTHONDONTWRITEBYTECODE" not in os.environ:
        options.append("-B")
    return options
