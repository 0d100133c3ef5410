"""Measure reloads: from saving a file to the first new response, of wsgiserve and of others, for three projects.

``python -m benchmarks.reload`` installs what it compares into an environment of its own, takes about a quarter of an
hour, and writes ``benchmarks/results/reload.json``, ``.md`` and ``.svg``; ``--publish`` puts them into README.md and
docs/, too. Only one server runs at a time, or they would
take the machine from each other; each gets its saves in several rounds, and in each round all have their turn in
another order, so that a machine which is slow for a minute is slow for all. Left alone they disturb nobody, and are
measured together.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import random
import statistics
import subprocess
import time
from contextlib import ExitStack
from datetime import date
from pathlib import Path

from benchmarks import environment
from benchmarks.documents import insert
from benchmarks.progress import Progress
from benchmarks.reload.measuring import import_seconds, running, used_processor
from benchmarks.reload.plot import svg
from benchmarks.reload.projects import PROJECTS, Project
from benchmarks.reload.report import Figures, Report, markdown, summary
from benchmarks.reload.tools import TOOLS, Tool

_RESULTS = environment.ROOT / "benchmarks" / "results"

_ROUNDS = 2
# After a start: until the zygote has imported its packages, and pollers have seen all files.
_SETTLE_SECONDS = 2.0
_IDLE_SECONDS = 12.0
_IMPORTS = 5


def main() -> None:
    """The program."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.reload", description=__doc__)
    parser.add_argument("--saves", type=int, default=30, help="of each server with each project; 30 if not given")
    parser.add_argument("--projects", nargs="+", choices=PROJECTS, default=list(PROJECTS), help="all if not given")
    parser.add_argument("--publish", action="store_true", help="put the results into README.md and docs/, too")
    options = parser.parse_args()
    python = environment.prepare()
    before = os.getloadavg()[0]
    projects = [PROJECTS[key] for key in options.projects]
    tools = {key: [tool for tool in TOOLS if not tool.only or key in tool.only] for key in options.projects}
    progress = Progress(sum(map(len, tools.values())) * (options.saves + 1))
    imports = {
        each.title: statistics.median(import_seconds(python, each) for _ in range(_IMPORTS)) for each in projects
    }
    figures = {
        PROJECTS[key].title: _measure(python, PROJECTS[key], tools[key], options.saves, progress) for key in tools
    }
    report = Report(_about(python, before), imports, figures)
    progress.step("done\n", 0)
    _keep(report)
    if options.publish:
        _publish(report)
    print(markdown(report))


def _keep(report: Report) -> None:
    _RESULTS.mkdir(exist_ok=True)
    (_RESULTS / "reload.json").write_text(json.dumps(report.as_json(), indent=1) + "\n")
    (_RESULTS / "reload.md").write_text(markdown(report))
    (_RESULTS / "reload.svg").write_text(svg(report))


def _publish(report: Report) -> None:
    docs = environment.ROOT / "docs"
    (docs / "reload-benchmark.svg").write_text(svg(report))
    insert(docs / "reload-benchmark.md", "reload: figures", markdown(report))
    insert(environment.ROOT / "README.md", "reload: summary", summary(report))


def _measure(python: Path, project: Project, tools: list[Tool], saves: int, progress: Progress) -> list[Figures]:
    figures = {tool: Figures(tool.name, [], 0, [], 0.0) for tool in tools}
    for number in range(_ROUNDS):
        share = saves // _ROUNDS + (number < saves % _ROUNDS)
        for tool in random.sample(tools, len(tools)):
            progress.step(f"{project.title}: {tool.name}", 0)
            figures[tool] = _round(python, project, tool, figures[tool], share, progress)
    with ExitStack() as stack:
        progress.step(f"{project.title}: idle", 0)
        servers = [stack.enter_context(running(python, tool, project)) for tool in tools]
        time.sleep(2 * _SETTLE_SECONDS)
        used = used_processor(servers, _IDLE_SECONDS)
    progress.step("", len(tools))
    return [figures[tool]._replace(idle=part) for tool, part in zip(tools, used, strict=True)]


def _round(python: Path, project: Project, tool: Tool, sofar: Figures, saves: int, progress: Progress) -> Figures:
    outcomes = []
    with running(python, tool, project) as server:
        time.sleep(_SETTLE_SECONDS)
        for number in range(saves):
            outcomes.append(server.save(number, tool.rest))
            progress.step(f"{project.title}: {tool.name}")
    return sofar._replace(
        seconds=sofar.seconds + [each.seconds for each in outcomes],
        failed=sofar.failed + sum(each.failed for each in outcomes),
        cold=[*sofar.cold, server.cold],
    )


def _about(python: Path, load: float) -> dict[str, object]:
    names = sorted({name for tool in TOOLS for name in tool.packages} | {"pandas", "sqlalchemy"})
    code = "import sys, importlib.metadata as m; print(*map(m.version, sys.argv[1:]))"
    done = subprocess.run([python, "-c", code, *names], capture_output=True, text=True, check=True)
    return {
        "date": date.today().isoformat(),
        "python": f"{platform.python_implementation()} {platform.python_version()}",
        "cores": os.cpu_count(),
        "load": [load, os.getloadavg()[0]],
        "versions": dict(zip(names, done.stdout.split(), strict=True)),
    }


if __name__ == "__main__":
    main()
