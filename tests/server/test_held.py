"""Responses that wait until the others that are ready have been served: all arrive, in order, and soon."""

from __future__ import annotations

import logging
import socket
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pytest

from tests.server.client import Client, connect, request
from tests.server.running import SECONDS, reset, running, until
from wsgiserve.server.exchange import Exchange
from wsgiserve.server.mixins import _HELD
from wsgiserve.server.servers import ThreadPoolWSGIServer

if TYPE_CHECKING:
    from wsgiref.types import StartResponse, WSGIEnvironment

Serve = Callable[["WSGIEnvironment"], Iterable[bytes]]


class Door:
    """An application whose first request waits until others are ready as well; then each path is served as is said.

    Attributes:
        held: how many responses were held when each of the others reached the application.
        clients: those of ``ready``.
        before_all: called before the others are served.
    """

    def __init__(self, **serve: Serve) -> None:
        self.inside = threading.Event()
        self.go = threading.Event()
        self.held: list[int] = []
        self.server: ThreadPoolWSGIServer
        self.clients: list[Client] = []
        self.before_all: Callable[[], object] = bool
        self._serve = serve

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        path = environ["PATH_INFO"]
        if path == "/door":
            self.inside.set()
            assert self.go.wait(SECONDS)
        else:
            self.held.append(len(self.server._held))
        serve = self._serve.get(path[1:])
        body = [path.encode()] if serve is None else serve(environ)
        length = len(body[0]) if isinstance(body, list) else len(path)
        start_response("200 OK", [("Content-Type", "text/plain"), ("Content-Length", str(length))])
        return body


class Body:
    """The path as one block; then something happens, in ``__next__`` or in ``close``."""

    def __init__(self, environ: WSGIEnvironment, *, at_end: Any = None, at_close: Any = None) -> None:
        path: str = environ["PATH_INFO"]
        self._blocks = iter([path.encode()])
        self._at_end, self._at_close = at_end, at_close

    def __iter__(self) -> Iterator[bytes]:
        return self

    def __next__(self) -> bytes:
        try:
            return next(self._blocks)
        except StopIteration:
            if self._at_end is not None:
                self._at_end()
            raise

    def close(self) -> None:
        if self._at_close is not None:
            self._at_close()


@contextmanager
def ready(app: Door, *requests: bytes, **settings: Any) -> Iterator[list[Client]]:
    """Clients whose requests have come while a pool's only leader was busy: one poll tells of all of them, in order."""
    settings = {"threads": 2, "access_log": None, **settings}
    with running(ThreadPoolWSGIServer("127.0.0.1", 0, app, **settings)) as server:
        app.server = server
        app.clients = clients = [connect(("127.0.0.1", server.port)) for _ in requests]
        for client in clients:  # accepted, and watched by the poller
            client.exchange(request("/known"))
        app.held.clear()
        # Nobody else leads meanwhile, so that all of them are ready at once; and clients in the same process make none
        # of them slow.
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr("wsgiserve.server.pool.Pool._take_lead_from", lambda *_: False)
            patch.setattr("wsgiserve.server.pace.Pace.note_waits", lambda *_: None)
            server._pool._pace.doubtful = True
            door = connect(("127.0.0.1", server.port))
            door.send(request("/door"))
            assert app.inside.wait(SECONDS)
            for client, data in zip(clients, requests, strict=True):
                client.send(data)
            app.before_all()
            app.go.set()
            assert door.read().body == b"/door"
        yield clients
        for client in [door, *clients]:
            client.close()


