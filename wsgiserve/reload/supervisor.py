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
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, replace
from math import inf
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Any, NamedTuple

from wsgiserve.environment import Environment
from wsgiserve.errors import UserError
from wsgiserve.reload.burst import Burst
from wsgiserve.reload.changes import Project, forget_bytecode
from wsgiserve.reload.failure import HEALS, Failure, Place, place_of
from wsgiserve.reload.hints import not_loaded, reload_hung
from wsgiserve.reload.keyboard import Keyboard
from wsgiserve.reload.loader import Loader
from wsgiserve.reload.process import Process, WorkerProcess, start_interpreter
from wsgiserve.reload.watching import POLL_SECONDS, new_watch
from wsgiserve.reload.zygotes import Zygotes
from wsgiserve.server.hints import log_hint
from wsgiserve.server.poller import Waker
from wsgiserve.signals import EXIT_CODES

if TYPE_CHECKING:
    from wsgiserve.config import Config
    from wsgiserve.reload.channel import Message

__all__ = ["LOGS", "Plan", "Supervisor"]

log = logging.getLogger("wsgiserve")

# A worker that does not say what it has imported within this time is assumed to have imported everything.
_ANSWER_SECONDS = 0.2

# Mistakes of the command line.
_MISTYPED = frozenset(["bad-option", "module-not-found"])

# Which lines of the access log are shown.
LOGS = ("all", "errors", "quiet")

# After the second signal.
_AT_ONCE_SECONDS = 1.0


class Plan(NamedTuple):
    """What the workers are to run."""

    config: Config
    loader: Loader
    app: str
    """What the loader loads, as a person would call it."""
    found_by: str
    directory: Path
    environment: Environment = Environment()
    url: str = ""
    """Of the page that is served while there is no application."""


