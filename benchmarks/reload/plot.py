"""The figures as a picture: a dot for each save, a line at the median, on an axis whose steps are factors."""

from __future__ import annotations

from benchmarks.plot import Axis, label, picture
from benchmarks.reload.report import Figures, Report

__all__ = ["svg"]

_LEFT, _RIGHT, _ROW, _TITLE = 190, 690, 24, 34
_WIDTH = 760
_MARKS = (0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0)
_AXIS = Axis(0.01, 3.0, _LEFT, _RIGHT)


def svg(report: Report) -> str:
    """The picture."""
    rows: list[str] = []
    y = 20
    for title, group in report.figures.items():
        rows.append(label(title, 10, y, "title"))
        y += 22
        for figures in group:
            rows.append(_row(figures, y))
            y += _ROW
        y += _TITLE - 22
    bottom = y - 8
    grid = [
        f'<line class="grid" x1="{_AXIS.at(mark):.1f}" x2="{_AXIS.at(mark):.1f}" y1="26" y2="{bottom}"/>'
        + label(f"{mark:g} s", round(_AXIS.at(mark), 1), bottom + 16, "small", "middle")
        for mark in _MARKS
    ]
    name = "Seconds from saving a file to the first new response"
    caption = label(f"{name}: each save, and the median", _LEFT, bottom + 34, "small")
    return picture(name, [*grid, *rows, caption], _WIDTH, bottom + 44)


def _row(figures: Figures, y: int) -> str:
    ours = ' class="ours"' if figures.tool.startswith("wsgiserve") else ""
    middle = _AXIS.at(figures.median)
    saves = [seconds for seconds in figures.seconds if seconds is not None]
    dots = "".join(f'<circle class="dot" cx="{_AXIS.at(seconds):.1f}" cy="{y - 4}" r="3.5"/>' for seconds in saves)
    line = f'<line class="median" x1="{middle:.1f}" x2="{middle:.1f}" y1="{y - 13}" y2="{y + 5}"/>'
    name = label(figures.tool, _LEFT - 14, y, anchor="end")
    return f"<g{ours}>{name}{dots}{line}{label(f'{figures.median:.3f}', _RIGHT + 14, y)}</g>"
