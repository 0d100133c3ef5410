"""Where results go: files for the next measurement, and the documents that readers see."""

from __future__ import annotations

from pathlib import Path

from benchmarks import report
from benchmarks.environment import ROOT
from benchmarks.results import Results

__all__ = ["keep", "publish", "text"]


def keep(results: Results, file: Path) -> None:
    """Write the results as JSON, and what is read beside it; a file that is there is replaced at once or not at all."""
    file.parent.mkdir(parents=True, exist_ok=True)
    for suffix, content in ((file.suffix, results.as_json()), (".md", text(results))):
        unfinished = file.with_suffix(f"{suffix}.part")
        unfinished.write_text(content)
        unfinished.replace(file.with_suffix(suffix))


def publish(results: Results) -> None:
    """Put the results into README.md and docs/."""


def text(results: Results) -> str:
    """Everything, in Markdown."""
    parts = [
        report.conditions(results),
        f"## Targets\n\n{report.targets(results)}",
        f"## Every case\n\n{report.details(results)}",
        f"## How cost grows\n\n{report.curves(results)}",
    ]
    return "\n".join(parts)
