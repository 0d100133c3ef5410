"""What counts as a factory, and what is said when one cannot be called or makes nothing."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import pytest

from tests.cli.projects import Project
from wsgiserve.errors import UserError
from wsgiserve.factories import call_factory, is_factory, needs_no_argument
from wsgiserve.frameworks import is_application
from wsgiserve.importer import load


def nothing() -> None: ...
def optional(config: Any = None) -> None: ...
def two_optional(config: Any = None, debug: bool = False) -> None: ...
def one_required(config: Any, debug: bool = False) -> None: ...
def keyword_only(*, config: Any) -> None: ...
def application(environ: Any, start_response: Any) -> None: ...
def with_more(environ: Any, start_response: Any, more: Any = None) -> None: ...
def three(a: Any, b: Any, c: Any) -> None: ...
def anything(*args: Any, **kwargs: Any) -> None: ...
def create_app(*args: Any, **kwargs: Any) -> None: ...
def make_app(first: Any, *rest: Any) -> None: ...
async def coroutine() -> None: ...


@functools.wraps(nothing)
def wrapped(*args: Any) -> None: ...


@pytest.mark.parametrize(
    ("function", "is_one"),
    [
        (nothing, True),
        (optional, True),
        (two_optional, True),
        (one_required, True),
        (keyword_only, True),
        (three, True),
        (create_app, True),
        (wrapped, True),
        (application, False),
        (with_more, False),
        (anything, False),
        (make_app, False),
        (coroutine, False),
        (functools.partial(nothing), False),
        (dict, False),
        (object(), False),
    ],
)
def test_a_function_that_is_no_application_is_a_factory(function: Callable[..., Any], is_one: bool) -> None:
    assert is_factory(function) is is_one


def test_what_has_no_signature_counts_as_an_application() -> None:
    assert is_application(type) is True
    assert needs_no_argument(type) is False


def refusal(factory: Any, *args: Any, **kwargs: Any) -> UserError:
    with pytest.raises(UserError) as caught:
        call_factory(factory, "shop:make", args, kwargs, full_traceback=False)
    return caught.value


def required(host: str, port: int, *rest: int, debug: bool, **more: Any) -> None: ...


@pytest.mark.parametrize(
    ("args", "kwargs", "missing", "call"),
    [
        ((), {}, "host, port, debug", 'shop:make("dev", "dev", debug="dev")'),
        (("a",), {"debug": True}, "port", 'shop:make("a", debug=True, port="dev")'),
        (('ü"',), {}, "port, debug", r'shop:make("ü\"", "dev", debug="dev")'),
        ((1, 2), {}, "debug", 'shop:make(1, 2, debug="dev")'),
    ],
)
def test_missing_arguments_are_told_with_a_call_that_has_them(
    args: tuple[Any, ...], kwargs: dict[str, Any], missing: str, call: str
) -> None:
    error = refusal(required, *args, **kwargs)
    assert error.slug == "factory-needs-args"
    assert error.what.endswith(f": {missing}.")
    assert error.fix.replace("'\"'\"'", "'").endswith(f"wsgiserve '{call}'")
    assert "tests/cli/test_factories.py:" in error.why


@pytest.mark.parametrize(("args", "kwargs"), [((1, 2), {}), ((), {"xyzzy": 1})])
def test_arguments_that_it_does_not_take_are_told(args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
    error = refusal(optional, *args, **kwargs)
    assert (error.slug, error.exit_code) == ("bad-option", 2)
    assert error.what.startswith("make() cannot be called like this: ")
    assert error.fix == "it takes  make(config: 'Any' = None) -> 'None'"


def test_what_cannot_be_called_is_told() -> None:
    assert refusal(7).what == "shop:make is an int, not a WSGI application."


def test_what_it_returns_is_returned() -> None:
    assert call_factory(lambda a, b: (a, b), "shop:make", (1,), {"b": 2}, full_traceback=False) == (1, 2)


def test_a_factory_without_a_signature_is_called_all_the_same() -> None:
    assert call_factory(type, "shop:make", (7,), full_traceback=False) is int


def test_what_it_raises_is_told_as_the_users_error(project: Project) -> None:
    project.write("shop.py", "import json\n\n\ndef create_app():\n    return json.loads('')\n")
    with pytest.raises(UserError) as caught:
        load("shop")
    assert caught.value.what.startswith('calling "shop:create_app()" raised JSONDecodeError: ')
    assert caught.value.why == "shop.py:5  return json.loads('')"


RETURNS = """
def forgets():
    app = object()

    def index():
        return "hello"

    class View:
        def get(self):
            return "hello"


def sometimes(ok=False):
    if ok:
        return object()


def bare():
    return


lambda_ = lambda: None
two_lambdas = [lambda: None,
               lambda: None]
"""


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("forgets", "shop.py:1–9 has no return statement."),
        ("sometimes", "shop.py:12–14 can end without its return statement."),
        ("bare", "shop.py:17–18 has no return statement."),
        ("lambda_", "shop.py:21 has no return statement."),
    ],
)
def test_a_factory_that_returns_nothing_is_told_with_its_lines(name: str, why: str, project: Project) -> None:
    project.write("shop.py", RETURNS)
    with pytest.raises(UserError) as caught:
        load(f"shop:{name}")
    assert (caught.value.slug, caught.value.why) == ("factory-returned-none", why)


def test_a_factory_whose_source_is_not_there_is_told_without_guesses() -> None:
    names: dict[str, Any] = {}
    exec("def make(): pass", names)
    assert refusal(names["make"]).why == "<string>:1 can end without its return statement."
    assert refusal(print).why == ""
