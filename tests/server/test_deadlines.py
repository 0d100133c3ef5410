"""Deadlines over real sockets: who is too slow is answered if somebody may be waiting, and is gone."""

from __future__ import annotations

import ssl
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any

import pytest

from tests.server.client import Client, connect, request
from tests.server.running import GET, IN_ONE_PROCESS, SECONDS, Held, hello, running, until
from wsgiserve.http11 import Limits
from wsgiserve.server.base import BaseWSGIServer
from wsgiserve.server.deadlines import Deadlines
from wsgiserve.server.servers import ThreadedWSGIServer, ThreadPoolWSGIServer
from wsgiserve.server.tls import generate_adhoc_ssl_context

if TYPE_CHECKING:
    from collections.abc import Iterable
    from wsgiref.types import StartResponse, WSGIEnvironment

each_class = pytest.mark.parametrize("server_class", IN_ONE_PROCESS)

Make = type[BaseWSGIServer]

# What is tested is short; what is not tested does not come in between.
FAR = 60.0


def deadlines(**seconds: float) -> Deadlines:
    return Deadlines(**({"head": FAR, "body": FAR, "keep_alive": FAR, "write": FAR, "tls_handshake": FAR} | seconds))


def made(
    server_class: Make, app: Any = hello, *, tls: Any = None, limits: Limits | None = None, **seconds: float
) -> BaseWSGIServer:
    settings = {"ssl_context": tls, "limits": limits, "deadlines": deadlines(**seconds), "access_log": None}
    return server_class("127.0.0.1", 0, app, **settings)


@contextmanager
def serving(server_class: Make, app: Any = hello, **settings: Any) -> Iterator[BaseWSGIServer]:
    with running(made(server_class, app, **settings)) as server:
        yield server


@contextmanager
def connected(server: BaseWSGIServer, data: bytes = b"") -> Iterator[Client]:
    client = connect(("127.0.0.1", server.port))
    client.send(data)
    yield client
    client.close()


@contextmanager
def asking(server: BaseWSGIServer, data: bytes) -> Iterator[Client]:
    """A client that has asked before the server begins to serve: in time, however busy the machine is."""
    with connected(server, data) as client, running(server):
        yield client


# Head


@each_class
def test_a_connection_that_never_says_anything_is_closed_silently(server_class: Make) -> None:
    with serving(server_class, head=0.1) as server, connected(server) as client:
        assert client.rest() == b""


@each_class
@pytest.mark.parametrize("start", [b"G", b"GET / HTTP/1.1\r\n", GET[:-1]])
def test_a_head_that_does_not_end_is_answered_408_and_the_connection_closed(server_class: Make, start: bytes) -> None:
    with serving(server_class, head=0.1) as server, connected(server, start) as client:
        answer = client.read()
        assert answer.status == 408
        assert answer.headers["Connection"] == "close"
        assert client.rest() == b""


@each_class
def test_a_second_head_that_does_not_end_is_answered_408_too(server_class: Make) -> None:
    with asking(made(server_class, head=0.1), GET + b"GET /again") as client:
        assert client.read().status == 200
        assert client.read().status == 408
        assert client.rest() == b""


@each_class
def test_dripping_does_not_make_a_head_s_deadline_later(server_class: Make) -> None:
    limits = Limits(fields=100_000, head=1_000_000)  # more than a deadline that moves would let come
    server = made(server_class, limits=limits, head=0.2)
    with asking(server, b"GET / HTTP/1.1\r\nHost: x\r\n") as client:
        answered = threading.Event()

        def drip() -> None:
            with suppress(OSError):
                while not answered.wait(0.01):
                    client.send(b"X: y\r\n")

        dripping = threading.Thread(target=drip)
        dripping.start()
        try:
            assert client.read().status == 408
        finally:
            answered.set()
            dripping.join()


@each_class
def test_a_head_that_arrives_in_time_is_served(server_class: Make) -> None:
    with serving(server_class) as server, connected(server, GET[:5]) as client:
        until(lambda: [True for connection in server.connections.values() if connection.http.started])
        client.send(GET[5:])
        assert client.read().status == 200


# Between requests


