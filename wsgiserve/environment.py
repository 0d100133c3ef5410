"""Files with environment variables: the one that was asked for, and those that Flask reads for projects of Flask.

They are read anew for each worker, so that a changed file counts after the reload that it causes. A variable of the
real environment goes before any of a file.
Source: ``flask.cli.load_dotenv`` for which files count and in which order; python-dotenv for what is in them.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from wsgiserve import messages
from wsgiserve.discovery import nodes
from wsgiserve.lazy import LazyModule

if TYPE_CHECKING:
    import ast
else:
    ast = LazyModule("ast")  # see discovery.py

__all__ = ["Environment", "find_environment"]

_FLASKENV, _ENV = ".flaskenv", ".env"


class Environment(NamedTuple):
    """Files with variables; what a later one says counts more."""

    files: tuple[Path, ...] = ()
    note: str = ""
    """Something that a person would want to know; empty if there is nothing."""

    def read(self, environ: Mapping[str, str]) -> dict[str, str]:
        """The variables that ``environ`` does not have yet.

        Raises:
            UserError: a file is not there any more, or not UTF-8.
        """
        if not self.files:
            return {}
        from dotenv import dotenv_values

        values: dict[str, str | None] = {}
        for file in self.files:
            try:
                # Read here: what dotenv cannot open it takes for empty.
                with file.open(encoding="utf-8") as stream:
                    values |= dotenv_values(stream=stream)
            except (OSError, UnicodeDecodeError) as error:
                raise messages.env_file_unreadable(file.name, error) from None
        return {name: value for name, value in values.items() if value is not None and name not in environ}


def find_environment(env_file: str | None, app: str | None, directory: Path, environ: Mapping[str, str]) -> Environment:
    """Which files there are to read.

    Args:
        env_file: asked for.
        app: the application, as far as it is known.
        directory: the current one, from where Flask looks upwards.
    Raises:
        UserError: the file that was asked for is not there, or there is nothing to read it with.
    """
    implicit = () if environ.get("FLASK_SKIP_DOTENV") else _flasks(app, directory, environ)
    if env_file is not None:
        asked = (directory / env_file).resolve()
        if not asked.is_file():
            raise messages.env_file_missing(env_file)
        if find_spec("dotenv") is None:
            raise messages.dotenv_extra()
        return Environment((*implicit, asked))
    if implicit and find_spec("dotenv") is None:
        names = " and ".join(file.name for file in implicit)
        return Environment(note=f"{names} not read: that needs python-dotenv (pip install 'wsgiserve[dotenv]').")
    return Environment(implicit)


def _flasks(app: str | None, directory: Path, environ: Mapping[str, str]) -> tuple[Path, ...]:
    """The files that ``flask run`` would read, if this is a project of Flask; as far as can be told without running it.

    A ``.env`` alone is no sign of Flask: many tools have one, and not everybody wants it read.
    """
    flaskenv, env = (_upwards(name, directory) for name in (_FLASKENV, _ENV))
    if flaskenv is None and (env is None or not (environ.get("FLASK_APP") or _imports_flask(app, directory))):
        return ()
    return tuple(file for file in (flaskenv, env) if file is not None)


def _upwards(name: str, directory: Path) -> Path | None:
    files = (folder / name for folder in (directory, *directory.parents))
    # Resolved when it is found: for each place that has none, resolve() looks at every folder above it, 1 ms in all.
    return next((file.resolve() for file in files if file.is_file()), None)


def _imports_flask(app: str | None, directory: Path) -> bool:
    return any(name.partition(".")[0] == "flask" for file in _sources(app, directory) for name in _imported_names(file))


def _sources(app: str | None, directory: Path) -> list[Path]:
    """The files that may be the application's module, and the packages that it is in."""
    if app is None:
        return [directory / "wsgi.py", directory / "app.py"]
    module = app.partition(":")[0].removesuffix(".py").replace(os.sep, ".").strip(".")
    parts = module.split(".")
    places = [
        folder.joinpath(*parts[:count])
        for folder in (directory, directory / "src")
        for count in range(1, len(parts) + 1)
    ]
    return [*(place / "__init__.py" for place in places), *(place.with_name(f"{place.name}.py") for place in places)]


def _imported_names(file: Path) -> Iterator[str]:
    for node in nodes(file):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node.module
