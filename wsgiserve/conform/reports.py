"""Results for programs: JSON, JUnit's XML, and the matrix as Markdown."""

from __future__ import annotations

import json
import platform
from collections.abc import Iterator, Sequence
from typing import Any
from xml.etree import ElementTree as ET

from wsgiserve._version import __version__
from wsgiserve.conform.case import MUST, Level
from wsgiserve.conform.cases import THEMES
from wsgiserve.conform.client import Said
from wsgiserve.conform.running import Findings, Outcome

__all__ = ["as_json", "as_junit", "as_markdown", "shown"]

_MOST = 2048
"""Bytes of one piece that a report shows."""


def shown(data: bytes) -> str:
    """Bytes as text that can be read back: printable ASCII, and escapes for the rest."""
    text = data[:_MOST].decode("latin-1").encode("unicode_escape").decode("ascii")
    return text if len(data) <= _MOST else f"{text}… {len(data) - _MOST} bytes more"


def as_json(results: Sequence[Findings]) -> str:
    """Everything, the bytes included."""
    return json.dumps({"wsgiserve": __version__, "servers": [_server(tested) for tested in results]}, indent=1)


def _server(tested: Findings) -> dict[str, Any]:
    return {
        "name": tested.name,
        "version": tested.version,
        "conforms": tested.conforms,
        "restarts": tested.restarts,
        "cases": [_outcome(outcome) for outcome in tested.outcomes],
    }


def _outcome(outcome: Outcome) -> dict[str, Any]:
    case = outcome.case
    return {
        "id": case.id,
        "level": case.level.value,
        "rule": case.rule,
        "section": case.section,
        "why": case.why,
        "known": case.known,
        "passed": not outcome.failure,
        "failure": outcome.failure,
        "said": [_said(said) for said in outcome.said],
    }


def _said(said: Said) -> dict[str, Any]:
    return {"connection": said.connection, "who": said.who, "data": shown(said.data)}


def as_junit(results: Sequence[Findings]) -> str:
    """A suite for each server. What breaks no MUST is skipped, with a message, so that a build goes on."""
    root = ET.Element("testsuites")
    for tested in results:
        suite = ET.SubElement(
            root,
            "testsuite",
            name=f"{tested.name} {tested.version}",
            tests=str(len(tested.outcomes)),
            failures=str(len(tested.failed(MUST))),
            skipped=str(len(tested.failed(*Level)) - len(tested.failed(MUST))),
        )
        for outcome in tested.outcomes:
            theme, _, name = outcome.case.id.partition("/")
            case = ET.SubElement(suite, "testcase", classname=f"{tested.name}.{theme}", name=name)
            if outcome.failure:
                kind = "failure" if outcome.case.level is MUST else "skipped"
                told = f"{outcome.case.level}: {outcome.case.rule} ({outcome.case.section}): {outcome.failure}"
                # XML has no way to write control characters.
                ET.SubElement(case, kind, message=told.encode("unicode_escape").decode("ascii"))
    ET.indent(root)
    return ET.tostring(root, "unicode", xml_declaration=True) + "\n"


def as_markdown(results: Sequence[Findings]) -> str:
    """A page: totals, then a table for each theme with what each server passes."""
    head = (
        f"# Conformance of WSGI servers\n\nWhat `wsgiserve conform` of version {__version__} found, under Python "
        f"{platform.python_version()} on {platform.system()}; each server with threads where it has them, otherwise as "
        "it comes. [How to repeat it, and what the levels mean](conform.md).\n\n"
    )
    return head + "\n".join(_lines(results)) + "\n"


def _lines(results: Sequence[Findings]) -> Iterator[str]:
    yield "| server | version | " + " | ".join(Level) + " | started again |"
    yield "|---|---|" + "---|" * (len(Level) + 1)
    for tested in results:
        totals = " | ".join("{} of {}".format(*tested.passed(level)) for level in Level)
        yield f"| {tested.name} | {tested.version} | {totals} | {tested.restarts or ''} |"
    outcomes = [{outcome.case.id: outcome for outcome in tested.outcomes} for tested in results]
    for theme in THEMES:
        cases = [case for case in theme.cases if case.id in outcomes[0]]
        if not cases:
            continue
        yield f"\n## {theme.title}\n\n{theme.why}\n"
        yield "| case | level | rule | " + " | ".join(tested.name for tested in results) + " |"
        yield "|---|---|---|" + "---|" * len(results)
        for case in cases:
            cells = " | ".join("**no**" if found[case.id].failure else "yes" for found in outcomes)
            rule = f"{case.rule} ({case.section})".replace("|", "\\|")
            yield f"| `{case.id}` | {case.level} | {rule} | {cells} |"
