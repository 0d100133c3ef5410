"""``wsgiserve --workers`` in a process of its own, and what its workers are asked to do."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.processes import end, until
from tests.reload.looping import ROOT, Loop

__all__ = ["APP", "Crowd", "crowd", "gone"]

APP = """
import json, os, signal, threading, time

def app(environ, start_response):
    start_response("200 OK", [("Content-Type", "text/plain")])
    yield json.dumps([os.getpid(), os.getppid(), environ["wsgi.multiprocess"], environ["wsgi.multithread"]]).encode()
    if environ["PATH_INFO"] == "/held":
        while not os.path.exists("go"):
            time.sleep(0.01)
        yield b" and done"
    if environ["PATH_INFO"] == "/kill":
        os.kill(os.getpid(), signal.SIGKILL)
    if environ["PATH_INFO"] == "/exit":
        os._exit(7)
"""


class Crowd(Loop):
    """The supervisor; its children are the workers."""

    def let_go(self) -> None:
        """Have all requests for ``/held`` answered."""
        (self.folder / "go").touch()


def gone(pid: int) -> bool:
    """Whether a process has ended, waited for or not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except (FileNotFoundError, ProcessLookupError):
        return True


@contextmanager
def crowd(folder: Path, *words: str, app: str = APP, workers: int = 2) -> Iterator[Crowd]:
    """Start it, and end it, with all that is left of it."""
    (folder / "app.py").write_text(app)
    log = folder / "log"
    argv = [sys.executable, "-m", "wsgiserve", "app:app", "--prod", "--workers", str(workers), *words]
    if "--uds" not in words:
        argv += ["--port", "0"]
    environ = {**os.environ, "PYTHONPATH": str(ROOT), "NO_COLOR": "1"}
    with log.open("w") as stderr:
        process = subprocess.Popen(argv, cwd=folder, env=environ, stderr=stderr, text=True, start_new_session=True)
    try:
        yield Crowd(folder, process, log)
    finally:
        (folder / "go").touch()
        end(process)
        until(lambda: not _of_session(process.pid))


def _of_session(session: int) -> list[int]:
    """Processes of a session that have not ended."""
    found = []
    for directory in Path("/proc").glob("[0-9]*"):
        try:
            state, _, _, its_session = (directory / "stat").read_text().rpartition(")")[2].split()[:4]
        except (FileNotFoundError, ProcessLookupError):
            continue
        if int(its_session) == session and state != "Z":
            found.append(int(directory.name))
    return found
