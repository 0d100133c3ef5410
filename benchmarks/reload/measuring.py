"""One server with one project: started, saved under, left alone, ended, and a clock on each.

A client asks over new connections, two milliseconds after each answer: often enough to see the first new one, seldom
enough to leave the machine to the server.
"""

from __future__ import annotations

import random
import subprocess
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from typing import NamedTuple

from benchmarks.processes import clean_environment, end, free_port, processor_seconds
from benchmarks.reload.projects import Project
from benchmarks.reload.tools import Tool

__all__ = ["Running", "Save", "import_seconds", "running", "used_processor"]

# Pauses vary so much: no save is in step with those that look at the files once a second.
_VARIATION_SECONDS = 1.0
_BETWEEN_SECONDS = 0.002
# A server that has not noticed by then has not noticed.
_PATIENCE_SECONDS = 10.0
_START_SECONDS = 60.0


class Save(NamedTuple):
    """What became of one save."""

    seconds: float | None
    """To the first new response; None when there was none within ten seconds."""
    failed: int
    """Connections that were refused, reset, or closed without an answer meanwhile."""


class Running:
    """A server that has answered.

    Attributes:
        cold: seconds from its start to the first response.
    """

    def __init__(self, folder: Path, port: int, process: subprocess.Popen[bytes], started: float) -> None:
        self._folder = folder
        self._port = port
        self.process = process
        cold = self._wait_for("start", started, _START_SECONDS).seconds
        if cold is None:
            raise RuntimeError(f"no answer within {_START_SECONDS:g} s")
        self.cold = cold

    def save(self, number: int, rest: float) -> Save:
        """After a pause, put another file in place of the one that the application imports.

        Args:
            rest: the shortest pause, in seconds.
        """
        time.sleep(random.uniform(rest, rest + _VARIATION_SECONDS))
        word = f"word{number}"
        temporary = self._folder / "words.py~"
        # Each is longer than the one before: Python knows two sources of one second by their size.
        temporary.write_text(f"WORD = {word!r}\n{'#' * (number + 1)}\n")
        started = time.perf_counter()
        temporary.replace(self._folder / "words.py")
        return self._wait_for(word, started, _PATIENCE_SECONDS)

    def _wait_for(self, word: str, started: float, seconds: float) -> Save:
        """Ask until this is the answer; time counts from ``started``."""
        failed = 0
        while (passed := time.perf_counter() - started) < seconds:
            answer = self._ask(seconds - passed)
            if answer == word:
                return Save(time.perf_counter() - started, failed)
            failed += answer is None
            time.sleep(_BETWEEN_SECONDS)
        return Save(None, failed)

    def _ask(self, seconds: float) -> str | None:
        connection = HTTPConnection("127.0.0.1", self._port, timeout=seconds)
        try:
            connection.request("GET", "/")
            return connection.getresponse().read().decode(errors="replace")
        except (OSError, HTTPException):
            return None
        finally:
            connection.close()


@contextmanager
def running(python: Path, tool: Tool, project: Project) -> Iterator[Running]:
    """Start a server in a fresh copy of the project; end it and all processes that it has started."""
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as name:
        folder = Path(name)
        project.write(folder)
        port = free_port()
        started = time.perf_counter()
        process = subprocess.Popen(
            [str(python), *tool.argv(project, port)],
            cwd=folder,
            env={**clean_environment(), "PYTHONPATH": name},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        try:
            yield Running(folder, port, process, started)
        finally:
            end(process)


def import_seconds(python: Path, project: Project) -> float:
    """How long an interpreter takes to import the application, without its own start."""
    with tempfile.TemporaryDirectory() as name:
        project.write(Path(name))
        code = f"import time; t = time.perf_counter(); import {project.module}; print(time.perf_counter() - t)"
        command = [str(python), "-c", code]
        done = subprocess.run(command, cwd=name, env=clean_environment(), capture_output=True, text=True, check=True)
        return float(done.stdout.splitlines()[-1])


def used_processor(servers: Sequence[Running], seconds: float) -> list[float]:
    """What part of one processor each uses, all its processes together, in so many seconds."""
    before = [sum(processor_seconds(server.process.pid)) for server in servers]
    started = time.monotonic()
    time.sleep(seconds)
    passed = time.monotonic() - started
    after = [sum(processor_seconds(server.process.pid)) for server in servers]
    return [(late - early) / passed for early, late in zip(before, after, strict=True)]