@pytest.fixture
def no_deputy(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody takes the lead from a thread that a busy machine keeps from running."""
    monkeypatch.setattr("wsgiserve.server.pool.Pool._take_lead_from", lambda *_: False)
    monkeypatch.setattr("wsgiserve.server.pace.Pace.note_waits", lambda *_: None)


def paths(count: int) -> list[bytes]:
    return [request(f"/{number}") for number in range(count)]


@pytest.mark.usefixtures("no_deputy")
def test_responses_wait_for_the_others_that_are_ready_and_all_arrive() -> None:
    app = Door()
    with ready(app, *paths(5)) as clients:
        assert [client.read().body for client in clients] == [b"/%d" % number for number in range(5)]
        assert app.held == [0, 1, 2, 3, 4]
        assert [client.exchange(request("/again")).body for client in clients] == [b"/again"] * 5
        assert not app.server._held


@pytest.mark.usefixtures("no_deputy")
def test_no_more_than_some_wait() -> None:
    app = Door()
    with ready(app, *paths(_HELD + 3)) as clients:
        assert all(client.read().status == 200 for client in clients)
        assert app.held == [*range(_HELD), 0, 1, 2]


def test_a_request_that_takes_its_time_keeps_no_response_back() -> None:
    go = threading.Event()

    def slow(environ: WSGIEnvironment) -> list[bytes]:
        assert go.wait(SECONDS)
        return [b"slow"]

    app = Door(slow=slow)
    with ready(app, request("/a"), request("/b"), request("/slow")) as (a, b, last):
        assert [a.read().body, b.read().body] == [b"/a", b"/b"]
        assert a.exchange(request("/again")).body == b"/again", "nor its connection"
        go.set()
        assert last.read().body == b"slow"


@pytest.mark.usefixtures("no_deputy")
def test_before_a_request_of_a_slow_kind_all_responses_are_sent() -> None:
    app = Door()
    app.before_all = lambda: app.server.slow_kinds.note(b"/slow", time.monotonic() + SECONDS)
    with ready(app, request("/a"), request("/b"), request("/slow")) as clients:
        assert [client.read().body for client in clients] == [b"/a", b"/b", b"/slow"]
        assert app.held == [0, 1, 0]


@pytest.mark.parametrize("when", ["at_end", "at_close"])
def test_a_response_is_sent_meanwhile_when_its_own_request_goes_on(when: str) -> None:
    go = threading.Event()

    def wait() -> None:
        assert go.wait(SECONDS)

    app = Door(slow=lambda environ: Body(environ, **{when: wait}))
    with ready(app, request("/slow"), request("/other")) as (slow, other):
        assert slow.read().body == b"/slow"
        assert other.read().body == b"/other"
        go.set()
        assert slow.exchange(request("/again")).body == b"/again"


def test_pipelined_requests_are_answered_in_order() -> None:
    app = Door()
    with ready(app, request("/1") + request("/2"), request("/other")) as (client, other):
        assert [client.read().body, client.read().body, other.read().body] == [b"/1", b"/2", b"/other"]


def test_a_response_that_is_the_last_on_its_connection_is_not_lost() -> None:
    app = Door()
    with ready(app, request("/last", "Connection: close"), request("/other")) as (client, other):
        answer = client.read()
        assert (answer.body, answer.headers["Connection"]) == (b"/last", "close")
        assert client.rest() == b""
        assert other.read().body == b"/other"


def test_a_response_is_complete_when_the_application_fails_at_its_end(caplog: pytest.LogCaptureFixture) -> None:
    def fail() -> None:
        raise RuntimeError("at the end")

    app = Door(failing=lambda environ: Body(environ, at_close=fail))
    with ready(app, request("/failing"), request("/other")) as (client, other):
        assert client.read().body == b"/failing"
        assert client.rest() == b""
        assert other.read().body == b"/other"
    assert "at the end" in caplog.text


def test_who_takes_the_socket_over_after_a_response_finds_it_sent() -> None:
    def taking(environ: WSGIEnvironment) -> Iterable[bytes]:
        return Body(environ, at_end=lambda: environ["werkzeug.socket"].sendall(b"and more"))

    app = Door(taking=taking)
    with ready(app, request("/taking"), request("/other")) as (client, other):
        assert client.read().body == b"/taking"
        assert client.rest() == b"and more"
        assert other.read().body == b"/other"


def test_a_client_that_leaves_loses_nobody_elses_response(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG, "wsgiserve")

    def leave(environ: WSGIEnvironment) -> list[bytes]:
        gone = app.clients[0]
        reset(gone.sock)
        gone.file.close()
        gone.sock.close()
        return [b"left"]

    app = Door(leave=leave)
    with ready(app, request("/a"), request("/leave"), request("/b")) as clients:
        assert [clients[1].read().body, clients[2].read().body] == [b"left", b"/b"]
        until(lambda: len(app.server.connections) == 3)
    assert "CRITICAL" not in caplog.text


def test_what_a_client_is_slow_to_take_is_sent_when_it_takes_it() -> None:
    body = b"x" * 16_000
    app = Door(a=lambda environ: [body])
    small = socket.create_server(("127.0.0.1", 0))
    small.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 2048)
    small.setblocking(False)
    pipeline = request("/a") * 40
    with ready(app, pipeline, request("/other"), listeners=[small]) as (client, other):
        assert other.read().body == b"/other"
        assert [client.read().body for _ in range(40)] == [body] * 40


@pytest.mark.usefixtures("no_deputy")
def test_the_rest_of_a_held_response_waits_in_the_poller(monkeypatch: pytest.MonkeyPatch) -> None:
    send_held = Exchange.send_held

    def send_a_little(self: Exchange) -> None:
        stream = self.stream
        self.stream = _Reluctant(stream)  # type: ignore[assignment]  # what is used of it here
        try:
            send_held(self)
        finally:
            self.stream = stream

    monkeypatch.setattr(Exchange, "send_held", send_a_little)
    app = Door()
    with ready(app, *paths(3)) as clients:
        assert [client.read().body for client in clients] == [b"/0", b"/1", b"/2"]
        assert [client.exchange(request("/again")).body for client in clients] == [b"/again"] * 3


class _Reluctant:
    """A stream that takes seven bytes."""

    def __init__(self, stream: Any) -> None:
        self._stream = stream
        self.fileno = stream.fileno

    def send_some(self, data: bytes) -> int:
        sent: int = self._stream.send_some(data[:7])
        return sent


@pytest.mark.usefixtures("no_deputy")
def test_long_responses_are_sent_at_once() -> None:
    app = Door(**{"0": lambda environ: [b"x" * 20_000]})
    with ready(app, *paths(2)) as clients:
        assert [len(client.read().body) for client in clients] == [20_000, 2]
        assert app.held == [0, 0]


def test_a_stop_in_the_midst_loses_none() -> None:
    def stop(environ: WSGIEnvironment) -> list[bytes]:
        app.server.stop()
        return [b"stopping"]

    app = Door(stop=stop)
    with ready(app, request("/a"), request("/stop"), request("/b")) as clients:
        assert [client.read().body for client in clients] == [b"/a", b"stopping", b"/b"]
        assert all(client.rest() == b"" for client in clients)
