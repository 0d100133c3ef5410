"""The zygote: a process that has imported what the project needs of others, and forks for each reload.

``python -m wsgiserve.reload.zygote FD``. A worker that is forked from it imports the project's own modules alone. It is
only good as long as it runs no thread and holds no socket: a fork copies neither threads nor the other ends. So after
each import it looks, and names the package that must be left out; its supervisor then starts it anew without that.

Source: fork(2); POSIX.1 on fork() in processes with threads.
"""

from __future__ import annotations

import gc
import importlib
import os
import signal
import socket
import sys
import threading
import time
import warnings
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress

from wsgiserve.errors import UserError
from wsgiserve.process.channel import Channel
from wsgiserve.reload.imported import has_own
from wsgiserve.reload.worker import Worker, set_variables

__all__ = ["Zygote", "main"]

# Their threads survive a fork: OpenBLAS stops them before, and starts them again after it (pthread_atfork).
_THREADS_THAT_MAY_BE = frozenset(["numpy", "scipy"])

# Known to be of no use after a fork, or to dislike it; what they cost is imported anew each time.
_NEVER = frozenset(["eventlet", "gevent", "greenlet", "grpc", "jax", "jaxlib", "tensorflow", "torch", "ray"])

# With it, parts of Django would import the project's settings, and the project would keep them for ever.
_NAMES_OWN_MODULE = "DJANGO_SETTINGS_MODULE"

# A child that has closed its channel is about to end; then it is made to.
_END_SECONDS = 1.0
_LOOK_SECONDS = 0.002


class Zygote:
    """Imports, and forks when it is told to."""

    def __init__(self, sock: socket.socket) -> None:
        self._sock = sock
        self._channel = Channel(sock)
        self._tasks = 1

    def run(self) -> None:
        """Until the supervisor is gone; in a child, until the worker has ended."""
        order = self._channel.receive()
        if order is None:
            return
        with suppress(UserError):  # the worker will tell
            set_variables(order["env_files"])
        with _without(_NAMES_OWN_MODULE):
            unfit = self._import(order["modules"], order["left_out"], order["roots"])
        self._channel.send({"unfit": unfit} if unfit else {"warm": list(sys.modules)})
        gc.collect()
        gc.freeze()  # or the first collection in each child would copy everything that is shared
        while message := self._channel.receive():
            if "wait" in message:
                self._channel.send({"code": _wait(message["wait"])})
            elif (worker := self._fork()) is not None:
                worker.run()
                return

    # Importing

    def _import(self, names: Iterable[str], left_out: Iterable[str], roots: list[str]) -> str:
        """Import modules; the package of the first one after which a fork would not be safe, or empty."""
        never = _NEVER | set(left_out)
        sockets = _sockets()
        for name in names:
            top = name.partition(".")[0]
            if top in never or name in sys.modules:
                continue
            before = frozenset(sys.modules)
            # What fails needs something that the project does first, and will be imported there.
            with suppress(BaseException), warnings.catch_warnings(action="ignore"):
                importlib.import_module(name)
            if top in _THREADS_THAT_MAY_BE:
                self._tasks = max(self._tasks, _tasks())
            if threading.active_count() > 1 or _tasks() > self._tasks or _sockets() > sockets or has_own(roots, before):
                return top
        return ""

    # Forking

    def _fork(self) -> Worker | None:
        """The worker, in the child; None in the parent."""
        _, descriptors, _, _ = socket.recv_fds(self._sock, 1, 1)
        with warnings.catch_warnings(action="ignore", category=DeprecationWarning):  # of threads that may be
            pid = os.fork()
        if pid:
            os.close(descriptors[0])
            self._channel.send({"pid": pid})
            return None
        os.setpgid(0, 0)
        self._sock.close()
        return Worker(Channel(socket.socket(fileno=descriptors[0])), imported=frozenset(sys.modules))


@contextmanager
def _without(variable: str) -> Iterator[None]:
    value = os.environ.pop(variable, None)
    try:
        yield
    finally:
        if value is not None:
            os.environ[variable] = value


def _wait(pid: int) -> int:
    """How a child ended, as ``Popen.returncode`` tells it."""
    due = time.monotonic() + _END_SECONDS
    while True:
        done, status = os.waitpid(pid, os.WNOHANG)
        if done:
            return os.waitstatus_to_exitcode(status)
        if time.monotonic() >= due:
            os.kill(pid, signal.SIGKILL)
        time.sleep(_LOOK_SECONDS)


def _tasks() -> int:
    """Threads that the kernel knows; Python does not know those of libraries."""
    return len(os.listdir("/proc/self/task"))  # noqa: PTH208 - pathlib would make an object of each


def _sockets() -> int:
    count = 0
    for entry in os.scandir("/proc/self/fd"):
        try:
            count += os.readlink(entry.path).startswith("socket:")  # noqa: PTH115 - as above
        except OSError:  # that of the listing itself
            continue
    return count


def main() -> None:
    """The program."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    Zygote(socket.socket(fileno=int(sys.argv[1]))).run()


if __name__ == "__main__":
    main()
