"""Measure wsgiserve beside its neighbours and print a table.

Rounds are interleaved: each round runs every server once, so that a machine which is slow for a minute is slow for all.
What counts is the ratio of medians in one run; absolute figures depend on the machine, and on what else it does.
"""

from __future__ import annotations

import argparse
import platform
import statistics
import sys
from typing import NamedTuple

from benchmarks.load import Figures, measure, running
from benchmarks.servers import SERVERS, Server


class Case(NamedTuple):
    """One table of the report."""

    name: str
    app: str
    connections: int


CASES = (
    Case("hello, 32 connections", "hello", 32),
    Case("hello, 1 connection", "hello", 1),
    Case("10 ms blocking call, 16 connections", "blocking", 16),
)


def main() -> None:
    """Parse the options, measure, print Markdown."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=int, default=3, help="of each run of wrk, whole ones")
    parser.add_argument("--threads", type=int, default=16, help="of each server")
    options = parser.parse_args()
    servers = [server for server in SERVERS if server.version() is not None]
    for server in SERVERS:
        if server not in servers:
            _say(f"{server.name}: not installed, left out (pip install -e '.[bench]')")
    print(f"Python {platform.python_version()}, {options.threads} threads, medians of {options.rounds} rounds.")
    for case in CASES:
        results = _run(case, servers, options)
        print(_table(case, results))


def _run(case: Case, servers: list[Server], options: argparse.Namespace) -> dict[Server, list[Figures]]:
    results: dict[Server, list[Figures]] = {server: [] for server in servers}
    for number in range(options.rounds):
        for server in servers:
            _say(f"{case.name}: round {number + 1} of {options.rounds}, {server.name}")
            with running(server, case.app, options.threads) as port:
                measure(port, case.connections, 1)  # caches, memos and moving averages settle
                results[server].append(measure(port, case.connections, options.seconds))
    return results


def _table(case: Case, results: dict[Server, list[Figures]]) -> str:
    ours = statistics.median(run.rate for run in next(iter(results.values())))
    lines = [f"\n### {case.name}\n", "| server | requests/s | min - max | p99, ms | faults | wsgiserve is |"]
    lines.append("|---|--:|--:|--:|--:|--:|")
    for server, runs in results.items():
        rates = [run.rate for run in runs]
        rate = statistics.median(rates)
        p99 = statistics.median(run.p99 for run in runs)
        spread = f"{min(rates):,.0f} - {max(rates):,.0f}"
        faults = sum(run.faults for run in runs)
        name = f"{server.name} {server.version()}"
        cells = [name, f"{rate:,.0f}", spread, f"{p99:.2f}", str(faults), f"{ours / rate:.1f} x"]
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def _say(text: str) -> None:
    print(text, file=sys.stderr)


if __name__ == "__main__":
    main()
