"""Who runs a request: a pool's thread, or one of its own."""

from __future__ import annotations

import logging
import sys
import threading
import time
from typing import TYPE_CHECKING, Any
from unittest.mock import Mock

import pytest

from tests.server.client import Client, connect, request
from tests.server.running import GET, SECONDS, Held, hello, running, until
from wsgiserve.accesslog import Filtered, LineLog
from wsgiserve.server.access import Access, AccessLog
from wsgiserve.server.pool import Worker
from wsgiserve.server.servers import ThreadedWSGIServer, ThreadPoolWSGIServer

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from wsgiref.types import StartResponse, WSGIEnvironment

    from wsgiserve.server.base import BaseWSGIServer


def connected(server: BaseWSGIServer, data: bytes = b"") -> Client:
    client = connect(("127.0.0.1", server.port))
    client.send(data)
    return client


def pool(app: Any = hello, **settings: Any) -> ThreadPoolWSGIServer:
    return ThreadPoolWSGIServer("127.0.0.1", 0, app, access_log=None, **settings)


def threaded(app: Any = hello, **settings: Any) -> ThreadedWSGIServer:
    return ThreadedWSGIServer("127.0.0.1", 0, app, access_log=None, **settings)


def told(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
    """Answers with the name of the thread and what environ says of threads and processes."""
    start_response("200 OK", [])
    name = threading.current_thread().name
    return [f"{name} {environ['wsgi.multithread']} {environ['wsgi.multiprocess']}".encode()]


class Failing:
    """Makes ``Thread.start`` fail as long as it is told to, for the threads of requests."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, error: Exception) -> None:
        self.active = True
        self.failed = 0
        really = threading.Thread.start

        def start(thread: threading.Thread) -> None:
            if self.active and thread.name.startswith("wsgiserve"):
                self.failed += 1
                raise error
            really(thread)

        monkeypatch.setattr(threading.Thread, "start", start)


def threads() -> list[str]:
    return sorted(thread.name for thread in threading.enumerate() if thread.name.startswith("wsgiserve"))


# The pool


def test_the_pool_has_so_many_threads_from_the_start_to_the_end() -> None:
    with running(pool(threads=5)) as server:
        client = connected(server, GET)
        assert client.read().status == 200
        until(lambda: threads() == [f"wsgiserve-{number}" for number in range(5)])
        client.close()
    assert threads() == []


def test_a_request_for_which_the_deputy_had_to_come_makes_its_kind_a_slow_one() -> None:
    app = Held()
    with running(pool(app, threads=2)) as server:
        slow = connected(server, request("/held"))
        app.wait_for(1)
        until(lambda: list(server.slow_kinds.until) == [b"/held"])
        app.go.set()
        assert slow.read().status == 200
        slow.close()


@pytest.mark.skipif(sys.platform != "linux", reason="other systems do not tell")
def test_a_request_whose_thread_could_go_on_does_not_make_its_kind_a_slow_one() -> None:
    server = pool()
    worker, connection = Worker(), Mock(kind=b"/", running=True)
    worker.task, worker.thread = connection, threading.current_thread()
    server._note_slow(worker)
    assert not server.slow_kinds.until
    connection.send_meanwhile.assert_called_once_with()
    server.server_close()


def test_a_request_of_a_slow_kind_lets_others_be_served_without_the_deputy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("wsgiserve.server.pool.Pool._take_lead_from", lambda *_: None)
    app = Held()
    with running(pool(app, threads=2)) as server:
        server.slow_kinds.note(b"/held", time.monotonic() + SECONDS)
        slow = connected(server, request("/held"))
        app.wait_for(1)
        other = connected(server, GET)
        assert other.read().status == 200
        app.go.set()
        assert slow.read().status == 200
        slow.close()
        other.close()


def test_requests_run_in_the_pool_s_threads_and_environ_says_so() -> None:
    with running(pool(told)) as server:
        client = connected(server, GET)
        name, multithread, multiprocess = client.read().body.split()
        assert name.startswith(b"wsgiserve-")
        assert (multithread, multiprocess) == (b"True", b"False")
        client.close()


def test_as_many_requests_run_at_once_as_there_are_threads_and_the_others_wait() -> None:
    app = Held()
    with running(pool(app, threads=3)) as server:
        clients = [connected(server, request("/held")) for _ in range(5)]
        app.wait_for(3)
        assert not app.inside.acquire(blocking=False)
        app.go.set()
        for client in clients:
            assert client.read().status == 200
            client.close()


def test_while_one_thread_is_left_others_may_block_as_they_like() -> None:
    app = Held()
    with running(pool(app, threads=4)) as server:
        held = [connected(server, request("/held")) for _ in range(3)]
        app.wait_for(3)
        for _ in range(50):
            client = connected(server, GET)
            assert client.read().status == 200
            client.close()
        app.go.set()
        for client in held:
            assert client.read().status == 200
            client.close()


def test_idle_connections_hold_no_thread() -> None:
    with running(pool(threads=2)) as server:
        idle = [connected(server) for _ in range(20)] + [connected(server, GET) for _ in range(20)]
        client = connected(server, GET)
        assert client.read().status == 200
        client.close()
        for client in idle:
            client.close()
        until(lambda: not server.connections)


def test_a_pool_whose_threads_cannot_all_be_started_says_so_once_and_serves(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    really = threading.Thread.start

    def start(thread: threading.Thread) -> None:
        if thread.name in ("wsgiserve-2", "wsgiserve-3"):
            raise RuntimeError("can't start new thread")
        really(thread)

    monkeypatch.setattr(threading.Thread, "start", start)
    with running(pool(threads=4)) as server:
        client = connected(server, GET)
        assert client.read().status == 200
        client.close()
        until(lambda: str(server.occupancy()) == "0/2 threads busy")
    (record,) = caplog.records
    assert record.levelno == logging.WARNING
    assert "can't start new thread" in record.getMessage()


def test_a_pool_none_of_whose_threads_can_be_started_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    server = pool()
    Failing(monkeypatch, RuntimeError("can't start new thread"))
    with pytest.raises(RuntimeError, match="can't start new thread"):
        server.serve_forever()
    assert server.socket.fileno() == -1


@pytest.mark.parametrize("make", [lambda: pool(threads=0), lambda: threaded(max_threads=0)])
def test_no_threads_at_all_are_no_number_of_threads(make: Callable[[], BaseWSGIServer]) -> None:
    with pytest.raises(ValueError, match="at least 1"):
        make()


# A thread for each connection


def test_a_request_runs_in_a_thread_of_its_own_and_environ_says_so() -> None:
    with running(threaded(told)) as server:
        client = connected(server, GET)
        assert client.read().body == b"wsgiserve-request True False"
        client.close()
        until(lambda: not threads())


def test_idle_connections_have_no_thread() -> None:
    with running(threaded()) as server:
        clients = [connected(server, GET) for _ in range(5)]
        for client in clients:
            assert client.read().status == 200
        until(lambda: not threads())
        for client in clients:
            assert client.exchange(GET).status == 200
            client.close()


def test_connections_beyond_the_bound_wait_for_a_thread_and_are_served() -> None:
    app = Held()
    with running(threaded(app, max_threads=3)) as server:
        clients = [connected(server, request("/held")) for _ in range(8)]
        app.wait_for(3)
        until(lambda: len(server._waiting) == 5)
        assert not app.inside.acquire(blocking=False)
        assert threads() == ["wsgiserve-request"] * 3
        app.go.set()
        for client in clients:
            assert client.read().status == 200
            client.close()
        until(lambda: not server._running)


@pytest.mark.parametrize("error", [RuntimeError("can't start new thread"), MemoryError()])
def test_without_any_thread_requests_are_served_all_the_same_and_it_is_logged_once(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, error: Exception
) -> None:
    failing = Failing(monkeypatch, error)
    with running(threaded()) as server:
        for _ in range(5):
            client = connected(server, GET)
            assert client.read().status == 200
            client.close()
        assert failing.failed == 5
    assert [record.levelno for record in caplog.records] == [logging.WARNING]


def test_while_the_system_has_no_more_threads_those_that_run_serve_who_waits(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    failing = Failing(monkeypatch, RuntimeError("can't start new thread"))
    failing.active = False
    app = Held()
    with running(threaded(app)) as server:
        held = connected(server, request("/held"))
        app.wait_for(1)
        failing.active = True
        others = [connected(server, GET) for _ in range(3)]
        until(lambda: failing.failed == 3)
        assert len(server._waiting) == 3
        app.go.set()
        for client in [held, *others]:
            assert client.read().status == 200
            client.close()
    assert len(caplog.records) == 1


def endless(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
    start_response("200 OK", [])
    while True:
        yield bytes(1000)


@pytest.mark.parametrize("make", [pool, threaded])
def test_the_last_line_of_the_log_is_written_before_serve_forever_returns(
    make: Callable[[Any], BaseWSGIServer],
) -> None:
    lines: list[object] = []
    writing, write = threading.Event(), threading.Event()

    def slow_log(access: object) -> None:
        writing.set()
        assert write.wait(SECONDS)
        lines.append(access)

    server = make(endless)
    server.access_log = slow_log
    with running(server):
        connected(server, GET).reset()
        assert writing.wait(SECONDS)
        until(lambda: not server.connections)  # so there is nothing left but the line
        server.stop()
        threading.Timer(0.03, write.set).start()
    assert len(lines) == 1


def test_a_line_is_written_though_something_slow_was_begun_in_the_same_go() -> None:
    held = Held()
    written: list[str] = []
    server = pool(held, threads=2)
    server.access_log = LineLog(lambda access: access[4], written.append)
    with running(server):
        for _ in range(20):
            quick, slow = connected(server), connected(server)
            quick.send(request("/quick"))
            slow.send(request("/held"))
            until(lambda: "/quick" in "".join(written))
            held.go.set()
            until(lambda: "/held" in "".join(written))
            held.go.clear()
            written.clear()
            quick.close()
            slow.close()


def test_another_access_log_can_be_set_at_any_time() -> None:
    first: list[str] = []
    second: list[str] = []
    third: list[Access] = []
    logs: list[AccessLog | None] = [
        LineLog(lambda access: access[4], first.append),
        Filtered(lambda access: access.status >= 400, LineLog(lambda access: access[4], second.append)),
        None,
        third.append,
    ]
    with running(pool()) as server:
        client = connected(server)
        for number, log in enumerate(logs):
            server.access_log = log
            client.exchange(request(f"/{number}"))
            (connection,) = server.connections.values()
            with connection.lock:  # the line is written behind the response, by who has the connection
                pass
        until(lambda: third)
        client.close()
    assert (first, second, [access.target for access in third]) == (["/0"], [], ["/3"])
