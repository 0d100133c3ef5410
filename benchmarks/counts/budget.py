"""What a request may cost: counts that were stored, and the comparison of new ones with them.

Pure, but for two functions that read and write the file. Counts depend on the interpreter: bytecodes on its minor
version, instructions on how it was built, too.
"""

from __future__ import annotations

import json
import platform
import shlex
import sysconfig
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

__all__ = ["A_FEW", "TOLERANCE", "Budget", "Difference", "build", "complaint", "differences", "read", "store"]

_FILE = Path(__file__).with_name("budget.json")
_MINOR = "%s.%s" % platform.python_version_tuple()[:2]

Counts = Mapping[str, Mapping[str, float]]
"""By case, then by figure."""

TOLERANCE = {"instructions": 0.03, "bytecodes": 0.03, "Python calls": 0.03, "bytes held": 0.03}
"""By which share a figure may differ; others by less than ``A_FEW``."""

A_FEW = 0.25
"""What a system call that is not made for each request adds to each: memory is asked for now and then."""


class Budget(NamedTuple):
    """What was stored for one minor version of Python."""

    build: str
    counts: Counts


class Difference(NamedTuple):
    """A figure that is not what was stored."""

    case: str
    figure: str
    stored: float
    counted: float

    @property
    def grown(self) -> bool:
        return self.counted > self.stored

    def __str__(self) -> str:
        share = f" ({self.counted / self.stored - 1:+.1%})" if self.stored else ""
        return f"{self.case}: {self.figure} {self.stored:,g} → {self.counted:,g}{share}"


def differences(budget: Budget, counts: Counts, build: str) -> list[Difference]:
    """Figures beyond their tolerance, of the cases that both have; instructions only if the build is the same."""
    found = []
    for case in counts:
        if case not in budget.counts:
            continue
        before, now = budget.counts[case], counts[case]
        for figure in dict.fromkeys([*before, *now]):
            stored, counted = before.get(figure, 0.0), now.get(figure, 0.0)
            comparable = figure != "instructions" or build == budget.build
            allowed = stored * TOLERANCE.get(figure, 0.0)
            if comparable and abs(counted - stored) > max(allowed, A_FEW):
                found.append(Difference(case, figure, stored, counted))
    return found


def complaint(grown: Sequence[str]) -> str:
    """What to say of growths: what, why, and what to do."""
    what = "\n  ".join(["error: a request costs more than the budget allows", *grown])
    why = "Why: these figures do not depend on how busy the machine is, so it is what the code does that has changed."
    fix = (
        "Fix: see where with python -m benchmarks.counts --functions --case CASE, before and after; or, if what is\n"
        "       new is worth it, say so in the commit and store the budget anew: python -m benchmarks.counts --store"
    )
    return f"{what}\n  {why}\n  {fix}"


def build() -> str:
    """The interpreter and its C library, without the folders where they happen to be."""
    options = shlex.split(sysconfig.get_config_var("CONFIG_ARGS") or "")
    how = [option for option in options if "/" not in option]
    parts = [platform.python_version(), platform.python_compiler(), *platform.libc_ver(), platform.machine(), *how]
    return " ".join(parts)


def read() -> Budget | None:
    """That of the minor version that runs us, if there is one."""
    stored = json.loads(_FILE.read_text()).get(_MINOR)
    return Budget(**stored) if stored else None


def store(counts: Counts) -> None:
    """Put it in the place of the one that was there, for the minor version that runs us."""
    stored = json.loads(_FILE.read_text()) | {_MINOR: Budget(build(), counts)._asdict()}
    _FILE.write_text(json.dumps(stored, indent=2, sort_keys=True) + "\n")
