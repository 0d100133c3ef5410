"""The parts of a script's child that can be looked at alone."""

from __future__ import annotations

import os
import pty
import sys
import termios
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from wsgiserve.reload.script import CHANNEL_VARIABLE
from wsgiserve.reload.scriptchild import _parent_channel, _turn_echo_on, fails_on_request


def test_an_application_that_fails_on_request_is_told_by_what_it_holds() -> None:
    def holding(value: object) -> Callable[..., Any]:
        return lambda environ, start_response: [value]

    def empty() -> Iterator[Callable[..., Any]]:
        yield lambda environ, start_response: [later]
        later = 1

    assert fails_on_request(holding(SyntaxError()))
    assert not fails_on_request(holding("value"))
    assert not fails_on_request(next(empty()))
    assert not fails_on_request(int)  # type: ignore[arg-type]  # it has no closure, as classes have none


def test_a_terminal_that_a_debugger_left_without_echo_has_it_again(monkeypatch: pytest.MonkeyPatch) -> None:
    ours, its = pty.openpty()
    with os.fdopen(its) as stdin:
        monkeypatch.setattr(sys, "stdin", stdin)
        attributes = termios.tcgetattr(its)
        attributes[3] &= ~termios.ECHO
        termios.tcsetattr(its, termios.TCSANOW, attributes)
        _turn_echo_on()
        assert termios.tcgetattr(its)[3] & termios.ECHO
    os.close(ours)
    monkeypatch.setattr(sys, "stdin", None)
    _turn_echo_on()


@pytest.mark.parametrize("value", [None, "", "7", "x:y", "0:1", "9999:1"])
def test_a_channel_that_is_none_is_not_taken_for_one(value: str | None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(CHANNEL_VARIABLE, value or "")
    assert _parent_channel() is None
    assert CHANNEL_VARIABLE not in os.environ
