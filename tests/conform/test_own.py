"""wsgiserve passes every case in every mode."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

import pytest

from wsgiserve.conform import cases
from wsgiserve.conform.behaviours import BEHAVIOURS
from wsgiserve.conform.case import Level
from wsgiserve.conform.cases import CASES, THEMES
from wsgiserve.conform.running import Findings, play_all
from wsgiserve.conform.servers import OWN, Running, Server

# Four seconds each. How these differ from the others is tested in tests/server.
_LESS_OFTEN = {"wsgiserve-single", "wsgiserve-thread", "wsgiserve-unix"}


@pytest.mark.parametrize(
    "server",
    [
        pytest.param(server, id=server.name, marks=[pytest.mark.slow] if server.name in _LESS_OFTEN else [])
        for server in OWN
    ],
)
def test_ours_passes_every_case(server: Server, tmp_path: Path) -> None:
    if server.tls:
        pytest.importorskip("cryptography")
    tested = Findings(server.name, server.version())
    with Running(server, tmp_path, 20.0) as running:
        play_all(CASES, running.target, tested, revive=lambda: False, done=lambda: None)
    assert [f"{outcome.case.id}: {outcome.failure}" for outcome in tested.failed(*Level)] == []
    assert len(tested.outcomes) == len(CASES)


def test_no_two_cases_have_the_same_id_and_each_is_described() -> None:
    assert [one for one, count in Counter(case.id for case in CASES).items() if count > 1] == []
    assert [case.id for case in CASES if not all((case.rule, case.section, case.why))] == []
    assert [theme.name for theme in THEMES if not theme.cases] == []


def test_every_behaviour_of_the_probe_is_asked_for_by_a_case() -> None:
    sources = "".join(file.read_text() for file in Path(cases.__file__).parent.glob("*.py"))
    assert [name for name in BEHAVIOURS if not re.search(rf'["/]{name}[ ?"]', sources)] == []
