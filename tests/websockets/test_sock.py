"""Flask-Sock with the client of ``websockets``: messages, closing from both sides, silence behind it, and accounts."""

from __future__ import annotations

import base64
import os
import socket
import ssl
import struct
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack

import pytest
from websockets.exceptions import ConnectionClosed, ConnectionClosedError
from websockets.sync.client import ClientConnection, connect

from tests.server.running import until
from tests.websockets.applications import make_sock
from wsgiserve.testing import TestServer, serve

SECONDS = 30.0


@pytest.fixture
def server() -> Iterator[TestServer]:
    with serve(make_sock()) as made:
        yield made


def open_echo(server: TestServer) -> ClientConnection:
    return connect(server.url("/echo").replace("http", "ws"), proxy=None, max_size=None)


def end_of(ws: ClientConnection) -> tuple[int, str]:
    """Code and reason of the server's close frame."""
    with pytest.raises(ConnectionClosed) as closed:
        ws.recv(SECONDS)
    assert closed.value.rcvd is not None
    return closed.value.rcvd.code, closed.value.rcvd.reason


def test_messages_of_all_kinds_come_back(server: TestServer) -> None:
    with open_echo(server) as ws:
        for message in ("text", "grüße", b"\x00binary", "x" * 1_000_000, os.urandom(1_000_000), ""):
            ws.send(message)
            assert ws.recv(SECONDS) == message


def test_a_message_in_fragments_is_one(server: TestServer) -> None:
    with open_echo(server) as ws:
        ws.send(["one, ", "two, ", "three"])
        assert ws.recv(SECONDS) == "one, two, three"


def test_a_ping_is_answered(server: TestServer) -> None:
    with open_echo(server) as ws:
        assert ws.ping(b"are you there").wait(SECONDS)


def test_the_client_closes(server: TestServer) -> None:
    with open_echo(server) as ws:
        ws.close(1001, "going")
    assert (ws.close_code, ws.close_reason) == (1001, "going")
    assert server.wait_for("GET /echo", SECONDS).status == 101


def test_the_application_closes(server: TestServer) -> None:
    with open_echo(server) as ws:
        ws.send("close")
        assert end_of(ws) == (4000, "as you wish")


def test_an_error_of_the_application_ends_it_and_no_response_follows(server: TestServer) -> None:
    with open_echo(server) as ws:
        ws.send("raise")
        with pytest.raises(ConnectionClosedError):
            ws.recv(SECONDS)
    assert isinstance(server.wait_for("GET /echo", SECONDS).errors[0], KeyError)


def test_a_client_that_is_suddenly_gone_ends_it(server: TestServer) -> None:
    with open_echo(server) as ws:
        ws.socket.shutdown(socket.SHUT_RDWR)
    assert server.wait_for("GET /echo", SECONDS).status == 101


# On the wire


def frame(opcode: int, payload: bytes) -> bytes:
    """A masked frame of less than 126 bytes, its mask being zeros."""
    return bytes([0x80 | opcode, 0x80 | len(payload)]) + bytes(4) + payload


HANDSHAKE = (
    b"GET /echo HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: " + base64.b64encode(bytes(16)) + b"\r\n\r\n"
)


def everything(client: socket.socket) -> bytes:
    """All bytes up to the end; a reset is an error."""
    return b"".join(iter(lambda: client.recv(65536), b""))


def test_nothing_follows_the_close_frame_but_the_end(server: TestServer) -> None:
    with socket.create_connection((server.host, server.port), timeout=SECONDS) as client:
        client.sendall(HANDSHAKE)
        answer = client.recv(65536)
        assert answer.startswith(b"HTTP/1.1 101 ")
        assert answer.endswith(b"\r\n\r\n")
        client.sendall(frame(1, b"close"))
        close = b"\x88" + bytes([2 + len("as you wish")]) + struct.pack("!H", 4000) + b"as you wish"
        got = b""
        while len(got) < len(close):
            got += client.recv(65536)
        client.sendall(frame(8, struct.pack("!H", 4000)))
        assert got + everything(client) == close


def test_what_is_no_websocket_is_refused_in_http(server: TestServer) -> None:
    with socket.create_connection((server.host, server.port), timeout=SECONDS) as client:
        client.sendall(b"GET /echo HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
        assert everything(client).startswith(b"HTTP/1.1 400 ")


# Accounts


def other_threads() -> list[threading.Thread]:
    """Than the server's, of which some may not have been started yet."""
    return [thread for thread in threading.enumerate() if not thread.name.startswith("wsgiserve")]


def test_nothing_is_left_of_many(server: TestServer) -> None:
    with open_echo(server) as ws:
        ws.send("first")
        ws.recv(SECONDS)
    server.wait_for("GET /echo", SECONDS)
    before = len(other_threads())
    for _ in range(60):
        with open_echo(server) as ws:
            ws.send("one")
            assert ws.recv(SECONDS) == "one"
    for _ in range(60):
        assert server.wait_for("GET /echo", SECONDS).status == 101
    until(lambda: not server._server.connections and len(other_threads()) <= before)
    assert (server.errors, server.lint) == ([], [])


def test_as_many_as_there_are_threads_and_then_one_more_waits(server: TestServer) -> None:
    opened = threading.Event()

    def come_later() -> None:
        with open_echo(server) as ws:
            ws.send("at last")
            assert ws.recv(SECONDS) == "at last"
            opened.set()

    late = threading.Thread(target=come_later)
    with ExitStack() as stack:
        clients = [stack.enter_context(open_echo(server)) for _ in range(4)]
        for ws in clients:
            ws.send("here")
            assert ws.recv(SECONDS) == "here"
        late.start()
        clients[0].close()
        assert opened.wait(SECONDS)
    late.join(SECONDS)


def test_a_server_that_stops_does_not_wait_for_them_for_ever() -> None:
    server = serve(make_sock())
    with open_echo(server) as ws:
        ws.send("here")
        assert ws.recv(SECONDS) == "here"
        started = time.monotonic()
        server.close()
        assert time.monotonic() - started < SECONDS / 3
        with pytest.raises(ConnectionClosed):
            ws.recv(SECONDS)


def test_over_tls() -> None:
    with serve(make_sock(), https=True) as server:
        context = ssl.create_default_context(cafile=server.ca)
        # With TLS 1.3 the server's tickets come while the client sends its request in another thread, and a socket of
        # CPython 3.11's ssl is not for two at a time: of 1,440 requests four never left, of 6,000 from one thread none.
        context.maximum_version = ssl.TLSVersion.TLSv1_2
        url = server.url("/echo").replace("http", "ws")
        with connect(url, ssl=context, server_hostname="localhost", proxy=None, max_size=None) as ws:
            for message in ("text", os.urandom(300_000)):
                ws.send(message)
                assert ws.recv(SECONDS) == message
