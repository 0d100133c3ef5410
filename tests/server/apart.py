"""A server in a process of its own, which reports at its end what it has left behind.

For what cannot be done in the test's process: forking from a process without threads, a lack of descriptors, signals,
and being counted at the end. Run as a program it is the other side: a server as its one argument, JSON, describes it.
"""

from __future__ import annotations

import importlib
import json
import logging
import os
import resource
import selectors
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from tests.server.running import SECONDS, descriptors, until
from wsgiserve.server import loop
from wsgiserve.server.access import Access
from wsgiserve.server.base import BaseWSGIServer
from wsgiserve.server.deadlines import Deadlines
from wsgiserve.server.poller import SelectorPoller
from wsgiserve.server.servers import ForkingWSGIServer, ThreadedWSGIServer, ThreadPoolWSGIServer

if TYPE_CHECKING:
    from wsgiref.types import StartResponse, WSGIEnvironment

__all__ = ["KINDS", "LARGE", "Apart", "Ended", "apart"]

LARGE = 20_000_000

KINDS: dict[str, type[BaseWSGIServer]] = {
    "single": BaseWSGIServer,
    "pool": ThreadPoolWSGIServer,
    "thread": ThreadedWSGIServer,
    "fork": ForkingWSGIServer,
}


class Ended(NamedTuple):
    """What a server left behind: names of threads, descriptors, and whether there were children."""

    threads: list[str]
    descriptors: list[str]
    children: bool
    numbers: list[int]
    """Of the requests in the access log, in the order in which the process that started the server saw them."""
    exit_code: int


class Apart:
    """The test's side."""

    def __init__(self, process: subprocess.Popen[str], log: Path) -> None:
        assert process.stdout is not None
        self._process = process
        self._log = log
        self._first = process.stdout.readline()
        assert self._first, f"it did not start:\n{self.log()}"
        self.port = int(self._first)
        self._ended: Ended | None = None
        self.printed: list[str] = []  # lines on its standard output; known at its end

    @property
    def pid(self) -> int:
        """Of the server's process."""
        return self._process.pid

    def signal(self, number: int = signal.SIGTERM) -> None:
        """Send the server's process a signal."""
        self._process.send_signal(number)

    def log(self) -> str:
        """What it has logged so far, one record a line but for tracebacks; access lines too."""
        return self._log.read_text(errors="replace")

    def children(self) -> list[int]:
        """Process ids of its children, dead ones included that nobody has waited for."""
        return [int(pid) for pid in Path(f"/proc/{self.pid}/task/{self.pid}/children").read_text().split()]

    def wake_ups(self) -> int:
        """How often its threads have gone to sleep so far, which is how often they were woken."""
        lines = "".join(self._of_threads("status")).splitlines()
        return sum(int(line.split()[1]) for line in lines if line.startswith("voluntary_ctxt_switches"))

    def wait_until_idle(self) -> None:
        """Until none of its threads has anything to do; one that waits for a processor has."""
        seen = [-1, 0]

        def unchanged() -> bool:
            seen[:] = [seen[1], self.wake_ups()]
            time.sleep(0.02)
            return seen[0] == seen[1] and self._sleeps()

        until(unchanged)

    def _sleeps(self) -> bool:
        """Whether all its threads wait in the kernel."""
        return {stat.rpartition(")")[2].split()[0] for stat in self._of_threads("stat")} == {"S"}

    def _of_threads(self, name: str) -> list[str]:
        """What the kernel tells of each of its threads, in a file of this name."""
        found = []
        for task in Path(f"/proc/{self.pid}/task").iterdir():
            with suppress(FileNotFoundError, ProcessLookupError):  # a thread that ended after it was listed
                found.append((task / name).read_text())
        return found

    def ended(self, *numbers: int, seconds: float = SECONDS) -> Ended:
        """Send these signals and wait for its end."""
        if self._ended is None:
            for number in numbers:
                self.signal(number)
            report, _ = self._process.communicate(timeout=seconds)
            assert report, f"it ended without a report:\n{self.log()}"
            *self.printed, last = report.splitlines()
            self._ended = Ended(**json.loads(last), exit_code=self._process.returncode)
        return self._ended

    def die(self) -> None:
        """The way that takes no notice of children."""
        self._process.kill()
        self._process.wait()

    def kill(self) -> None:
        """At once, if it still runs."""
        if self._process.poll() is None:
            self._process.kill()
        self._process.communicate()


