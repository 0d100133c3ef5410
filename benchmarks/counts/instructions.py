"""Instructions of a request: the difference of two processes that cachegrind has run.

Source: valgrind's manual, "Cachegrind output file format".
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from benchmarks.counts.cases import Case
from benchmarks.counts.serving import COUNTED
from benchmarks.environment import ROOT
from benchmarks.processes import clean_environment

__all__ = ["instructions", "total"]


def instructions(cases: Sequence[Case]) -> dict[str, float]:
    """So many for one request, by the case's name.

    Raises:
        OSError: Valgrind is not there.
        subprocess.CalledProcessError: A case failed; what it said was printed.
    """
    with tempfile.TemporaryDirectory() as folder:
        valgrind = ["valgrind", "-q", "--tool=cachegrind", "--cache-sim=no"]
        serving = [sys.executable, "-m", "benchmarks.counts.serving", "cachegrind"]
        files = [f"--log-file={folder}/log", f"--cachegrind-out-file={folder}/%p"]
        argv = [*valgrind, *files, *serving, *(case.name for case in cases)]
        environment = clean_environment() | {"PYTHONPATH": str(ROOT), "PYTHONHASHSEED": "0"}
        done = subprocess.run(argv, cwd=ROOT, env=environment, stdout=subprocess.PIPE, check=True)
        found: dict[str, float] = {}
        for name, without, with_requests in map(json.loads, done.stdout.splitlines()):
            more, fewer = (total((Path(folder) / str(pid)).read_text()) for pid in (with_requests, without))
            found[name] = round((more - fewer) / COUNTED)
        return found


def total(output: str) -> int:
    """Instructions in all, as the last line of cachegrind's file says."""
    word, _, count = output.rstrip().rpartition("\n")[2].partition(" ")
    if word != "summary:":
        raise ValueError("cachegrind's file has no summary at its end")
    return int(count.split()[0])
