"""The supervisor's side of the zygote: it is started when there is something to import ahead, and asked for workers.

Source: unix(7) for SCM_RIGHTS.
"""

from __future__ import annotations

import logging
import os
import signal
import socket
import sysconfig
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from wsgiserve.process.channel import Channel
from wsgiserve.reload.process import start_interpreter

__all__ = ["ForkedProcess", "Warm"]

log = logging.getLogger("wsgiserve")


class Warm:
    """A zygote.

    Args:
        modules: to be imported ahead, in order.
        roots: of the project, whose modules must not be.
        listeners: descriptors that its workers inherit.
        env_files: whose variables are set before anything is imported.
        left_out: packages that an earlier zygote found unfit.

    Attributes:
        modules: those, and what it has besides: a worker that needs no others gains nothing by another zygote.
        sock: the supervisor's end; readable when it has told something.
        warm: it can be asked for workers.
        left_out: as given, and what this one has found.
    """

    def __init__(
        self,
        modules: Sequence[str],
        roots: Sequence[str],
        listeners: Sequence[int],
        env_files: Sequence[Path],
        left_out: frozenset[str],
    ) -> None:
        self.modules: frozenset[str] = frozenset(modules)
        self.left_out = left_out
        self.warm = False
        self._pids: set[int] = set()
        self._is_done = False
        self.sock, theirs = socket.socketpair()
        with theirs:
            self._process = start_interpreter("wsgiserve.reload.zygote", theirs.fileno(), listeners)
        self.channel = Channel(self.sock)
        self._packages = _packages_changed()
        order = {"modules": list(modules), "left_out": sorted(left_out), "roots": list(roots)}
        self.channel.send(order | {"env_files": [str(file) for file in env_files]})

    def hear(self) -> str:
        """Take what it has told: ``warm``, ``unfit`` (start another one, with ``left_out``), or ``gone``."""
        message = self.channel.receive()
        if message is None:
            return "gone"
        if "unfit" in message:
            self.left_out |= {message["unfit"]}
            log.debug("%s is imported anew at each reload: it starts threads or opens sockets", message["unfit"])
            return "unfit"
        self.warm = True
        self.modules |= frozenset(message["warm"])
        log.debug("%d modules are imported ahead", len(message["warm"]))
        return "warm"

    def fits(self) -> bool:
        """Whether it can be asked, and no package was installed or removed since it was started."""
        return self.warm and self._packages == _packages_changed()

    def fork(self, channel: socket.socket) -> ForkedProcess | None:
        """A new process that has everything imported, and runs the worker at the other end of ``channel``."""
        try:
            self.channel.send({"fork": True})
            socket.send_fds(self.sock, [b"\0"], [channel.fileno()])
        except OSError:
            return None
        message = self.channel.receive()
        if message is None:
            return None
        self._pids.add(message["pid"])
        return ForkedProcess(self, message["pid"])

    def wait_for(self, pid: int) -> int:
        """How one of its children ended, as ``Popen.wait`` tells it; SIGKILL if it is not known."""
        self.channel.send({"wait": pid})
        message = self.channel.receive()
        if message is None:
            with suppress(ProcessLookupError):  # the zygote is gone, and nobody will hear of it any more
                os.kill(pid, signal.SIGKILL)
        self._pids.discard(pid)
        if self._is_done:
            self.close()
        return int(message["code"]) if message is not None else -signal.SIGKILL

    def close(self) -> None:
        """End it, as soon as the last of its workers has been waited for: nobody else could tell how that ended."""
        self._is_done = True
        if not self._pids:
            self.sock.close()
            self._process.kill()
            self._process.wait()


class ForkedProcess:
    """A child of the zygote, with what a supervisor needs of ``Popen``."""

    def __init__(self, zygote: Warm, pid: int) -> None:
        self._zygote = zygote
        self.pid = pid

    def send_signal(self, number: int) -> None:
        """As ``Popen.send_signal``."""
        with suppress(ProcessLookupError):
            os.kill(self.pid, number)

    def wait(self, timeout: float | None = None) -> int:
        """As ``Popen.wait``; the zygote ends a process that takes too long."""
        return self._zygote.wait_for(self.pid)


def _packages_changed() -> list[int]:
    """When something was last put into, or taken out of, the directories of installed packages."""
    times = []
    for key in ("purelib", "platlib"):
        try:
            times.append(Path(sysconfig.get_path(key)).stat().st_mtime_ns)
        except OSError:
            times.append(0)
    return times
