"""How long the server's module takes to import, in an interpreter that runs already."""

from __future__ import annotations

import statistics
import subprocess
from pathlib import Path

from benchmarks import environment
from benchmarks.processes import SERVER_CORE, clean_environment
from benchmarks.servers import CannotError
from benchmarks.trial import FaultError, Trial

__all__ = ["measure"]

_IMPORTS = 5
_CODE = "import time; t = time.perf_counter(); import {}; print(time.perf_counter() - t)"


def measure(trial: Trial) -> dict[str, float]:
    """The median of some, in milliseconds over a bare interpreter."""
    if not trial.server.module:
        raise CannotError("nothing to import")
    return {"milliseconds": statistics.median(_import(trial.server.module) for _ in range(_IMPORTS)) * 1e3}


def _import(module: str) -> float:
    command: list[str | Path] = ["taskset", "-c", str(SERVER_CORE), environment.python(), "-c", _CODE.format(module)]
    surroundings = clean_environment() | {"PYTHONPATH": str(environment.ROOT)}
    done = subprocess.run(command, cwd=environment.ROOT, env=surroundings, capture_output=True, text=True, check=False)
    if done.returncode:
        raise FaultError(f"cannot be imported: {done.stderr.strip().splitlines()[-1]}")
    return float(done.stdout)
