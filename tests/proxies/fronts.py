"""nginx and HAProxy as programs of the test's own: a configuration in its folder, a port of its choice."""

from __future__ import annotations

import os
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.needed import needs
from tests.ports import reserved_port
from tests.server.running import SECONDS

__all__ = ["FRONTS", "TUNNELS", "Front", "fronted"]

Front = Callable[[Path, str, int], list[str]]
"""From a folder, an upstream (``127.0.0.1:8000`` or the path of a unix socket) and a port to listen on to a command."""


def nginx(folder: Path, upstream: str, port: int) -> list[str]:
    """Connections to the upstream are kept, and shared by all clients."""
    server = f"unix:{upstream}" if upstream.startswith("/") else upstream
    places = "".join(
        f"{name}_temp_path {folder}/{name};\n" for name in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    (folder / "nginx.conf").write_text(f"""\
{"user root;" if os.geteuid() == 0 else ""}
daemon off;
worker_processes 1;
pid {folder}/nginx.pid;
error_log stderr warn;
events {{ }}
http {{
    access_log off;
    {places}
    upstream app {{ server {server}; keepalive 2; }}
    server {{
        listen 127.0.0.1:{port};
        location / {{
            proxy_pass http://app;
            proxy_http_version 1.1;
            proxy_set_header Connection "";
            proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
            proxy_set_header X-Forwarded-Proto $scheme;
            proxy_set_header X-Forwarded-Host $http_host;
        }}
    }}
}}
""")
    return ["nginx", "-p", str(folder), "-c", str(folder / "nginx.conf"), "-e", "stderr"]


_HTTP = """\
    option http-keep-alive
    http-reuse always
    option forwardfor
    http-request set-header X-Forwarded-Proto http
    http-request set-header X-Forwarded-Host %[req.hdr(host)]
"""


def haproxy(folder: Path, upstream: str, port: int) -> list[str]:
    """The same."""
    return _haproxy(folder, upstream, port, "http", _HTTP)


def proxy_v1(folder: Path, upstream: str, port: int) -> list[str]:
    """HAProxy that passes bytes on as they are, behind a PROXY header of version 1."""
    return _haproxy(folder, f"{upstream} send-proxy", port, "tcp", "")


def proxy_v2(folder: Path, upstream: str, port: int) -> list[str]:
    """The same with one of version 2, and a checksum in it."""
    return _haproxy(folder, f"{upstream} send-proxy-v2 proxy-v2-options crc32c,unique-id", port, "tcp", "")


def _haproxy(folder: Path, upstream: str, port: int, mode: str, options: str) -> list[str]:
    server = f"unix@{upstream}" if upstream.startswith("/") else upstream
    (folder / "haproxy.cfg").write_text(f"""\
defaults
    timeout connect {SECONDS:.0f}s
    timeout client {SECONDS:.0f}s
    timeout server {SECONDS:.0f}s
listen app
    mode {mode}
    bind 127.0.0.1:{port}
{options}
    server app {server}
""")
    return ["haproxy", "-db", "-q", "-f", str(folder / "haproxy.cfg")]


FRONTS: dict[str, Front] = {"nginx": nginx, "haproxy": haproxy}
TUNNELS: dict[str, Front] = {"v1": proxy_v1, "v2": proxy_v2}


@contextmanager
def fronted(front: Front, folder: Path, upstream: str) -> Iterator[int]:
    """Start one in front of an upstream; its port."""
    name = "nginx" if front is nginx else "haproxy"
    needs(name)
    log = folder / f"{name}.log"
    with reserved_port() as port:
        with log.open("w") as stderr:
            process = subprocess.Popen(front(folder, upstream, port), stdout=stderr, stderr=stderr)
        try:
            _wait_for(port, process, log)
            yield port
        finally:
            process.terminate()
            process.wait(SECONDS)


def _wait_for(port: int, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + SECONDS
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=SECONDS).close()
        except ConnectionRefusedError:
            assert process.poll() is None, log.read_text()
            assert time.monotonic() < deadline, log.read_text()
            time.sleep(0.005)
        else:
            return
