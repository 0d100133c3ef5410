"""Saves without end under a steady load: what every answer said, and what became of the processes.

The promise that is looked after: a request that begins after a reload was told ("reloaded: …") is answered by what was
saved then, or later. It begins with opening its connection or, on one that is kept, with sending it. A kept connection
is closed by a reload, maybe under a request of which the server has read nothing; its client asks again on another
one, as clients do (RFC 9112 §9.3.1).
"""

from __future__ import annotations

import os
import threading
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from http.client import HTTPConnection, HTTPException, HTTPResponse
from pathlib import Path
from random import Random
from typing import NamedTuple

from tests.processes import sleeps, until
from tests.reload.looping import Loop, loop
from tests.server.running import SECONDS

__all__ = ["Outcome", "soak"]

# Of new connections. The kept one asks as often again.
_REQUESTS_PER_SECOND = 50
_ASKING = 30
_LONGEST_PAUSE_SECONDS = 0.05

# By then all that is allocated once has been.
_SETTLED_AFTER = 20


class Outcome(NamedTuple):
    """What came of it; all but ``answers`` and ``renewed`` has to be the same however the workers are started."""

    answers: int
    renewed: int
    """Kept connections that were closed under a request."""
    wrong: list[str]
    kinds: set[tuple[int, str]]
    """Status and names of header fields of all answers."""
    more_descriptors: int
    """Of the supervisor, since it had settled."""
    more_memory: bool
    """The supervisor has grown by more than a mebibyte since then."""
    left: list[int]
    """Processes that outlived it."""

    def __str__(self) -> str:
        return f"{self.answers:,} answers, {len(self.wrong)} wrong; {self.renewed} kept connections asked again"


class _Crowd:
    """Clients, and what they were told."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._ends = threading.Event()
        self.announced = 0
        self.answers = Counter[int]()
        self.renewed = 0
        self.wrong: list[str] = []
        self.kinds: set[tuple[int, str]] = set()
        self.pids: set[int] = set()

    @contextmanager
    def asking(self) -> Iterator[None]:
        with ThreadPoolExecutor(_ASKING) as pool:
            loops = [pool.submit(self._ask_anew, pool), pool.submit(self._ask_on)]
            try:
                yield
            finally:
                self._ends.set()
                for each in loops:
                    each.result()

    def _ask_anew(self, pool: ThreadPoolExecutor) -> None:
        due = time.monotonic()
        while not self._ends.wait(max(due - time.monotonic(), 0.0)):
            due += 1 / _REQUESTS_PER_SECOND
            pool.submit(self._ask_once)

    def _ask_once(self) -> None:
        least = self.announced
        connection = self._connection()
        try:
            connection.request("GET", "/", headers={"Connection": "close"})
            self._check(connection.getresponse(), least)
        except (OSError, HTTPException) as error:
            self.wrong.append(f"new connection, after {least}: {error!r}")
        finally:
            connection.close()

    def _ask_on(self) -> None:
        connection, kept = self._connection(), False
        while not self._ends.wait(1 / _REQUESTS_PER_SECOND):
            least = self.announced
            try:
                connection.request("GET", "/")
                response = connection.getresponse()
            except (OSError, HTTPException) as error:
                if not kept:
                    self.wrong.append(f"kept connection, its first request, after {least}: {error!r}")
                connection.close()
                self.renewed += 1
                kept = False
                continue
            try:
                self._check(response, least)
            except (OSError, HTTPException) as error:
                self.wrong.append(f"kept connection, within a response, after {least}: {error!r}")
            kept = not response.will_close
        connection.close()

    def _connection(self) -> HTTPConnection:
        return HTTPConnection("127.0.0.1", self._port, timeout=SECONDS)

    def _check(self, response: HTTPResponse, least: int) -> None:
        body = response.read().decode()
        build, pid = map(int, body.split())
        self.answers[build] += 1
        self.pids.add(pid)
        self.kinds.add((response.status, " ".join(sorted(name for name in response.headers if name != "Connection"))))
        if response.status != 200 or build < least:
            self.wrong.append(f"{response.status} from build {build}, after {least} was told")


def soak(folder: Path, saves: int, *words: str, seed: int) -> Outcome:
    """Save so often, each time when the one before was reloaded, and look at everything meanwhile.

    Args:
        words: of the command.
        seed: for the pauses between saves.
    """
    choose = Random(seed)
    with loop(folder, "--no-access-log", *words, files={"words.py": "WORD = '0'\n"}) as project:
        crowd = _Crowd(project.port)
        before = (0, 0)
        with crowd.asking():
            for number in range(1, saves + 1):
                project.word(str(number))
                project.wait_for_log("reloaded: words.py", number)
                crowd.announced = number
                threading.Event().wait(choose.uniform(0.0, _LONGEST_PAUSE_SECONDS))
                if number == _SETTLED_AFTER:
                    before = _holdings(project)
        after = _holdings(project)
        pids = [project.zygote(), *project.workers(), *crowd.pids]
        crowd.wrong += [] if project.end() == 0 else ["it did not end well"]
        crowd.wrong += [line for line in project.log().splitlines()[1:] if _is_a_complaint(line)]
        return Outcome(
            crowd.answers.total(),
            crowd.renewed,
            crowd.wrong,
            crowd.kinds,
            after[0] - before[0],
            after[1] - before[1] > 1024,
            [pid for pid in pids if pid and Path(f"/proc/{pid}").exists()],
        )


def _holdings(project: Loop) -> tuple[int, int]:
    """Descriptors, and resident memory in KiB, of the supervisor when nothing is on its way."""
    until(lambda: len(project.workers()) == 1 and sleeps(project.process.pid))
    proc = Path(f"/proc/{project.process.pid}")
    (line,) = (line for line in (proc / "status").read_text().splitlines() if line.startswith("VmRSS"))
    return len(os.listdir(proc / "fd")), int(line.split()[1])  # noqa: PTH208 - a count


def _is_a_complaint(line: str) -> bool:
    return any(word in line for word in ("Traceback", "Error", "error", "cut", "ended"))
