"""The reloader of ``run_simple(use_reloader=True)``: the parent, which runs the same script again and again.

Every process is the whole script, run from its beginning to ``run_simple()``. The parent is the one that was started by
hand: it has bound the sockets, never serves, and watches the files. The child (``scriptchild.py``) serves on the same
sockets; told of a change, it looks whether it has imported that file, and if so ends with exit code 3::

    a file changes ──> parent ──> child: imported? ──> finishes what runs, exit code 3 ──> parent: the next child

A child that ends otherwise than it was meant to has told why on the terminal; the next change of any Python file starts
the next one, and connections wait in the kernel's queue. Between start and end of a child nothing happens on a clock.
Source: werkzeug 3.1 ``_reloader`` for the variables, the exit code and the words.
"""

from __future__ import annotations

import logging
import os
import selectors
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Sequence
from math import inf
from pathlib import Path
from typing import TYPE_CHECKING

from wsgiserve.process.channel import Channel, Message
from wsgiserve.process.ending import describe_end
from wsgiserve.process.waiting import Waiting
from wsgiserve.reload.changes import forget_bytecode, forget_older_bytecode
from wsgiserve.reload.imported import own_files
from wsgiserve.reload.sources import Places, ScriptLookout, Wishes, places
from wsgiserve.server.hints import log_hint

if TYPE_CHECKING:
    from wsgiserve.server.base import BaseWSGIServer

__all__ = ["AGAIN", "CHANNEL_VARIABLE", "ScriptSupervisor", "supervise_script"]

log = logging.getLogger("wsgiserve")

AGAIN = 3
"""The exit code that asks for another child."""

CHANNEL_VARIABLE = "WSGISERVE_RELOADER_CHANNEL"
"""Where the child finds the channel to its parent: ``descriptor:inode``, so that a stale one is not taken for it."""

_SIGNALS = (signal.SIGINT, signal.SIGTERM)

# After the second signal.
_AT_ONCE_SECONDS = 1.0


class _Child:
    """A run of the script."""

    def __init__(self, listeners: Sequence[socket.socket]) -> None:
        ours, theirs = socket.socketpair()
        with theirs:
            theirs.set_inheritable(True)
            found = os.fstat(theirs.fileno())
            environ = {
                **os.environ,
                "WERKZEUG_RUN_MAIN": "true",
                "WERKZEUG_SERVER_FD": str(listeners[0].fileno()),
                CHANNEL_VARIABLE: f"{theirs.fileno()}:{found.st_ino}",
            }
            argv = [sys.executable, *sys.orig_argv[1:]]
            self.process = subprocess.Popen(argv, env=environ, close_fds=False)
        self.channel = Channel(ours)
        self.channel.send({"listeners": [listener.fileno() for listener in listeners]})
        self.loaded = False
        self.told: set[str] = set()  # of the changes it has been told, all
        self.due = inf  # when it is killed


