"""The servers that ``wsgiserve conform`` can start by itself, each with the probe: wsgiserve in every mode, and peers.

Each is started with threads where it has them and otherwise as it comes, by the interpreter that runs the command.
"""

from __future__ import annotations

import importlib.util
import os
import platform
import signal
import socket
import ssl
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from importlib.metadata import version
from pathlib import Path
from typing import NamedTuple

from wsgiserve.conform.client import Target
from wsgiserve.conform.journal import VARIABLE
from wsgiserve.conform.running import answers

__all__ = ["OWN", "PEERS", "Place", "Running", "Server", "trusting"]

PROBE = "wsgiserve.conform:probe"

_START_SECONDS = 30.0


class Place(NamedTuple):
    """Where one server is to listen, and write what it has to write."""

    port: int
    folder: Path

    @property
    def address(self) -> str:
        """As most commands want it."""
        return f"127.0.0.1:{self.port}"


class Server(NamedTuple):
    """One that can be started.

    Attributes:
        module: that has to be installed.
        distribution: whose version it is.
        words: behind the interpreter.
        unix: whether it listens on the folder's ``socket``.
        tls: whether it speaks TLS.
    """

    name: str
    module: str
    distribution: str
    words: Callable[[Place], Sequence[str]]
    unix: bool = False
    tls: bool = False

    @property
    def installed(self) -> bool:
        """Whether this interpreter has it."""
        return importlib.util.find_spec(self.module) is not None

    def version(self) -> str:
        """As its distribution says; Python's for what comes with it."""
        return version(self.distribution) if self.distribution else f"Python {platform.python_version()}"


def _own(name: str, *options: str, unix: bool = False, tls: bool = False) -> Server:
    def words(place: Place) -> list[str]:
        where = ["--uds", str(place.folder / "socket")] if unix else ["--host", "127.0.0.1", "--port", str(place.port)]
        # Nobody is there to look at an access log, and the samples name hosts of their own.
        return ["-m", "wsgiserve", *where, *options, "--no-access-log", "--allowed-host", "*", PROBE]

    return Server(name, "wsgiserve", "wsgiserve", words, unix, tls)


OWN = (
    _own("wsgiserve", "--prod"),
    _own("wsgiserve-dev", "--dev", "--reload"),
    _own("wsgiserve-single", "--prod", "--concurrency", "single"),
    _own("wsgiserve-thread", "--prod", "--concurrency", "thread"),
    _own("wsgiserve-fork", "--prod", "--concurrency", "fork"),
    _own("wsgiserve-unix", "--prod", unix=True),
    _own("wsgiserve-tls", "--prod", "--cert", "adhoc", tls=True),
)


def _code(source: str) -> Callable[[Place], list[str]]:
    """A program that serves ``probe`` at ``host`` and ``port``."""

    def words(place: Place) -> list[str]:
        return ["-c", f"from wsgiserve.conform import probe\nhost, port = '127.0.0.1', {place.port}\n{source}"]

    return words


_DJANGO = f"""
from django.conf import settings
settings.configure(DEBUG=True, ROOT_URLCONF="", ALLOWED_HOSTS=["*"], WSGI_APPLICATION="{PROBE.replace(":", ".")}",
    SECRET_KEY="for this test only")
import django
from django.core.management import call_command
django.setup()
call_command("runserver", f"{{host}}:{{port}}", use_reloader=False, skip_checks=True)
"""

_UWSGI = f"""
import pyuwsgi
pyuwsgi.run(["--http-socket", f"{{host}}:{{port}}", "--module", "{PROBE}", "--master", "--die-on-term", "--threads",
    "4", "--enable-threads", "--need-app"])
"""

PEERS = (
    Server(
        "werkzeug",
        "werkzeug",
        "werkzeug",
        _code("from werkzeug.serving import run_simple\nrun_simple(host, port, probe, threaded=True)"),
    ),
    Server(
        "gunicorn",
        "gunicorn",
        "gunicorn",
        lambda place: ["-m", "gunicorn", "-k", "gthread", "--threads", "4", "-b", place.address, PROBE],
    ),
    Server(
        "waitress",
        "waitress",
        "waitress",
        lambda place: ["-m", "waitress", "--listen", place.address, PROBE],
    ),
    Server("cheroot", "cheroot", "cheroot", lambda place: ["-m", "cheroot", "--bind", place.address, PROBE]),
    Server(
        "granian",
        "granian",
        "granian",
        lambda place: [
            "-m",
            "granian",
            "--interface",
            "wsgi",
            "--port",
            str(place.port),
            "--blocking-threads",
            "4",
            PROBE,
        ],
    ),
    Server(
        "gevent",
        "gevent",
        "gevent",
        _code("from gevent.pywsgi import WSGIServer\nWSGIServer((host, port), probe).serve_forever()"),
    ),
    Server(
        "hypercorn",
        "hypercorn",
        "hypercorn",
        lambda place: ["-m", "hypercorn", "--bind", place.address, f"wsgi:{PROBE}"],
    ),
    Server("bjoern", "bjoern", "bjoern", _code("import bjoern\nbjoern.run(probe, host, port)")),
    Server("uwsgi", "pyuwsgi", "pyuwsgi", _code(_UWSGI)),
    Server("runserver", "django", "django", _code(_DJANGO)),
    Server(
        "wsgiref",
        "wsgiref",
        "",
        _code("from wsgiref.simple_server import make_server\nmake_server(host, port, probe).serve_forever()"),
    ),
)


def _free_port() -> int:
    """One that nobody listens on now."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
        return port


class Running:
    """A server that runs, in a process group of its own; a context manager.

    Args:
        folder: for its log, its journal and its socket.
        seconds: how long it may take for anything, once it is there.
    """

    def __init__(self, server: Server, folder: Path, seconds: float) -> None:
        self.server = server
        self._place = Place(_free_port(), folder)
        self._log = folder / "log"
        self.target = Target(
            str(folder / "socket") if server.unix else ("127.0.0.1", self._place.port),
            trusting() if server.tls else None,
            seconds,
        )
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Running:
        try:
            self.start()
        except BaseException:
            self.stop()  # it has a session of its own, which no Ctrl-C reaches
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def log(self) -> str:
        """What it has written so far."""
        return self._log.read_text("utf-8", "replace")

    def start(self) -> None:
        """Start it and wait until it answers.

        Raises:
            ChildProcessError: it does not.
        """
        journal = self._place.folder / "journal"
        journal.mkdir(exist_ok=True)
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                [sys.executable, *self.server.words(self._place)],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env={**os.environ, VARIABLE: str(journal)},
                start_new_session=True,
            )
        deadline = time.monotonic() + _START_SECONDS
        while not self.answers():
            if self._process.poll() is not None or time.monotonic() > deadline:
                raise ChildProcessError(f"{self.server.name} does not start:\n{self.log()}")
            time.sleep(0.02)

    def answers(self) -> bool:
        """Whether it runs and serves the probe."""
        return answers(self.target)

    def revive(self) -> bool:
        """Start it again if it does not answer; whether that was so."""
        if self.answers():
            return False
        self.stop()
        self.start()
        return True

    def stop(self) -> None:
        """End its process and those that it started."""
        if self._process is None:
            return
        # What is tested is how it serves, not how it ends; and none of its children may be left.
        with suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()
        self._process = None


def trusting() -> ssl.SSLContext:
    """Its certificate was made on the spot; it is not what is tested."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context
