"""Every public name of a module stands in its ``__all__``, and every name there exists."""

from __future__ import annotations

import ast
import importlib
import pkgutil
from pathlib import Path

import pytest

import wsgiserve

MODULES = sorted(
    found.name
    for found in pkgutil.walk_packages(wsgiserve.__path__, "wsgiserve.")
    if not found.name.endswith(("__main__", "._version")) and found.name != "wsgiserve.server"
)


@pytest.mark.parametrize("name", MODULES)
def test_what_is_exported_exists(name: str) -> None:
    module = importlib.import_module(name)
    assert [missing for missing in module.__all__ if not hasattr(module, missing)] == []


@pytest.mark.parametrize("name", MODULES)
def test_what_is_public_is_exported(name: str) -> None:
    module = importlib.import_module(name)
    assert module.__file__ is not None
    tree = ast.parse(Path(module.__file__).read_text("utf-8"))
    public = {
        node.name
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef | ast.ClassDef) and node in tree.body and not node.name.startswith("_")
    }
    assert public - set(module.__all__) == set()
