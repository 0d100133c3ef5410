"""Results as a page for people: one file, readable without scripts, dark and light."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from html import escape

from wsgiserve.conform.case import Level, Theme
from wsgiserve.conform.cases import THEMES
from wsgiserve.conform.reports import shown
from wsgiserve.conform.running import Findings, Outcome

__all__ = ["as_html"]

_STYLE = """
:root { color-scheme: light dark; --bad: #b3261e; --good: #1b6e3c; --line: #8884; }
@media (prefers-color-scheme: dark) { :root { --bad: #ff8a80; --good: #7fd8a2; } }
body { font: 16px/1.5 system-ui, sans-serif; max-width: 88rem; margin: 2rem auto; padding: 0 1rem; }
table { border-collapse: collapse; } th, td { text-align: left; padding: .2rem .8rem .2rem 0;
border-bottom: 1px solid var(--line); vertical-align: top; }
.no { color: var(--bad); font-weight: 600; } .yes { color: var(--good); }
pre { overflow-x: auto; white-space: pre-wrap; overflow-wrap: anywhere; border-left: 3px solid var(--line);
padding-left: .8rem; } summary { cursor: pointer; } .wide { overflow-x: auto; } .rule { min-width: 20rem; }
"""


def as_html(results: Sequence[Findings]) -> str:
    """The page."""
    body = "".join([_totals(results), *(_theme(theme, results) for theme in THEMES)])
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>wsgiserve conform</title><style>{_STYLE}</style></head><body><main>"
        f"<h1>Conformance of WSGI servers</h1>{body}</main></body></html>\n"
    )


def _totals(results: Sequence[Findings]) -> str:
    head = "".join(f'<th scope="col">{text}</th>' for text in ("Server", "Version", *Level, "Started again"))
    rows = "".join(
        f'<tr><th scope="row">{escape(tested.name)}</th><td>{escape(tested.version)}</td>'
        + "".join(_total(*tested.passed(level)) for level in Level)
        + f"<td>{tested.restarts or ''}</td></tr>"
        for tested in results
    )
    return _table("Totals", head, rows)


def _total(passed: int, cases: int) -> str:
    return f'<td class="{"yes" if passed == cases else "no"}">{passed} of {cases}</td>'


def _theme(theme: Theme, results: Sequence[Findings]) -> str:
    ids = {case.id for case in theme.cases}
    found = [(tested, [outcome for outcome in tested.outcomes if outcome.case.id in ids]) for tested in results]
    if not found[0][1]:
        return ""
    names = ("Case", "Level", "Rule", *(tested.name for tested in results))
    head = "".join(f'<th scope="col">{escape(name)}</th>' for name in names)
    rows = "".join(_row(outcomes) for outcomes in zip(*(outcomes for _, outcomes in found), strict=True))
    details = "".join(text for tested, outcomes in found for text in _details(tested, outcomes))
    return f"<h2>{escape(theme.title)}</h2><p>{escape(theme.why)}</p>{_table(theme.title, head, rows)}{details}"


def _table(label: str, head: str, rows: str) -> str:
    """Scrolled by itself where it is too wide, by the keyboard too."""
    return (
        f'<div class="wide" role="region" aria-label="{escape(label)}" tabindex="0">'
        f"<table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table></div>"
    )


def _row(outcomes: Sequence[Outcome]) -> str:
    case = outcomes[0].case
    cells = "".join('<td class="no">no</td>' if outcome.failure else '<td class="yes">yes</td>' for outcome in outcomes)
    return (
        f'<tr><th scope="row">{escape(case.id)}</th><td>{case.level}</td>'
        f'<td class="rule">{escape(case.rule)} ({escape(case.section)})</td>{cells}</tr>'
    )


def _details(tested: Findings, outcomes: Sequence[Outcome]) -> Iterator[str]:
    for outcome in outcomes:
        if outcome.failure:
            case = outcome.case
            said = "\n".join(f"{said.connection} {said.who}: {shown(said.data) or '(end)'}" for said in outcome.said)
            known = f"<p>Known: {escape(case.known)}</p>" if case.known else ""
            yield (
                f"<details><summary>{escape(tested.name)}: {escape(case.id)}</summary>"
                f"<p>{case.level}: {escape(case.rule)} ({escape(case.section)}). {escape(case.why)}</p>"
                f'<p class="no">{escape(outcome.failure)}</p>{known}<pre>{escape(said)}</pre></details>'
            )
