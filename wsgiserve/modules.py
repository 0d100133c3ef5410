"""From the first half of an APP, a dotted name or a file, to an imported module.

Puts the right directory on ``sys.path``, and tells a module that is missing from one whose own code failed. Knows
nothing of applications.
Source: ``flask.cli`` for what people expect of files and of the import path.
"""

from __future__ import annotations

import importlib
import importlib.util
import os
import re
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType
from typing import NamedTuple

from wsgiserve import messages
from wsgiserve.errors import UserError
from wsgiserve.frames import is_raised_by_import, short_path

__all__ = ["Target", "import_target", "loading_failed", "parse_target"]

# The first colon that does not belong to a Windows path.
_SPLIT = re.compile(r":(?![\\/])")


class Target(NamedTuple):
    """Parts of an APP."""

    module: str
    """Dotted name of the module."""
    expression: str
    """Behind the colon; empty when the module is to be looked through."""
    path: tuple[Path, ...]
    """What goes first on ``sys.path``; the last one is where the module should be."""


def parse_target(app: str, directory: Path) -> Target:
    """Split an APP. A file's name becomes that of its module.

    Raises:
        UserError: it is a file that does not exist, or names no module.
    """
    before, _, expression = _SPLIT.sub("\0", app, count=1).partition("\0")
    if before.endswith(".py") or "/" in before or os.sep in before:
        name, folder = _module_of_file(before, directory)
        return Target(name, expression, (folder,))
    if not before:
        raise messages.bad_option(f'"{app}" names no module.', "name it:  wsgiserve MODULE:NAME")
    top, source = before.partition(".")[0], directory / "src"
    if _files(source, top) and not _files(directory, top) and not _is_installed(top):
        return Target(before, expression, (directory, source))
    return Target(before, expression, (directory,))


def _module_of_file(typed: str, directory: Path) -> tuple[str, Path]:
    """The module's name, and the first directory above the file that is no package."""
    path = (directory / typed).resolve()
    choices = [path] if path.suffix == ".py" else [path.with_name(path.name + ".py"), path / "__init__.py"]
    file = next((choice for choice in choices if choice.is_file()), None)
    if file is None:
        raise _file_not_found(typed, path, directory)
    parts = [] if file.stem == "__init__" else [file.stem]
    folder = file.parent
    while (folder / "__init__.py").is_file():
        parts.insert(0, folder.name)
        folder = folder.parent
    return ".".join(parts), folder


def _file_not_found(typed: str, path: Path, directory: Path) -> UserError:
    near = messages.nearest(path.name, [found.name for found in path.parent.glob("*.py")])
    near = str(Path(typed).with_name(near)) if near else ""
    return messages.module_not_found(typed, str(directory), [os.path.relpath(path.parent, directory)], near)


def _is_installed(top: str) -> bool:
    """Whether Python finds it without our help; a folder that is no package does not count."""
    try:
        spec = importlib.util.find_spec(top)
    except (ImportError, ValueError):
        return False
    return spec is not None and spec.origin is not None


def _files(directory: Path, top: str) -> list[Path]:
    """Files by which Python would find a top-level module in a directory."""
    return [file for file in (directory / top / "__init__.py", directory / f"{top}.py") if file.is_file()]


def import_target(target: Target, directory: Path, *, full_traceback: bool) -> ModuleType:
    """Import it.

    Args:
        directory: the project's, to say where the module was looked for.
    Raises:
        UserError: there is no such module, or its code failed.
    """
    path = [str(entry) for entry in target.path]
    if sys.path[: len(path)] != path:
        sys.path[:0] = path
    if "" in target.module.split("."):
        raise _not_found(target.module, directory)
    _refuse_hidden(target)
    try:
        with _flask_run_from_cli():
            return importlib.import_module(target.module)
    except ModuleNotFoundError as error:
        # Is it the module that was asked for, or a package above it, or one that its code asks for?
        asked = error.name is not None and f"{target.module}.".startswith(f"{error.name}.")
        if asked and is_raised_by_import(error):
            raise _not_found(target.module, directory) from None
        raise loading_failed(target.module, error, full_traceback=full_traceback) from error
    except (Exception, SystemExit) as error:
        raise loading_failed(target.module, error, full_traceback=full_traceback) from error


def loading_failed(name: str, error: BaseException, *, full_traceback: bool) -> UserError:
    """The message for what the user's own code raised."""
    if isinstance(error, SyntaxError) and error.filename and Path(error.filename).is_file():
        return messages.app_error(error)
    return messages.import_failed(name, error, full=full_traceback)


@contextmanager
def _flask_run_from_cli() -> Iterator[None]:
    """While a module is imported, Flask's ``app.run()`` says that it is ignored, and returns, as under ``flask run``.

    Without this, a module that calls it outside of ``if __name__ == "__main__"`` would start Flask's server.
    """
    before = os.environ.get("FLASK_RUN_FROM_CLI")
    os.environ["FLASK_RUN_FROM_CLI"] = "true"
    try:
        yield
    finally:
        if before is None:
            del os.environ["FLASK_RUN_FROM_CLI"]
        else:
            os.environ["FLASK_RUN_FROM_CLI"] = before


def _refuse_hidden(target: Target) -> None:
    """Say so if Python has a module of that name already, and would hand us that one."""
    top = target.module.partition(".")[0]
    files = _files(target.path[-1], top)
    if files and (top in sys.modules or top in sys.builtin_module_names):
        loaded = getattr(sys.modules.get(top), "__file__", None) or f"Python's own module {top}"
        if Path(loaded).resolve() not in [file.resolve() for file in files]:
            raise messages.module_hidden(top, short_path(str(files[0])), loaded)


# What may have been meant


def _not_found(name: str, directory: Path) -> UserError:
    source = directory / "src"
    looked_in = [".", *(["./src"] if source.is_dir() else []), "site-packages"]
    near = _near(name, directory) or _near(name, source)
    return messages.module_not_found(name, str(directory), looked_in, near)


def _near(name: str, folder: Path) -> str:
    """The dotted name with each part that is not there replaced by one that is; or with a colon for its last dot."""
    mended: list[str] = []
    parts = name.split(".")
    for part in parts:
        if len(mended) == len(parts) - 1 and folder.with_suffix(".py").is_file():
            return f"{'.'.join(mended)}:{part}"
        there = set(_modules_in(folder))
        found = part if part in there else messages.nearest(part, there)
        if not found:
            return ""
        mended.append(found)
        folder = folder / found
    return ".".join(mended)


def _modules_in(folder: Path) -> Iterable[str]:
    for path in folder.glob("*"):
        if path.suffix == ".py":
            yield path.stem
        elif path.is_dir() and any(path.glob("*.py")):
            yield path.name
