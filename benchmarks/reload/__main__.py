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
import sys
import time
import venv
from contextlib import ExitStack
from datetime import date
from pathlib import Path

from benchmarks.reload.measuring import import_seconds, running, used_processor
from benchmarks.reload.plot import svg
from benchmarks.reload.projects import PROJECTS, Project
from benchmarks.reload.report import Figures, Report, insert, markdown, summary
from benchmarks.reload.tools import TOOLS, Tool

_ROOT = Path(__file__).parents[2]
_ENVIRONMENT = _ROOT / ".venv-bench"
_RESULTS = _ROOT / "benchmarks" / "results"

_ROUNDS = 2
# After a start: until the zygote has imported its packages, and pollers have seen all files.
_SETTLE_SECONDS = 2.0
_IDLE_SECONDS = 12.0
_IMPORTS = 5
_BAR = 30


class _Progress:
    """A bar on standard error, with what is being done and how long it may still take."""

    def __init__(self, steps: int) -> None:
        self._steps = steps
        self._done = 0
        self._started = time.monotonic()

    def step(self, what: str, count: int = 1) -> None:
        """So much is done; this comes next."""
        self._done += count
        part = self._done / self._steps
        bar = "#" * round(part * _BAR)
        left = (time.monotonic() - self._started) * (1 - part) / part if part else 0.0
        sys.stderr.write(f"\r\x1b[K[{bar:.<{_BAR}}] {part:4.0%}  {left / 60:4.1f} min left  {what}")
        sys.stderr.flush()


def main() -> None:
    """The program."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.reload", description=__doc__)
    parser.add_argument("--saves", type=int, default=30, help="of each server with each project; 30 if not given")
    parser.add_argument("--projects", nargs="+", choices=PROJECTS, default=list(PROJECTS), help="all if not given")
    parser.add_argument("--publish", action="store_true", help="put the results into README.md and docs/, too")
    options = parser.parse_args()
    python = _prepare()
    before = os.getloadavg()[0]
    projects = [PROJECTS[key] for key in options.projects]
    tools = {key: [tool for tool in TOOLS if not tool.only or key in tool.only] for key in options.projects}
    progress = _Progress(sum(map(len, tools.values())) * (options.saves + 1))
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
    docs = _ROOT / "docs"
    (docs / "reload-benchmark.svg").write_text(svg(report))
    insert(docs / "reload-benchmark.md", "figures", markdown(report))
    insert(_ROOT / "README.md", "summary", summary(report))


def _prepare() -> Path:
    """The interpreter of an environment that has everything, made if need be."""
    python = _ENVIRONMENT / "bin" / "python"
    if not python.exists():
        venv.create(_ENVIRONMENT, with_pip=True)
    subprocess.run([python, "-m", "pip", "install", "-q", "-e", f"{_ROOT}[bench]"], check=True)
    return python


def _measure(python: Path, project: Project, tools: list[Tool], saves: int, progress: _Progress) -> list[Figures]:
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


def _round(python: Path, project: Project, tool: Tool, sofar: Figures, saves: int, progress: _Progress) -> Figures:
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
