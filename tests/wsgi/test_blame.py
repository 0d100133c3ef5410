"""Where to look: for functions, methods, objects, classes, partials, generators, and code that is not Python."""

from __future__ import annotations

import functools
import sys
from collections.abc import Iterator
from typing import Any

import pytest

from wsgiserve.wsgi.blame import blame_callable, blame_error, blame_frame, blame_iterable


def function() -> None: ...


class Thing:
    def __call__(self) -> None: ...

    def method(self) -> None: ...


def generator() -> Iterator[int]:
    yield 1


@pytest.mark.parametrize(
    ("value", "name"),
    [(function, "function"), (Thing().method, "method"), (Thing(), "__call__"), (Thing.method, "method")],
)
def test_a_callable_is_blamed_where_it_is_defined(value: Any, name: str) -> None:
    blame = blame_callable(value)
    assert blame is not None
    assert blame.startswith(__file__ + ":")
    assert blame.endswith(" in " + name)


@pytest.mark.parametrize("value", [len, functools.partial(len), None, object()])
def test_what_has_no_line_is_not_blamed(value: Any) -> None:
    assert blame_callable(value) is None


def test_a_frame_is_blamed_at_its_line() -> None:
    line = sys._getframe().f_lineno + 1
    blame = blame_frame(sys._getframe())
    assert blame == f"{__file__}:{line} in test_a_frame_is_blamed_at_its_line"
    assert blame_frame(None) is None


def test_a_generator_is_blamed_at_its_last_yield_and_its_application_when_it_is_over() -> None:
    running = generator()
    next(running)
    line = generator.__code__.co_firstlineno + 1
    assert blame_iterable(running, function) == f"{__file__}:{line} in generator"
    assert list(running) == []
    assert blame_iterable(running, function) == blame_callable(function)
    assert blame_iterable([], function) == blame_callable(function)


def test_an_error_is_blamed_at_its_innermost_line() -> None:
    def inner() -> None:
        raise KeyError("sku")

    with pytest.raises(KeyError) as caught:
        inner()
    assert blame_error(caught.value) == f"test_blame.py:{inner.__code__.co_firstlineno + 1}"
    assert blame_error(KeyError()) == ""
