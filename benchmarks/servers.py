"""The servers that are compared: how each is started with an application, a port and a number of threads.

Every server is one process with its access log off, and as many threads as it is told where it can be told. A server
whose package is not installed is left out, and the report says so.
"""

from __future__ import annotations

import importlib.metadata
import sys
from collections.abc import Callable
from typing import NamedTuple

__all__ = ["SERVERS", "Server"]

_WERKZEUG = """
import logging, sys
from werkzeug.serving import run_simple
from benchmarks import apps
logging.getLogger("werkzeug").setLevel(logging.ERROR)
run_simple("127.0.0.1", int(sys.argv[2]), getattr(apps, sys.argv[1]), threaded=True)
"""


class Server(NamedTuple):
    """One column of the report."""

    name: str
    package: str
    command: Callable[[str, int, int], list[str]]
    """Name of the application in ``benchmarks.apps``, port, threads -> argv behind the interpreter."""

    def argv(self, app: str, port: int, threads: int) -> list[str]:
        """The whole command."""
        return [sys.executable, *self.command(app, port, threads)]

    def version(self) -> str | None:
        """Of the installed package, None if it is not installed."""
        try:
            return importlib.metadata.version(self.package)
        except importlib.metadata.PackageNotFoundError:
            return None


def _wsgiserve(app: str, port: int, threads: int) -> list[str]:
    options = ["--host", "127.0.0.1", "--port", str(port), "--threads", str(threads), "--prod", "--no-access-log"]
    return ["-m", "wsgiserve", f"benchmarks.apps:{app}", *options]


def _gunicorn(app: str, port: int, threads: int) -> list[str]:
    options = ["-b", f"127.0.0.1:{port}", "-k", "gthread", "--threads", str(threads), "--log-level", "error"]
    return ["-m", "gunicorn", *options, f"benchmarks.apps:{app}"]


def _waitress(app: str, port: int, threads: int) -> list[str]:
    return ["-m", "waitress", f"--listen=127.0.0.1:{port}", f"--threads={threads}", f"benchmarks.apps:{app}"]


def _werkzeug(app: str, port: int, threads: int) -> list[str]:
    return ["-c", _WERKZEUG, app, str(port)]


SERVERS = (
    Server("wsgiserve", "wsgiserve", _wsgiserve),
    Server("waitress", "waitress", _waitress),
    Server("gunicorn gthread", "gunicorn", _gunicorn),
    Server("werkzeug", "werkzeug", _werkzeug),
)
