"""The figures as they are kept (JSON) and as they are read: a table for each project, in Markdown."""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence
from typing import Any, NamedTuple

from benchmarks.reload.tools import TOOLS

__all__ = ["Figures", "Report", "markdown", "summary"]


class Figures(NamedTuple):
    """One server with one project."""

    tool: str
    seconds: list[float | None]
    """Of each save, to the first new response; None where none came."""
    failed: int
    """Connections that were refused, reset or closed without an answer, in all saves together."""
    cold: list[float]
    """Seconds from the start to the first response."""
    idle: float
    """Part of one processor."""

    @property
    def seen(self) -> list[float]:
        """Seconds of the saves that were noticed; infinitely many if none was."""
        return sorted(seconds for seconds in self.seconds if seconds is not None) or [math.inf]

    @property
    def median(self) -> float:
        """Of the saves that were noticed."""
        return statistics.median(self.seen)

    @property
    def p90(self) -> float:
        """What nine of ten saves stay within (nearest rank)."""
        return self.seen[math.ceil(0.9 * len(self.seen)) - 1]

    @property
    def missed(self) -> int:
        """Saves that were not noticed."""
        return self.seconds.count(None)


class Report(NamedTuple):
    """A whole run."""

    environment: dict[str, Any]
    """When, where, which versions, and how busy the machine was with other things."""
    imports: dict[str, float]
    """Seconds to import each project's application, by title."""
    figures: dict[str, list[Figures]]
    """By the projects' titles."""

    def as_json(self) -> dict[str, Any]:
        """For ``json.dumps``."""
        figures = {title: [each._asdict() for each in group] for title, group in self.figures.items()}
        return self._asdict() | {"figures": figures}

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Report:
        """What ``as_json`` gave."""
        figures = {title: [Figures(**each) for each in group] for title, group in data["figures"].items()}
        return cls(data["environment"], data["imports"], figures)


def markdown(report: Report) -> str:
    """The tables, and under which conditions they came about."""
    about = report.environment
    load = f"load average {about['load'][0]:.2f} before and {about['load'][1]:.2f} after"
    versions = ", ".join(f"{name} {version}" for name, version in about["versions"].items())
    parts = [f"{about['date']}, {about['python']}, {about['cores']} cores, {load}.\n{versions}."]
    parts += [_table(title, group, report.imports[title]) for title, group in report.figures.items()]
    return "\n\n".join(parts) + "\n"


def summary(report: Report) -> str:
    """One table: the medians of all projects, in seconds."""
    medians: dict[str, dict[str, str]] = {tool.name: {} for tool in TOOLS}
    for title, group in report.figures.items():
        for each in group:
            medians[each.tool][title] = f"{each.median:.3f}"
    lines = [
        f"| save to first new response, s | {' | '.join(report.figures)} |",
        "|---|" + "--:|" * len(report.figures),
    ]
    for tool, cells in medians.items():
        lines += [] if not cells else [f"| {tool} | {' | '.join(cells.get(title, '') for title in report.figures)} |"]
    return "\n".join(lines) + "\n"


def _table(title: str, group: Sequence[Figures], imported: float) -> str:
    lines = [f"### {title}, {imported:.2f} s to import", ""]
    lines.append("| server | median, s | p90, s | failed connections | missed | cold start, s | idle, % of a core |")
    lines.append("|---|--:|--:|--:|--:|--:|--:|")
    for each in group:
        cells = [each.tool, f"{each.median:.3f}", f"{each.p90:.3f}", f"{each.failed:,}", str(each.missed)]
        cells += [f"{statistics.median(each.cold):.2f}", f"{100 * each.idle:.2f}"]
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)
