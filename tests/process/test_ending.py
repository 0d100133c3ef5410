"""How a process has ended, in words."""

from __future__ import annotations

import signal

import pytest

from wsgiserve.process.ending import describe_end


@pytest.mark.parametrize(
    ("code", "words"),
    [
        (0, "exit code 0"),
        (3, "exit code 3"),
        (-9, "SIGKILL"),
        (-11, "SIGSEGV"),
        (-signal.SIGRTMIN - 1, f"signal {signal.SIGRTMIN + 1}"),
    ],
)
def test_the_end_of_a_process_has_a_name(code: int, words: str) -> None:
    assert describe_end(code) == words
