"""``wsgiserve why FILE``: what a change of a file would do, and for which reason; without waiting for one."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from importlib.util import resolve_name
from pathlib import Path
from types import ModuleType

from wsgiserve.discovery import nodes
from wsgiserve.reload.changes import Project
from wsgiserve.reload.imported import modules_of

__all__ = ["explain"]

_WORDS = {
    "restart": "a change reloads the application.",
    "template": "a change reloads the application.",
    "refresh": "a change is nothing to the application.",
    "style": "a change is nothing to the application.",
    "nothing": "a change does nothing.",
}

# Files that import a module: the first ones are enough.
_IMPORTERS = 3


def explain(path: Path, project: Project, *, app: str, reads_templates_anew: bool) -> str:
    """What to tell of a file, with a newline at its end.

    Args:
        app: the application, which has been imported in this process; empty if it cannot be.
        reads_templates_anew: its framework does.
    """
    project.follow(project.files(project.folders()))
    path = project.as_named([path.resolve()])[0]
    kind, why = project.effect(path)
    what = _WORDS[kind]
    if kind == "template" and reads_templates_anew:
        what, why = _WORDS["refresh"], f"{why}, and the framework reads it anew"
    elif path.suffix == ".py" and kind == "restart" and path not in project.roots:
        what, why = _python(path, project, app)
    if not path.exists():
        why += "; there is no such file yet"
    return f"{project.short(path)}: {what}\n  Why: {why}.\n"


def _python(path: Path, project: Project, app: str) -> tuple[str, str]:
    """Of Python files those count that are imported."""
    if not app:
        return _WORDS["restart"], "the application cannot be loaded, and until it can every Python file counts"
    module = modules_of([str(path)]).get(str(path))
    if module is None:
        return _WORDS["nothing"], f"{app} has not imported it; it counts only while the application cannot be loaded"
    by = sorted(set(_importers(module, project)))[:_IMPORTERS]
    return _WORDS["restart"], f"it is imported as {module}" + (f" by {', '.join(by)}" if by else "")


def _importers(module: str, project: Project) -> Iterator[str]:
    """``shop/web.py:3`` for each line of the project that imports a module, or something out of it."""
    for other in list(sys.modules.values()):
        file = getattr(other, "__file__", None)
        if isinstance(file, str) and project.effect(Path(file)).kind == "restart":
            for name, line in _imports(Path(file), other):
                if name == module:
                    yield f"{project.short(Path(file))}:{line}"


def _imports(file: Path, module: ModuleType) -> Iterator[tuple[str, int]]:
    """Names that the lines of a module may import: of ``from a import b`` both ``a`` and ``a.b``."""
    for node in nodes(file):
        if isinstance(node, ast.Import):
            yield from ((alias.name, node.lineno) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            package = resolve_name("." * node.level + (node.module or ""), module.__package__ or "")
            yield package, node.lineno
            yield from ((f"{package}.{alias.name}", node.lineno) for alias in node.names)
