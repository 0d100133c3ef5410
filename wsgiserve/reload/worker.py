"""A worker: the server with the application, in an interpreter that the supervisor has started.

``python -m wsgiserve.reload.worker FD``: at the other end of the descriptor is the supervisor. It says first what to
run (``Order``); the worker tells that it is ``ready``, or why the application cannot be loaded, which it then serves as
a page. It accepts connections when it is told to begin. Later it answers which files it has imported, and retires when
it is told to; that it has ``left``, it says as soon as it accepts nobody any more.

A worker ends when its supervisor does, whatever it is doing.
"""

from __future__ import annotations

import itertools
import logging
import os
import signal
import socket
import sys
import threading
import time
from collections.abc import Callable, Collection, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from wsgiserve import logs
from wsgiserve.accesslog import Filtered
from wsgiserve.config import Config
from wsgiserve.console import ColorChoice, Form, make_console
from wsgiserve.environment import Environment
from wsgiserve.errors import UserError
from wsgiserve.flaskvariables import debug_by_default
from wsgiserve.frameworks import reads_templates_anew
from wsgiserve.importer import LoadedApp
from wsgiserve.launcher import access_log_of, server_for, tools_for
from wsgiserve.listening import load_certificate
from wsgiserve.process.channel import Channel, Message
from wsgiserve.reload.debugging import Terminal
from wsgiserve.reload.failure import HEALS, Failure, files_of, place_of
from wsgiserve.reload.imported import foreign_modules, modules_of
from wsgiserve.reload.loader import Loader
from wsgiserve.server.access import AccessLog
from wsgiserve.server.base import BaseWSGIServer
from wsgiserve.server.stacks import stacks
from wsgiserve.signals import stopped_by_signals
from wsgiserve.watched import on_watch

if TYPE_CHECKING:
    from wsgiserve.dev.report import Chain
    from wsgiserve.dev.tools import Tools

__all__ = ["Worker", "config_of", "main", "set_variables"]


class Worker:
    """What the supervisor asks of the worker, and the server that it is about.

    Args:
        imported: names of the modules that its zygote has: none is the project's, and the supervisor knows them.
    """

    def __init__(self, channel: Channel, imported: Collection[str] = frozenset()) -> None:
        self._channel = channel
        self._imported = imported
        self._roots: list[str] = []
        self._ours: list[str] = []  # modules of ours to be imported ahead, too: 15 ms, which no reload has to wait for
        self._server: BaseWSGIServer | None = None
        self._begins = threading.Event()
        self._retired: float | None = None
        self._access_log: AccessLog | None = None
        self._failed_in: set[str] = set()  # the project's files with errors: a module among them may not be imported
        self._shown = ""
        self._write: Callable[[str], None] = print
        self._terminal = Terminal(channel, self._describe)

    def run(self) -> None:
        """From the first message to the end of the server."""
        order = self._channel.receive()
        if order is None:
            return
        self._shown, self._roots = order["log"], order["roots"]
        threading.Thread(target=self._obey, name="wsgiserve-supervisor", daemon=True).start()
        config = config_of(order["config"])
        console = make_console(cast("Form | None", config.log_format), cast("ColorChoice", config.color))
        # Django puts its process into the zone of its settings; the supervisor's lines stand beside ours.
        console = console._replace(utc_offset=time.localtime().tm_gmtoff)
        handler = logs.configure(console, logging.getLevelNamesMapping()[config.log_level.upper()])
        self._terminal.install()
        on_watch(lambda paths: self._channel.send({"watch": paths}))
        tools = tools_for(config)
        if tools is not None:
            tools.on_error = self._note_error
            self._ours = [type(tools).__module__]
        report, loaded = _load(order, tools)
        report |= self._foreign()
        self._write = handler.write
        self._access_log = access_log_of(config, console, handler)
        listeners = [socket.socket(fileno=fd) for fd in order["listeners"]]
        server = server_for(config, loaded, listeners, load_certificate(config), None, tools)
        server.acceptor.shared = True
        # Each worker counts from somewhere else, so that an id in the log of a day names one request.
        server.numbers = itertools.count(int.from_bytes(os.urandom(4), "big"))
        with stopped_by_signals(server):
            self._server = server
            server.access_log = self._access_lines()
            self._channel.send(report)
            self._begins.wait()
            server.serve_forever()
        if self._retired is not None:
            self._channel.send({"cut": server.running_requests()})

    def _describe(self) -> str:
        return ", ".join(self._server.running_requests()) if self._server is not None else "the application, loading"

    def _obey(self) -> None:
        while message := self._channel.receive():
            self._handle(message)
        if self._server is None:
            os._exit(1)  # in the middle of an import that may never end
        self._server.stop()
        self._server.stop()
        self._begins.set()

    def _handle(self, message: Message) -> None:
        if "imported" in message:
            paths = message["imported"]
            imported = dict.fromkeys(self._failed_in.intersection(paths), "") | modules_of(paths, self._imported)
            self._channel.send({"imported": imported, "question": message["question"]})
        elif "line" in message:
            self._terminal.give(message["line"])
        elif "stacks" in message:
            self._write(stacks(list(self._server.connections.values()) if self._server is not None else []))
        elif "log" in message:
            self._shown = message["log"]
            if self._server is not None:
                self._server.access_log = self._access_lines()
            self._write(f"  log: {self._shown}\n")
        elif "begin" in message:
            self._begins.set()
        elif "retire" in message and self._server is not None:
            self._retired = message["retire"]
            self._server.retire(message["retire"])
            self._channel.send({"left": True})
            self._channel.send(self._foreign())

    def _note_error(self, chain: Chain) -> None:
        self._failed_in |= {os.path.realpath(file) for file in files_of(chain)}
        self._channel.send({"error": place_of(chain)})

    def _foreign(self) -> Message:
        return {"modules": [*foreign_modules(self._roots, self._imported), *self._ours]}

    def _access_lines(self) -> AccessLog | None:
        """The access log with ``all`` lines, those of ``errors``, or none: ``quiet``."""
        write = self._access_log
        if write is None or self._shown == "all":
            return write
        return Filtered(lambda access: access.status >= 400, write) if self._shown == "errors" else None


