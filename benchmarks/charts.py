"""The results as pictures: bars for some cases, the best server first, and a line for each server where cost grows."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import NamedTuple

from benchmarks.cases import CASES, CURVE_SERVERS, FAMILIES, METRICS, Case, Family
from benchmarks.plot import Axis, label, picture, ticks
from benchmarks.report import best_first
from benchmarks.results import Results
from benchmarks.servers import SERVERS

__all__ = ["bars", "growth"]

_WIDTH, _COLUMN = 760, 380
_BAR_LEFT, _BAR_RIGHT, _ROW, _HEAD, _GAP = 128, 312, 18, 30, 22
_PLOT_LEFT, _PLOT_RIGHT, _PLOT_HEIGHT = 52, 268, 190
_NAMES_APART, _MARKS_APART = 12, 24
_KINDS = {server.name: server.kind for server in SERVERS}
_CASES = {case.name: case for case in CASES}


def bars(results: Results, names: Sequence[str]) -> str:
    """Medians of what some cases are about, with a line from the least to the most of all rounds."""
    cases = [_CASES[name] for name in names if name in results.cases]
    body, top = [], 0.0
    for left, right in zip(cases[::2], [*cases[1::2], None][: len(cases[::2])], strict=True):
        panels = [_bar_panel(case, results, column * _COLUMN, top) for column, case in enumerate((left, right)) if case]
        body += [line for lines, _ in panels for line in lines]
        top += max(height for _, height in panels) + _GAP
    return picture("Medians of all servers, and the spread of the rounds", body, _WIDTH, round(top))


def _bar_panel(case: Case, results: Results, x: float, top: float) -> tuple[list[str], float]:
    """One case; and how high it has become."""
    metric = METRICS[case.metrics[0]]
    names = best_first(case, results)
    most = max((max(results.outcome(case.name, name).values(case.metrics[0])) for name in names), default=1.0)
    axis = Axis(0, most or 1.0, x + _BAR_LEFT, x + _BAR_RIGHT, logarithmic=False)
    better = "more" if metric.more_is_better else "less"
    title, _, rest = case.title.rpartition(", ")
    lines = [label(title or rest, x + 10, top + 16, "title")]
    lines.append(label(f"{rest}; {metric.title}, {better} is better", x + 10, top + _HEAD, "small"))
    for number, name in enumerate(names):
        y = top + _HEAD + (number + 1) * _ROW
        values = results.outcome(case.name, name).values(case.metrics[0])
        middle = results.median(case.name, name, case.metrics[0]) or 0.0
        width = axis.at(middle) - axis.start
        bar = f'<rect class="bar" x="{axis.start:g}" y="{y - 11:g}" width="{width:.1f}" height="12"/>'
        ends = f'x1="{axis.at(min(values)):.1f}" x2="{axis.at(max(values)):.1f}"'
        spread = f'<line class="spread" {ends} y1="{y - 5:g}" y2="{y - 5:g}"/>'
        texts = label(name, axis.start - 8, y, anchor="end") + label(format(middle, metric.form), axis.end + 8, y)
        lines.append(f'<g class="{_KINDS.get(name, "")}">{texts}{bar}{spread}</g>')
    return lines, _HEAD + len(names) * _ROW + 6


class _Curve(NamedTuple):
    name: str
    points: list[tuple[int, float]]


def growth(results: Results) -> str:
    """All curves."""
    families = [family for family in FAMILIES if _curves(family, results)]
    body = []
    height = _PLOT_HEIGHT + 84
    for number, family in enumerate(families):
        body += _growth_panel(family, results, number % 2 * _COLUMN, number // 2 * height)
    rows = (len(families) + 1) // 2
    return picture("Requests per second as connections, fields, bodies and threads grow", body, _WIDTH, rows * height)


def _curves(family: Family, results: Results) -> list[_Curve]:
    points: dict[str, list[tuple[int, float]]] = {name: [] for name in CURVE_SERVERS}
    for case in CASES:
        if case.family == family.name:
            for name in points:
                if value := results.median(case.name, name, case.metrics[0]):
                    points[name].append((case.x, value))
    return [_Curve(name, found) for name, found in points.items() if found]


def _growth_panel(family: Family, results: Results, x: float, top: float) -> list[str]:
    curves = _curves(family, results)
    xs = sorted({at for curve in curves for at, _ in curve.points})
    ys = [value for curve in curves for _, value in curve.points]
    across = Axis(xs[0], max(xs[-1], xs[0] + 1), x + _PLOT_LEFT, x + _PLOT_RIGHT, family.logarithmic)
    up = Axis(min(ys) / 1.2, max(ys) * 1.2, top + 36 + _PLOT_HEIGHT, top + 36)
    title, _, rest = family.title.partition(", ")
    lines = [label(title, x + 10, top + 16, "title"), label(rest, x + 10, top + 30, "small")]
    lines += _grid(family, across, up, xs)
    places = _apart([up.at(curve.points[-1][1]) for curve in curves])
    for curve, y in zip(curves, places, strict=True):
        drawn = [(across.at(at), up.at(value)) for at, value in curve.points]
        line = f'<polyline class="line" points="{" ".join(f"{a:.1f},{b:.1f}" for a, b in drawn)}"/>'
        points = "".join(f'<circle class="point" cx="{a:.1f}" cy="{b:.1f}" r="2.5"/>' for a, b in drawn)
        name = label(curve.name, across.end + 8, round(y + 4, 1), "named")
        lines.append(f'<g class="{_colour(curve.name)}">{line}{points}{name}</g>')
    return lines


def _grid(family: Family, across: Axis, up: Axis, xs: list[int]) -> list[str]:
    lines = []
    for mark in ticks(up.low, up.high):
        y = round(up.at(mark), 1)
        lines.append(f'<line class="grid" x1="{across.start:g}" x2="{across.end:g}" y1="{y}" y2="{y}"/>')
        lines.append(label(f"{mark:,.0f}", across.start - 6, y + 4, "small", "end"))
    free = across.start - _MARKS_APART
    for mark in xs:
        if (place := round(across.at(mark), 1)) >= free + _MARKS_APART:
            lines.append(label(_short(family, mark), place, up.start + 16, "small", "middle"))
            free = place
    axis = f"requests/s by {family.axis}"
    return [*lines, label(axis, across.start, up.start + 32, "small")]


def _short(family: Family, number: int) -> str:
    if family.axis != "bytes" or number < 1024:
        return f"{number:,}"
    return f"{number // 1024} Ki" if number < 1024**2 else f"{number // 1024**2} Mi"


def _colour(name: str) -> str:
    if _KINDS[name] in ("ours", "limit"):
        return _KINDS[name]
    peers = [name for name in CURVE_SERVERS if _KINDS[name] in ("pure", "native")]
    return f"c{peers.index(name)}"


def _apart(places: list[float]) -> list[float]:
    """The same places, moved down where two names would stand on each other."""
    order = sorted(range(len(places)), key=lambda number: places[number])
    moved = list(places)
    for above, below in pairwise(order):
        moved[below] = max(moved[below], moved[above] + _NAMES_APART)
    return moved
