"""What is told of the interpreter; the suite runs on some with a GIL, and on one without."""

from __future__ import annotations

import sys
import sysconfig

import pytest

from wsgiserve.server.interpreter import has_gil


def test_an_interpreter_that_was_not_built_otherwise_has_a_gil() -> None:
    assert has_gil() or sysconfig.get_config_var("Py_GIL_DISABLED")


@pytest.mark.parametrize("on", [False, True])
def test_one_that_was_says_whether_it_is_on(monkeypatch: pytest.MonkeyPatch, on: bool) -> None:
    monkeypatch.setattr(sys, "_is_gil_enabled", lambda: on, raising=False)
    assert has_gil() is on


def test_one_that_does_not_say_has_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(sys, "_is_gil_enabled", raising=False)
    assert has_gil()
