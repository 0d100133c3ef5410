"""A project in a folder, and ``wsgiserve --reload`` that serves it in a process of its own."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from http.client import HTTPConnection
from pathlib import Path

from tests.processes import PROCESS_SECONDS, end, until

__all__ = ["ROOT", "Loop", "loop", "python"]

ROOT = Path(__file__).parents[2]

APP = """
import os, threading
import words

def app(environ, start_response):
    start_response("200 OK", [("Content-Type", "text/plain")])
    return {"/stuck": stuck, "/held": held, "/slow": slow, "/crash": crash}.get(environ["PATH_INFO"], text)()

def text():
    return [f"{words.WORD} {os.getpid()}".encode()]

def stuck():
    yield b"begun"
    threading.Event().wait()

def held():
    yield b"begun"
    while not os.path.exists("go"):
        threading.Event().wait(0.01)
    yield b" and done"

def slow():
    yield b"begun"
    threading.Event().wait(0.5)
    yield b" and done"

def crash():
    os._exit(7)
"""


# What wsgiserve says, and werkzeug.
_READY = ("listening on", "ready in", "Running on http", "Quit the server")


class Loop:
    """The project and its server."""

    def __init__(self, folder: Path, process: subprocess.Popen[str], log: Path) -> None:
        self.folder = folder
        self.process = process
        self._log = log
        until(lambda: any(mark in self.log() for mark in _READY) or process.poll() is not None)
        url = re.search(r"https?://[^/ ]*:(\d+)", self.log())
        self.port = int(url[1]) if url else 0

    def log(self) -> str:
        """All that it has said."""
        return self._log.read_text()

    def save(self, name: str, text: str) -> None:
        """As an editor does: the whole file at once."""
        temporary = self.folder / f"{name}~"
        temporary.write_text(text)
        temporary.replace(self.folder / name)

    def word(self, word: str) -> None:
        """Save the module that the application imports."""
        self.save("words.py", f"WORD = {word!r}\n")

    def get(self, target: str = "/", **headers: str) -> tuple[int, str]:
        """Status and body, on a connection of its own."""
        connection = HTTPConnection("127.0.0.1", self.port, timeout=PROCESS_SECONDS)
        try:
            connection.request("GET", target, headers=headers)
            response = connection.getresponse()
            return response.status, response.read().decode()
        finally:
            connection.close()

    def says(self, word: str) -> bool:
        """Whether the application that answers is the one with this word."""
        status, body = self.get()
        return status == 200 and body.startswith(f"{word} ")

    def wait_for_log(self, text: str, count: int = 1) -> None:
        """Until it has said something so often."""
        until(lambda: self.log().count(text) >= count)

    def workers(self) -> list[int]:
        """Process ids of its workers, of those that are on their way out too; forked ones are the zygote's children."""
        found = []
        for pid in _children(self.process.pid):
            found += [pid] if "reload.worker" in _command(pid) else _children(pid)
        return found

    def zygote(self) -> int:
        """Process id of the oldest zygote, 0 if there is none."""
        return next(iter(self.zygotes()), 0)

    def zygotes(self) -> list[int]:
        """Process ids of all zygotes: one that is followed by another lives as long as its workers."""
        return [pid for pid in _children(self.process.pid) if "reload.zygote" in _command(pid)]

    def children(self) -> list[int]:
        """Process ids of its children."""
        return _children(self.process.pid)

    def type(self, line: str) -> None:
        """Into its standard input; an empty one ends it."""
        assert self.process.stdin is not None
        if line:
            self.process.stdin.write(f"{line}\n")
            self.process.stdin.flush()
        else:
            self.process.stdin.close()

    def end(self, *signals: int) -> int:
        """Send signals; the exit code."""
        for number in signals or [signal.SIGTERM]:
            self.process.send_signal(number)
        return self.process.wait(PROCESS_SECONDS)


def _children(pid: int) -> list[int]:
    with suppress(FileNotFoundError, ProcessLookupError):
        return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    return []


def _command(pid: int) -> str:
    with suppress(FileNotFoundError, ProcessLookupError):
        return Path(f"/proc/{pid}/cmdline").read_text()
    return ""


@contextmanager
def loop(folder: Path, *words: str, files: dict[str, str] | None = None, options: Sequence[str] = ()) -> Iterator[Loop]:
    """Serve; ``files`` are written before, besides the application and its module.

    Args:
        words: of the command.
        options: of the interpreter.
    """
    port = [] if "--uds" in words else ["--port", "0"]
    argv = [*options, "-m", "wsgiserve", "app", "--reload", *port, *words]
    with python(folder, *argv, files={"pyproject.toml": "", "app.py": APP, **(files or {})}) as started:
        yield started


@contextmanager
def python(folder: Path, *argv: str, files: dict[str, str]) -> Iterator[Loop]:
    """Whatever an interpreter with these arguments serves, in a project with these files and ``words``."""
    project = folder / "project"
    project.mkdir()
    for name, text in {"words.py": "WORD = 'one'\n", **files}.items():
        (project / name).parent.mkdir(parents=True, exist_ok=True)
        (project / name).write_text(text)
    log = folder / "log"
    path = os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH")]))
    environ = {**os.environ, "PYTHONPATH": path, "NO_COLOR": "1", "WSGISERVE_MODE": "dev"}
    with log.open("w") as stderr:
        process = subprocess.Popen(
            [sys.executable, *argv],
            cwd=project,
            env=environ,
            stdin=subprocess.PIPE,
            stdout=stderr,
            stderr=stderr,
            text=True,
            process_group=0,
        )
    try:
        yield Loop(project, process, log)
    finally:
        try:
            end(process)
        finally:
            assert process.stdin is not None
            process.stdin.close()
            print(log.read_text(errors="replace"))  # which pytest shows of a test that fails