@contextmanager
def apart(
    folder: Path,
    kind: str,
    application: str = "tests.server.apart:application",
    *,
    options: Sequence[str] = ("-X", "dev", "-W", "error"),
    **spec: Any,
) -> Iterator[Apart]:
    """Start a server; kill it at the end if the test has not ended it.

    Args:
        folder: for its log.
        application: ``module:name``.
        options: of the interpreter.
        spec: ``deadlines``, a dict; ``nofile``, the limit on descriptors; ``selector``, a class of ``selectors``;
            ``on_signal``, the method that SIGTERM and SIGINT call, or ``""``; ``tls``; ``patch``, ``module:name`` of a
            function to call first; ``quiet``, for warnings only in the log; everything else is for the server class.
    """
    log = folder / f"{kind}.log"
    arguments = json.dumps({"kind": kind, "application": application, **spec})
    root = Path(__file__).parent.parent.parent
    with log.open("w") as stderr:
        process = subprocess.Popen(
            [sys.executable, *options, "-m", "tests.server.apart", arguments],
            stdout=subprocess.PIPE,
            stderr=stderr,
            text=True,
            cwd=root,
            process_group=0,
        )
    server = None
    try:
        server = Apart(process, log)
        yield server
    finally:
        if server is not None:
            server.kill()


# In the process of the server


def application(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
    """``/slow`` takes a while, ``/until?FILE`` as long as there is no such file, ``/forever`` longer than any test,
    each after a first block; ``/large`` is 20 MB; ``/pid`` says who answers; ``/print`` prints; ``/exit`` and ``/kill``
    end the process.
    """
    path = environ["PATH_INFO"]
    start_response("200 OK", [])
    return [bytes(LARGE)] if path == "/large" else _steps(path, Path(environ["QUERY_STRING"]))


def _steps(path: str, file: Path) -> Iterator[bytes]:
    if path != "/pid":
        yield b"begun "
    if path == "/print":
        print("printed by the application", end=" ")
    if path == "/slow":
        time.sleep(0.3)
    elif path == "/until":
        until(file.exists)
    elif path == "/forever":
        time.sleep(600)
    elif path == "/exit":
        os._exit(7)
    elif path == "/kill":
        os.kill(os.getpid(), signal.SIGKILL)
    yield str(os.getpid()).encode() if path == "/pid" else b"done"


def _named(name: str) -> Any:
    module, _, attribute = name.partition(":")
    return getattr(importlib.import_module(module), attribute)


def _serve(spec: dict[str, Any]) -> None:
    quiet = spec.pop("quiet", False)
    logging.basicConfig(level=logging.WARNING if quiet else logging.INFO, format="%(levelname)s %(name)s: %(message)s")
    if patch := spec.pop("patch", ""):
        _named(patch)()
    if selector := spec.pop("selector", ""):
        _use_selector(selector)
    application = _named(spec.pop("application"))
    ssl_context = _tls_context() if spec.pop("tls", False) else None
    if nofile := spec.pop("nofile", 0):
        resource.setrlimit(resource.RLIMIT_NOFILE, (nofile, nofile))
    on_signal = spec.pop("on_signal", "stop")
    deadlines = Deadlines(**spec.pop("deadlines", {}))
    numbers: list[int] = []

    def access_log(access: Access) -> None:
        numbers.append(access.number)
        logging.getLogger("access").info("%s %d number=%d", access.target, access.status, access.number)

    before = descriptors()
    make = KINDS[spec.pop("kind")]
    spec["access_log"] = None if quiet else access_log
    server = make("127.0.0.1", 0, application, ssl_context=ssl_context, deadlines=deadlines, **spec)
    if on_signal:
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: getattr(server, on_signal)())
    print(server.port, flush=True)
    server.serve_forever()
    print()
    print(json.dumps(_left_behind(before) | {"numbers": numbers}))


def _left_behind(before: set[str]) -> dict[str, Any]:
    threads = [thread.name for thread in threading.enumerate() if thread is not threading.main_thread()]
    children = True
    try:
        os.waitpid(-1, os.WNOHANG)
    except ChildProcessError:
        children = False
    return {"threads": threads, "descriptors": sorted(descriptors() - before), "children": children}


def _use_selector(name: str) -> None:
    def make() -> SelectorPoller:
        return SelectorPoller(getattr(selectors, name)())

    loop.new_poller = make  # type: ignore[attr-defined]
    sys.modules["wsgiserve.server.forking"].new_poller = make  # type: ignore[attr-defined]


def _tls_context() -> Any:
    from wsgiserve.server.tls import generate_adhoc_ssl_context

    return generate_adhoc_ssl_context()


if __name__ == "__main__":
    _serve(json.loads(sys.argv[1]))
