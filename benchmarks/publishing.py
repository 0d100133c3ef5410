"""Where results go: files for the next measurement, and the documents that readers see."""

from __future__ import annotations

from pathlib import Path

from benchmarks import charts, report
from benchmarks.documents import insert
from benchmarks.environment import ROOT
from benchmarks.results import Results

__all__ = ["keep", "publish", "show", "text"]

# What the first picture shows.
_HEADLINE = ("hello-32", "browser", "flask", "mixed")


def keep(results: Results, file: Path) -> None:
    """Write the results as JSON; a file that is there is replaced at once or not at all."""
    file.parent.mkdir(parents=True, exist_ok=True)
    unfinished = file.with_suffix(f"{file.suffix}.part")
    unfinished.write_text(results.as_json())
    unfinished.replace(file)


def show(results: Results, file: Path) -> None:
    """Write what people read beside the JSON: the tables, and the pictures."""
    file.with_suffix(".md").write_text(text(results))
    for name, picture in _pictures(results).items():
        file.with_name(f"{file.stem}{name}.svg").write_text(picture)


def publish(results: Results) -> None:
    """Put the results into README.md and docs/, all runs included: later ones can be merged with them."""
    docs = ROOT / "docs"
    keep(results, docs / "performance.json")
    for name, picture in _pictures(results).items():
        (docs / f"performance{name}.svg").write_text(picture)
    page = docs / "performance.md"
    insert(page, "performance: targets", report.targets(results))
    insert(page, "performance: cases", report.details(results))
    insert(page, "performance: curves", report.curves(results))
    insert(page, "performance: conditions", report.conditions(results))
    insert(ROOT / "README.md", "performance: headline", report.headline(results))


def text(results: Results) -> str:
    """Everything, in Markdown."""
    parts = [
        report.conditions(results),
        f"## Targets\n\n{report.targets(results)}",
        f"## Every case\n\n{report.details(results)}",
        f"## How cost grows\n\n{report.curves(results)}",
    ]
    return "\n".join(parts)


def _pictures(results: Results) -> dict[str, str]:
    """By what their files' names end in."""
    return {"": charts.bars(results, _HEADLINE), "-growth": charts.growth(results)}
