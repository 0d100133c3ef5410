"""The figures as a picture: a dot for each save, a line at the median, on an axis whose steps are factors.

SVG by hand: text stays text, and it is readable on dark and on light pages alike.
Source: SVG 2; Media Queries Level 5 §12.5 for prefers-color-scheme.
"""

from __future__ import annotations

import html
import math

from benchmarks.reload.report import Figures, Report

__all__ = ["svg"]

_LEFT, _RIGHT, _ROW, _TITLE = 190, 690, 24, 34
_WIDTH = 760
_SHORTEST, _LONGEST = 0.01, 3.0
_MARKS = (0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0)

_STYLE = """
text { font: 13px system-ui, sans-serif; fill: #1d1f24 }
.title { font-weight: 600 } .small { font-size: 11px; fill: #5a5e6b }
.grid { stroke: #8a8f9c; stroke-opacity: .3 } .dot { fill: #6b7280; fill-opacity: .45 }
.median { stroke: #6b7280; stroke-width: 3 } .ours .dot { fill: #2f6fdb } .ours .median { stroke: #2f6fdb }
@media (prefers-color-scheme: dark) {
  text { fill: #e6e7eb } .small { fill: #a3a8b5 } .dot { fill: #a3a8b5 } .median { stroke: #a3a8b5 }
  .ours .dot { fill: #7aa8ff } .ours .median { stroke: #7aa8ff }
}
""".strip()


def svg(report: Report) -> str:
    """The picture."""
    rows: list[str] = []
    y = 20
    for title, group in report.figures.items():
        rows.append(f'<text class="title" x="10" y="{y}">{html.escape(title)}</text>')
        y += 22
        for figures in group:
            rows.append(_row(figures, y))
            y += _ROW
        y += _TITLE - 22
    bottom = y - 8
    grid = [
        f'<line class="grid" x1="{_x(mark):.1f}" x2="{_x(mark):.1f}" y1="26" y2="{bottom}"/>'
        f'<text class="small" text-anchor="middle" x="{_x(mark):.1f}" y="{bottom + 16}">{mark:g} s</text>'
        for mark in _MARKS
    ]
    name = "Seconds from saving a file to the first new response"
    caption = f'<text class="small" x="{_LEFT}" y="{bottom + 34}">{name}: each save, and the median</text>'
    body = "\n".join([*grid, *rows, caption])
    size = f'viewBox="0 0 {_WIDTH} {bottom + 44}" width="{_WIDTH}" height="{bottom + 44}"'
    head = f'<svg xmlns="http://www.w3.org/2000/svg" {size} role="img" aria-label="{name}">'
    return f"{head}\n<style>{_STYLE}</style>\n{body}\n</svg>\n"


def _row(figures: Figures, y: int) -> str:
    ours = ' class="ours"' if figures.tool.startswith("wsgiserve") else ""
    middle = _x(figures.median)
    saves = [seconds for seconds in figures.seconds if seconds is not None]
    dots = "".join(f'<circle class="dot" cx="{_x(seconds):.1f}" cy="{y - 4}" r="3.5"/>' for seconds in saves)
    line = f'<line class="median" x1="{middle:.1f}" x2="{middle:.1f}" y1="{y - 13}" y2="{y + 5}"/>'
    name = f'<text text-anchor="end" x="{_LEFT - 14}" y="{y}">{html.escape(figures.tool)}</text>'
    value = f'<text x="{_RIGHT + 14}" y="{y}">{figures.median:.3f}</text>'
    return f"<g{ours}>{name}{dots}{line}{value}</g>"


def _x(seconds: float) -> float:
    """Where a time stands; what lies beyond an end of the axis stands at the end."""
    part = math.log(min(max(seconds, _SHORTEST), _LONGEST) / _SHORTEST) / math.log(_LONGEST / _SHORTEST)
    return _LEFT + part * (_RIGHT - _LEFT)
