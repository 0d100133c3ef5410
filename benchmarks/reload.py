"""From saving a file to the first new response: wsgiserve with and without its zygote, beside others that reload.

``python -m benchmarks.reload [--saves N]``. Each server runs the same Flask application, light or with pandas and
SQLAlchemy imported, one after the other; a client asks over new connections without a pause from the moment when the
file is in place. Refused and broken connections are counted, and asked again.
"""

from __future__ import annotations

import argparse
import os
import random
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from contextlib import suppress
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from typing import NamedTuple

from benchmarks.load import free_port

_LIGHT = """
import flask
import words

app = flask.Flask(__name__)

@app.get("/")
def index():
    return words.WORD
"""
_APPS = {"Flask": _LIGHT, "Flask, pandas, SQLAlchemy": "import pandas, sqlalchemy.orm\n" + _LIGHT}

_SERVERS = {
    "wsgiserve": ["-m", "wsgiserve", "app", "--port", "{port}", "--no-access-log"],
    "wsgiserve --no-zygote": ["-m", "wsgiserve", "app", "--port", "{port}", "--no-access-log", "--no-zygote"],
    "flask run --debug": ["-m", "flask", "--app", "app", "run", "--debug", "--port", "{port}"],
    "gunicorn --reload": ["-m", "gunicorn", "app:app", "--reload", "--threads", "8", "-b", "127.0.0.1:{port}"],
}

# After a response: longer than any of the servers remembers when a file was changed, and not in step with those that
# look at the files once a second.
_PAUSE_SECONDS = (1.1, 2.1)
_READY_SECONDS = 5.0
_PATIENCE_SECONDS = 30.0


class Outcome(NamedTuple):
    """Seconds for each save, and how many connections failed in all of them."""

    seconds: list[float]
    failed: int


def measure(command: Sequence[str], application: str, saves: int) -> Outcome:
    """Run a server, save so often, end it."""
    with tempfile.TemporaryDirectory() as folder:
        project = Path(folder)
        for name, text in {"app.py": application, "words.py": "WORD = 'start'\n", "pyproject.toml": ""}.items():
            (project / name).write_text(text)
        port = free_port()
        argv = [sys.executable, *(word.format(port=port) for word in command)]
        quiet = subprocess.DEVNULL
        process = subprocess.Popen(argv, cwd=project, stdin=quiet, stdout=quiet, stderr=quiet, process_group=0)
        try:
            _wait_for(port, "start")
            time.sleep(_READY_SECONDS)
            outcomes = [_save(project, port, f"word{number}") for number in range(saves)]
        finally:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, 9)
            process.wait()
    return Outcome([seconds for seconds, _ in outcomes], sum(failed for _, failed in outcomes))


def _save(project: Path, port: int, word: str) -> tuple[float, int]:
    time.sleep(random.uniform(*_PAUSE_SECONDS))
    temporary = project / "words.py~"
    temporary.write_text(f"WORD = {word!r}\n")
    started = time.perf_counter()
    temporary.replace(project / "words.py")
    failed = _wait_for(port, word)
    return time.perf_counter() - started, failed


def _wait_for(port: int, word: str) -> int:
    """Ask until this is the answer; how many connections failed."""
    failed = 0
    due = time.monotonic() + _PATIENCE_SECONDS
    while time.monotonic() < due:
        connection = HTTPConnection("127.0.0.1", port, timeout=_PATIENCE_SECONDS)
        try:
            connection.request("GET", "/")
            if connection.getresponse().read().decode() == word:
                return failed
        except (OSError, HTTPException):
            failed += 1
            time.sleep(0.001)
        finally:
            connection.close()
    raise SystemExit(f"no answer {word!r} within {_PATIENCE_SECONDS:g} s")


def main() -> None:
    """The program: a table for each application."""
    parser = argparse.ArgumentParser(description="Measure reloads, from the save to the first new response.")
    parser.add_argument("--saves", type=int, default=10)
    saves = parser.parse_args().saves
    for name, application in _APPS.items():
        print(f"### {name}\n\n| server | median, s | min - max | failed connections |\n|---|--:|--:|--:|")
        for server, command in _SERVERS.items():
            print(f"{name}: {server}", file=sys.stderr)
            seconds, failed = measure(command, application, saves)
            spread = f"{min(seconds):.3f} - {max(seconds):.3f}"
            print(f"| {server} | {statistics.median(seconds):.3f} | {spread} | {failed} |", flush=True)
        print()


if __name__ == "__main__":
    main()
