"""The supervisor: watches a project and sees to it that there is always one worker that runs what was saved last.

It binds the sockets once, and every worker listens on the same ones. So when a file has changed, connections wait in
the kernel's queue until the next worker accepts them, and none is refused::

    a file changes ── other content? ── imported? ──┬─ old worker: leaves, finishes what runs
                                                    └─ new worker: loads, begins once that has left

What cannot be loaded is served as a page that says why, and mended by the next save. Nothing happens on a clock while
nothing happens: the supervisor waits for files, workers and signals in one ``select``.
It never imports the user's code.
"""

from __future__ import annotations

import logging
import selectors
import signal
import socket
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from wsgiserve.process.waiting import Waiting
from wsgiserve.reload.changes import Project, forget_bytecode
from wsgiserve.reload.failure import Failure, Place, died, place_of, refuse_what_no_save_mends
from wsgiserve.reload.hints import not_loaded, reload_hung
from wsgiserve.reload.inquiry import Inquiry
from wsgiserve.reload.keyboard import Keyboard
from wsgiserve.reload.lookout import Lookout
from wsgiserve.reload.plan import Plan
from wsgiserve.reload.process import Process, WorkerProcess, start_interpreter
from wsgiserve.reload.workers import Workers
from wsgiserve.reload.zygotes import Zygotes
from wsgiserve.server.hints import log_hint
from wsgiserve.signals import EXIT_CODES

if TYPE_CHECKING:
    from wsgiserve.process.channel import Message

__all__ = ["Supervisor"]

log = logging.getLogger("wsgiserve")

# Which lines of the access log are shown.
_LOGS = ("all", "errors", "quiet")