@each_class
def test_an_idle_connection_is_closed_silently_after_its_time(server_class: Make) -> None:
    started = time.monotonic()
    with serving(server_class, keep_alive=0.1) as server, connected(server, GET) as client:
        assert client.read().status == 200
        assert client.rest() == b""
        assert time.monotonic() - started > 0.1


@each_class
def test_before_its_first_request_a_connection_has_a_head_s_time_and_not_a_pause_s(server_class: Make) -> None:
    with serving(server_class, head=0.1) as server, connected(server) as client:
        assert client.rest() == b""
    with serving(server_class, keep_alive=0.1) as server, connected(server) as silent, connected(server, GET) as asking:
        assert asking.read().status == 200
        assert asking.rest() == b""
        silent.send(GET)
        assert silent.read().status == 200


@pytest.mark.parametrize("server_class", [ThreadPoolWSGIServer, ThreadedWSGIServer])
def test_a_deadline_that_another_thread_sets_while_the_poller_waits_is_kept(server_class: Make) -> None:
    app = Held()
    with serving(server_class, app, keep_alive=0.2) as server, connected(server, request("/held")) as client:
        app.wait_for(1)
        with connected(server, GET) as other:
            assert other.read().status == 200
            app.go.set()
            assert client.read().status == 200
            assert client.rest() == b""


@pytest.mark.parametrize("server_class", [ThreadPoolWSGIServer, ThreadedWSGIServer])
def test_a_request_that_is_served_has_no_deadline(server_class: Make) -> None:
    app = Held()
    server = made(server_class, app, head=0.1)
    with asking(server, request("/held")) as client:
        app.wait_for(1)
        with connected(server) as later:
            assert later.rest() == b""  # so the first one's deadline has gone by, and was looked at
        app.go.set()
        assert client.read().status == 200


# A client that does not read


@each_class
def test_a_client_that_takes_no_byte_of_a_finished_response_is_given_up(server_class: Make) -> None:
    asked = threading.Event()

    def large(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        asked.set()
        start_response("200 OK", [("Content-Length", "20000000")])
        return [bytes(20_000_000)]

    with serving(server_class, large, write=0.2) as server, connected(server, GET) as client:
        assert asked.wait(SECONDS)
        until(lambda: not server.connections)
        assert len(client.rest()) < 20_000_000
        assert server.may_park(64 * 1024 * 1024)  # all of the memory has been given back


# TLS


@pytest.fixture(scope="module")
def tls() -> ssl.SSLContext:
    pytest.importorskip("cryptography")
    return generate_adhoc_ssl_context()


@each_class
@pytest.mark.parametrize("hello_bytes", [b"", b"\x16\x03\x01\x02\x00\x01\x00"])
def test_a_handshake_that_does_not_end_is_closed(server_class: Make, hello_bytes: bytes, tls: ssl.SSLContext) -> None:
    with serving(server_class, tls=tls, tls_handshake=0.1) as server, connected(server, hello_bytes) as client:
        assert client.rest() == b""


@each_class
def test_a_client_that_stalls_in_its_handshake_keeps_nobody_waiting(server_class: Make, tls: ssl.SSLContext) -> None:
    trusting = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    trusting.check_hostname = False
    trusting.verify_mode = ssl.CERT_NONE
    with serving(server_class, tls=tls) as server, connected(server, b"\x16\x03\x01") as stalled:
        other = connect(("127.0.0.1", server.port), tls=trusting)
        assert other.exchange(GET).status == 200
        other.close()
        stalled.sock.setblocking(False)
        with pytest.raises(BlockingIOError):  # still waited for
            stalled.sock.recv(1)


def test_deadlines_do_not_change_while_a_server_runs() -> None:
    with pytest.raises(AttributeError):
        Deadlines().head = 1.0  # type: ignore[misc]


def test_waiting_for_a_deadline_costs_no_more_than_the_sweeps_that_it_takes() -> None:
    polls = 0
    server = BaseWSGIServer("127.0.0.1", 0, hello, deadlines=deadlines(keep_alive=0.3), access_log=None)
    poll = server.poller.poll

    def counted(timeout: float | None) -> Any:
        nonlocal polls
        polls += 1
        return poll(timeout)

    server.poller.poll = counted  # type: ignore[method-assign]
    with running(server), connected(server, GET) as client:
        assert client.read().status == 200
        assert client.rest() == b""
    assert polls < 20
