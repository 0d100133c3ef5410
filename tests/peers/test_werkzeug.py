"""What werkzeug's server is seen to do while it serves, and what its handler can be asked and told: of both servers.

``tests/oracle`` compares responses and environs, ``tests/test_run_simple.py`` and ``tests/reload/test_script.py``
what ``run_simple`` prints and sets, ``tests/test_serving.py`` names and arguments. Here is what takes a moment that a
request, a client and an application share, and what a subclass of the handler is called with.
"""

from __future__ import annotations

import os
import re
import socket
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from http.client import HTTPConnection, IncompleteRead
from typing import TYPE_CHECKING, Any

import pytest
import werkzeug.serving

import wsgiserve.serving
from tests.server.running import GET, SECONDS, reset, until

if TYPE_CHECKING:
    from wsgiref.types import StartResponse, WSGIEnvironment

BOTH = [werkzeug.serving, wsgiserve.serving]

pytestmark = pytest.mark.parametrize("peer", BOTH, ids=["werkzeug", "wsgiserve"])

TEXT = [("Content-Type", "text/plain")]


@contextmanager
def served(peer: Any, app: Callable[..., Any], **arguments: Any) -> Iterator[Any]:
    """A server of one of the two, in a thread."""
    # A class of its own: werkzeug's server writes its protocol_version into the class that it is given.
    handler = type("Handler", (peer.WSGIRequestHandler,), {})
    server = peer.make_server("127.0.0.1", 0, app, **({"threaded": True, "request_handler": handler} | arguments))
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        thread.join(SECONDS)
        server.server_close()
    assert not thread.is_alive()


def connect(server: Any) -> socket.socket:
    return socket.create_connection(("127.0.0.1", server.port), SECONDS)


