"""Servers that are started from Python, one function each, with the settings that they are at their best with.

Started as ``python -m benchmarks.launch NAME APP BIND THREADS CAPACITY TLS LOG``: BIND is ``host:port`` or
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
    capacity: int
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
    import socket

    import bjoern

    listener = bjoern.bind_and_listen(*((launch.bind,) if launch.path else launch.address))
    if not launch.path:
        # Inherited by connections, as for gevent below.
        listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    bjoern.server_run(listener, launch.app)


def fastwsgi(launch: _Launch) -> None:
    """One thread, libuv."""
    import fastwsgi

    fastwsgi.server.backlog = 2048
    fastwsgi.server.tcp_nodelay = 1
    fastwsgi.run(launch.app, *launch.address)


def pyruvate(launch: _Launch) -> None:
    """Threads, mio. A connection that it is told to keep gets no second answer; chunks end in a content's place."""
    import pyruvate

    pyruvate.serve(launch.app, launch.path or launch.bind, launch.threads, max_number_headers=100)


def cheroot(launch: _Launch) -> None:
    """Threads, each with a request; idle connections wait in a selector."""
    from cheroot import wsgi

    address = launch.path or launch.address
    server = wsgi.Server(address, launch.app, numthreads=launch.threads, timeout=_KEEP_ALIVE_SECONDS)
    server.request_queue_size = 1024
    server.keep_alive_conn_limit = launch.capacity
    if launch.tls:
        from cheroot.ssl.builtin import BuiltinSSLAdapter

        server.ssl_adapter = BuiltinSSLAdapter(*launch.certificate)
    server.start()


def gevent(launch: _Launch) -> None:
    """Greenlets; the standard library is patched so that sleeping yields."""
    import socket

    from gevent import pywsgi

    kind, where = (socket.AF_UNIX, launch.path) if launch.path else (socket.AF_INET, launch.address)
    listener = socket.socket(kind)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    if not launch.path:
        # Inherited by connections. It sends head and body apart, and would wait for the client's delayed ACK.
        listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    listener.bind(where)
    listener.listen(1024)
    listener.setblocking(False)
    files = dict(zip(("certfile", "keyfile"), launch.certificate, strict=True)) if launch.tls else {}
    log = "default" if launch.log else None
    pywsgi.WSGIServer(listener, launch.app, log=log, **files).serve_forever()


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


def main(name: str, app: str, bind: str, threads: str, capacity: str, tls: str, log: str) -> None:
    """Import the application as servers do, and serve it."""
    if name == "gevent":  # before the application imports what is to be patched
        from gevent import monkey

        monkey.patch_all()
    module, _, attribute = app.partition(":")
    application = getattr(import_module(module), attribute)
    _LAUNCHERS[name](_Launch(application, bind, int(threads), int(capacity), tls, log == "1"))


if __name__ == "__main__":
    main(*sys.argv[1:])
