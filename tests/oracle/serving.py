"""Serving an application, by its name, in a process of its own: under werkzeug's server or under one of our classes.

Each server is forked from a small process that has the frameworks loaded already, so starting one takes
milliseconds, and a forking server forks from a process that has no threads. An application is told by a string, as on
the command line, so nothing but names crosses the border between the processes.
"""

from __future__ import annotations

import importlib
import json
import logging
import multiprocessing
import os
import signal
import socket
import ssl
import sys
import warnings
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from typing import TYPE_CHECKING, Any
from wsgiref.validate import validator

if TYPE_CHECKING:
    from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

__all__ = ["OURS", "WERKZEUG", "Served", "Spec", "serve"]

OURS = ("single", "pool", "thread", "fork")
# What run_simple() starts for the same wish: nothing, threaded=True, processes=40.
WERKZEUG = {"single": "werkzeug", "pool": "werkzeug-thread", "thread": "werkzeug-thread", "fork": "werkzeug-fork"}

START_SECONDS = 60
STOP_SECONDS = 60

METHODS = {"wsgi.input": ["read", "readline", "readlines", "__iter__"], "wsgi.errors": ["flush", "write", "writelines"]}

_processes = multiprocessing.get_context("forkserver")
_processes.set_forkserver_preload([__name__, "django.core.handlers.wsgi", "flask", "wsgiserve.server.servers"])


@dataclass(frozen=True)
class Spec:
    """What to serve and how.

    Args:
        application: ``module:name``.
        kind: one of ``OURS``, or of the values of ``WERKZEUG``.
        arguments: for ``name`` if it is a factory, as pairs; None: ``name`` is the application itself.
        wrap: ``"validate"`` for wsgiref's validator, ``"lint"`` for werkzeug's LintMiddleware, around the application.
        unix: listen on a unix socket instead of a TCP port.
        tls: speak TLS, with a certificate that nobody signed.
    """

    application: str
    kind: str
    arguments: tuple[tuple[str, object], ...] | None = None
    wrap: str = ""
    unix: bool = False
    tls: bool = False


@dataclass(frozen=True)
class Served:
    """A running server. ``folder`` holds its log, what it recorded, and the sample's data."""

    spec: Spec
    folder: Path
    port: int

    @property
    def url(self) -> str:
        """Of the root, without the slash."""
        return f"{'https' if self.spec.tls else 'http'}://127.0.0.1:{self.port}"

    def connect(self) -> socket.socket:
        """A new connection, of TLS where the server speaks it."""
        if self.spec.unix:
            connection = socket.socket(socket.AF_UNIX)
            connection.connect(str(self.folder / "socket"))
            return connection
        connection = socket.create_connection(("127.0.0.1", self.port))
        if self.spec.tls:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
            context.check_hostname = False
            context.verify_mode = ssl.CERT_NONE
            connection = context.wrap_socket(connection)
        return connection

    def log(self) -> str:
        """What the process wrote to its standard output and error so far."""
        return (self.folder / "log").read_text(errors="replace")

    def environs(self) -> list[dict[str, Any]]:
        """The environs that the application saw so far, one per request; see ``described``."""
        path = self.folder / "environs"
        return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []


@contextmanager
def serve(spec: Spec, folder: Path) -> Iterator[Served]:
    """Start the server, yield it when it listens, stop it.

    Args:
        folder: an empty folder of its own, no longer in length than a unix socket's path may be.
    """
    ours, theirs = _processes.Pipe(duplex=False)
    process = _processes.Process(target=_run, args=(spec, folder, theirs), daemon=True)
    process.start()
    theirs.close()
    try:
        if not ours.poll(START_SECONDS):
            raise TimeoutError(f"{spec} did not start:\n{_log_of(folder)}")
        try:
            port = ours.recv()
        except EOFError:
            raise RuntimeError(f"{spec} did not start:\n{_log_of(folder)}") from None
        yield Served(spec, folder, port)
    finally:
        ours.close()
        process.terminate()
        process.join(STOP_SECONDS)
        if process.is_alive():
            process.kill()
            process.join()
            raise TimeoutError(f"{spec} did not stop:\n{_log_of(folder)}")


