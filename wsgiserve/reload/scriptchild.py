"""The reloader of ``run_simple(use_reloader=True)``: the child, which serves and ends with code 3 after a change.

``script.py`` is the parent. It tells of changes, and asks for an end; a child whose parent is somebody else's, werkzeug
for example, watches the files itself. The end of the channel is the end of the parent, and no child outlives it.
"""

from __future__ import annotations

import logging
import os
import select
import signal
import socket
import sys
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import partial
from math import inf
from pathlib import Path
from typing import TYPE_CHECKING

from wsgiserve.process.channel import Channel
from wsgiserve.process.stops import Stops
from wsgiserve.reload.changes import forget_bytecode
from wsgiserve.reload.imported import modules_of
from wsgiserve.reload.script import AGAIN, CHANNEL_VARIABLE
from wsgiserve.reload.sources import Places, ScriptLookout, Sources, Wishes, places
from wsgiserve.server.hints import log_hint
from wsgiserve.server.sockets import from_fd
from wsgiserve.signals import stopped_by_signals, tell_what_is_waited_for
from wsgiserve.watched import on_watch

if TYPE_CHECKING:
    from wsgiserve.server.base import BaseWSGIServer
    from wsgiserve.wsgi.gateway import Application

__all__ = ["ScriptChild", "fails_on_request"]

log = logging.getLogger("wsgiserve")

# For requests that run when a file has changed. They keep the next child waiting, so it is shorter than the
# supervisor's, whose next worker loads meanwhile.
_GRACE_SECONDS = 1.0

# From then on until the process is ended, whatever it waits for: a thread of the script's, or a function of atexit.
_PATIENCE_SECONDS = 1.0


def fails_on_request(application: Application) -> bool:
    """Whether it stands in for one that failed to load, as under ``flask run``: a function that holds the exception."""
    cells = getattr(application, "__closure__", None) or ()
    with suppress(ValueError):  # a cell that is empty yet
        return any(isinstance(cell.cell_contents, Exception) for cell in cells)
    return False


class ScriptChild:
    """Serves until a file has changed, or a signal says to stop.

    Args:
        server: that has the application.
        wishes: what counts.
        failing: the application is only there to say what failed: any Python file may be the one that mends it.
    """

    def __init__(self, server: BaseWSGIServer, wishes: Wishes, *, failing: bool) -> None:
        self._server = server
        self._wishes = wishes
        self._channel = _parent_channel()
        self._failing = failing
        self._stops = Stops(server)
        self._changed = False

    def run(self) -> None:
        """Serve; returns after Ctrl-C, as werkzeug does.

        Raises:
            SystemExit: with code 3 after a change, with 0 after SIGTERM.
        """
        _turn_echo_on()
        self._adopt_listeners()
        where = places()
        watch = self._watcher(where)
        with stopped_by_signals(self._stops, defaults_only=True) as received:
            if self._channel is not None and self._channel.send({"places": [sorted(paths) for paths in where]}):
                self._channel.receive()  # it watches these places too
            threading.Thread(target=watch, name="reloader", daemon=True).start()
            self._server.serve_forever()
        if self._changed:
            raise SystemExit(AGAIN)
        if signal.SIGTERM in received[:1]:
            raise SystemExit(0)

    def _adopt_listeners(self) -> None:
        """The variable of werkzeug's has room for one, and ``localhost`` is two addresses."""
        order = self._channel.receive() if self._channel is not None else None
        for fd in order["listeners"][1:] if order is not None else ():
            self._server.add_listener(from_fd(fd))

    def _watcher(self, where: Places) -> Callable[[], None]:
        """What is to run in a thread of its own."""
        if self._channel is None:
            lookout = ScriptLookout(where, self._wishes, log_hint)
            on_watch(lookout.add_named)
            return partial(self._watch, lookout)
        sources = Sources(where, self._wishes)
        on_watch(partial(self._watch_also, self._channel, sources))
        return partial(self._obey, self._channel, sources)

    def _watch_also(self, parent: Channel, sources: Sources, paths: Sequence[str]) -> None:
        """What the application names by ``wsgiserve.watch``."""
        sources.add_extra(paths)
        parent.send({"watch": paths})

    def _obey(self, parent: Channel, sources: Sources) -> None:
        while message := parent.receive():
            if "changed" in message:
                self._consider(message["changed"], sources, sure=message["sure"])
            elif "stop" in message and self._stops.asked():
                tell_what_is_waited_for(self._stops, message["stop"])
        self._stops.asked()

    def _watch(self, lookout: ScriptLookout) -> None:
        fileno = lookout.fileno()
        while not self._changed:
            timeout = None if lookout.due == inf else max(lookout.due - time.monotonic(), 0.0)
            if select.select([] if fileno is None else [fileno], [], [], timeout)[0]:
                lookout.look()
            changed = lookout.changed()
            forget_bytecode(changed)
            self._consider([str(path) for path in changed], lookout.sources, sure=False)

    def _consider(self, paths: Sequence[str], sources: Sources, *, sure: bool) -> None:
        path = self._first_that_counts(paths, sources, sure=sure)
        if path is None or self._changed:
            return
        log.info(" * Detected change in %r, reloading", path)
        self._changed = True
        # Before the server ends: then the main thread does too, and from Python 3.12 on no thread starts after that.
        last_resort = threading.Timer(_GRACE_SECONDS + _PATIENCE_SECONDS, _end_process)
        last_resort.daemon = True
        last_resort.start()
        self._server.retire(_GRACE_SECONDS)

    def _first_that_counts(self, paths: Sequence[str], sources: Sources, *, sure: bool) -> str | None:
        if sure or self._failing:
            return next(iter(paths), None)
        imported = modules_of(paths)
        return next((path for path in paths if path in imported or sources.is_extra(Path(path))), None)


def _parent_channel() -> Channel | None:
    """To the parent that started this process to serve, if it is one of ours."""
    fd, _, inode = os.environ.pop(CHANNEL_VARIABLE, "").partition(":")
    with suppress(OSError, ValueError):
        if os.fstat(int(fd)).st_ino == int(inode):
            os.set_inheritable(int(fd), False)
            return Channel(socket.socket(fileno=int(fd)))
    return None


def _end_process() -> None:
    for stream in (sys.stdout, sys.stderr):
        with suppress(Exception):  # they can be anything, or closed
            stream.flush()
    os._exit(AGAIN)


def _turn_echo_on() -> None:
    """A debugger that was ended while it read a line has left the terminal without echo."""
    import termios  # POSIX only, as inherited sockets are

    if sys.stdin is None or not sys.stdin.isatty():
        return
    attributes = termios.tcgetattr(sys.stdin)
    if not attributes[3] & termios.ECHO:
        attributes[3] |= termios.ECHO
        termios.tcsetattr(sys.stdin, termios.TCSANOW, attributes)
