"""Responses that wait until the others that are ready have been served: all arrive, in order, and soon."""

from __future__ import annotations

import logging
import socket
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, Any

import pytest

from tests.server.client import Client, connect
from tests.server.client import request as get
from tests.server.running import SECONDS, reset, running, until
from wsgiserve.http11 import ResponseHead
from wsgiserve.server.exchange import Exchange
from wsgiserve.server.mixins import _HELD
from wsgiserve.server.pool import Pool, Worker
from wsgiserve.server.servers import ThreadPoolWSGIServer

if TYPE_CHECKING:
    from wsgiref.types import StartResponse, WSGIEnvironment

Serve = Callable[["WSGIEnvironment"], Iterable[bytes]]


class Door:
    """An application whose first request waits until others are ready as well; then each path is served as is said.

    Attributes:
        held: how many responses were held when each of the others reached the application.
        times_held: how many responses have waited.
        clients: those of ``ready``.
        before_all: called before the others are served.
    """

    def __init__(self, **serve: Serve) -> None:
        self.inside = threading.Event()
        self.go = threading.Event()
        self.held: list[int] = []
        self.server: ThreadPoolWSGIServer
        self.times_held = 0
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
def counting(app: Door) -> Iterator[None]:
    """Count the responses that wait."""
    send_whole = Exchange.send_whole

    def counted(self: Exchange, head: ResponseHead, content: bytes, done: bool) -> bool:
        is_out = send_whole(self, head, content, done)
        app.times_held += self.held is not None
        return is_out

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Exchange, "send_whole", counted)
        yield


@contextmanager
def ready(
    app: Door, *requests: bytes, at_least: int | None = None, alone: bool = False, **settings: Any
) -> Iterator[list[Client]]:
    """Clients whose requests have come while a pool's only leader was busy: one poll tells of all of them, in order.

    Args:
        at_least: so many responses are held; by default one, and the one that is added.
        alone: without the third request that is added to two by default, because two alone do not wait.
    """
    told = len(requests)
    if told == 2 and not alone:
        requests = (*requests, get("/third"))
    if at_least is None:
        at_least = 1 + len(requests) - told
    settings = {"threads": 2, "access_log": None, **settings}
    with running(ThreadPoolWSGIServer("127.0.0.1", 0, app, **settings)) as server, ExitStack() as cleanup:
        app.server = server
        app.clients = clients = [connect(("127.0.0.1", server.port)) for _ in requests]
        for client in clients:  # accepted, and watched by the poller
            cleanup.callback(client.close)
            client.exchange(get("/known"))
        app.held.clear()
        cleanup.enter_context(counting(app))
        # Nobody else leads meanwhile, so that all of them are ready at once.
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr("wsgiserve.server.pool.Pool._take_lead_from", lambda *_: False)
            door = connect(("127.0.0.1", server.port))
            cleanup.callback(door.close)
            door.send(get("/door"))
            assert app.inside.wait(SECONDS)
            for client, data in zip(clients, requests, strict=True):
                client.send(data)
            server._pool.pace.doubtful = server._pool.pace.holds = True
            app.before_all()
            app.go.set()
            assert door.read().body == b"/door"
        yield clients[:told]
    assert app.times_held >= at_least


@pytest.fixture
def deputy() -> None:
    """For a test in which the deputy is needed."""


