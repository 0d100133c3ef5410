"""What wsgiserve is to reach, as ratios to what was measured beside it in the same rounds, or as absolute bounds.

Each is computed from results: nothing here knows a figure that was measured.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from benchmarks.cases import METRICS
from benchmarks.results import Results
from benchmarks.servers import SERVERS

__all__ = ["OURS", "TARGETS", "Target", "Verdict", "best_peer"]

OURS = "wsgiserve"
_KINDS: dict[str, str] = {server.name: server.kind for server in SERVERS}
_THREADED = {server.name for server in SERVERS if server.threaded}
_FORMS = {True: "≥", False: "≤"}


class Verdict(NamedTuple):
    """A target beside what was measured."""

    target: str
    figure: str
    """What was measured, in the target's terms; empty if a figure is missing."""
    reached: bool | None
    """None if a figure is missing."""


class Target(NamedTuple):
    """One bound.

    Attributes:
        case: whose figures count.
        metric: which of them.
        bound: of the ratio, or of the figure itself if there is nothing to compare with.
        against: a server, a group of ``_GROUPS``, or ``case:NAME`` for our own figure there.
        at_least: whether more is better.
        words: for the table, in front of the bound.
    """

    case: str
    metric: str
    bound: float
    against: str = ""
    at_least: bool = True
    words: str = ""

    def verdict(self, results: Results) -> Verdict:
        """Whether it is reached."""
        ours = results.median(self.case, OURS, self.metric)
        name, other = self._other(results)
        value = None if ours is None else ours if not self.against else ours / other if other else None
        text = f"{_FORMS[self.at_least]} {self._number(self.bound)}"
        text += f" {self.words or self.against}" if self.against else f" {self.words}".rstrip()
        if value is None:
            return Verdict(text, "", None)
        figure = self._number(value) + (f" ({name})" if name not in ("", self.against) else "")
        return Verdict(text, figure, value >= self.bound if self.at_least else value <= self.bound)

    def _number(self, value: float) -> str:
        return f"{value:,.2f} ×" if self.against else format(value, METRICS[self.metric].form)

    def _other(self, results: Results) -> tuple[str, float | None]:
        """Name and figure of what we are compared with."""
        kind, _, name = self.against.partition(":")
        if kind == "case":
            return "", results.median(name, OURS, self.metric)
        if kind == "own":
            return "", results.median(self.case, OURS, name)
        if self.against in _GROUPS:
            return best_peer(results, self.case, self.metric, self.against)
        return self.against, results.median(self.case, self.against, self.metric)


_GROUPS: dict[str, Callable[[str], bool]] = {
    "best peer": lambda name: _KINDS[name] in ("pure", "native"),
    "best pure-Python peer": lambda name: _KINDS[name] == "pure",
    "best threaded peer": lambda name: _KINDS[name] in ("pure", "native") and name in _THREADED,
}


def best_peer(results: Results, case: str, metric: str, group: str = "best peer") -> tuple[str, float | None]:
    """Who of a group is the best in a case, and with which figure; none if nobody was measured."""
    found = {name: results.median(case, name, metric) for name in results.cases.get(case, {}) if name in _KINDS}
    figures = {name: value for name, value in found.items() if value is not None and _GROUPS[group](name)}
    if not figures:
        return "", None
    choose = max if METRICS[metric].more_is_better else min
    name = choose(figures, key=lambda each: figures[each])
    return name, figures[name]


def _hello(case: str) -> list[Target]:
    bounds = {"bjoern": 1.0, "fastwsgi": 0.9, "granian": 1.2, "gunicorn gthread": 12, "werkzeug": 30, "limit in C": 0.6}
    return [Target(case, "rate", bound, name) for name, bound in bounds.items()]


TARGETS = (
    *_hello("hello-32"),
    *_hello("hello-256"),
    Target("hello-256", "p99", 1.0, "granian", at_least=False, words="granian's p99"),
    Target("browser", "rate", 1.0, "best peer"),
    Target("close", "rate", 0.9, "best peer"),
    Target("blocking", "rate", 0.97 * 1600, words="requests/s, 0.97 of the ideal"),
    Target("blocking", "rate", 1.0, "best peer"),
    Target("mixed", "fast_p99", 3.0, at_least=False, words="ms, p99 of the fast"),
    Target("mixed", "fast_p99", 1.0, "best threaded peer", at_least=False, words="best threaded peer's p99"),
    Target("streaming", "rate", 1.3, "granian"),
    *(Target(case, "rate", 1.0, "best peer") for case in ("upload-1k", "upload-1m", "upload-100m", "body-10m", "file")),
    Target("flask", "rate", 1.0, "best peer"),
    Target("flask", "overhead", 15.0, at_least=False, words="µs more than calling the application"),
    Target("log", "rate", 0.8, "case:hello-32", words="own figure without"),
    Target("idle", "bytes_each", 4096, at_least=False, words="bytes each"),
    Target("idle", "p99", 1.1, "own:alone_p99", at_least=False, words="own p99 without them"),
    Target("idle", "idle_wakeups", 0, at_least=False, words="wake-ups/s"),
    Target("memory", "grown_kibibytes", 512, at_least=False, words="KiB more since the first tenth"),
    Target("cold", "milliseconds", 1.0, "best pure-Python peer", at_least=False, words="fastest pure-Python peer's"),
    Target("import", "milliseconds", 25, at_least=False, words="ms over bare Python"),
)