def _log_of(folder: Path) -> str:
    path = folder / "log"
    return path.read_text(errors="replace") if path.exists() else ""


# In the process of the server


def _run(spec: Spec, folder: Path, ready: Connection) -> None:
    log = os.open(folder / "log", os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    os.dup2(log, 1)
    os.dup2(log, 2)
    logging.basicConfig(level=logging.INFO, format="%(name)s %(levelname)s: %(message)s", force=True)
    os.environ["WSGISERVE_SAMPLES_DATA"] = str(folder / "data")
    application = _recorded(_wrapped(_load(spec), spec.wrap), folder / "environs")
    host = f"unix://{folder / 'socket'}" if spec.unix else "127.0.0.1"
    server = _make_server(spec.kind, host, application, "adhoc" if spec.tls else None)
    if spec.kind in OURS:
        signal.signal(signal.SIGTERM, lambda *_: server.stop())
    ready.send(server.port)
    ready.close()
    server.serve_forever()


def _load(spec: Spec) -> WSGIApplication:
    module, _, name = spec.application.partition(":")
    found: Any = getattr(importlib.import_module(module), name)
    application: WSGIApplication = found if spec.arguments is None else found(**dict(spec.arguments))
    return application


def _wrapped(application: WSGIApplication, wrap: str) -> WSGIApplication:
    if not wrap:
        return application
    if wrap == "validate":
        return _without_terminated_input(validator(application))
    from werkzeug.middleware.lint import HTTPWarning, LintMiddleware, WSGIWarning

    # Not once per place, as warnings are shown by default: the log has each with its request.
    warnings.simplefilter("always", HTTPWarning)
    warnings.simplefilter("always", WSGIWarning)
    # RFC 9110 section 10.2.2 allows relative ones, and section 8.6 forbids a length with 204.
    warnings.filterwarnings("ignore", "Absolute URLs required for location header", HTTPWarning)
    warnings.filterwarnings("ignore", "204 responses must have an empty content length", HTTPWarning)
    return _without_terminated_input(LintMiddleware(application))


def _without_terminated_input(application: WSGIApplication) -> WSGIApplication:
    """For tools that object to ``read()`` without a size, which werkzeug calls where it knows that the input ends."""

    def call(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        environ.pop("wsgi.input_terminated", None)
        return application(environ, start_response)

    return call


def _make_server(kind: str, host: str, application: WSGIApplication, ssl_context: Any) -> Any:
    if kind not in OURS:
        from werkzeug.serving import make_server

        processes = 40 if kind == "werkzeug-fork" else 1
        threaded = kind == "werkzeug-thread"
        return make_server(host, 0, application, threaded=threaded, processes=processes, ssl_context=ssl_context)
    from wsgiserve.server.base import BaseWSGIServer
    from wsgiserve.server.servers import ForkingWSGIServer, ThreadedWSGIServer, ThreadPoolWSGIServer

    classes = {
        "single": BaseWSGIServer,
        "pool": ThreadPoolWSGIServer,
        "thread": ThreadedWSGIServer,
        "fork": ForkingWSGIServer,
    }
    return classes[kind](host, 0, application, ssl_context=ssl_context)


def _recorded(application: WSGIApplication, path: Path) -> WSGIApplication:
    """The application, untouched but for a line of JSON per request in a file that forked children share."""

    def record(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        line = json.dumps({key: described(key, value) for key, value in environ.items()})
        with path.open("a") as file:
            file.write(f"{line}\n")
        return application(environ, start_response)

    return record


def described(key: str, value: object) -> object:
    """A value of an environ in JSON: plain ones as they are, others by what an application can tell of them."""
    if value is None or isinstance(value, str | int):
        return value
    if isinstance(value, tuple):
        return repr(value)
    if value is sys.stderr:
        return "sys.stderr"
    if key in METHODS:
        return [name for name in METHODS[key] if callable(getattr(value, name, None))]
    # Of werkzeug.socket not even an attribute is asked: with ours that would be taking the connection over.
    return "callable" if callable(value) else "object"
