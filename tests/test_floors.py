"""Imports go down: who may import whom, checked against every import statement of the package.

A floor is a folder, or a module beside them. The pure floors name all they may import; of the modules above the server,
which come and go, it is enough that some order exists in which each imports only what stands below it, names for types
left aside.
"""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from graphlib import CycleError, TopologicalSorter
from pathlib import Path
from typing import Literal, NamedTuple

import pytest

PACKAGE = Path(__file__).parent.parent / "wsgiserve"

ANYTHING = frozenset(sys.stdlib_module_names)
GROUND = {"wsgiserve.errors", "wsgiserve.foreign", "wsgiserve.lazy", "wsgiserve._version"}


class Floor(NamedTuple):
    """What a floor may import besides itself, for types or in functions too; a name allows all that is below it."""

    below: set[str]
    library: set[str] | frozenset[str]
    """Of the standard library."""
    forbidden: frozenset[str] = frozenset()
    """Of ``library``."""


# No socket, thread, clock, file or log: what is left computes.
PURE = {"__future__", "collections.abc", "copy.copy", "dataclasses", "enum", "http.HTTPStatus", "re", "typing"}

FLOORS = {
    "errors": Floor(set(), PURE),
    "foreign": Floor(set(), PURE | {"os"}),
    "lazy": Floor(set(), PURE | {"importlib.import_module", "contextlib.contextmanager", "gc"}),
    "_version": Floor(set(), PURE),
    "http11": Floor({"wsgiserve.errors"}, PURE),
    # os and stat to look at the file of a FileWrapper, sys for the line of a mistake.
    "wsgi": Floor(
        {"wsgiserve.errors", "wsgiserve.http11"},
        PURE | {"functools", "io", "ipaddress", "os", "stat", "sys", "types", "urllib.parse"},
    ),
    "server": Floor(
        GROUND | {"wsgiserve.http11", "wsgiserve.wsgi"},
        ANYTHING,
        frozenset({"asyncio", "multiprocessing", "subprocess"}),
    ),
    # Of a server, that it can be stopped; of the loop, the bell that a signal rings.
    "process": Floor(
        {"wsgiserve.signals", "wsgiserve.server.deadlines", "wsgiserve.server.poller.Waker"},
        ANYTHING,
        frozenset({"asyncio", "multiprocessing"}),
    ),
}
ABOVE = Floor({"wsgiserve"}, ANYTHING)

# Who alone may import it.
ON_TOP = {
    "__main__": set[str](),
    "cli": {"__main__", "django", "flaskcommand"},
    "command": {"cli", "django", "flaskcommand"},
    "launcher": {"command", "prefork", "reload", "simple"},
    "prefork": {"command"},
    "process": {"prefork", "reload"},
    "reload": {"command", "django", "flaskcommand", "simple"},
    "dev": {"launcher", "reload"},
    "authority": {"command"},
    "conform": {"command"},
}

# Not of the standard library. In a function, so that a server which needs none of them starts without them.
IN_FUNCTIONS = {"cryptography", "django", "dotenv", "flask", "werkzeug"}
AT_ONCE = {
    "authority": {"cryptography"},
    "cli": {"click"},
    "completion": {"click"},
    "django": {"django"},
    "flaskcommand": {"click", "flask"},
    "pytest_plugin": {"pytest"},
}

When = Literal["at once", "in a function", "for types"]


class Import(NamedTuple):
    name: str
    """Dotted, with what is taken from the module: ``wsgiserve.http11.Request``."""
    when: When


