"""What kind of thing somebody's ``app`` is, told from its class and its signature alone."""

from __future__ import annotations

import functools
import importlib.metadata
import sys
import types
from collections.abc import Callable
from typing import Any

import flask
import pytest
from django.core.handlers.asgi import ASGIHandler  # Django has no types
from django.core.handlers.wsgi import WSGIHandler  # Django has no types

from wsgiserve import frameworks
from wsgiserve.frameworks import (
    asgi_framework,
    framework_label,
    is_application,
    is_async,
    is_framework_object,
    kind_of,
)


def instance(path: str, *bases: type) -> Any:
    """An object whose class has this path, as if its framework were installed."""
    module, _, name = path.rpartition(".")
    return type(name, bases, {"__module__": module, "__call__": lambda self, environ, start_response: []})()


def minor(package: str) -> str:
    return ".".join(importlib.metadata.version(package).split(".")[:2])


# Frameworks


def test_installed_frameworks_are_told_with_their_version() -> None:
    assert framework_label(flask.Flask(__name__)) == f"Flask {minor('flask')}"
    assert framework_label(WSGIHandler.__new__(WSGIHandler)) == f"Django {minor('django')}"


@pytest.mark.parametrize(("path", "known_as"), sorted((path, known[0]) for path, known in frameworks._WSGI.items()))
def test_a_framework_is_known_by_the_path_of_its_class(
    path: str, known_as: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def version(package: str) -> str:
        raise importlib.metadata.PackageNotFoundError(package)

    monkeypatch.setattr(importlib.metadata, "version", version)
    application = instance(path)
    assert is_framework_object(application)
    assert framework_label(application) == kind_of(application) == known_as  # and of no version that anybody knows
    assert asgi_framework(application) is None


@pytest.mark.parametrize(("path", "known_as"), sorted(frameworks._ASGI.items()))
def test_an_asgi_framework_is_known_by_the_path_of_its_class(path: str, known_as: str) -> None:
    application = instance(path)
    assert asgi_framework(application) == known_as
    assert not is_framework_object(application)
    assert framework_label(application) == ""


def test_the_class_nearest_to_the_object_decides() -> None:
    falcon = type(instance("falcon.app.App"))
    assert asgi_framework(instance("falcon.asgi.app.App", falcon)) == "Falcon"
    assert asgi_framework(instance("shop.web.Shop", falcon)) is None
    assert framework_label(instance("shop.web.Shop", falcon)).startswith("Falcon")


def test_djangos_two_handlers_are_told_apart() -> None:
    assert asgi_framework(ASGIHandler.__new__(ASGIHandler)) == "Django"
    assert asgi_framework(WSGIHandler.__new__(WSGIHandler)) is None


def test_looking_imports_no_framework() -> None:
    bottle = instance("bottle.Bottle")
    assert is_framework_object(bottle)
    assert "bottle" not in sys.modules


# Functions


def wrapped(*arguments: Any) -> Any: ...


@functools.wraps(wrapped)
def named_wrapper(environ: Any, start_response: Any) -> Any: ...


@pytest.mark.parametrize(
    ("function", "expected"),
    [
        (lambda environ, start_response: [], True),
        (lambda environ, start_response, extra=None: [], True),
        (lambda environ, start_response, *, extra=None: [], True),
        (lambda environ, start_response, /: [], True),
        (lambda *arguments: [], True),
        (lambda environ, *rest: [], True),
        (named_wrapper, True),
        (dict.get, True),  # its signature says so
        (min, True),  # it has no signature
        (lambda: None, False),
        (lambda environ: [], False),
        (lambda environ, start_response, extra: [], False),
        (lambda environ, start_response, *, extra: [], False),
        (lambda config=None, testing=False: [], False),
        (lambda config, testing=False: [], False),
        (lambda **settings: [], False),
    ],
)
def test_an_application_takes_two_positional_arguments_and_no_fewer(
    function: Callable[..., Any], expected: bool
) -> None:
    assert is_application(function) is expected


class Asynchronous:
    async def __call__(self, scope: Any, receive: Any, send: Any) -> None: ...


async def asgi(scope: Any, receive: Any, send: Any) -> None: ...


async def create_app() -> None: ...


def test_asynchronous_functions_and_objects_are_known() -> None:
    assert is_async(asgi)
    assert is_async(Asynchronous())
    assert not is_async(wrapped)
    assert not is_async(Asynchronous)  # calling the class itself gives an object
    assert not is_async("text")


def test_asgi_of_no_known_framework_takes_scope_receive_and_send() -> None:
    assert asgi_framework(asgi) == asgi_framework(Asynchronous()) == ""
    assert asgi_framework(create_app) is None
    assert asgi_framework(wrapped) is None


@pytest.mark.parametrize(
    ("value", "kind"),
    [
        (wrapped, "function"),
        (asgi, "coroutine function"),
        (types, "module"),
        ("text", "str"),
        (None, "NoneType"),
        (Asynchronous(), "Asynchronous"),
        (Asynchronous, "class"),
    ],
)
def test_other_things_are_told_by_their_type(value: Any, kind: str) -> None:
    assert kind_of(value) == kind
