"""Starting a server on one core and driving it with wrk from another.

Needs Linux, two cores, ``taskset`` and ``wrk``. Answers are checked: a server that answers wrongly is out of the case.
"""

from __future__ import annotations

import re
import socket
import subprocess
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from typing import NamedTuple

from benchmarks.apps import BODY
from benchmarks.servers import Server

__all__ = ["Figures", "free_port", "measure", "running"]

_START_SECONDS = 15.0
_SERVER_CORE, _LOAD_CORE = "0", "1"


class Figures(NamedTuple):
    """What one run of wrk says."""

    rate: float
    """Requests per second."""
    p99: float
    """Latency that 99 of 100 requests stay below, in milliseconds."""
    faults: int
    """Socket errors, time-outs and answers other than 2xx and 3xx."""


@contextmanager
def running(server: Server, app: str, threads: int) -> Iterator[int]:
    """The server, pinned to its core, answering rightly; gives its port."""
    port = free_port()
    command = ["taskset", "-c", _SERVER_CORE, *server.argv(app, port, threads)]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    try:
        _wait_until_it_answers(process, port)
        yield port
    finally:
        process.terminate()
        process.communicate(timeout=_START_SECONDS)


def measure(port: int, connections: int, seconds: int) -> Figures:
    """One run of wrk against a port."""
    command = ["taskset", "-c", _LOAD_CORE, "wrk", "--latency", "-t1", f"-c{connections}", f"-d{seconds}s"]
    output = subprocess.run([*command, f"http://127.0.0.1:{port}/"], check=True, capture_output=True, text=True).stdout
    return Figures(float(_find(r"Requests/sec:\s+([0-9.]+)", output)), _p99(output), _faults(output))


def free_port() -> int:
    """One that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _wait_until_it_answers(process: subprocess.Popen[bytes], port: int) -> None:
    until = time.monotonic() + _START_SECONDS
    while True:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=2) as response:
                body = response.read()
            break
        except OSError:
            if process.poll() is not None or time.monotonic() > until:
                _, error = process.communicate()
                raise RuntimeError(f"the server did not start: {error.decode(errors='replace')[-500:]}") from None
            time.sleep(0.05)
    if body != BODY:
        raise RuntimeError(f"the server answered {body[:80]!r} instead of {BODY!r}")


def _find(pattern: str, output: str) -> str:
    match = re.search(pattern, output)
    if match is None:
        raise RuntimeError(f"wrk printed nothing like {pattern!r}:\n{output}")
    return match[1]


def _p99(output: str) -> float:
    value, unit = re.search(r"99%\s+([0-9.]+)(us|ms|s)\b", output).groups()  # type: ignore[union-attr]  # --latency
    return float(value) * {"us": 0.001, "ms": 1.0, "s": 1000.0}[unit]


def _faults(output: str) -> int:
    errors = re.search(r"Socket errors: connect (\d+), read (\d+), write (\d+), timeout (\d+)", output)
    wrong = re.search(r"Non-2xx or 3xx responses: (\d+)", output)
    return sum(map(int, errors.groups() if errors else ())) + (int(wrong[1]) if wrong else 0)
