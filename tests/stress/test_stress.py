"""The stress runs of the slow suite. WSGISERVE_STRESS_SECONDS says how long the one over the pool is; 20 if unset."""

from __future__ import annotations

import os
import time

import pytest

from tests.stress.run import DEVELOPMENT_MODE, run

SECONDS = float(os.environ.get("WSGISERVE_STRESS_SECONDS", "20"))

pytestmark = pytest.mark.slow


@pytest.mark.parametrize(
    ("kind", "seconds", "tls", "options"),
    [
        ("pool", SECONDS, False, ()),
        ("pool", SECONDS / 4, False, DEVELOPMENT_MODE),
        ("pool", SECONDS / 4, True, ()),
        ("thread", SECONDS / 4, False, DEVELOPMENT_MODE),
        ("single", SECONDS / 4, False, DEVELOPMENT_MODE),
        ("fork", SECONDS / 4, False, DEVELOPMENT_MODE),
    ],
)
def test_every_answer_is_right_and_nothing_is_left_behind(
    kind: str, seconds: float, tls: bool, options: tuple[str, ...]
) -> None:
    outcome = run(kind, seconds, int(time.time()), tls=tls, options=options)
    print(outcome)
    assert outcome.good, "\n".join([str(outcome), *outcome.wrong, outcome.log, str(outcome.left)])