def imports(tree: ast.AST, when: When = "at once") -> Iterator[Import]:
    """Every import of a module, wherever it stands."""
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.Import):
            yield from (Import(alias.name, when) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            # A relative import has no name here that the tables know: the house has none.
            module = "." * node.level + (node.module or "")
            yield from (Import(f"{module}.{alias.name}", when) for alias in node.names)
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.dump(node.test):
            yield from imports(node, "for types")
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and when == "at once":
            yield from imports(node, "in a function")
        else:
            yield from imports(node, when)


def is_in(name: str, allowed: set[str] | frozenset[str]) -> bool:
    return any(name == one or name.startswith(one + ".") for one in allowed)


def inside(name: str) -> str:
    """The floor or module of the package that a name is in; empty for all others and the package itself."""
    first, _, rest = name.partition(".")
    return rest.partition(".")[0] if first == "wsgiserve" else ""


def complaint(unit: str, found: Import) -> str | None:
    """What is wrong with an import in a floor or module of the package."""
    floor = FLOORS.get(unit, ABOVE)
    name, first = found.name, found.name.partition(".")[0]
    if first == "wsgiserve":
        target = inside(name)
        if found.when != "for types" and unit not in ON_TOP.get(target, {unit}) | {target}:
            return "stands on top"
        return None if is_in(name, floor.below | {f"wsgiserve.{unit}"}) else "is not below"
    if first in ANYTHING:
        return None if is_in(name, floor.library) and not is_in(name, floor.forbidden) else "is not for this floor"
    if first in AT_ONCE.get(unit, ()) or (first in IN_FUNCTIONS and found.when != "at once"):
        return None if floor.library is ANYTHING else "is not for this floor"
    return "is not of the standard library"


def modules(package: Path) -> Iterator[tuple[str, Path, list[Import]]]:
    """Each file of the package with the floor it is on and its imports."""
    for file in sorted(package.rglob("*.py")):
        path = file.relative_to(package)
        yield path.parts[0].removesuffix(".py"), path, list(imports(ast.parse(file.read_text("utf-8"))))


def violations(package: Path) -> list[str]:
    return [
        f"{file}: {found.name} {wrong}"
        for unit, file, all_imports in modules(package)
        for found in all_imports
        if (wrong := complaint(unit, found))
    ]


def circle(package: Path) -> list[str]:
    """Floors and modules of which each imports the one before; empty if all imports go down."""
    below: dict[str, set[str]] = {}
    for unit, _, all_imports in modules(package):
        needed = {inside(found.name) for found in all_imports if found.when != "for types"}
        below.setdefault(unit, set()).update(needed - {unit, ""})
    try:
        TopologicalSorter(below).prepare()
    except CycleError as error:
        found: list[str] = error.args[1]
        return found
    return []


def test_imports_only_go_down() -> None:
    assert violations(PACKAGE) == []
    assert circle(PACKAGE) == []


def test_every_floor_was_looked_at() -> None:
    looked_at = {unit for unit, _, all_imports in modules(PACKAGE) if all_imports or unit == "_version"}
    assert set(FLOORS) | set(ON_TOP) <= looked_at


def tree(tmp_path: Path, files: dict[str, str]) -> Path:
    """A package of these modules."""
    for name, text in files.items():
        target = tmp_path / name
        target.parent.mkdir(exist_ok=True)
        target.write_text(text + "\n")
    return tmp_path


TYPES = "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    "


@pytest.mark.parametrize(
    ("file", "line"),
    [
        ("errors.py", "import logging"),
        ("errors.py", "from wsgiserve.http11 import Request"),
        ("http11/parser.py", "import wsgiserve.wsgi.environ"),
        ("http11/parser.py", "from wsgiserve.server import base"),
        ("http11/parser.py", "from wsgiserve import server"),
        ("http11/parser.py", "import wsgiserve"),
        ("http11/parser.py", "from ..server import base"),
        ("http11/parser.py", "from .. import server"),
        ("http11/parser.py", "import socket"),
        ("http11/parser.py", "from time import monotonic"),
        ("http11/parser.py", "import os"),
        ("http11/parser.py", "import http.client"),
        ("http11/parser.py", "from http import client"),
        ("http11/parser.py", "def f():\n    import socket"),
        ("http11/parser.py", "try:\n    import socket\nexcept ImportError:\n    pass"),
        ("http11/parser.py", "class C:\n    import socket"),
        ("http11/parser.py", "import h11"),
        ("http11/parser.py", "def f():\n    import werkzeug"),
        ("wsgi/gateway.py", "from wsgiserve.server.stream import Stream"),
        ("wsgi/gateway.py", TYPES + "from wsgiserve.server.stream import Stream"),
        ("wsgi/gateway.py", "import logging"),
        ("wsgi/gateway.py", "import threading"),
        ("wsgi/gateway.py", "import select"),
        ("wsgi/gateway.py", "import ssl"),
        ("wsgi/gateway.py", "from wsgiserve._version import __version__"),
        ("server/base.py", "from wsgiserve.config import Config"),
        ("server/base.py", TYPES + "from wsgiserve.config import Config"),
        ("server/base.py", "def f():\n    import wsgiserve.banner"),
        ("server/base.py", "import subprocess"),
        ("server/tls.py", "import cryptography.x509"),
        ("server/tls.py", "async def f():\n    pass\nfrom cryptography import x509"),
        ("launcher.py", "from werkzeug.debug import DebuggedApplication"),
        ("launcher.py", "import flask"),
        ("launcher.py", "def f():\n    from wsgiserve.cli import main"),
        ("process/supervisor.py", "from wsgiserve.server.base import BaseWSGIServer"),
        ("process/supervisor.py", "from wsgiserve.reload.process import WorkerProcess"),
        ("process/worker.py", TYPES + "from wsgiserve.http11 import Limits"),
        ("launcher.py", "from wsgiserve.process.supervisor import Supervisor"),
        ("config.py", "import click"),
        ("config.py", "def f():\n    import click"),
        ("config.py", "from wsgiserve.launcher import launch"),
        ("server/base.py", "import click"),
    ],
)
def test_an_import_that_goes_up_is_found(file: str, line: str, tmp_path: Path) -> None:
    assert len(violations(tree(tmp_path, {file: line}))) == 1


@pytest.mark.parametrize(
    ("file", "line"),
    [
        ("http11/parser.py", "import re\nfrom wsgiserve.http11.events import Request\nfrom http import HTTPStatus"),
        ("wsgi/gateway.py", "import io\nfrom wsgiserve.http11 import Request\nfrom wsgiserve import errors"),
        (
            "server/base.py",
            "import socket\nfrom wsgiserve.wsgi import Gateway\nfrom wsgiserve._version import __version__",
        ),
        ("server/tls.py", "def f():\n    from cryptography import x509"),
        ("server/tls.py", TYPES + "from cryptography import x509"),
        ("__init__.py", TYPES + "from wsgiserve.simple import run_simple"),
        ("cli.py", "import click\nfrom wsgiserve.command import Command\nfrom wsgiserve.config import Config"),
        ("command.py", TYPES + "from wsgiserve.cli import CommandLine"),
        ("command.py", "def f():\n    from wsgiserve.launcher import launch"),
        ("launcher.py", "from wsgiserve.server import base\ndef f():\n    import werkzeug.debug"),
    ],
)
def test_an_import_that_goes_down_is_not(file: str, line: str, tmp_path: Path) -> None:
    assert violations(tree(tmp_path, {file: line})) == []


def test_two_modules_that_import_each_other_are_found(tmp_path: Path) -> None:
    files = {
        "config.py": "from wsgiserve.server.deadlines import Deadlines\nfrom wsgiserve import options",
        "options.py": "def f():\n    from wsgiserve.messages.form import render",
        "messages/form.py": "import wsgiserve.config",
    }
    assert set(circle(tree(tmp_path, files))) == {"config", "options", "messages"}
    del files["options.py"]
    (tmp_path / "options.py").unlink()
    assert circle(tmp_path) == []
