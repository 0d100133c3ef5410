"""A framework's application behind two servers of one process of its own: ours, and werkzeug's.

``python -m tests.frameworks.pair MODULE`` prints their ports and serves until its standard input
ends. Frameworks keep settings and patches in their modules; so nothing of one reaches another's tests.
"""

from __future__ import annotations

import importlib
import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import NamedTuple

from werkzeug.serving import WSGIRequestHandler, make_server

from wsgiserve.testing import serve

__all__ = ["Pair", "paired"]


class Pair(NamedTuple):
    """Where the two listen."""

    ours: str
    werkzeugs: str


class _Quiet(WSGIRequestHandler):
    protocol_version = "HTTP/1.1"

    def log(self, type: str, message: str, *args: object) -> None:  # noqa: A002 - werkzeug's name
        pass


@contextmanager
def paired(name: str, **environ: str) -> Iterator[Pair]:
    """The two servers of ``tests.frameworks.apps.NAME``."""
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.frameworks.pair", f"tests.frameworks.apps.{name}"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        env={**_inherited(), **environ},
    )
    with process:
        assert process.stdout is not None
        try:
            yield Pair(*json.loads(process.stdout.readline()))
        finally:
            process.communicate(timeout=60)


def _inherited() -> dict[str, str]:
    return {key: value for key, value in os.environ.items() if not key.startswith(("FLASK_", "DJANGO_"))}


def _serve(module: str) -> None:
    app = importlib.import_module(module).app
    other = make_server("127.0.0.1", 0, app, threaded=True, request_handler=_Quiet)
    threading.Thread(target=other.serve_forever, daemon=True).start()
    with serve(app) as ours:
        print(json.dumps([ours.url().rstrip("/"), f"http://127.0.0.1:{other.port}"]), flush=True)
        sys.stdin.read()


if __name__ == "__main__":
    _serve(sys.argv[1])
