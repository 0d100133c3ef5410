"""A server in a process of its own, under any of our classes, and the journal of what it logged.

Forked from the small process that ``tests/oracle/serving.py`` prepares: starting a server takes milliseconds, and a
forking server forks from a process that has no other threads. An application notes in the same journal what it saw.
"""

from __future__ import annotations

import json
import logging
import multiprocessing
import os
import re
import signal
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from tests.oracle.serving import OURS
from tests.processes import PROCESS_SECONDS
from tests.server.client import Client, connect
from tests.server.running import SECONDS, until
from wsgiserve.server.access import Access
from wsgiserve.server.base import BaseWSGIServer
from wsgiserve.server.servers import ForkingWSGIServer, ThreadedWSGIServer, ThreadPoolWSGIServer

if TYPE_CHECKING:
    from multiprocessing.synchronize import Semaphore
    from wsgiref.types import WSGIApplication

__all__ = ["Journal", "Logged", "Served", "note", "open_journal", "serve", "wait_at_gate"]

_processes = multiprocessing.get_context("forkserver")

_CLASSES: dict[str, type[BaseWSGIServer]] = dict(
    zip(OURS, [BaseWSGIServer, ThreadPoolWSGIServer, ThreadedWSGIServer, ForkingWSGIServer], strict=True)
)


class Logged(NamedTuple):
    """A record of one of our loggers."""

    logger: str
    level: str
    text: str
    """The message, and the traceback if there is one."""
    request: str
    """Whose it is, of what an application wrote to ``wsgi.errors``."""


# What any line may say where the machine is busy.
_QUEUED = re.compile(r"(?:  )?(queue \d+ ms · \d+/\d+ (?:threads|processes) busy)")


class Journal:
    """What has been written so far.

    Attributes:
        queued: how long requests waited, by their target; it is not in the notes of their accesses.
    """

    def __init__(self, path: Path) -> None:
        self.accesses: list[Access] = []
        self.queued: dict[str, str] = {}
        self.logs: list[Logged] = []
        self.notes: list[Any] = []
        for line in path.read_text().splitlines():
            what, value = json.loads(line)
            if what == "access":
                self._add(Access(*value))
            elif what == "log":
                self.logs.append(Logged(*value))
            else:
                self.notes.append(value)

    def _add(self, access: Access) -> None:
        found = _QUEUED.search(access.note)
        if found is not None:
            self.queued[access.target] = found[1]
            access = access._replace(note=access.note.replace(found[0], ""))
        self.accesses.append(access)

    @property
    def access(self) -> Access:
        """The only one."""
        (access,) = self.accesses
        return access

    def loud(self, level: int = logging.WARNING) -> list[Logged]:
        """The records from a level on."""
        return [logged for logged in self.logs if getattr(logging, logged.level) >= level]


@dataclass
class Served:
    """A running server.

    Attributes:
        address: to connect to, a path of a unix socket or (host, port, ...).
        gate: released once for each ``wait_at_gate`` of the application that may go on.
    """

    kind: str
    address: Any
    journal_path: Path
    process: multiprocessing.process.BaseProcess
    gate: Semaphore
    clients: list[Client] = field(default_factory=list)

    def connect(self, data: bytes = b"", *, tls: ssl.SSLContext | None = None) -> Client:
        """A new connection on which ``data`` was sent; closed at the end of the test."""
        client = connect(self.address, tls=tls)
        self.clients.append(client)
        client.send(data)
        return client

    @property
    def journal(self) -> Journal:
        """As it is now. What a server writes after the response may be missing: ``wait_for`` it, or ``stop`` first."""
        return Journal(self.journal_path)

    def wait_for(self, condition: Callable[[Journal], Any]) -> Journal:
        """The journal, once it fulfils a condition."""
        until(lambda: condition(self.journal))
        return self.journal

    def stop(self) -> Journal:
        """Stop gracefully, without clients; what the journal holds then is all there will ever be."""
        self._end(signal.SIGTERM)
        assert self.process.exitcode == 0
        return self.journal

    def end(self) -> None:
        """Stop, whatever is still going on."""
        self._end(signal.SIGUSR1)

    def _end(self, sign: signal.Signals) -> None:
        for client in self.clients:
            client.close()
        deadline = time.monotonic() + SECONDS
        while self.process.is_alive() and time.monotonic() < deadline:
            assert self.process.pid is not None
            with suppress(ProcessLookupError):
                os.kill(self.process.pid, sign)
            # Python handles a signal that comes just before a system call after that call; another one interrupts it.
            self.process.join(0.2)
        if self.process.is_alive():
            self.process.kill()
            self.process.join()
            raise TimeoutError("the server does not stop")


@contextmanager
def serve(kind: str, app: WSGIApplication, folder: Path, *, tls: Any = None, **arguments: Any) -> Iterator[Served]:
    """Start a server of a kind, yield it when it listens, end it.

    Args:
        kind: one of ``OURS``.
        app: importable, as are all others that are functions or classes.
        folder: for the journal, empty.
        tls: a form of ``ssl_context``, or a function that makes one: contexts do not cross processes.
        arguments: of the server class.
    """
    path = folder / "journal"
    path.touch()
    gate = _processes.Semaphore(0)
    ours, theirs = _processes.Pipe(duplex=False)
    process = _processes.Process(target=_run, args=(kind, app, path, gate, theirs, tls, arguments), daemon=True)
    process.start()
    theirs.close()
    served = Served(kind, None, path, process, gate)
    try:
        assert ours.poll(PROCESS_SECONDS), "the server does not start"
        served.address = ours.recv()
        yield served
    finally:
        ours.close()
        served.end()


# In the process of the server


_journal = -1
_gate: Semaphore | None = None


def open_journal(path: Path) -> None:
    """Write to this file from now on; forked processes do too."""
    global _journal
    _journal = os.open(path, os.O_WRONLY | os.O_APPEND)


def note(value: Any) -> None:
    """Put something that JSON can express into the journal."""
    _write("note", value)


def wait_at_gate() -> None:
    """Let the test tell when to go on."""
    assert _gate is not None
    assert _gate.acquire(timeout=SECONDS)


def _write(what: str, value: Any) -> None:
    os.write(_journal, json.dumps([what, value]).encode() + b"\n")


class _JournalHandler(logging.Handler):
    def emit(self, record: logging.LogRecord) -> None:
        _write("log", (record.name, record.levelname, self.format(record), getattr(record, "request", "")))


def _run(
    kind: str, app: WSGIApplication, path: Path, gate: Semaphore, ready: Connection, tls: Any, arguments: dict[str, Any]
) -> None:
    global _gate
    _gate = gate
    open_journal(path)
    threading.excepthook = lambda args: note(f"a thread died: {args.exc_value!r}")
    logger = logging.getLogger("wsgiserve")
    logger.addHandler(_JournalHandler())
    logger.setLevel(logging.DEBUG)
    logger.propagate = False
    arguments.setdefault("access_log", _log_access)
    context = tls() if callable(tls) else tls
    server = _CLASSES[kind](arguments.pop("host", "127.0.0.1"), 0, app, ssl_context=context, **arguments)
    signal.signal(signal.SIGTERM, lambda *_: None if server.stopping else server.stop())

    def stop_at_once(*_: object) -> None:
        server.stop()
        server.stop()

    signal.signal(signal.SIGUSR1, stop_at_once)
    ready.send(server.server_address)
    ready.close()
    server.serve_forever()


def _log_access(access: Access) -> None:
    _write("access", access)
