"""Imports go down: the map of who may import whom, checked against every import statement in the package."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parent.parent / "wsgiserve"

# Each floor with what it may import of the package besides itself. errors and _version are on the ground.
GROUND = {"errors", "_version"}
FLOORS = {
    "http11": GROUND,
    "wsgi": GROUND | {"http11"},
    "server": GROUND | {"http11", "wsgi"},
}
# Of everything outside the package, what a floor may not touch.
IO = {"socket", "select", "selectors", "ssl", "threading", "multiprocessing", "subprocess", "logging", "asyncio"}
CLOCKS = {"time", "datetime"}
OUTSIDE = {
    "http11": IO | CLOCKS | {"os", "io", "sys", "pathlib"},
    "wsgi": IO | CLOCKS,
    "server": {"subprocess", "multiprocessing", "asyncio"},
}
# Only imported where they are used, inside a function: an application that needs none of them gets none.
HEAVY = {"werkzeug", "flask", "django", "cryptography"}


def imports(tree: ast.AST, *, top_level: bool) -> Iterator[str]:
    """Dotted names of imported modules; without those below ``if TYPE_CHECKING``."""
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.dump(node.test):
            continue
        if top_level and isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            continue
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield node.module or "."
        yield from imports(node, top_level=top_level)


def violations(package: Path) -> list[str]:
    found = []
    for file in sorted(package.rglob("*.py")):
        floor = file.relative_to(package).parts[0].removesuffix(".py")
        tree = ast.parse(file.read_text("utf-8"))
        where = str(file.relative_to(package))
        for name in imports(tree, top_level=False):
            first, _, rest = name.partition(".")
            other = rest.partition(".")[0]
            if first == "wsgiserve" and floor in FLOORS and other not in FLOORS[floor] | {floor}:
                found.append(f"{where} imports {name}")
            if first in OUTSIDE.get(floor, ()):
                found.append(f"{where} imports {name}")
        for name in imports(tree, top_level=True):
            if name.partition(".")[0] in HEAVY or (name == "click" and floor != "cli"):
                found.append(f"{where} imports {name} when it is imported")
    return found


def test_imports_only_go_down() -> None:
    assert violations(PACKAGE) == []


@pytest.mark.parametrize(
    ("file", "line"),
    [
        ("http11/parser.py", "import wsgiserve.wsgi.environ"),
        ("http11/parser.py", "from wsgiserve.server import base"),
        ("http11/parser.py", "import socket"),
        ("http11/parser.py", "from time import monotonic"),
        ("wsgi/gateway.py", "from wsgiserve.server.stream import Stream"),
        ("wsgi/gateway.py", "import logging"),
        ("server/base.py", "from wsgiserve.config import Config"),
        ("server/base.py", "def f():\n    import wsgiserve.launcher"),
        ("server/tls.py", "import cryptography.x509"),
        ("launcher.py", "from werkzeug.debug import DebuggedApplication"),
        ("config.py", "import click"),
    ],
)
def test_an_import_that_goes_up_is_found(file: str, line: str, tmp_path: Path) -> None:
    target = tmp_path / file
    target.parent.mkdir(exist_ok=True)
    target.write_text(line + "\n")
    assert len(violations(tmp_path)) == 1


@pytest.mark.parametrize(
    ("file", "line"),
    [
        (
            "server/base.py",
            "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from wsgiserve.config import Config",
        ),
        ("server/base.py", "import socket\nfrom wsgiserve.wsgi import Gateway\nfrom wsgiserve.errors import UserError"),
        ("launcher.py", "def f():\n    import werkzeug.debug"),
    ],
)
def test_an_import_that_goes_down_is_not(file: str, line: str, tmp_path: Path) -> None:
    target = tmp_path / file
    target.parent.mkdir(exist_ok=True)
    target.write_text(line + "\n")
    assert violations(tmp_path) == []
