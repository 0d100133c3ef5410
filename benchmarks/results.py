"""What was measured, as it is kept: every run of every server in every case. A long measurement is several short ones.

Medians are of all runs that were merged; the environments tell when and with what they were made.
"""

from __future__ import annotations

import json
import statistics
from collections.abc import Iterable
from pathlib import Path
from typing import Any, NamedTuple

__all__ = ["Outcome", "Results", "Run"]

Run = dict[str, float]
"""Figures by the names of ``benchmarks.cases.METRICS``."""


class Outcome(NamedTuple):
    """One server in one case."""

    runs: list[Run]
    out: str
    """Why it is out of the case; empty if it is in."""

    def median(self, metric: str) -> float | None:
        """None if it is out, or never was measured."""
        values = self.values(metric)
        return statistics.median(values) if values and not self.out else None

    def values(self, metric: str) -> list[float]:
        """Of all runs, in their order."""
        return [run[metric] for run in self.runs if metric in run]


class Results:
    """Of one measurement or of several."""

    def __init__(self) -> None:
        self.environments: list[dict[str, Any]] = []
        self.cases: dict[str, dict[str, Outcome]] = {}

    def outcome(self, case: str, server: str) -> Outcome:
        """Empty if there is none yet."""
        return self.cases.get(case, {}).get(server, Outcome([], ""))

    def median(self, case: str, server: str, metric: str) -> float | None:
        """None if there is none."""
        return self.outcome(case, server).median(metric)

    def add(self, case: str, server: str, run: Run) -> None:
        """One run more; of its figures no more digits are kept than two runs could have in common."""
        before = self.outcome(case, server)
        rounded = {name: float(f"{value:.6g}") for name, value in run.items()}
        self.cases.setdefault(case, {})[server] = before._replace(runs=[*before.runs, rounded])

    def exclude(self, case: str, server: str, reason: str) -> None:
        """The server cannot do the case, or does it wrongly."""
        self.cases.setdefault(case, {})[server] = self.outcome(case, server)._replace(out=reason)

    def merge(self, other: Results) -> None:
        """Add the runs of another measurement; one that put a server out counts for both."""
        self.environments += other.environments
        for case, outcomes in other.cases.items():
            for server, outcome in outcomes.items():
                ours = self.outcome(case, server)
                self.cases.setdefault(case, {})[server] = Outcome(ours.runs + outcome.runs, ours.out or outcome.out)

    def as_json(self) -> str:
        """For a file, a server's runs of a case on one line."""
        environments = ",\n  ".join(map(json.dumps, self.environments))
        cases = ",\n  ".join(f"{json.dumps(case)}: {{\n{_lines(group)}\n  }}" for case, group in self.cases.items())
        return f'{{\n "environments": [\n  {environments}\n ],\n "cases": {{\n  {cases}\n }}\n}}\n'

    @classmethod
    def read(cls, files: Iterable[Path]) -> Results:
        """Those of some files, merged."""
        merged = cls()
        for file in files:
            data = json.loads(file.read_text())
            one = cls()
            one.environments = data["environments"]
            one.cases = {
                case: {server: Outcome(**outcome) for server, outcome in group.items()}
                for case, group in data["cases"].items()
            }
            merged.merge(one)
        return merged


def _lines(outcomes: dict[str, Outcome]) -> str:
    return ",\n".join(f"   {json.dumps(server)}: {json.dumps(each._asdict())}" for server, each in outcomes.items())
