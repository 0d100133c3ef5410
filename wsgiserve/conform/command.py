"""``wsgiserve conform``: which servers are tested with which cases, and where the results go."""

from __future__ import annotations

import signal
import ssl
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from fnmatch import fnmatchcase
from pathlib import Path
from tempfile import TemporaryDirectory
from types import FrameType
from typing import NamedTuple, NoReturn
from urllib.parse import urlsplit

from wsgiserve import messages
from wsgiserve.conform.case import Case
from wsgiserve.conform.cases import CASES
from wsgiserve.conform.client import Target
from wsgiserve.conform.page import as_html
from wsgiserve.conform.reports import as_json, as_junit, as_markdown
from wsgiserve.conform.running import Findings, answers, play_all
from wsgiserve.conform.servers import OWN, PEERS, Running, Server, trusting
from wsgiserve.conform.terminal import Bar, listed, table, told
from wsgiserve.console import make_console

__all__ = ["Conform", "Wanted"]

_SERVERS = {server.name: server for server in (*OWN, *PEERS)}
_GROUPS = ("own", "peers", "all")


class Wanted(NamedTuple):
    """What was typed behind ``wsgiserve conform``.

    Attributes:
        cases: patterns of their ids; all by default.
        servers: names, or ``own``, ``peers`` (those installed), ``all``; ``own`` by default.
        target: URL of a server that runs already, in place of one that is started.
        files: where each kind of report goes.
        seconds: how long a server may take for anything.
        lists: say which cases there are, and play none.
        shows_bytes: tell what was said in each case that failed.
    """

    cases: Sequence[str]
    servers: Sequence[str]
    target: str
    files: dict[str, Path]
    seconds: float
    lists: bool
    shows_bytes: bool


class Conform:
    """The command.

    Args:
        say: prints on standard output.
    """

    def __init__(self, say: Callable[[str], None], wanted: Wanted) -> None:
        self._say = say
        self._wanted = wanted

    def run(self) -> int:
        """Do it; the exit code.

        Raises:
            UserError: there is no such case or server, or it does not start or answer.
        """
        cases = _chosen(self._wanted.cases)
        if self._wanted.lists:
            self._say(listed(cases))
            return 0
        results = self._target(cases) if self._wanted.target else self._servers(cases)
        self._report(results)
        return 0 if all(tested.conforms for tested in results) else messages.NOT_CONFORMING

    def _target(self, cases: Sequence[Case]) -> list[Findings]:
        target = _target(self._wanted.target, self._wanted.seconds)
        if not answers(target):
            raise messages.bad_option(
                f"{self._wanted.target} does not serve the application that conform asks.",
                "serve wsgiserve.conform:probe there, at the root.",
            )
        tested = Findings(self._wanted.target, "")
        bar = Bar(make_console(), len(cases))
        bar.begin(tested.name)
        play_all(cases, target, tested, revive=lambda: False, done=bar.step)
        bar.end()
        return [tested]

    def _servers(self, cases: Sequence[Case]) -> list[Findings]:
        servers = list(_named(self._wanted.servers or ["own"]))
        bar = Bar(make_console(), len(cases) * len(servers))
        with _signals_unwind():
            results = [self._server(server, cases, bar) for server in servers]
        bar.end()
        return results

    def _server(self, server: Server, cases: Sequence[Case], bar: Bar) -> Findings:
        tested = Findings(server.name, server.version())
        bar.begin(tested.name)
        try:
            with (
                TemporaryDirectory(prefix="wsgiserve-") as folder,
                Running(server, Path(folder), self._wanted.seconds) as running,
            ):
                play_all(cases, running.target, tested, revive=running.revive, done=bar.step)
        except ChildProcessError as error:
            bar.end()
            raise messages.bad_option(str(error), "look at what it says.") from None
        return tested

    def _report(self, results: Sequence[Findings]) -> None:
        console = make_console(stream=sys.stdout)
        for tested in results:
            failed = told(tested, console, with_bytes=self._wanted.shows_bytes)
            if failed and (len(results) == 1 or self._wanted.shows_bytes):
                self._say(f"\n  {tested.name} {tested.version}\n\n{failed}\n")
        self._say(table(results))
        makers = {"json": as_json, "junit": as_junit, "html": as_html, "markdown": as_markdown}
        for kind, file in self._wanted.files.items():
            try:
                file.write_text(makers[kind](results), "utf-8")
            except OSError as error:
                raise messages.bad_option(f"{file} cannot be written: {error.strerror}.") from None


@contextmanager
def _signals_unwind() -> Iterator[None]:
    """SIGTERM and SIGHUP end the command as an exception, so that the servers it has started end too.

    The exit code is the one that a shell tells of the signal. Who ignores one goes on to.
    """

    def leave(number: int, frame: FrameType | None) -> NoReturn:
        sys.exit(128 + number)

    numbers = [signal.SIGTERM, signal.SIGHUP] if threading.current_thread() is threading.main_thread() else []
    taken = [number for number in numbers if signal.getsignal(number) == signal.SIG_DFL]
    try:
        for number in taken:
            signal.signal(number, leave)
        yield
    finally:
        for number in taken:
            signal.signal(number, signal.SIG_DFL)


def _chosen(patterns: Sequence[str]) -> list[Case]:
    for pattern in patterns:
        if not any(_matches(case, pattern) for case in CASES):
            raise messages.bad_option(f"there is no case {pattern!r}.", "wsgiserve conform --list")
    return [case for case in CASES if not patterns or any(_matches(case, pattern) for pattern in patterns)]


def _matches(case: Case, pattern: str) -> bool:
    return fnmatchcase(case.id, pattern) or case.id.startswith(pattern.rstrip("/") + "/")


def _named(names: Sequence[str]) -> Iterator[Server]:
    for name in names:
        if name in _GROUPS:
            yield from OWN if name != "peers" else ()
            yield from (peer for peer in PEERS if name != "own" and peer.installed)
        else:
            yield _server(name)


def _server(name: str) -> Server:
    found = _SERVERS.get(name)
    if found is None:
        known = [*_SERVERS, *_GROUPS]
        fix = messages.did_you_mean(name, known) or f"--server takes {', '.join(known)}."
        raise messages.bad_option(f"--server knows no {name!r}.", fix)
    if not found.installed:
        raise messages.bad_option(f"{name} is not installed.", f"pip install {found.distribution}")
    return found


def _target(url: str, seconds: float) -> Target:
    parts = urlsplit(url)
    if parts.scheme == "unix":
        return Target(parts.path, None, seconds)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise messages.bad_option(
            f"--target takes the URL of a server, not {url!r}.", "http://HOST:PORT, https://HOST:PORT or unix:PATH"
        )
    tls: ssl.SSLContext | None = trusting() if parts.scheme == "https" else None
    return Target((parts.hostname, parts.port or (443 if tls else 80)), tls, seconds)
