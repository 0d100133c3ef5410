"""Which application to run when nobody names one.

The first that is there: ``WSGISERVE_APP`` and ``[tool.wsgiserve]``, which ``settings.py`` has read already, then
``FLASK_APP``, ``wsgi.py``, ``app.py``, a Django project, a ``wsgi.py`` in one folder, one below ``src``. Two candidates
of one rank are an error that lists both. Imports and runs nothing: ``manage.py`` and settings are read as text.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from wsgiserve import messages
from wsgiserve.lazy import LazyModule

if TYPE_CHECKING:
    import ast
else:
    ast = LazyModule("ast")  # 1 ms, which a start that looks into no file need not wait for

__all__ = ["discover", "nodes"]

_RULES = (
    "WSGISERVE_APP",
    "[tool.wsgiserve] app",
    "FLASK_APP",
    "wsgi.py",
    "app.py",
    "manage.py",
    "*/wsgi.py",
    "src/*/wsgi.py",
    "src/*/app.py",
)


def discover(directory: Path, environ: Mapping[str, str]) -> tuple[str, str]:
    """An APP, and how it was found.

    Raises:
        UserError: none, or more than one.
    """
    if environ.get("FLASK_APP"):
        return environ["FLASK_APP"], "found by FLASK_APP"
    for name in ("wsgi.py", "app.py"):
        if (directory / name).is_file():
            return name, f"found {name}"
    django = _django(directory, environ)
    if django is not None:
        return django, "found by manage.py"
    for patterns in (("*/wsgi.py",), ("src/*/wsgi.py", "src/*/app.py")):
        files = _one_for_each_folder(directory, patterns)
        apps = [_app_of(file, directory) for file in files]
        if len(apps) > 1:
            raise messages.many_modules(apps)
        if apps:
            return apps[0], f"found {files[0].relative_to(directory)}"
    raise messages.no_app_named(_RULES)


def _one_for_each_folder(directory: Path, patterns: Sequence[str]) -> list[Path]:
    """The files that match; of several in one folder the one of the first pattern: its wsgi.py imports its app.py."""
    files = {file.parent: file for pattern in reversed(patterns) for file in directory.glob(pattern)}
    return [files[folder] for folder in sorted(files) if folder.name.isidentifier()]


def _app_of(file: Path, directory: Path) -> str:
    """``shop.wsgi``: the directory above goes on ``sys.path``, whether ``shop`` is a package or a mere folder."""
    if file.parent == directory / "src":
        return str(file.relative_to(directory))
    return f"{file.parent.name}.{file.stem}"


def _django(directory: Path, environ: Mapping[str, str]) -> str | None:
    """What ``WSGI_APPLICATION`` of the project's settings names, as ``module:name``."""
    manage = directory / "manage.py"
    if not manage.is_file():
        return None
    settings = environ.get("DJANGO_SETTINGS_MODULE") or _settings_module(manage)
    if settings is None:
        return None
    path = directory.joinpath(*settings.split("."))
    for file in (path.with_name(path.name + ".py"), path / "__init__.py"):
        named = _assigned_text(file, "WSGI_APPLICATION")
        if named is not None:
            module, _, name = named.rpartition(".")
            return f"{module}:{name}"
    return None


def _settings_module(manage: Path) -> str | None:
    """The second argument of ``os.environ.setdefault("DJANGO_SETTINGS_MODULE", ...)``."""
    for node in nodes(manage):
        if isinstance(node, ast.Call) and len(node.args) == 2:
            texts = [argument.value for argument in node.args if isinstance(argument, ast.Constant)]
            if len(texts) == 2 and texts[0] == "DJANGO_SETTINGS_MODULE" and isinstance(texts[1], str):
                return texts[1]
    return None


def _assigned_text(file: Path, name: str) -> str | None:
    for node in nodes(file):
        if (
            isinstance(node, ast.Assign)
            and isinstance(node.value, ast.Constant)
            and isinstance(node.value.value, str)
            and any(isinstance(target, ast.Name) and target.id == name for target in node.targets)
        ):
            return node.value.value
    return None


def nodes(file: Path) -> Iterator[ast.AST]:
    """What is written in a Python file; nothing if it cannot be read or understood."""
    try:
        return ast.walk(ast.parse(file.read_bytes()))
    except (OSError, SyntaxError, ValueError):
        return iter(())  # there is none; or whoever imports it will say what is wrong with it