class Supervisor:
    """Runs until a signal says to stop.

    Args:
        plan: for every worker.
        listeners: their sockets, which stay open here.
        project: what is watched.
        on_first: called with the first worker's report, when it accepts connections.

    Attributes:
        last_error: where the last error was that was explained, in a request or while loading.
    """

    def __init__(
        self,
        plan: Plan,
        listeners: Sequence[socket.socket],
        project: Project,
        on_first: Callable[[Message, str], None],
    ) -> None:
        self._plan = plan
        self._listeners = [listener.fileno() for listener in listeners]
        self._project = project
        self._on_first: Callable[[Message, str], None] | None = on_first
        self._waiting = Waiting()
        self._files = Lookout(project, log_hint, poll=plan.config.poll, at_once=True)
        self._workers = Workers(self._waiting.selector, self._hear)
        self._continued = False  # by SIGCONT, perhaps in the foreground
        self._inquiry = Inquiry()
        self._reason = ""
        self._respawned = False
        self._log = _LOGS[0]
        self.last_error: Place | None = None
        self._keyboard = Keyboard(self._waiting.selector)
        # Modules know their files by the name of the directory that was typed, which may be a link.
        self._roots = [*map(str, project.roots), str(plan.directory)]
        self._zygotes = Zygotes(self._waiting.selector, self._roots, self._listeners, plan.environment.files)

    def run(self) -> int:
        """Serve; the exit code."""
        try:
            fileno = self._files.fileno()
            if fileno is not None:
                self._waiting.selector.register(fileno, selectors.EVENT_READ, self._files.look)
            with self._waiting.noting(EXIT_CODES, {signal.SIGCONT: self._resume}):
                self._start()
                while self._workers:
                    self._wait()
        finally:
            self._workers.kill()
            self._zygotes.stop()
            self._files.close()
            self._waiting.close()
        return EXIT_CODES[self._waiting.signals[0]] if self._waiting.signals else 1

    # What a person may ask for

    def listen(self, heed: Callable[[str], None]) -> None:
        """Call ``heed`` with each line that is typed, unless a debugger waits for it."""
        self._keyboard.listen(heed)

    def reload(self) -> None:
        """Start a new worker, though nothing has changed."""
        if self._files.held:
            log.info("reload waits until you continue in the debugger.")
        else:
            self._reload([])

    def quit(self) -> None:
        """As SIGTERM does."""
        self._waiting.signals.append(signal.SIGTERM)

    def cycle_log(self) -> None:
        """Show other lines of the access log than now; the worker says which."""
        self._log = _LOGS[(_LOGS.index(self._log) + 1) % len(_LOGS)]
        self._tell({"log": self._log})

    def show_stacks(self) -> None:
        """Have the worker print what its threads do."""
        self._tell({"stacks": True})

    def _tell(self, message: Message) -> None:
        if self._workers.current is not None:
            self._workers.current.channel.send(message)

    # Waiting

    def _wait(self) -> None:
        due = min(self._files.due, self._workers.due, self._inquiry.due)
        # What is typed comes last: a debugger that has printed its prompt has told before that it needs the keyboard.
        self._waiting.wait(due, last=self._keyboard.fileno)
        if self._continued:
            self._continued = False
            self._keyboard.resume()
        self._stop(self._waiting.new_signals())
        changed = self._files.changed()
        if changed and not self._waiting.signals:
            self._consider(changed)
        if time.monotonic() >= self._inquiry.due:
            self._reload(self._inquiry.paths)
        self._workers.hurry()

    def _resume(self) -> None:
        self._continued = True  # this may be in the middle of anything: the keyboard is seen to in its turn

    def _stop(self, new: Sequence[int]) -> None:
        """Pass on what signals have come: workers stop as a server does, and finish what runs."""
        for number in new:
            self._workers.signal(number)
        if new and len(self._waiting.signals) > 1:
            self._workers.hasten()

    # Files

    def _consider(self, changed: Sequence[Path]) -> None:
        changed = [*self._inquiry.paths, *changed]
        current = self._workers.current
        if current is None or current.state != "ready":
            self._reload(changed)
            return
        if current.reads_templates_anew:
            changed = self._without_templates(changed)
        if any(path.suffix not in (".py", ".so") for path in changed):
            self._reload(changed)
        elif changed:
            self._inquiry.ask(current, changed)

    def _without_templates(self, paths: Sequence[Path]) -> list[Path]:
        templates = [path for path in paths if self._project.effect(path).kind == "template"]
        if templates:
            log.info("%s changed; the framework reads it anew, nothing to reload", self._project.names(templates))
        return [path for path in paths if path not in templates]

    def _answered(self, message: Message) -> None:
        if not self._inquiry.is_answered_by(message):
            return
        asked = self._inquiry.paths
        self._inquiry.close()
        imported: dict[str, str] = message["imported"]
        if imported:
            self._reload([Path(path) for path in imported], modules=imported)
        else:
            log.debug("%s changed; not imported, no reload", self._project.names(asked))

    # Workers

    def _start(self, failure: Failure | None = None) -> None:
        order = self._plan.order(failure) | {"listeners": self._listeners, "log": self._log, "roots": self._roots}
        self._workers.start(order, self._start_process if failure is None else self._start_cold)

    def _start_process(self, channel: socket.socket) -> Process:
        """From the zygote, if there is one that is ready for it."""
        return self._zygotes.fork(channel) or self._start_cold(channel)

    def _start_cold(self, channel: socket.socket) -> Process:
        return start_interpreter("wsgiserve.reload.worker", channel.fileno(), self._listeners)

    def _reload(self, changed: Sequence[Path], modules: dict[str, str] | None = None) -> None:
        self._inquiry.close()
        self._reason = self._project.names(changed, modules or {}) or "as you asked"
        self._respawned = False
        if not set(changed).isdisjoint(self._plan.environment.files):
            self._zygotes.stop()  # what it has imported may have looked at the variables
        forget_bytecode(changed)
        self._workers.dismiss(self._plan.config.reload_grace)
        self._start()

    def _hear(self, worker: WorkerProcess) -> None:
        message = worker.channel.receive()
        if message is None:
            self._gone(worker)
        elif "imported" in message:
            self._answered(message)
        elif "prompt" in message:
            self._keyboard.ask(worker)
        elif "debugging" in message:
            self._debugged(message["debugging"])
        elif "error" in message:
            self.last_error = message["error"]
        elif "watch" in message:
            self._files.watch_also(message["watch"])
        elif "cut" in message:
            if message["cut"]:
                log_hint(reload_hung(message["cut"], self._plan.config.reload_grace))
        elif "left" in message:
            worker.accepts = False
            self._begin()
        elif worker.report is not None:
            self._zygotes.learn(message["modules"])
        else:
            worker.report = message
            self._begin()

    def _debugged(self, what: str) -> None:
        self._lend(bool(what))
        if what:
            log.info("debugger in %s: reload waits until you continue.", what)

    def _lend(self, lent: bool) -> None:
        """Somebody looks around in what would be gone after a reload."""
        self._files.held = self._keyboard.lent = lent
        self._keyboard.resume()

    def _begin(self) -> None:
        """Have the worker that has loaded accept connections, as soon as no older one does."""
        worker = self._workers.next()
        if worker is not None and worker.report is not None:
            worker.begin()
            self._loaded(worker, worker.report)

    def _loaded(self, worker: WorkerProcess, report: Message) -> None:
        milliseconds = (time.monotonic() - worker.started) * 1000
        if self._on_first is not None:
            refuse_what_no_save_mends(report)
            self._on_first(report, self._files.kind)
            self._on_first = None
        elif worker.state == "ready":
            log.info("reloaded: %s  %.0f ms", self._reason, milliseconds)
        if worker.state == "failed":
            failure = Failure(**report["failed"])
            self.last_error = place_of(failure.chain)
            log_hint(not_loaded(failure, self._plan.url), logging.ERROR)
        elif self._plan.config.zygote:
            self._zygotes.learn(report["modules"])
            self._zygotes.keep_warm()

    def _gone(self, worker: WorkerProcess) -> None:
        was_current = worker is self._workers.current
        self._keyboard.forget(worker)
        how = self._workers.bury(worker)
        if was_current:
            self._lend(False)
            self._replace(worker, how)
        else:
            self._begin()

    def _replace(self, worker: WorkerProcess, how: str) -> None:
        """Nobody has told it to end."""
        if self._waiting.signals:
            return
        if worker.explains:
            log.critical("the process that serves the error page ended (%s); giving up", how)
        elif worker.state == "ready" and not self._respawned:
            log.error("the app's process ended (%s); started another", how)
            self._respawned, self._reason = True, "after the end of the app's process"
            self._start()
        else:
            self._start(died(how, loading=worker.state == "loading"))
