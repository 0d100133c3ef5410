"""Questions to whoever sits at the terminal."""

from __future__ import annotations

import io
import sys

import pytest

from wsgiserve.asking import agrees, is_attended


@pytest.mark.parametrize(("stdin", "stderr"), [(True, False), (False, True), (True, True)])
def test_somebody_is_there_when_both_ends_are_a_terminal(
    stdin: bool, stderr: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Stream(io.StringIO):
        def __init__(self, terminal: bool) -> None:
            super().__init__()
            self.isatty = lambda: terminal  # type: ignore[method-assign]

    monkeypatch.setattr(sys, "stdin", Stream(stdin))
    monkeypatch.setattr(sys, "stderr", Stream(stderr))
    assert is_attended() is (stdin and stderr)


def test_nobody_is_there_when_the_input_was_closed_before_the_start(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", None)
    assert not is_attended()


@pytest.mark.parametrize(
    ("typed", "agreed"),
    [("\n", True), ("y\n", True), (" Yes \n", True), ("n\n", False), ("what?\n", False), ("", False)],
)
def test_enter_agrees_and_the_end_of_the_input_does_not(
    typed: str, agreed: bool, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO(typed))
    assert agrees("Go on?") is agreed
    assert capsys.readouterr().err == "  Go on? [Y/n] " + ("" if typed else "\n")
