"""Count what a request costs, and compare it with the budget: a growth is an error.

Counts are the same on a busy machine as on an idle one, where times are not. Needs Linux, valgrind, strace and taskset
(``apt-get install valgrind strace util-linux``); takes less than a minute on two cores that are free. Writes nothing
but what ``--store`` asks for.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from benchmarks.counts import budget
from benchmarks.counts.cases import CASES, Case
from benchmarks.counts.instructions import instructions
from benchmarks.counts.systemcalls import system_calls
from benchmarks.environment import ROOT
from benchmarks.processes import clean_environment

_FUNCTIONS = 40
# Two tools at a time: there are two cores.
_AT_A_TIME = 2


def main() -> int:
    """Count, print, and compare or store; 1 if something has grown."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.counts", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--case", action="append", choices=[case.name for case in CASES], help="all if not given")
    parser.add_argument("--functions", action="store_true", help="bytecodes and calls of each Python function, only")
    parser.add_argument("--store", action="store_true", help="make this the budget of this version of Python")
    options = parser.parse_args()
    if options.store and options.case:
        parser.error("--store is about all cases")
    cases = [case for case in CASES if not options.case or case.name in options.case]
    if options.functions:
        for case in cases:
            _print_functions(case.name, _interpreted(case)["functions"])
        return 0
    counts = _count(cases)
    _print_counts(counts)
    if options.store:
        budget.store(counts)
        return 0
    return _compare(counts)


def _count(cases: Sequence[Case]) -> dict[str, dict[str, float]]:
    with ThreadPoolExecutor(_AT_A_TIME) as pool:
        halves = [cases[first::_AT_A_TIME] for first in range(min(_AT_A_TIME, len(cases)))]
        executed = list(pool.map(instructions, halves))
        interpreted = pool.map(_interpreted, cases)
        called = pool.map(system_calls, cases)
        found = {}
        for case, inside, calls in zip(cases, interpreted, called, strict=True):
            bytecodes, entered = (sum(each[i] for each in inside["functions"].values()) for i in (0, 1))
            figures = {"instructions": next(half[case.name] for half in executed if case.name in half)}
            figures |= {"bytecodes": round(bytecodes), "Python calls": round(entered)} | inside["memory"]
            found[case.name] = figures | calls
    return found


def _interpreted(case: Case) -> Any:
    argv = [sys.executable, "-m", "benchmarks.counts.serving", "interpreter", case.name]
    environment = clean_environment() | {"PYTHONPATH": str(ROOT), "PYTHONHASHSEED": "0"}
    return json.loads(subprocess.run(argv, cwd=ROOT, env=environment, stdout=subprocess.PIPE, check=True).stdout)


def _compare(counts: budget.Counts) -> int:
    stored, build = budget.read(), budget.build()
    if stored is None:
        print("There is no budget for this version of Python, so nothing was compared; --store makes one.")
        return 0
    if build != stored.build:
        print(f"Instructions are not compared, the budget's are those of another build:\n  {stored.build}\n  {build}")
    if new := [name for name in counts if name not in stored.counts]:
        print(f"Not in the budget, so not compared: {'; '.join(new)}. --store adds what is new.")
    found = budget.differences(stored, counts, build)
    if shrunk := [str(each) for each in found if not each.grown]:
        print("\n  ".join(["Less than the budget has; store it (--store), so that it stays:", *shrunk]))
    if grown := [str(each) for each in found if each.grown]:
        print(budget.complaint(grown), file=sys.stderr)
    return 1 if grown else 0


def _print_counts(counts: budget.Counts) -> None:
    print("For one request, but for “blocks left”, which is for all:")
    for name, figures in counts.items():
        print(f"{name}\n    " + ", ".join(f"{figure} {count:,g}" for figure, count in figures.items()))


def _print_functions(name: str, functions: dict[str, list[float]]) -> None:
    print(f"{name}\n{'bytecodes':>10} {'calls':>6}")
    for function, (bytecodes, calls) in sorted(functions.items(), key=lambda item: -item[1][0])[:_FUNCTIONS]:
        print(f"{bytecodes:10.1f} {calls:6.1f} {function}")


if __name__ == "__main__":
    sys.exit(main())