class _Question(NamedTuple):
    """Which of these files the worker has imported."""

    number: int
    paths: list[Path]
    due: float


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
        self._selector = selectors.DefaultSelector()
        folders = project.folders()
        self._watch = new_watch(project, folders, log_hint, poll=plan.config.poll)
        project.learn(project.files(folders))
        self._current: WorkerProcess | None = None
        self._others: list[WorkerProcess] = []  # on their way out
        self._signals: list[int] = []
        self._continued = False  # by SIGCONT, perhaps in the foreground
        self._handled = 0
        self._burst = Burst(project, at_once=True)
        self._question: _Question | None = None
        self._questions = 0
        self._poll_due = inf if self._watch.fileno() is not None else 0.0
        self._reason = ""
        self._respawned = False
        self._debugging = False
        self._log = LOGS[0]
        self.last_error: Place | None = None
        self._keyboard = Keyboard(self._selector)
        # Modules know their files by the name of the directory that was typed, which may be a link.
        self._roots = [*map(str, project.roots), str(plan.directory)]
        self._zygotes = Zygotes(self._selector, self._roots, self._listeners, plan.environment.files)

    def run(self) -> int:
        """Serve; the exit code."""
        waker = Waker()
        try:
            self._selector.register(waker.fileno, selectors.EVENT_READ, waker.silence)
            fileno = self._watch.fileno()
            if fileno is not None:
                self._selector.register(fileno, selectors.EVENT_READ, self._look_at_files)
            with self._signals_handled(waker):
                self._start()
                while self._current is not None or self._others:
                    self._wait()
        finally:
            for worker in self._workers():
                worker.signal(signal.SIGKILL)
                worker.ended()
            self._zygotes.stop()
            self._watch.close()
            waker.close()
            self._selector.close()
        return EXIT_CODES[self._signals[0]] if self._signals else 1

    # What a person may ask for

    def listen(self, heed: Callable[[str], None]) -> None:
        """Call ``heed`` with each line that is typed, unless a debugger waits for it."""
        self._keyboard.listen(heed)

    def reload(self) -> None:
        """Start a new worker, though nothing has changed."""
        if self._debugging:
            log.info("reload waits until you continue in the debugger.")
        else:
            self._reload([])

    def quit(self) -> None:
        """As SIGTERM does."""
        self._signals.append(signal.SIGTERM)

    def cycle_log(self) -> None:
        """Show other lines of the access log than now; the worker says which."""
        self._log = LOGS[(LOGS.index(self._log) + 1) % len(LOGS)]
        if self._current is not None:
            self._current.channel.send({"log": self._log})

    def show_stacks(self) -> None:
        """Have the worker print what its threads do."""
        if self._current is not None:
            self._current.channel.send({"stacks": True})

    def _workers(self) -> list[WorkerProcess]:
        return [*([self._current] if self._current is not None else []), *self._others]

    # Waiting

    def _wait(self) -> None:
        timeout = max(self._due() - time.monotonic(), 0.0)
        events = self._selector.select(None if timeout == inf else timeout)
        # What is typed comes last: a debugger that has printed its prompt has told before that it needs the keyboard.
        for key, _ in sorted(events, key=lambda event: event[0].fileobj == self._keyboard.fileno):
            key.data()
        if self._continued:
            self._continued = False
            self._keyboard.resume()
        if len(self._signals) > self._handled:
            self._stop()
        now = time.monotonic()
        if now >= self._poll_due:
            self._poll_due = now + POLL_SECONDS
            self._look_at_files()
        if self._burst.is_over(now):
            self._consider()
        if self._question is not None and now >= self._question.due:
            self._reload(self._question.paths)
        for worker in self._others:
            if now >= worker.due:
                worker.hurry()

    def _due(self) -> float:
        question = self._question.due if self._question is not None else inf
        return min(self._poll_due, self._burst.due, question, *(worker.due for worker in self._others), inf)

    @contextmanager
    def _signals_handled(self, waker: Waker) -> Iterator[None]:
        def note(number: int, frame: FrameType | None) -> None:
            self._signals.append(number)

        def resume(number: int, frame: FrameType | None) -> None:
            self._continued = True  # this may be in the middle of anything: the keyboard is seen to in its turn

        before: dict[int, Any] = {number: signal.signal(number, note) for number in EXIT_CODES}
        before[signal.SIGCONT] = signal.signal(signal.SIGCONT, resume)
        signal.set_wakeup_fd(waker.bell, warn_on_full_buffer=False)
        try:
            yield
        finally:
            signal.set_wakeup_fd(-1)
            for number, handler in before.items():
                signal.signal(number, handler)

    # Files

    def _look_at_files(self) -> None:
        self._burst.add(self._watch.read(), time.monotonic())

    def _consider(self) -> None:
        if self._debugging:
            self._burst.due = inf  # somebody looks around in what would be gone
            return
        changed = self._burst.take()
        if self._question is not None:
            changed = [*self._question.paths, *changed]
        if not changed or self._signals:
            return
        current = self._current
        if current is not None and current.state == "ready" and current.reads_templates_anew:
            changed = self._without_templates(changed)
        if not changed:
            return
        if current is None or current.state != "ready" or any(path.suffix not in (".py", ".so") for path in changed):
            self._reload(changed)
        else:
            self._ask(current, changed)

    def _without_templates(self, paths: list[Path]) -> list[Path]:
        templates = [path for path in paths if self._project.effect(path).kind == "template"]
        if templates:
            log.info("%s changed; the framework reads it anew, nothing to reload", self._names(templates))
        return [path for path in paths if path not in templates]

    def _watch_also(self, paths: list[str]) -> None:
        for path in map(Path, paths):
            if self._project.watch(path):
                self._project.learn([path.resolve()])
                self._watch.add(path.resolve())

    def _ask(self, worker: WorkerProcess, paths: list[Path]) -> None:
        self._questions += 1
        self._question = _Question(self._questions, paths, time.monotonic() + _ANSWER_SECONDS)
        worker.channel.send({"imported": [str(path) for path in paths], "question": self._questions})

    def _answered(self, message: Message) -> None:
        question = self._question
        if question is None or message["question"] != question.number:
            return
        self._question = None
        imported: dict[str, str] = message["imported"]
        if imported:
            self._reload([Path(path) for path in imported], modules=imported)
        else:
            log.debug("%s changed; not imported, no reload", self._names(question.paths))

    def _debugged(self, what: str) -> None:
        self._lend(bool(what))
        if what:
            log.info("debugger in %s: reload waits until you continue.", what)
        elif self._burst:
            self._burst.due = time.monotonic()

    def _lend(self, lent: bool) -> None:
        self._debugging = self._keyboard.lent = lent
        self._keyboard.resume()

    # Workers

    def _start(self, failure: Failure | None = None) -> None:
        plan = self._plan
        order = {
            # The mode may follow from who started this process, which the worker could not tell.
            "config": asdict(replace(plan.config, mode=plan.config.effective_mode()[0])),
            "loader": plan.loader,
            "app": plan.app,
            "found_by": plan.found_by,
            "env_files": [str(file) for file in plan.environment.files],
            "listeners": self._listeners,
            "log": self._log,
            "failure": failure._asdict() if failure is not None else None,
            "roots": self._roots,
        }
        worker = WorkerProcess(order, self._start_process if failure is None else self._start_cold)
        self._current = worker
        self._selector.register(worker.channel, selectors.EVENT_READ, lambda: self._hear(worker))

    def _start_process(self, channel: socket.socket) -> Process:
        """From the zygote, if there is one that is ready for it."""
        return self._zygotes.fork(channel) or self._start_cold(channel)

    def _start_cold(self, channel: socket.socket) -> Process:
        return start_interpreter("wsgiserve.reload.worker", channel.fileno(), self._listeners)

    def _reload(self, changed: list[Path], modules: dict[str, str] | None = None) -> None:
        self._question = None
        self._reason = self._names(changed, modules or {}) or "as you asked"
        self._respawned = False
        if not set(changed).isdisjoint(self._plan.environment.files):
            self._zygotes.stop()  # what it has imported may have looked at the variables
        forget_bytecode(changed)
        self._dismiss()
        self._start()

    def _dismiss(self) -> None:
        old, self._current = self._current, None
        if old is not None:
            old.retire(self._plan.config.reload_grace)
            self._others.append(old)

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
            self._watch_also(message["watch"])
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

    def _begin(self) -> None:
        """Have the worker that has loaded accept connections, as soon as no older one does."""
        worker = self._current
        if worker is None or worker.report is None or worker.state != "loading":
            return
        if not any(other.accepts for other in self._others):
            worker.begin()
            self._loaded(worker, worker.report)

    def _loaded(self, worker: WorkerProcess, report: Message) -> None:
        milliseconds = (time.monotonic() - worker.started) * 1000
        if self._on_first is not None:
            _refuse_what_no_save_mends(report)
            self._on_first(report, self._watch.kind)
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
        self._selector.unregister(worker.channel)
        self._keyboard.forget(worker)
        state, how = worker.state, worker.ended()
        if worker in self._others:
            self._others.remove(worker)
            self._begin()
            return
        self._current = None
        self._lend(False)
        if self._signals:
            return
        if worker.explains:
            log.critical("the process that serves the error page ended (%s); giving up", how)
        elif state == "ready" and not self._respawned:
            log.error("the app's process ended (%s); started another", how)
            self._respawned, self._reason = True, "after the end of the app's process"
            self._start()
        else:
            self._start(_died(how, loading=state == "loading"))

    # Ends

    def _stop(self) -> None:
        """Pass on what signals have come: workers stop as a server does, and finish what runs."""
        for number in self._signals[self._handled :]:
            for worker in self._workers():
                worker.signal(number)
        self._handled = len(self._signals)
        if self._handled > 1:
            if self._current is not None:
                self._others.append(self._current)
                self._current = None
            for worker in self._others:
                worker.due = min(worker.due, time.monotonic() + _AT_ONCE_SECONDS)

    # Words

    def _names(self, paths: Iterable[Path], modules: dict[str, str] | None = None) -> str:
        """``shop/cart.py -> shop.cart, templates/base.html``."""
        names = []
        for path in paths:
            module = (modules or {}).get(str(path))
            names.append(self._project.short(path) + (f" -> {module}" if module else ""))
        more = f" and {len(names) - 3} more" if len(names) > 3 else ""
        return ", ".join(names[:3]) + more


def _refuse_what_no_save_mends(report: Message) -> None:
    """The first worker was asked for something that is not there: more likely mistyped than still to be written."""
    if "failed" in report:
        failure = Failure(**report["failed"])
        if failure.slug in _MISTYPED:
            fix = failure.fix.removesuffix(HEALS).rstrip("\n")
            raise UserError(*failure[:2], why=failure.why, fix=fix, exit_code=report["exit_code"])


def _died(how: str, *, loading: bool) -> Failure:
    when = "while it was loaded" if loading else "twice"
    why = "something in it ended the process: os._exit(), or a crash in compiled code."
    return Failure("app-died", f"the app's process ended {when} ({how}).", why, HEALS, [])
