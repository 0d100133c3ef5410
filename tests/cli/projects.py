"""Small projects, written where a test wants them, and what has to be put back after they were imported."""

from __future__ import annotations

import os
import sys
import textwrap
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

WSGI_APP = """
def app(environ, start_response):
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [b"hello from app"]
"""

FLASK_APP = """
from flask import Flask

app = Flask(__name__)


@app.route("/")
def index():
    return "hello from flask"
"""

OURS = (
    "FLASK_APP",
    "FLASK_DEBUG",
    "DJANGO_SETTINGS_MODULE",
    "NO_COLOR",
    "FORCE_COLOR",
    "SYSTEMD_EXEC_PID",
    "LISTEN_PID",
    "JOURNAL_STREAM",
)
"""Variables that the command looks at, beside those that begin with WSGISERVE_."""


class Project:
    """A directory, which is the current one, with modules in it."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory

    def write(self, name: str, text: str = "") -> Path:
        """Write a file; the packages and folders above it are made."""
        file = self.directory / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(textwrap.dedent(text).lstrip("\n"))
        return file

    def package(self, name: str) -> None:
        self.write(f"{name}/__init__.py")


@contextmanager
def in_project(directory: Path) -> Iterator[Project]:
    """The directory as the current one; its modules and what variables were set are forgotten at the end."""
    modules, path, environ = set(sys.modules), list(sys.path), dict(os.environ)
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(directory)
        for name in [name for name in os.environ if name in OURS or name.startswith("WSGISERVE_")]:
            patch.delenv(name)
        patch.setenv("WSGISERVE_RELOAD", "false")  # the server itself, and no supervisor of another process
        try:
            yield Project(directory)
        finally:
            sys.path[:] = path
            os.environ.clear()
            os.environ.update(environ)
            for name in set(sys.modules) - modules:
                file = getattr(sys.modules[name], "__file__", None)
                spec = getattr(sys.modules[name], "__spec__", None)
                places = [file] if file else list(getattr(spec, "submodule_search_locations", None) or ())
                if any(str(place).startswith(str(directory)) for place in places):
                    del sys.modules[name]
