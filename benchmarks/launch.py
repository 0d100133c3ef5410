"""Servers that are started from Python, one function each, with the settings that they are at their best with.

Started as ``python -m benchmarks.launch NAME APP BIND THREADS CONNECTIONS TLS LOG``: BIND is ``host:port`` or
``unix:path``, TLS a folder with a certificate or empty, LOG 1 or 0. Imports what it starts and nothing else, because
starts are measured, too.
"""

from __future__ import annotations

import sys
from importlib import import_module
from typing import Any, NamedTuple

_KEEP_ALIVE_SECONDS = 75


class _Launch(NamedTuple):
    app: Any
    bind: str
    threads: int
    connections: int
    tls: str
    log: bool

    @property
    def address(self) -> tuple[str, int]:
        host, _, port = self.bind.rpartition(":")
        return host, int(port)

    @property
    def path(self) -> str:
        """Of the Unix socket; empty for TCP."""
        return self.bind.removeprefix("unix:") if self.bind.startswith("unix:") else ""

    @property
    def certificate(self) -> tuple[str, str]:
        return f"{self.tls}/server.pem", f"{self.tls}/server.key"


def bjoern(launch: _Launch) -> None:
    """One thread, libev."""
    import bjoern

    bjoern.run(launch.app, *((launch.bind,) if launch.path else launch.address))


def fastwsgi(launch: _Launch) -> None:
    """One thread, libuv."""
    import fastwsgi

    fastwsgi.server.backlog = 2048
    fastwsgi.server.tcp_nodelay = 1
    fastwsgi.run(launch.app, *launch.address)


def pyruvate(launch: _Launch) -> None:
    """Threads, mio; it leaves chunks out if it is not told."""
    import pyruvate

    pyruvate.serve(
        launch.app,
        launch.bind,
        launch.threads,
        max_number_headers=100,
        chunked_transfer=True,
        keepalive_timeout=_KEEP_ALIVE_SECONDS,
    )


def cheroot(launch: _Launch) -> None:
    """Threads, each with a request; idle connections wait in a selector."""
    from cheroot import wsgi

    address = launch.path or launch.address
    server = wsgi.Server(address, launch.app, numthreads=launch.threads, timeout=_KEEP_ALIVE_SECONDS)
    server.request_queue_size = 1024
    server.keep_alive_conn_limit = 2 * launch.connections
    if launch.tls:
        from cheroot.ssl.builtin import BuiltinSSLAdapter

        server.ssl_adapter = BuiltinSSLAdapter(*launch.certificate)
    server.start()


def gevent(launch: _Launch) -> None:
    """Greenlets; the standard library is patched so that sleeping yields."""
    from gevent import monkey

    monkey.patch_all()
    import socket

    from gevent import pywsgi

    where: Any = launch.address
    if launch.path:
        where = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        where.bind(launch.path)
        where.listen(1024)
        where.setblocking(False)
    files = dict(zip(("certfile", "keyfile"), launch.certificate, strict=True)) if launch.tls else {}
    log = "default" if launch.log else None
    pywsgi.WSGIServer(where, launch.app, backlog=1024, log=log, **files).serve_forever()


def werkzeug(launch: _Launch) -> None:
    """A thread for each connection."""
    import logging

    from werkzeug.serving import WSGIRequestHandler, run_simple

    logging.getLogger("werkzeug").setLevel(logging.INFO if launch.log else logging.ERROR)
    host, port = (launch.bind.replace("unix:", "unix://"), 0) if launch.path else launch.address
    certificate = launch.certificate if launch.tls else None
    # With HTTP/1.1 it keeps connections, which is the faster way.
    WSGIRequestHandler.protocol_version = "HTTP/1.1"
    run_simple(host, port, launch.app, threaded=True, ssl_context=certificate)


_LAUNCHERS = {each.__name__: each for each in (bjoern, fastwsgi, pyruvate, cheroot, gevent, werkzeug)}


def main(name: str, app: str, bind: str, threads: str, connections: str, tls: str, log: str) -> None:
    """Import the application as servers do, and serve it."""
    if name == "gevent":  # before the application imports what is to be patched
        from gevent import monkey

        monkey.patch_all()
    module, _, attribute = app.partition(":")
    application = getattr(import_module(module), attribute)
    _LAUNCHERS[name](_Launch(application, bind, int(threads), int(connections), tls, log == "1"))


if __name__ == "__main__":
    main(*sys.argv[1:])
