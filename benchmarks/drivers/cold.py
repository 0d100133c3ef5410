"""From the start of the command to the first answer."""

from __future__ import annotations

import socket
import statistics
import tempfile
import time
from pathlib import Path

from benchmarks.environment import ROOT
from benchmarks.processes import clean_environment, free_port, started
from benchmarks.trial import FaultError, Trial

__all__ = ["measure"]

_STARTS = 3
_PATIENCE_SECONDS = 20.0
_BETWEEN_SECONDS = 0.001
_REQUEST = b"GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"


def measure(trial: Trial) -> dict[str, float]:
    """The median of some starts, in milliseconds; the first one may have to compile to bytecode."""
    return {"milliseconds": statistics.median(_start(trial) for _ in range(_STARTS)) * 1e3}


def _start(trial: Trial) -> float:
    port = free_port()
    argv = trial.argv(port, "")
    surroundings = clean_environment() | {"PYTHONPATH": str(ROOT)}
    with tempfile.TemporaryDirectory() as name, (Path(name) / "log").open("wb") as log:
        begun = time.perf_counter()
        with started(argv, ROOT, surroundings, log):
            while not _answers(port):
                if time.perf_counter() - begun > _PATIENCE_SECONDS:
                    raise FaultError("did not start")
                time.sleep(_BETWEEN_SECONDS)
            return time.perf_counter() - begun


def _answers(port: int) -> bool:
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=_PATIENCE_SECONDS) as connection:
            connection.sendall(_REQUEST)
            return connection.recv(65536).startswith((b"HTTP/1.1 200", b"HTTP/1.0 200"))
    except OSError:
        return False
