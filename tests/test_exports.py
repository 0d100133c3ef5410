"""Every public name of a module stands in its ``__all__``, and every name there exists."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
from types import ModuleType

import pytest

import wsgiserve

# Only where Django is set up can it be imported; test_django.py does.
NEEDS_SETTINGS = "wsgiserve.django.management.commands.runserver"

FOUND = {found.name for found in pkgutil.walk_packages(wsgiserve.__path__, "wsgiserve.")}
MODULES = ["wsgiserve", *sorted(FOUND - {NEEDS_SETTINGS})]


def missing(module: ModuleType) -> set[str]:
    """Names in ``__all__`` that the module does not have."""
    return {name for name in _exported(module) if not hasattr(module, name)}


def forgotten(module: ModuleType) -> set[str]:
    """Public classes and functions of the module's own that are not in ``__all__``."""
    public = {name for name, value in vars(module).items() if not name.startswith("_") and _is_defined(value, module)}
    return public - _exported(module)


def _exported(module: ModuleType) -> set[str]:
    return set(getattr(module, "__all__", ()))


def _is_defined(value: object, module: ModuleType) -> bool:
    defines = isinstance(value, type) or inspect.isroutine(inspect.unwrap(value))  # type: ignore[arg-type]  # any object
    return defines and getattr(value, "__module__", None) == module.__name__


@pytest.mark.parametrize("name", MODULES)
def test_what_is_exported_exists_and_what_is_public_is_exported(name: str) -> None:
    if name == "wsgiserve.authority.signing":
        pytest.importorskip("cryptography")
    module = importlib.import_module(name)
    assert missing(module) == set()
    assert forgotten(module) == set()


SOURCE = """
from functools import cache
from pathlib import Path
__all__ = ["A", "Gone", "f"]
class A: ...
class B: ...
class _C: ...
def f(): ...
if True:
    def g(): ...
@cache
def h(): ...
CONSTANT = Path()
"""


def test_a_name_that_is_forgotten_or_gone_is_found() -> None:
    module = ModuleType("sample")
    exec(SOURCE, vars(module))
    assert missing(module) == {"Gone"}
    assert forgotten(module) == {"B", "g", "h"}
    del module.__all__
    assert forgotten(module) == {"A", "B", "f", "g", "h"}
