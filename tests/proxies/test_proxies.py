"""nginx and HAProxy in front, over TCP and unix sockets: who the client is, and that nobody gets another's response."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from http.client import HTTPConnection
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.proxies.fronts import FRONTS, TUNNELS, Front, fronted
from tests.server.running import SECONDS, running
from wsgiserve.conform.samples import samples
from wsgiserve.server.access import Access
from wsgiserve.server.servers import ThreadPoolWSGIServer
from wsgiserve.wsgi.peers import Peers
from wsgiserve.wsgi.proxied import ProxyHeaders

if TYPE_CHECKING:
    from wsgiref.types import StartResponse, WSGIEnvironment

_TOLD = ("REMOTE_ADDR", "REMOTE_PORT", "wsgi.url_scheme", "HTTP_HOST", "SERVER_NAME", "SERVER_PORT")


def tell(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
    """What the application sees of its client, and the path and content that it got."""
    told = {key: environ[key] for key in _TOLD}
    told["path"], told["content"] = environ["PATH_INFO"], environ["wsgi.input"].read().decode("latin-1")
    told["claims"] = [key for key in environ if "FORWARDED" in key]
    start_response("200 OK", [("Content-Type", "application/json")])
    return [json.dumps(told).encode()]


Ask = Callable[..., Any]


@contextmanager
def served(front: Front, upstream: str, folder: Path, *, tunnel: bool = False) -> Iterator[tuple[int, list[Access]]]:
    """The front's port, and the lines of the access log of the server behind it."""
    accesses: list[Access] = []
    host = f"unix://{folder}/app" if upstream == "unix" else "127.0.0.1"
    server = ThreadPoolWSGIServer(host, 0, tell, access_log=accesses.append, threads=4)
    if tunnel:
        server.proxy_protocol = Peers(["unix", "127.0.0.1"])
    else:
        server.proxy_headers = ProxyHeaders(["unix", "127.0.0.1"], ["for", "proto", "host"])
    place = f"{folder}/app" if upstream == "unix" else f"127.0.0.1:{server.port}"
    with running(server), fronted(front, folder, place) as port:
        yield port, accesses


def ask(connection: HTTPConnection, path: str, content: str = "", **headers: str) -> Any:
    connection.request("POST" if content else "GET", path, content.encode(), headers)
    response = connection.getresponse()
    assert response.status == 200
    return json.loads(response.read())


@pytest.mark.parametrize("upstream", ["tcp", "unix"])
@pytest.mark.parametrize("front", FRONTS)
def test_the_client_is_known_by_what_the_proxy_says_and_claims_are_not_heard(
    front: str, upstream: str, tmp_path: Path
) -> None:
    with served(FRONTS[front], upstream, tmp_path) as (port, accesses):
        connection = HTTPConnection("127.0.0.1", port, timeout=SECONDS)
        connection.request("GET", "/", headers={"X-Forwarded-Prefix": "/evil", "Forwarded": "for=192.0.2.1"})
        told = json.loads(connection.getresponse().read())
        assert told["REMOTE_ADDR"] == "127.0.0.1"
        assert (told["wsgi.url_scheme"], told["HTTP_HOST"]) == ("http", f"127.0.0.1:{port}")
        assert (told["SERVER_NAME"], told["SERVER_PORT"]) == ("127.0.0.1", str(port))
        assert sorted(told["claims"]) == ["HTTP_X_FORWARDED_FOR", "HTTP_X_FORWARDED_HOST", "HTTP_X_FORWARDED_PROTO"]
        # The proxy is at 127.0.0.1, and so is its client: whom that one names is one more proxy's client.
        assert ask(connection, "/named", **{"X-Forwarded-For": "nonsense, 192.0.2.7"})["REMOTE_ADDR"] == "192.0.2.7"
        assert ask(connection, "/again")["REMOTE_ADDR"] == "127.0.0.1"
        connection.close()
    # In whatever order: which of its connections the proxy takes for a request is its own business.
    peers = {access.target: access.peer for access in accesses}
    assert peers == {"/": "127.0.0.1", "/named": "192.0.2.7", "/again": "127.0.0.1"}


@pytest.mark.parametrize("upstream", ["tcp", "unix"])
@pytest.mark.parametrize("version", TUNNELS)
def test_the_client_is_known_by_the_proxy_protocol(version: str, upstream: str, tmp_path: Path) -> None:
    with served(TUNNELS[version], upstream, tmp_path, tunnel=True) as (port, accesses):
        connection = HTTPConnection("127.0.0.1", port, timeout=SECONDS)
        told = ask(connection, "/", "content")
        assert connection.sock is not None
        assert (told["REMOTE_ADDR"], told["REMOTE_PORT"]) == ("127.0.0.1", str(connection.sock.getsockname()[1]))
        assert told["content"] == "content"
        connection.close()
    assert [access.peer for access in accesses] == ["127.0.0.1"]


# Requests as content of others: whoever reads lengths wrongly answers them.
INNER = b"GET /inner HTTP/1.1\r\nHost: x\r\n\r\n"
WRAPPED = [
    b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n%b" % (len(INNER), INNER),
    b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n%x\r\n%b\r\n0\r\n\r\n" % (len(INNER), INNER),
    b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n%b"
    % (len(INNER) + 5, INNER),
]
HOSTILE = [*WRAPPED, *(sample.data for sample in [*samples("invalid"), *samples("valid")])] * 2


@pytest.mark.parametrize("upstream", ["tcp", "unix"])
@pytest.mark.parametrize("front", FRONTS)
def test_no_request_of_one_client_reaches_the_response_of_another(front: str, upstream: str, tmp_path: Path) -> None:
    with served(FRONTS[front], upstream, tmp_path) as (port, _):
        wrong: list[object] = []
        done = threading.Event()

        def client(name: int) -> None:
            connection = HTTPConnection("127.0.0.1", port, timeout=SECONDS)
            count = 0
            while not done.is_set():
                count += 1
                path, content = f"/client-{name}/{count}", f"{name} {count}" * (count % 3)
                told = ask(connection, path, content)
                if (told["path"], told["content"]) != (path, content):
                    wrong.append(told)
            connection.close()

        def checked(name: int) -> None:
            try:
                client(name)
            except Exception as error:
                wrong.append(error)

        clients = [threading.Thread(target=checked, args=(name,)) for name in range(3)]
        for thread in clients:
            thread.start()
        for data in HOSTILE:
            attack(port, data)
        done.set()
        for thread in clients:
            thread.join(SECONDS)
        assert wrong == []


def attack(port: int, data: bytes) -> None:
    """Send bytes to the proxy, and more behind them on the same connection, and read what comes of it."""
    with suppress(ConnectionError), socket.create_connection(("127.0.0.1", port), timeout=SECONDS) as sock:
        sock.sendall(data + b"GET /smuggled HTTP/1.1\r\nHost: x\r\n\r\n")
        sock.shutdown(socket.SHUT_WR)
        while sock.recv(65536):
            pass