class ScriptSupervisor:
    """Runs children until a signal says to stop, or the script ends by itself.

    Args:
        listeners: open and listening; every child inherits them.
        wishes: what counts.
    """

    def __init__(self, listeners: Sequence[socket.socket], wishes: Wishes) -> None:
        self._listeners = listeners
        self._wishes = wishes
        self._waiting = Waiting()
        self._named: set[str] = set()  # by the application, with wsgiserve.watch()
        self._lookout = self._new_lookout(places())
        self._child: _Child | None = None
        self._pending: dict[Path, None] = {}
        self._reloaded_for: set[str] = set()
        self._code: int | None = None

    def run(self) -> int:
        """The exit code of the script; 128 and its number after a signal that a child died of."""
        heeded = [number for number in _SIGNALS if signal.getsignal(number) is not signal.SIG_IGN]
        try:
            # When a child has ended, the wake-up is all that is needed.
            with self._waiting.noting(heeded, {signal.SIGCHLD: lambda: None}):
                # What was saved before anybody watched has been imported here: its bytecode would be taken for fresh.
                forget_older_bytecode(map(Path, own_files(places().own)))
                self._start()
                while self._code is None:
                    self._wait()
        finally:
            if self._child is not None:
                self._child.process.kill()
                self._bury(self._child)
            self._lookout.close()
            self._waiting.close()
        return self._code

    @property
    def interrupted(self) -> bool:
        """Whether the first signal was Ctrl-C's."""
        return self._waiting.signals[:1] == [signal.SIGINT]

    # Waiting

    def _wait(self) -> None:
        self._waiting.wait(min(self._lookout.due, self._child.due if self._child is not None else inf))
        self._pass_signals_on(self._waiting.new_signals())
        self._look_after_child()
        changed = self._lookout.changed()
        if changed and not self._waiting.signals:
            self._consider(changed)

    # Files

    def _new_lookout(self, where: Places) -> ScriptLookout:
        lookout = ScriptLookout(where, self._wishes, log_hint)
        lookout.add_named(self._named)
        fileno = lookout.fileno()
        if fileno is not None:
            self._waiting.selector.register(fileno, selectors.EVENT_READ, lookout.look)
        return lookout

    def _look_further(self, where: Places) -> None:
        """The child imports from places that the script had not come to know when the parent ran it."""
        if where | self._lookout.where == self._lookout.where:
            return
        before, self._lookout = self._lookout, self._new_lookout(where | self._lookout.where)
        fileno = before.fileno()
        if fileno is not None:
            self._waiting.selector.unregister(fileno)
        before.close()

    def _consider(self, changed: Sequence[Path]) -> None:
        forget_bytecode(changed)
        if self._child is None:
            log.info(" * Detected change in %r, reloading", str(changed[0]))
            self._start()
        elif self._child.loaded:
            self._tell(self._child, changed)
        else:
            self._pending |= dict.fromkeys(changed)  # it may have read the file before that, or after

    def _tell(self, child: _Child, changed: Sequence[Path]) -> None:
        names = [str(path) for path in changed]
        child.told |= set(names)
        # Python forgets a module that it failed to import, even if the script goes on without it.
        child.channel.send({"changed": names, "sure": not self._reloaded_for.isdisjoint(names)})

    # Children

    def _start(self) -> None:
        log.info(" * Restarting with %s", self._lookout.kind)
        self._pending.clear()
        child = self._child = _Child(self._listeners)
        self._waiting.selector.register(child.channel, selectors.EVENT_READ, lambda: self._hear(child))

    def _hear(self, child: _Child) -> None:
        message = child.channel.receive()
        if message is None:
            self._waiting.selector.unregister(child.channel)
            child.channel.close()
        elif "watch" in message:
            self._named |= set(message["watch"])
            self._lookout.add_named(message["watch"])
        else:
            self._is_loaded(child, message)

    def _is_loaded(self, child: _Child, message: Message) -> None:
        child.loaded = True
        self._look_further(Places(*map(frozenset, message["places"])))
        child.channel.send({"serve": True})  # from now on no save is missed
        if self._pending:
            self._tell(child, list(self._pending))
            self._pending.clear()

    def _look_after_child(self) -> None:
        child = self._child
        if child is None:
            return
        code = child.process.poll()
        if code is not None:
            self._child = None
            self._bury(child)
            self._ended(child, code)
        elif time.monotonic() >= child.due:
            child.process.kill()

    def _bury(self, child: _Child) -> None:
        child.process.wait()
        if child.channel.fileno() >= 0:
            self._waiting.selector.unregister(child.channel)
            child.channel.close()

    def _ended(self, child: _Child, code: int) -> None:
        if self._waiting.signals:
            self._code = 0
        elif code == AGAIN:
            self._reloaded_for |= child.told
            self._start()
        elif code == 0 or -code in _SIGNALS:
            self._code = 128 - code if code < 0 else code
        else:
            self._wait_for_a_save(code)

    def _wait_for_a_save(self, code: int) -> None:
        how = describe_end(code)
        log.error(" * The script ended (%s); saving a Python file starts it again, Ctrl-C ends it.", how)
        if self._pending:
            self._start()

    # Ends

    def _pass_signals_on(self, new: Sequence[int]) -> None:
        """A child that serves stops as a server does; one that still loads has nothing to finish."""
        child = self._child
        if child is None:
            self._code = 0 if new else None
            return
        for number in new:
            if not (child.loaded and child.channel.send({"stop": number})):
                child.process.terminate()
        if len(self._waiting.signals) > 1:
            child.due = min(child.due, time.monotonic() + _AT_ONCE_SECONDS)


def supervise_script(server: BaseWSGIServer, wishes: Wishes) -> None:
    """Run the script in a child until it is over; returns after Ctrl-C, as werkzeug does.

    Args:
        server: of which only the sockets are used.
    Raises:
        SystemExit: with the script's exit code.
        ValueError: this is not the main thread, the only one that hears signals.
    """
    for listener in server.sockets:
        listener.set_inheritable(True)
    supervisor = ScriptSupervisor(server.sockets, wishes)
    code = supervisor.run()
    if not supervisor.interrupted:
        raise SystemExit(code)