@pytest.fixture(autouse=True)
def no_hurry(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody takes the lead from a thread that a busy machine keeps from running, nor is any response held too long.

    Nor do clients in the same process make requests slow.
    """
    for note in ("note", "note_waits", "note_look"):
        monkeypatch.setattr(f"wsgiserve.server.pace.Pace.{note}", lambda *_: None)
    if "deputy" not in request.fixturenames:
        monkeypatch.setattr("wsgiserve.server.pool.Pool._take_lead_from", lambda *_: False)
        monkeypatch.setattr("wsgiserve.server.mixins._HELD_SECONDS", 1000.0)


def paths(count: int) -> list[bytes]:
    return [get(f"/{number}") for number in range(count)]


def test_responses_wait_for_the_others_that_are_ready_and_all_arrive() -> None:
    app = Door()
    with ready(app, *paths(5)) as clients:
        assert [client.read().body for client in clients] == [b"/%d" % number for number in range(5)]
        assert app.held == [0, 1, 2, 3, 4]
        assert [client.exchange(get("/again")).body for client in clients] == [b"/again"] * 5
        assert not app.server._held


def test_no_more_than_some_wait() -> None:
    app = Door()
    with ready(app, *paths(_HELD + 3)) as clients:
        assert all(client.read().status == 200 for client in clients)
        assert app.held == [*range(_HELD), 0, 1, 2]


def test_none_waits_for_long(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("wsgiserve.server.mixins._HELD_SECONDS", 0.0)
    app = Door()
    with ready(app, *paths(4)) as clients:
        assert all(client.read().status == 200 for client in clients)
        assert app.held[2:] == [0, 0]


def test_a_stop_at_once_loses_none_that_is_finished() -> None:
    go = threading.Event()

    def slow(environ: WSGIEnvironment) -> list[bytes]:
        assert go.wait(SECONDS)
        return [b"slow"]

    app = Door(slow=slow)
    with ready(app, get("/a"), get("/slow"), at_least=1) as (a, last):
        until(lambda: len(app.held) == 2)
        app.server.stop()
        app.server.stop()
        assert a.read().body == b"/a"
        go.set()
        last.rest()


def test_a_stop_at_once_loses_none_whose_request_goes_on() -> None:
    go = threading.Event()
    in_time: list[bool] = []
    app = Door(slow=lambda environ: Body(environ, at_close=lambda: in_time.append(go.wait(SECONDS))))
    with ready(app, get("/slow"), get("/other"), at_least=1) as (slow, _):
        until(lambda: app.times_held)
        app.server.stop()
        app.server.stop()
        assert slow.read().body == b"/slow"
        go.set()
    until(lambda: in_time)
    assert in_time == [True]


def test_what_is_looked_at_is_served_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    begun: list[bool] = []
    begin = Pool.begin

    def counted(self: Pool, worker: Worker) -> float:
        started = begin(self, worker)
        begun.append(worker.looks)
        return started

    def before_all() -> None:
        app.server._pool.pace.slow = True
        monkeypatch.setattr(Pool, "begin", counted)

    monkeypatch.setattr("wsgiserve.server.pace.Pace.looks", lambda *_: True)
    app = Door()
    app.before_all = before_all
    with ready(app, *paths(3), at_least=0) as clients:
        assert [client.read().status for client in clients] == [200] * 3
        assert begun == [True] * 3


@pytest.mark.usefixtures("deputy")
def test_a_request_that_takes_its_time_keeps_no_response_back() -> None:
    go = threading.Event()

    def slow(environ: WSGIEnvironment) -> list[bytes]:
        assert go.wait(SECONDS)
        return [b"slow"]

    app = Door(slow=slow)
    with ready(app, get("/a"), get("/b"), get("/slow"), at_least=0) as (a, b, last):
        assert [a.read().body, b.read().body] == [b"/a", b"/b"]
        assert a.exchange(get("/again")).body == b"/again", "nor its connection"
        go.set()
        assert last.read().body == b"slow"


def test_before_a_request_of_a_slow_kind_all_responses_are_sent() -> None:
    app = Door()
    app.before_all = lambda: app.server.slow_kinds.note(b"/slow", time.monotonic() + SECONDS)
    with ready(app, get("/a"), get("/b"), get("/slow")) as clients:
        assert [client.read().body for client in clients] == [b"/a", b"/b", b"/slow"]
        assert app.held == [0, 1, 0]


@pytest.mark.usefixtures("deputy")
@pytest.mark.parametrize("when", ["at_end", "at_close"])
def test_a_response_is_sent_meanwhile_when_its_own_request_goes_on(when: str) -> None:
    go = threading.Event()

    def wait() -> None:
        assert go.wait(SECONDS)

    app = Door(slow=lambda environ: Body(environ, **{when: wait}))
    with ready(app, get("/slow"), get("/other"), at_least=0) as (slow, other):
        assert slow.read().body == b"/slow"
        assert other.read().body == b"/other"
        go.set()
        assert slow.exchange(get("/again")).body == b"/again"


@pytest.mark.usefixtures("deputy")
def test_a_response_is_sent_when_its_request_has_lost_the_lead_before_it() -> None:
    before, after = threading.Event(), threading.Event()
    in_time: list[bool] = []

    def slow(environ: WSGIEnvironment) -> Iterable[bytes]:
        until(lambda: app.server._pool.leader is None)  # the other thread is in the same function, so nobody can lead
        before.set()
        return Body(environ, at_close=lambda: in_time.append(after.wait(SECONDS)))

    app = Door(slow=slow)
    requests = [get("/slow")] * 2 + paths(2)
    with ready(app, *requests, at_least=0) as (first, second, *others):
        assert before.wait(SECONDS)
        assert first.read().body == second.read().body == b"/slow"
        after.set()
        assert [other.read().body for other in others] == [b"/0", b"/1"]
    assert in_time == [True, True]


def test_while_requests_are_short_or_long_no_response_waits() -> None:
    app = Door()
    app.before_all = lambda: setattr(app.server._pool.pace, "holds", False)
    with ready(app, *paths(3), at_least=0) as clients:
        assert [client.read().status for client in clients] == [200] * 3
        assert app.times_held == 0


def test_two_clients_alone_do_not_wait_for_each_other() -> None:
    app = Door()
    with ready(app, *paths(2), at_least=0, alone=True) as clients:
        assert [client.read().status for client in clients] == [200] * 2
        assert app.times_held == 0


def test_pipelined_requests_are_answered_in_order() -> None:
    app = Door()
    with ready(app, get("/1") + get("/2"), get("/other")) as (client, other):
        assert [client.read().body, client.read().body, other.read().body] == [b"/1", b"/2", b"/other"]


def test_a_response_that_is_the_last_on_its_connection_is_not_lost() -> None:
    app = Door()
    with ready(app, get("/last", "Connection: close"), get("/other")) as (client, other):
        answer = client.read()
        assert (answer.body, answer.headers["Connection"]) == (b"/last", "close")
        assert client.rest() == b""
        assert other.read().body == b"/other"


def test_a_response_is_complete_when_the_application_fails_at_its_end(caplog: pytest.LogCaptureFixture) -> None:
    def fail() -> None:
        raise RuntimeError("at the end")

    app = Door(failing=lambda environ: Body(environ, at_close=fail))
    with ready(app, get("/failing"), get("/other")) as (client, other):
        assert client.read().body == b"/failing"
        assert client.rest() == b""
        assert other.read().body == b"/other"
    assert "at the end" in caplog.text


def test_a_response_is_complete_when_the_application_stops_the_server_at_its_end() -> None:
    def interrupt() -> None:
        raise KeyboardInterrupt

    app = Door(last=lambda environ: Body(environ, at_close=interrupt))
    with ready(app, get("/last"), get("/other"), at_least=1) as (client, other):
        assert client.read().body == b"/last"
        assert other.read().body == b"/other"
        assert client.rest() == b""


def test_who_takes_the_socket_over_after_a_response_finds_it_sent() -> None:
    check_take_over()


def check_take_over() -> None:
    def taking(environ: WSGIEnvironment) -> Iterable[bytes]:
        return Body(environ, at_end=lambda: environ["werkzeug.socket"].sendall(b"and more"))

    app = Door(taking=taking)
    with ready(app, get("/taking"), get("/other")) as (client, other):
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
    with ready(app, get("/a"), get("/leave"), get("/b")) as clients:
        assert [clients[1].read().body, clients[2].read().body] == [b"left", b"/b"]
        until(lambda: len(app.server.connections) == 3)
    assert "CRITICAL" not in caplog.text


def test_what_a_client_is_slow_to_take_is_sent_when_it_takes_it() -> None:
    body = b"x" * 16_000
    app = Door(a=lambda environ: [body])
    small = socket.create_server(("127.0.0.1", 0))
    small.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 2048)
    small.setblocking(False)
    pipeline = get("/a") * 40
    with ready(app, pipeline, get("/other"), listeners=[small]) as (client, other):
        assert other.read().body == b"/other"
        assert [client.read().body for _ in range(40)] == [body] * 40


@pytest.fixture
def reluctant(monkeypatch: pytest.MonkeyPatch) -> None:
    """What was held is taken in part by the client's buffer."""
    send_out = Exchange._send_out

    def send_a_little(self: Exchange, held: list[bytes]) -> None:
        stream = self.stream
        self.stream = _Reluctant(stream)  # type: ignore[assignment]  # what is used of it here
        try:
            send_out(self, held)
        finally:
            self.stream = stream

    monkeypatch.setattr(Exchange, "_send_out", send_a_little)


@pytest.mark.usefixtures("reluctant")
def test_the_rest_of_a_held_response_waits_in_the_poller() -> None:
    app = Door()
    with ready(app, *paths(3)) as clients:
        assert [client.read().body for client in clients] == [b"/0", b"/1", b"/2"]
        assert [client.exchange(get("/again")).body for client in clients] == [b"/again"] * 3


@pytest.mark.usefixtures("reluctant", "deputy")
def test_the_rest_is_sent_meanwhile_too() -> None:
    go = threading.Event()
    in_time: list[bool] = []
    app = Door(slow=lambda environ: Body(environ, at_close=lambda: in_time.append(go.wait(SECONDS))))
    with ready(app, get("/slow"), get("/other"), at_least=0) as (slow, other):
        assert slow.read().body == b"/slow"
        go.set()
        assert other.read().body == b"/other"
        assert slow.exchange(get("/again")).body == b"/again"
    assert in_time == [True]


@pytest.mark.usefixtures("reluctant")
def test_the_rest_is_sent_before_the_socket_is_taken_over() -> None:
    check_take_over()


class _Reluctant:
    """A stream that takes seven bytes."""

    def __init__(self, stream: Any) -> None:
        self._stream = stream
        self.fileno = stream.fileno

    def send_some(self, data: bytes) -> int:
        sent: int = self._stream.send_some(data[:7])
        return sent


def test_a_mistake_in_sending_one_loses_none_of_the_others(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    send_out = Exchange._send_out

    def fail_once(self: Exchange, held: list[bytes]) -> None:
        if held[0].endswith(b"/1"):
            raise MemoryError
        send_out(self, held)

    monkeypatch.setattr(Exchange, "_send_out", fail_once)
    with ready(Door(), *paths(4)) as clients:
        assert [client.read().body for client in (clients[0], *clients[2:])] == [b"/0", b"/2", b"/3"]
        assert clients[1].rest() == b""
        assert clients[0].exchange(get("/again")).body == b"/again"
    assert "internal error, closed the connection" in caplog.text


def test_long_responses_are_sent_at_once() -> None:
    app = Door(**{"0": lambda environ: [b"x" * 20_000]})
    with ready(app, *paths(3)) as clients:
        assert [len(client.read().body) for client in clients] == [20_000, 2, 2]
        assert app.held == [0, 0, 1]


def test_a_stop_in_the_midst_loses_none() -> None:
    def stop(environ: WSGIEnvironment) -> list[bytes]:
        app.server.stop()
        return [b"stopping"]

    app = Door(stop=stop)
    with ready(app, get("/a"), get("/stop"), get("/b")) as clients:
        assert [client.read().body for client in clients] == [b"/a", b"stopping", b"/b"]
        assert all(client.rest() == b"" for client in clients)
