"""One run: a server in a process of its own, clients in threads of this one, a stop under load, and a summary."""

from __future__ import annotations

import errno
import ssl
import tempfile
import threading
import time
import traceback
from collections.abc import Sequence
from http.client import RemoteDisconnected
from pathlib import Path
from random import Random
from typing import NamedTuple

from tests.server.apart import Apart, Ended, apart
from tests.server.client import Client, connect
from tests.stress.clients import Stressor

__all__ = ["DEVELOPMENT_MODE", "Outcome", "run"]

CLIENTS = 24

# Finds more: warnings are errors, and unclosed sockets are warnings. Without it the server is faster, which finds more.
DEVELOPMENT_MODE = ("-X", "dev", "-W", "error")


class Outcome(NamedTuple):
    """What came of it."""

    what: str
    right: int
    aborted: int
    wrong: list[str]
    left: Ended
    log: str

    @property
    def good(self) -> bool:
        """Whether everything was as it has to be."""
        return bool(self.right) and not self.wrong and self.left[:3] == ([], [], False) and not self.log

    def __str__(self) -> str:
        return (
            f"{self.what}: {self.right:,} answers right, {len(self.wrong)} wrong, {self.aborted:,} clients gave up; "
            f"left behind: {len(self.left.threads)} threads, {len(self.left.descriptors)} descriptors, "
            f"{'some' if self.left.children else 'no'} children; {len(self.log.splitlines())} lines in the log"
        )


class _Crowd:
    """The clients' threads."""

    def __init__(self, server: Apart, seed: int, *, tls: bool) -> None:
        self._address = ("127.0.0.1", server.port)
        self._tls = _trusting() if tls else None
        self._ends = False
        self._stopping = False
        self.wrong: list[str] = []
        self.stressors = [Stressor(self._connect, Random(f"{seed} {each}"), tls=tls) for each in range(CLIENTS)]
        self._threads = [threading.Thread(target=self._run, args=(stressor,)) for stressor in self.stressors]

    def start(self) -> None:
        for thread in self._threads:
            thread.start()

    def stop_expected(self) -> None:
        """From now on connections may be refused, or closed before an answer begins; what begins is still complete."""
        self._stopping = True

    def end(self) -> None:
        self._ends = True
        for thread in self._threads:
            thread.join()

    def _connect(self) -> Client:
        return connect(self._address, tls=self._tls)

    def _run(self, stressor: Stressor) -> None:
        while not self._ends and len(self.wrong) < 10:
            try:
                stressor.behave()
            except (RemoteDisconnected, OSError) as error:
                if self._stopping and _is_end(error):
                    return
                self.wrong.append(traceback.format_exc())
            except Exception:
                self.wrong.append(traceback.format_exc())


def _is_end(error: Exception) -> bool:
    """Whether it tells that the other side is gone; shutting down half of what is gone has an errno of its own."""
    if isinstance(error, RemoteDisconnected | ConnectionError | ssl.SSLEOFError):
        return True
    return isinstance(error, OSError) and error.errno == errno.ENOTCONN


def _trusting() -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


def run(kind: str, seconds: float, seed: int, *, tls: bool = False, options: Sequence[str] = ()) -> Outcome:
    """Stress a server of a kind for so long, then stop it while everybody is still asking.

    Args:
        options: of the server's interpreter.
    """
    with tempfile.TemporaryDirectory() as folder:
        application = "tests.stress.app:application"
        with apart(Path(folder), kind, application, options=options, quiet=True, tls=tls) as server:
            crowd = _Crowd(server, seed, tls=tls)
            crowd.start()
            time.sleep(seconds)
            crowd.stop_expected()
            server.signal()
            left = server.ended()
            crowd.end()
            return Outcome(
                f"{kind}{' over TLS' if tls else ''}, {seconds:g} s, seed {seed}",
                sum(stressor.right for stressor in crowd.stressors),
                sum(stressor.aborted for stressor in crowd.stressors),
                crowd.wrong,
                left,
                server.log(),
            )
