"""The figures as they are read: tables in Markdown, and who has reached what."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from benchmarks.cases import CASES, FAMILIES, METRICS, Case
from benchmarks.results import Outcome, Results
from benchmarks.servers import SERVERS
from benchmarks.targets import OURS, TARGETS

__all__ = ["best_first", "conditions", "curves", "details", "headline", "ratio", "table", "targets"]

_PACKAGES = {server.name: server.package for server in SERVERS}
_ORDER = {server.name: number for number, server in enumerate(SERVERS)}
_HEADLINE = ("hello-32", "browser", "flask", "blocking", "mixed", "streaming", "upload-1m", "close")


def conditions(results: Results) -> str:
    """When, where and with what, a paragraph for each measurement that was merged."""
    return "\n\n".join(_paragraph(each) for each in results.environments) + "\n"


def _paragraph(about: dict[str, Any]) -> str:
    before, *after = (f"{each:.2f}" for each in about["load"])
    load = f"{before} before, {after[0]} after" if after else f"{before} before, interrupted"
    names = dict.fromkeys(package for package in _PACKAGES.values() if package in about["versions"])
    versions = ", ".join(f"{name} {about['versions'][name]}" for name in names)
    machine = f"{about['processor']}, {about['cores']} cores, {about['system']}"
    head = f"{about['date']}, {about['python']}, {machine}; rounds of {about['seconds']} s, load average {load}."
    missing = "".join(f" {name} could not be installed." for name in about.get("absent", ()))
    return f"{head}\nwsgiserve at {about['commit']}; {versions}.{missing}"


def targets(results: Results) -> str:
    """Each target, what was measured, and whether that reaches it."""
    titles = {case.name: case.title for case in CASES}
    lines = ["| case | target | measured | reached |", "|---|---|--:|---|"]
    for target in TARGETS:
        verdict = target.verdict(results)
        mark = {True: "yes", False: "**no**", None: ""}[verdict.reached]
        lines.append(f"| {titles.get(target.case, target.case)} | {verdict.target} | {verdict.figure} | {mark} |")
    return "\n".join(lines) + "\n"


def headline(results: Results) -> str:
    """One row for each server, one column for some of the cases: medians of what each is about."""
    cases = [case for case in CASES if case.name in _HEADLINE and case.name in results.cases]
    if not cases:
        return ""
    heads = [f"{case.title}: {METRICS[case.metrics[0]].title}" for case in cases]
    lines = [f"| server | {' | '.join(heads)} |", "|---|" + "--:|" * len(cases)]
    for name in _names(results, cases):
        cells = [_number(results.outcome(case.name, name), case.metrics[0]) for case in cases]
        lines.append(f"| {name} | {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


def details(results: Results) -> str:
    """A table for each case that is no point of a curve."""
    parts = [
        f"### {case.title}\n\n{table(case, results)}"
        for case in CASES
        if not case.family and case.name in results.cases
    ]
    return "\n".join(parts)


def table(case: Case, results: Results) -> str:
    """All servers in one case, the best first; those that are out of it, and why, below."""
    main = METRICS[case.metrics[0]]
    # Older measurements lack what was not looked at then.
    others = [each for each in case.metrics[1:] if any(one.values(each) for one in results.cases[case.name].values())]
    heads = [main.title, "min – max", *(METRICS[each].title for each in others), "faults", "wsgiserve is"]
    lines = [f"| server | {' | '.join(heads)} |", "|---|" + "--:|" * len(heads)]
    for name in best_first(case, results):
        outcome = results.outcome(case.name, name)
        values = outcome.values(case.metrics[0])
        spread = f"{format(min(values), main.form)} – {format(max(values), main.form)}"
        rest = [_number(outcome, metric) for metric in others]
        faults = f"{sum(outcome.values('errors')):,.0f}"
        cells = [name, _number(outcome, case.metrics[0]), spread, *rest, faults, ratio(case, results, name)]
        lines.append(f"| {' | '.join(cells)} |")
    out = {name: each.out for name, each in results.cases[case.name].items() if each.out}
    reasons = "; ".join(f"{name} ({reason})" for name, reason in out.items())
    starving = {name: sum(each.values("starved")) for name, each in results.cases[case.name].items() if not each.out}
    waits = ", ".join(f"{name} ({rounds:.0f} of the rounds)" for name, rounds in starving.items() if rounds)
    notes = [f"Out of it: {reasons}."] if reasons else []
    notes += [f"Left a newcomer without an answer until the load was over: {waits}."] if waits else []
    return "\n".join(lines) + "\n" + "".join(f"\n{note}\n" for note in notes)


def ratio(case: Case, results: Results, name: str) -> str:
    """How many times better our median is than a server's; empty if one is missing."""
    metric = case.metrics[0]
    ours, theirs = results.median(case.name, OURS, metric), results.median(case.name, name, metric)
    if not ours or not theirs:
        return ""
    return f"{ours / theirs if METRICS[metric].more_is_better else theirs / ours:.2f} ×"


def curves(results: Results) -> str:
    """A table for each curve: a row for each server, a column for each point."""
    parts = []
    for family in FAMILIES:
        cases = [case for case in CASES if case.family == family.name and case.name in results.cases]
        if cases:
            metric = METRICS[cases[0].metrics[0]].title
            lines = [f"| {metric} at | {' | '.join(f'{case.x:,}' for case in cases)} |", "|---|" + "--:|" * len(cases)]
            for name in _names(results, cases):
                cells = [_number(results.outcome(case.name, name), case.metrics[0]) for case in cases]
                lines.append(f"| {name} | {' | '.join(cells)} |")
            parts.append(f"### {family.title}\n\n" + "\n".join(lines) + "\n")
    return "\n".join(parts)


def _names(results: Results, cases: Iterable[Case]) -> list[str]:
    """Servers that have figures in some of these cases, in the order in which we speak of them."""
    found = {
        name
        for case in cases
        for name, each in results.cases[case.name].items()
        if each.median(case.metrics[0]) is not None
    }
    return sorted(found, key=lambda name: _ORDER.get(name, len(_ORDER)))


def best_first(case: Case, results: Results) -> list[str]:
    """Servers that have figures in a case, by their medians."""
    metric = case.metrics[0]
    medians = {name: results.median(case.name, name, metric) for name in _names(results, [case])}
    return sorted(medians, key=lambda name: medians[name] or 0.0, reverse=METRICS[metric].more_is_better)


def _number(outcome: Outcome, metric: str) -> str:
    """A median for a cell; empty if there is none."""
    value = outcome.median(metric)
    return "" if value is None else format(value, METRICS[metric].form)
