"""Where to look: for functions, methods, objects, classes, partials, generators, and code that is not Python."""

from __future__ import annotations

import functools
import sys
from collections.abc import Iterator
from traceback import walk_tb
from types import TracebackType
from typing import Any

import pytest

from wsgiserve.wsgi.blame import blame_body, blame_callable, blame_error, blame_frame, without_server


def function() -> None: ...


class Thing:
    def __call__(self) -> None: ...

    def method(self) -> None: ...

    @classmethod
    def of_class(cls) -> None: ...


class Application:
    """As PEP 3333 has it: calling the class makes the iterable."""

    def __init__(self) -> None: ...


class Proxy:
    """Has an answer to every question."""

    def __getattr__(self, name: str) -> str:
        return name


def generator() -> Iterator[int]:
    yield 1


def delegating() -> Iterator[int]:
    yield from generator()
    yield from iter([2])


def line_of(function: Any, offset: int) -> str:
    return f"{__file__}:{function.__code__.co_firstlineno + offset} in {function.__code__.co_name}"


@pytest.mark.parametrize(
    ("value", "defined"),
    [
        (function, function),
        (Thing().method, Thing.method),
        (Thing.method, Thing.method),
        (Thing.of_class, Thing.of_class),
        (Thing(), Thing.__call__),
        (Application, Application.__init__),
        (functools.partial(function), function),
        (functools.partial(functools.partial(Thing.method, Thing())), Thing.method),
        (functools.partial(Application), Application.__init__),
    ],
)
def test_a_callable_is_blamed_where_it_is_defined(value: Any, defined: Any) -> None:
    assert blame_callable(value) == line_of(defined, 0)


@pytest.mark.parametrize("value", [len, functools.partial(len), None, object(), Proxy(), dict])
def test_what_has_no_line_is_not_blamed(value: Any) -> None:
    assert blame_callable(value) is None


def test_a_frame_is_blamed_at_its_line() -> None:
    frame = sys._getframe()
    here = test_a_frame_is_blamed_at_its_line
    assert blame_frame(frame) == line_of(here, 3)
    assert blame_body(frame, function) == line_of(here, 4)
    assert blame_frame(None) is None


def test_a_generator_is_blamed_at_its_last_yield_and_its_application_when_it_is_over() -> None:
    running = generator()
    next(running)
    assert blame_body(running, function) == line_of(generator, 1)
    assert list(running) == []
    assert blame_body(running, function) == blame_callable(function)


def test_a_generator_that_yields_from_another_is_not_to_blame() -> None:
    running = delegating()
    assert next(running) == 1
    assert blame_body(running, function) == line_of(generator, 1)
    assert next(running) == 2
    assert blame_body(running, function) == line_of(delegating, 2)


@pytest.mark.parametrize("source", [[], iter([b"x"]), None])
def test_for_any_other_body_its_application_is_blamed(source: object) -> None:
    assert blame_body(source, function) == blame_callable(function)


def test_an_error_is_blamed_at_its_innermost_line() -> None:
    def inner() -> None:
        raise KeyError("sku")

    with pytest.raises(KeyError) as caught:
        inner()
    assert blame_error(caught.value) == f"test_blame.py:{inner.__code__.co_firstlineno + 1}"
    assert blame_error(KeyError()) == ""


def failure_in(*modules: str) -> BaseException:
    """An error that went through functions of these modules, the outermost first."""
    function: object = None
    for module in reversed(modules):
        scope: dict[str, object] = {"__name__": module, "inner": function}
        exec("def call():\n    inner() if inner else 1 / 0", scope)
        function = scope["call"]
    try:
        assert callable(function)
        function()
    except ZeroDivisionError as error:
        error.__traceback__ = error.__traceback__ and error.__traceback__.tb_next  # without this one
        return error
    raise AssertionError


def modules_in(traceback: TracebackType | None) -> list[str]:
    return [frame.f_globals["__name__"] for frame, _ in walk_tb(traceback)]


@pytest.mark.parametrize(
    ("modules", "left"),
    [
        (["wsgiserve.server.handler", "wsgiserve.wsgi.gateway", "flask.app", "shop"], ["flask.app", "shop"]),
        (["wsgiserve.wsgi.gateway", "shop", "wsgiserve.wsgi.input"], ["shop", "wsgiserve.wsgi.input"]),
        (["wsgiserve.wsgi.gateway", "wsgiserve.wsgi.input"], ["wsgiserve.wsgi.gateway", "wsgiserve.wsgi.input"]),
        (["wsgiserver"], ["wsgiserver"]),
    ],
)
def test_a_traceback_begins_where_the_application_does(modules: list[str], left: list[str]) -> None:
    assert modules_in(without_server(failure_in(*modules))) == left
