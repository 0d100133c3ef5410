"""The server: in a thread, on a port that the system picks, there when it is made, gone within a second."""

from __future__ import annotations

import sys
import threading
from collections import deque
from contextlib import ExitStack
from itertools import count
from operator import itemgetter
from tempfile import TemporaryDirectory
from time import monotonic
from types import TracebackType
from typing import Any, Self

from wsgiserve.errors import UserError
from wsgiserve.importer import load
from wsgiserve.lint import Finding, Linter, linting
from wsgiserve.server.deadlines import Deadlines
from wsgiserve.server.servers import ThreadPoolWSGIServer
from wsgiserve.server.tls import make_ssl_devcert
from wsgiserve.testing.recording import Exchange, RecordingHandler, note_swallowed
from wsgiserve.wsgi.gateway import Application

__all__ = ["TestServer", "serve"]

# Exchanges that are remembered.
_REMEMBERED = 1000

# Seconds between the last byte of a response and the end of its request, at most: the application may go on.
_SETTLE = 1.0

# Seconds for what runs when the server is closed, and after that for the threads to notice.
_GRACE, _END = 0.3, 0.6


class _Server(ThreadPoolWSGIServer):
    """Puts what its handlers record where a test waits for it."""

    def __init__(self, *args: Any, **settings: Any) -> None:
        super().__init__(*args, **settings)
        self.changed = threading.Condition()
        self._exchanges: deque[tuple[int, Exchange]] = deque(maxlen=_REMEMBERED)
        self._unseen: deque[tuple[int, Exchange]] = deque(maxlen=_REMEMBERED)
        self._ending = 0
        self._turns = count()

    def ends(self) -> int:
        """A client is about to have the whole of a response, which is not recorded yet: its place among the others."""
        with self.changed:
            self._ending += 1
            return next(self._turns)

    def record(self, exchange: Exchange, turn: int | None) -> None:
        with self.changed:
            if turn is None:
                turn = next(self._turns)
            else:
                self._ending -= 1
            self._exchanges.append((turn, exchange))
            self._unseen.append((turn, exchange))
            self.changed.notify_all()

    def complete(self) -> list[Exchange]:
        """All exchanges, those too whose clients may know the answer a moment before we do."""
        with self.changed:
            self.await_records()
            return self.exchanges()

    def await_records(self) -> None:
        """Wait a moment for those; ``changed`` is held."""
        self.changed.wait_for(lambda: not self._ending, timeout=_SETTLE)

    def exchanges(self) -> list[Exchange]:
        """Those that are over, in the order in which their clients knew it; ``changed`` is held."""
        return [exchange for _, exchange in sorted(self._exchanges, key=itemgetter(0))]

    def take_unseen(self, request: str) -> Exchange | None:
        """The first exchange of a kind that was not taken yet; ``changed`` is held."""
        kind = [entry for entry in self._unseen if _is(entry[1], request)]
        if not kind:
            return None
        found = min(kind, key=itemgetter(0))
        self._unseen.remove(found)
        return found[1]


class TestServer:
    """A running server; ``close`` it, or use it in a ``with`` statement. ``serve`` is another name for it.

    Args:
        app: the application, or where it is: ``"shop.web:create_app('test')"``.
        host: an address of this machine.
        threads: how many requests run at once.
        https: speak TLS, with a certificate that is made now; ``ca`` is for clients that are to trust it.
        script_name: where the application is mounted.

    Attributes:
        host, port: where it listens.
        ca: path of the certificate; empty without ``https``. ``requests.get(url, verify=server.ca)``.
    """

    __test__ = False  # for pytest: no class of tests

    def __init__(
        self,
        app: Application | str,
        *,
        host: str = "127.0.0.1",
        threads: int = 4,
        https: bool = False,
        script_name: str = "",
    ) -> None:
        self._cleanup = ExitStack()
        application = _load(app) if isinstance(app, str) else app
        _listen_to_frameworks()
        self.ca, key = self._make_certificate() if https else ("", "")
        self._script_name = script_name
        self._server = _Server(
            host,
            0,
            application,
            linting(Linter(tell=lambda finding: None), RecordingHandler),
            ssl_context=(self.ca, key) if https else None,
            threads=threads,
            deadlines=Deadlines(graceful=_GRACE),
            script_name=script_name,
            access_log=None,
        )
        self.host, self.port = host, self._server.port
        self._thread = threading.Thread(target=self._server.serve_forever, name="wsgiserve-test", daemon=True)
        self._thread.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def url(self, path: str = "/") -> str:
        """An absolute URL; ``path`` begins where the application is mounted."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        scheme = "https" if self.ca else "http"
        return f"{scheme}://{host}:{self.port}{self._script_name}{path}"

    # What it has served

    @property
    def requests(self) -> list[Exchange]:
        """The last thousand exchanges that are over, in the order in which their clients had the answers."""
        return self._server.complete()

    @property
    def errors(self) -> list[BaseException]:
        """Exceptions of the application in them, those included of which Flask or Django made a page."""
        return [error for exchange in self.requests for error in exchange.errors]

    @property
    def lint(self) -> list[Finding]:
        """What the linter found in them."""
        return [finding for exchange in self.requests for finding in exchange.findings]

    def wait_for(self, request: str, timeout: float = 10.0) -> Exchange:
        """The next exchange of a kind that no earlier call has returned; it may be over already.

        Args:
            request: ``"POST /pay"``; the query may be left out.
            timeout: seconds.
        Raises:
            AssertionError: none came in time; it lists those that did.
        """
        deadline = monotonic() + timeout
        server = self._server
        with server.changed:
            server.await_records()
            while (found := server.take_unseen(request)) is None:
                if not server.changed.wait(deadline - monotonic()) and monotonic() >= deadline:
                    seen = "".join(f"\n  {exchange}" for exchange in server.exchanges()) or " nothing"
                    raise AssertionError(f"no {request} within {timeout:g} s; there was:{seen}")
            return found

    def close(self) -> None:
        """Stop. What runs has a moment to finish; a thread that does not is left to itself."""
        self._server.stop()
        self._thread.join(_GRACE + _END)
        if self._thread.is_alive():
            self._server.stop()
            self._thread.join(_END)
        self._cleanup.close()

    def _make_certificate(self) -> tuple[str, str]:
        folder = self._cleanup.enter_context(TemporaryDirectory(prefix="wsgiserve-"))
        return make_ssl_devcert(f"{folder}/test")


serve = TestServer


def _is(exchange: Exchange, request: str) -> bool:
    return request in (f"{exchange.method} {exchange.target}", f"{exchange.method} {exchange.path}")


def _load(app: str) -> Application:
    try:
        return load(app).application
    except UserError as error:
        error.add_note(f"Why: {error.why}\nFix: {error.fix}")
        raise


_heard: set[str] = set()


def _listen_to_frameworks() -> None:
    """Hear of exceptions that a framework makes a page of, if it is in use."""
    if "flask" in sys.modules and "flask" not in _heard:
        import flask

        flask.got_request_exception.connect(_note_flasks, weak=False)
        _heard.add("flask")
    if "django.core.signals" in sys.modules and "django" not in _heard:
        from django.core.signals import got_request_exception

        got_request_exception.connect(_note_djangos, weak=False)
        _heard.add("django")


def _note_flasks(sender: object, exception: BaseException, **_: object) -> None:
    note_swallowed(exception)


def _note_djangos(sender: object, **_: object) -> None:
    note_swallowed(sys.exc_info()[1])
