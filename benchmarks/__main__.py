"""Measure wsgiserve beside its neighbours, and beside the least that the machine allows.

Installs what it compares into an environment of its own (``build/``). One server runs at a time, on a core of its own;
the load has another one. Rounds are interleaved: each round runs every server once in every case, in an order drawn
anew, so that a machine which is slow for a minute is slow for all; what counts are ratios of medians.

A whole measurement takes hours: ``--case`` and ``--server`` measure a part, Ctrl-C keeps what was measured, and
``--merge`` goes on from there.
"""

from __future__ import annotations

import argparse
import os
import random
import signal
import sys
from fnmatch import fnmatchcase
from importlib import import_module
from pathlib import Path
from typing import TypeVar

from benchmarks import environment
from benchmarks.cases import CASES, Case
from benchmarks.processes import allow_descriptors, pin_load
from benchmarks.progress import Progress
from benchmarks.publishing import keep, publish, show, text
from benchmarks.results import Results
from benchmarks.servers import SERVERS, CannotError, Server
from benchmarks.trial import FaultError, Trial

_Named = TypeVar("_Named", Case, Server)

# What a trial takes beside its seconds of load: starting, two checks, warming up, ending.
_BESIDE_SECONDS = 2.0


def main() -> None:
    """Parse the options, measure, write, print."""
    options = _options()
    cases, servers = _chosen(options.case, CASES), _chosen(options.server, SERVERS)
    results = Results.read(options.merge)
    trials = _trials(cases, servers, options, results)
    if options.list:
        _list(cases, servers, options, len(trials))
        return
    if trials:
        environment.prepare()
        _measure(trials, results, options)
    keep(results, options.json)
    show(results, options.json)
    if options.publish:
        publish(results)
    print(text(results))


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add = parser.add_argument
    add("--case", action="append", metavar="PATTERN", help="names of cases; may be repeated; all if not given")
    add("--server", action="append", metavar="PATTERN", help="names of servers; may be repeated; all if not given")
    add("--rounds", type=int, default=5, metavar="N", help="of each case, those of --merge included; 5 if not given")
    add("--seconds", type=int, default=3, metavar="N", help="of load in each round, whole ones; 3 if not given")
    add("--requests", type=int, default=1_000_000, metavar="N", help="of the case about memory; a million if not given")
    add("--json", type=Path, default=environment.ROOT / "benchmarks/results/performance.json", metavar="FILE")
    add("--merge", type=Path, nargs="+", default=[], metavar="FILE", help="go on from what these files have")
    add("--publish", action="store_true", help="put the results into README.md and docs/, too")
    add("--list", action="store_true", help="name the cases and servers, and measure nothing")
    return parser.parse_args()


def _chosen(patterns: list[str] | None, named: tuple[_Named, ...]) -> list[_Named]:
    found = [each for each in named if any(fnmatchcase(each.name, pattern) for pattern in patterns or ["*"])]
    if not found:
        sys.exit(f"no name is like {' or '.join(patterns or [])}: see --list")
    return found


def _trials(
    cases: list[Case], servers: list[Server], options: argparse.Namespace, results: Results
) -> list[tuple[Case, Server]]:
    """What is still to be measured, in the order in which it is."""
    trials: list[tuple[Case, Server]] = []
    for number in range(options.rounds):
        for case in cases:
            if number < case.rounds:
                having = [
                    each
                    for each in servers
                    if case.takes(each) and len(results.outcome(case.name, each.name).runs) <= number
                ]
                trials += [(case, server) for server in random.sample(having, len(having))]
    return trials


def _measure(trials: list[tuple[Case, Server]], results: Results, options: argparse.Namespace) -> None:
    # Whoever ends us ends the server that runs, and keeps what was measured.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    pin_load()
    allow_descriptors()
    before = os.getloadavg()[0]
    about = environment.about() | {"load": [before], "seconds": options.seconds, "absent": environment.absent()}
    results.environments.append(about)
    progress = Progress(len(trials))
    try:
        for case, server in trials:
            progress.step(f"{case.name}: {server.name}", 0)
            if not results.outcome(case.name, server.name).out:
                _run(Trial(server, case, options.seconds, options.requests), results)
                keep(results, options.json)
            progress.step("")
    except KeyboardInterrupt:
        progress.step("interrupted\n", 0)
        return
    about["load"] = [before, os.getloadavg()[0]]
    progress.step("done\n", 0)


def _run(trial: Trial, results: Results) -> None:
    """One run, or the reason why there is none."""
    case, server = trial.case.name, trial.server.name
    if trial.server.package in environment.absent():
        results.exclude(case, server, "not installed")
        return
    driver = import_module(f"benchmarks.drivers.{trial.case.driver}")
    try:
        results.add(case, server, driver.measure(trial))
    except (CannotError, FaultError) as error:
        results.exclude(case, server, str(error))


def _list(cases: list[Case], servers: list[Server], options: argparse.Namespace, trials: int) -> None:
    for title, named in (("cases", cases), ("servers", servers)):
        print(f"{title}:")
        print("".join(f"  {each.name:20} {getattr(each, 'title', '')}".rstrip() + "\n" for each in named))
    minutes = trials * (options.seconds + _BESIDE_SECONDS) / 60
    print(f"{trials} runs, about {minutes:,.0f} minutes; servers that cannot do a case take none")


if __name__ == "__main__":
    main()