def _load(order: Message, tools: Tools | None) -> tuple[Message, LoadedApp]:
    started = time.monotonic()
    failure = Failure(**order["failure"]) if order["failure"] else None
    exit_code = 0
    if failure is None:
        try:
            set_variables(order["env_files"])
            if tools is not None:
                debug_by_default(os.environ)
            loaded = Loader(*order["loader"]).load()
        except UserError as error:
            failure, exit_code = _failure(error, with_chain=tools is not None), error.exit_code
        else:
            seconds = time.monotonic() - started
            ready = {"name": loaded.name, "framework": loaded.framework, "seconds": seconds}
            ready["reads_templates_anew"] = reads_templates_anew(loaded.application)
            return {"ready": ready}, loaded
    page = LoadedApp(tools.page_for(failure) if tools else failure.unexplained, order["app"], "", order["found_by"])
    return {"failed": failure._asdict(), "exit_code": exit_code}, page


def set_variables(files: Sequence[str]) -> None:
    """Those of the files that are not set yet.

    Raises:
        UserError: a file cannot be read.
    """
    os.environ.update(Environment(tuple(map(Path, files))).read(os.environ))


def _failure(error: UserError, *, with_chain: bool) -> Failure:
    chain: Chain = []
    if with_chain and error.__cause__ is not None:
        from wsgiserve.dev.exceptions import describe_exception

        chain = describe_exception(error.__cause__)
    own = "" if error.slug == "app-error" else f"{error.fix}\n"  # its fix is to start again
    return Failure(error.slug, error.what, error.why, own + HEALS, chain)


def config_of(fields: dict[str, Any]) -> Config:
    """A Config out of JSON."""
    tuples: dict[str, Any] = {name: tuple(value) for name, value in fields.items() if isinstance(value, list)}
    return Config(**(fields | tuples))


def main() -> None:
    """The program."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)  # until the server looks after it
    Worker(Channel(socket.socket(fileno=int(sys.argv[1])))).run()


if __name__ == "__main__":
    main()
