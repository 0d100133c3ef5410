"""The servers that are compared: how each is started, and what it cannot do.

Each is one process (granian and gunicorn have a parent besides) with as many threads as it is told, at the best
settings that its documentation has for that. A kept connection stays for 75 s, so that none ends within a case.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Literal, NamedTuple

from benchmarks import environment, limit

__all__ = ["SERVERS", "CannotError", "Order", "Server"]

_KEEP_ALIVE_SECONDS = "75"
_LIMITS = "the limit answers GET / with a constant"


class CannotError(Exception):
    """The server has no such thing; says what."""


class Order(NamedTuple):
    """What a server is asked to do."""

    app: str = "benchmarks.apps:hello"
    port: int = 0
    path: str = ""
    """Of a Unix socket in place of the port."""
    tls: bool = False
    threads: int = 16
    log: bool = False
    """A line for each request, on standard output or error, which is a file."""
    connections: int = 32
    """So many clients keep one each."""
    constant: bool = False
    """GET / is all that it will be asked, and BODY the answer: a limit can be measured beside it."""
    close: bool = False
    """Every request says ``Connection: close``."""

    @property
    def capacity(self) -> int:
        """Connections that a server must be able to hold: more than there will be."""
        return self.connections + 100

    @property
    def bind(self) -> str:
        """The address in one word."""
        return f"unix:{self.path}" if self.path else f"127.0.0.1:{self.port}"


class Server(NamedTuple):
    """One of them."""

    name: str
    package: str
    """A distribution; empty for what is part of this benchmark."""
    module: str
    """What an ``import`` of it means."""
    kind: Literal["ours", "pure", "native", "limit"]
    """Whether what answers is Python (standard library included), or of another language."""
    threaded: bool
    """Whether applications run in several threads at a time."""
    command: Callable[[Order], Sequence[str | Path]]

    def argv(self, order: Order) -> list[str]:
        """The whole command.

        Raises:
            CannotError: The server cannot do this.
        """
        return [str(word) for word in self.command(order)]


def _only(order: Order, name: str, *, path: bool = True, tls: bool = True, log: bool = True) -> None:
    """Refuse what a server does not have."""
    missing = {
        "Unix sockets": order.path and not path,
        "TLS": order.tls and not tls,
        "access log": order.log and not log,
    }
    for what, lacking in missing.items():
        if lacking:
            raise CannotError(f"{name} has no {what}")


def _certificate(order: Order, certificate: str, key: str) -> list[str | Path]:
    folder = environment.CERTIFICATE
    return [certificate, folder / "server.pem", key, folder / "server.key"] if order.tls else []


def _wsgiserve(order: Order) -> Sequence[str | Path]:
    where = ["--uds", order.path] if order.path else ["--host", "127.0.0.1", "--port", str(order.port)]
    how = ["--prod", "--threads", str(order.threads), "--timeout-keep-alive", _KEEP_ALIVE_SECONDS]
    log = "--access-log" if order.log else "--no-access-log"
    tls = _certificate(order, "--cert", "--key")
    return [environment.python(), "-m", "wsgiserve", order.app, *where, *how, log, *tls]


def _gunicorn(order: Order) -> Sequence[str | Path]:
    how = ["-k", "gthread", "--threads", str(order.threads), "--keep-alive", _KEEP_ALIVE_SECONDS, "--no-control-socket"]
    many = ["--worker-connections", str(order.capacity), "--log-level", "error"]
    log = ["--access-logfile", "-"] if order.log else []
    tls = _certificate(order, "--certfile", "--keyfile")
    return [environment.python(), "-m", "gunicorn", "-b", order.bind, *how, *many, *log, *tls, order.app]


def _waitress(order: Order) -> Sequence[str | Path]:
    _only(order, "waitress", tls=False, log=False)
    where = f"--unix-socket={order.path}" if order.path else f"--listen=127.0.0.1:{order.port}"
    many = [f"--connection-limit={order.capacity}", "--backlog=2048", "--asyncore-use-poll"]
    return [environment.python(), "-m", "waitress", where, f"--threads={order.threads}", *many, order.app]


def _granian(order: Order) -> Sequence[str | Path]:
    where = ["--uds", order.path] if order.path else ["--host", "127.0.0.1", "--port", str(order.port)]
    how = ["--interface", "wsgi", "--workers", "1", "--blocking-threads", str(order.threads), "--no-ws"]
    # It holds no more connections than this, whose default is the backlog's.
    many = ["--backpressure", str(order.capacity)]
    log = ["--access-log"] if order.log else ["--log-level", "error"]
    tls = _certificate(order, "--ssl-certificate", "--ssl-keyfile")
    return [environment.script("granian"), *where, *how, *many, *log, *tls, order.app]


def _granian_alone(order: Order) -> Sequence[str | Path]:
    return _granian(order._replace(threads=1))


def _pyuwsgi(order: Order) -> Sequence[str | Path]:
    _only(order, "pyuwsgi", tls=False)
    module, _, name = order.app.partition(":")
    # --http11-socket keeps connections, and a thread for each: whoever comes when there are no more is never answered.
    keeps = order.connections < order.threads
    where = ["--http11-socket" if keeps else "--http-socket", order.path or order.bind, "--listen", "1024"]
    where += [] if keeps else ["--add-header", "Connection: close"]
    how = ["--enable-threads", "--threads", str(order.threads), "--die-on-term", "--need-app", "--tcp-nodelay"]
    log = [] if order.log else ["--disable-logging"]
    size = ["--buffer-size", "65535"]
    return [environment.script("uwsgi"), *where, *how, *log, *size, "--module", module, "--callable", name]


def _launched(
    name: str, *, path: bool = True, tls: bool = True, log: bool = True
) -> Callable[[Order], list[str | Path]]:
    """One that is started from Python: ``benchmarks.launch`` has the script."""

    def command(order: Order) -> list[str | Path]:
        _only(order, name, path=path, tls=tls, log=log)
        tls_folder = str(environment.CERTIFICATE) if order.tls else ""
        words = [
            name,
            order.app,
            order.bind,
            str(order.threads),
            str(order.capacity),
            tls_folder,
            str(int(order.log)),
        ]
        return [environment.python(), "-m", "benchmarks.launch", *words]

    return command


def _limit(argv: Callable[[], list[str | Path]]) -> Callable[[Order], list[str | Path]]:
    def command(order: Order) -> list[str | Path]:
        if not order.constant or order.path or order.tls or order.log:
            raise CannotError(_LIMITS)
        return [*argv(), str(order.port), str(int(order.close))]

    return command


SERVERS = (
    Server("wsgiserve", "wsgiserve", "wsgiserve", "ours", True, _wsgiserve),
    Server("granian", "granian", "granian", "native", True, _granian),
    Server("granian, 1 thread", "granian", "granian", "native", False, _granian_alone),
    Server("bjoern", "bjoern", "bjoern", "native", False, _launched("bjoern", tls=False, log=False)),
    Server(
        "fastwsgi", "fastwsgi", "fastwsgi", "native", False, _launched("fastwsgi", path=False, tls=False, log=False)
    ),
    Server("pyuwsgi", "pyuwsgi", "pyuwsgi", "native", True, _pyuwsgi),
    Server("pyruvate", "pyruvate", "pyruvate", "native", True, _launched("pyruvate", tls=False, log=False)),
    Server("gunicorn gthread", "gunicorn", "gunicorn.app.wsgiapp", "pure", True, _gunicorn),
    Server("waitress", "waitress", "waitress", "pure", True, _waitress),
    Server("cheroot", "cheroot", "cheroot.wsgi", "pure", True, _launched("cheroot", log=False)),
    Server("gevent", "gevent", "gevent.pywsgi", "native", False, _launched("gevent")),
    Server("werkzeug", "werkzeug", "werkzeug.serving", "pure", True, _launched("werkzeug")),
    Server("limit in Python", "", "", "limit", False, _limit(limit.python_argv)),
    Server("limit in C", "", "", "limit", False, _limit(limit.c_argv)),
)
