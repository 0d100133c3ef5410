"""The load of wrk, and beside it what the application takes when it is called without a server, on the same core."""

from __future__ import annotations

import subprocess
from pathlib import Path

from benchmarks import environment
from benchmarks.drivers import wrk
from benchmarks.processes import SERVER_CORE, clean_environment
from benchmarks.trial import Trial

__all__ = ["measure"]


def measure(trial: Trial) -> dict[str, float]:
    """``overhead``: microseconds of the server's core for each request that are not the application's."""
    run = wrk.measure(trial)
    command: list[str | Path] = [
        "taskset",
        "-c",
        str(SERVER_CORE),
        environment.python(),
        "-m",
        "benchmarks.direct",
        trial.case.app,
    ]
    surroundings = clean_environment() | {"PYTHONPATH": str(environment.ROOT)}
    done = subprocess.run(command, cwd=environment.ROOT, env=surroundings, capture_output=True, text=True, check=True)
    return run | {"overhead": 1e6 / run["rate"] - float(done.stdout)}
