"""The comparison itself; the package's docstring says how it works."""

from __future__ import annotations

from collections.abc import Callable
from importlib.metadata import version

import pytest
import requests

from .cases import CASES, Case
from .conversations import CONVERSATIONS, Talk
from .facts import Difference, Facts, differences, facts
from .rows import ROWS, Row, documented
from .serving import WERKZEUG, Served, Spec
from .wire import Response, exchange, framing_of

Serve = Callable[[Spec], Served]

pytestmark = pytest.mark.skipif(
    not version("werkzeug").startswith("3.1."),
    reason="docs/differences.md describes werkzeug 3.1; another version differs otherwise",
)


def test_every_row_of_the_document_is_recognised_and_every_recognised_row_is_documented() -> None:
    assert documented() == set(ROWS)


def test_every_row_is_shown_by_a_case() -> None:
    assert {row for case in CASES for row in case.shows} == set(ROWS)


def test_case_names_are_unique() -> None:
    assert len({case.name for case in CASES}) == len(CASES)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_case(case: Case, kind: str, serve: Serve, serve_anew: Serve) -> None:
    start = serve_anew if case.alone else serve
    theirs, ours = (answer(case, start(spec_of(case, of))) for of in (WERKZEUG[kind], kind))
    seen = explain(differences(theirs, ours), case.shows)
    missing = {row for row in case.shows if kind in ROWS[row].kinds} - seen
    assert not missing, "these rows were to be seen and were not"


@pytest.mark.parametrize("name", CONVERSATIONS)
def test_conversation(name: str, kind: str, serve_anew: Serve) -> None:
    conversation = CONVERSATIONS[name]
    found = []
    for of in (WERKZEUG[kind], kind):
        served = serve_anew(Spec(conversation.application, of, conversation.arguments))
        responses = [response_of(response) for response in conversation.run(Talk(served.url))]
        found.append(facts(responses, served.environs()))
    explain(differences(*found), ())


def spec_of(case: Case, kind: str) -> Spec:
    """How to serve a case's application."""
    return Spec(case.application, kind, unix=case.unix, tls=case.tls)


def answer(case: Case, served: Served) -> Facts:
    """Send a case to a server."""
    before = len(served.environs())
    responses, junk = exchange(served.connect(), case.parts, case.methods, half_close=case.half_close)
    return facts(responses, served.environs()[before:], junk)


def explain(found: list[Difference], shows: tuple[str, ...]) -> set[str]:
    """The rows that account for the differences; fails for those that none accounts for."""
    seen: set[str] = set()
    unexplained = []
    for difference in found:
        rows = {name for name, row in ROWS.items() if accounts_for(name, row, difference, shows)}
        seen |= rows
        if not rows:
            unexplained.append(str(difference))
    assert not unexplained, "no row of docs/differences.md explains:\n" + "\n".join(unexplained)
    return seen


def accounts_for(name: str, row: Row, difference: Difference, shows: tuple[str, ...]) -> bool:
    """Whether a row may be asked, and says yes."""
    asked = name in shows if row.whole else difference.comparable
    return asked and row.recognises(difference)


def response_of(answer: requests.Response) -> Response:
    """What ``requests`` received, in the shape that the raw reader gives."""
    raw = answer.raw
    headers = {name.lower(): value for name, value in raw.headers.items()}
    framing = framing_of(str(answer.request.method), answer.status_code, headers)
    version = "HTTP/1.1" if raw.version == 11 else "HTTP/1.0"
    pairs = tuple(raw.headers.items())
    return Response(version, answer.status_code, answer.reason, pairs, answer.content, framing, True)