def hello(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
    start_response("200 OK", TEXT)
    return [b"hello"]


# While it serves


def test_a_block_is_there_before_the_next_one_is_made(peer: Any) -> None:
    read = threading.Event()

    def app(environ: WSGIEnvironment, start_response: StartResponse) -> Iterator[bytes]:
        start_response("200 OK", TEXT)
        yield b"first"
        assert read.wait(SECONDS)
        yield b"second"

    with served(peer, app) as server:
        client = HTTPConnection("127.0.0.1", server.port, timeout=SECONDS)
        client.request("GET", "/")
        response = client.getresponse()
        assert response.read(5) == b"first"
        read.set()
        assert response.read() == b"second"
        client.close()


def test_a_stream_that_breaks_off_does_not_look_whole(peer: Any) -> None:
    def app(environ: WSGIEnvironment, start_response: StartResponse) -> Iterator[bytes]:
        start_response("200 OK", TEXT)
        yield b"first"
        raise ValueError("broken off")

    with served(peer, app) as server:
        client = HTTPConnection("127.0.0.1", server.port, timeout=SECONDS)
        client.request("GET", "/")
        with pytest.raises(IncompleteRead):
            client.getresponse().read()
        client.close()


def test_content_is_read_as_it_arrives(peer: Any) -> None:
    lines: list[bytes] = []

    def app(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        for _ in range(2):
            lines.append(environ["wsgi.input"].readline())
        start_response("200 OK", TEXT)
        return [b"".join(lines)]

    with served(peer, app) as server, connect(server) as client:
        client.sendall(b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n4\r\none\n\r\n")
        until(lambda: lines == [b"one\n"])
        client.sendall(b"4\r\ntwo\n\r\n0\r\n\r\n")
        answer = b""
        while b"one\ntwo\n" not in answer:
            answer += (data := client.recv(65536))
            assert data


def test_requests_run_at_once_with_threads(peer: Any) -> None:
    barrier = threading.Barrier(3, timeout=SECONDS)

    def app(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        barrier.wait()
        return hello(environ, start_response)

    with served(peer, app) as server:
        clients = [connect(server) for _ in range(3)]
        for client in clients:
            client.sendall(GET)
        for client in clients:
            assert client.recv(65536).startswith(b"HTTP/1.1 200 OK\r\n")
            client.close()


def test_a_listening_socket_is_served_by_its_number(peer: Any) -> None:
    listener = socket.create_server(("127.0.0.1", 0))
    port = listener.getsockname()[1]
    fd = listener.detach()
    try:
        with served(peer, hello, fd=fd) as server, connect(server) as client:
            assert server.port == port
            client.sendall(GET)
            assert client.recv(65536).startswith(b"HTTP/1.1 200 OK\r\n")
    finally:
        if peer is werkzeug.serving:
            os.close(fd)  # ours has done so


def test_whose_a_listening_socket_is_that_was_given_by_its_number(peer: Any) -> None:
    """As ``docs/differences.md`` has it."""
    listener = socket.create_server(("127.0.0.1", 0))
    with served(peer, hello, fd=listener.fileno()):
        pass
    if peer is werkzeug.serving:
        assert listener.getsockname()
        listener.close()
    else:
        with pytest.raises(OSError, match="Bad file descriptor"):
            listener.getsockname()
        listener.detach()


# What an application is told


def test_the_connected_socket_is_in_environ(peer: Any) -> None:
    peers: list[Any] = []

    def app(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        peers.append(environ["werkzeug.socket"].getpeername())
        return hello(environ, start_response)

    with served(peer, app) as server, connect(server) as client:
        client.sendall(GET)
        assert client.recv(65536)
        assert peers == [client.getsockname()]


# What a handler is asked


class Told:
    """Mixed into the handler of either: notes what it is called with."""

    told: list[Any]

    def log(self, type: str, message: str, *args: Any) -> None:  # noqa: A002 - werkzeug's name
        text = re.sub(r"\x1b\[\d+m", "", message % args)  # werkzeug colours the request line
        self.told.append((type, text))

    def connection_dropped(self, error: BaseException, environ: Any = None) -> None:
        self.told.append(("dropped", isinstance(error, ConnectionError)))


def told_by(peer: Any, *requests: bytes) -> list[Any]:
    """What the handler of a server was told while it answered these."""
    handler: Any = type("Handler", (Told, peer.WSGIRequestHandler), {"told": []})
    with served(peer, hello, request_handler=handler) as server:
        for request in requests:
            with connect(server) as client:
                client.sendall(request)
                with suppress(ConnectionResetError):
                    while client.recv(65536):
                        pass
    told: list[Any] = handler.told
    return told


CLOSING = GET.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n")


def test_a_request_is_logged_with_its_line_and_status(peer: Any) -> None:
    targets = [b"/", b"/a%20b?c=d", b"/%1b[31m"]
    told = told_by(peer, *(CLOSING.replace(b" / ", b" %b " % target) for target in targets))
    assert [(level, re.sub(r" (-|\d+)$", "", text)) for level, text in told] == [
        ("info", f'"GET {target.decode()} HTTP/1.1" 200') for target in targets
    ]


def test_a_target_is_logged_decoded_or_as_it_was_sent(peer: Any) -> None:
    """As ``docs/differences.md`` has it."""
    ((_, text),) = told_by(peer, CLOSING.replace(b" / ", b" /caf%C3%A9 "))
    path = "/café" if peer is werkzeug.serving else "/caf%C3%A9"
    assert text.startswith(f'"GET {path} HTTP/1.1" 200 ')


def test_a_client_that_leaves_is_told_to_the_handler(peer: Any) -> None:
    left = threading.Event()

    def app(environ: WSGIEnvironment, start_response: StartResponse) -> Iterator[bytes]:
        start_response("200 OK", TEXT)
        yield b"first"
        assert left.wait(SECONDS)
        while True:
            yield bytes(65536)

    handler: Any = type("Handler", (Told, peer.WSGIRequestHandler), {"told": []})
    with served(peer, app, request_handler=handler) as server:
        client = connect(server)
        client.sendall(GET)
        assert client.recv(65536)
        reset(client)
        left.set()
        until(lambda: ("dropped", True) in handler.told)


def test_its_names_for_a_request_can_be_overridden(peer: Any) -> None:
    seen: list[Any] = []

    class Own(peer.WSGIRequestHandler):  # type: ignore[misc]  # of either server
        server_version = "Own/1"

        def make_environ(self) -> Any:
            environ = super().make_environ()
            environ["own"] = (self.command, self.path, self.request_version, self.headers["X-Own"])
            return environ

        def address_string(self) -> str:
            return "192.0.2.1"

        def port_integer(self) -> int:
            return 7

        def log(self, type: str, message: str, *args: Any) -> None:  # noqa: A002 - werkzeug's name
            pass

    def app(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        seen.append((environ["own"], environ["REMOTE_ADDR"], int(environ["REMOTE_PORT"])))
        return hello(environ, start_response)

    with served(peer, app, request_handler=Own) as server, connect(server) as client:
        client.sendall(CLOSING.replace(b" / ", b" /a?b ").replace(b"\r\nConn", b"\r\nX-Own: yes\r\nConn"))
        answer = b"".join(iter(lambda: client.recv(65536), b""))
    assert seen == [(("GET", "/a?b", "HTTP/1.1", "yes"), "192.0.2.1", 7)]
    assert b"\r\nServer: Own/1" in answer
