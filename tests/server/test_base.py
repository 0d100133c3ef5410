"""Serving over real sockets in the test's own process: room, fairness, errors that are nobody's request."""

from __future__ import annotations

import logging
import re
import socket
import sys
import threading
import time
from collections.abc import Callable
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.server.apart import apart
from tests.server.client import Client, connect, request
from tests.server.running import GET, IN_ONE_PROCESS, SECONDS, Held, at_once, hello, running, until
from wsgiserve.server.access import Access
from wsgiserve.server.base import BaseWSGIServer
from wsgiserve.server.handler import WSGIRequestHandler
from wsgiserve.server.hints import NO_THREAD
from wsgiserve.server.interpreter import has_gil
from wsgiserve.server.poller import SelectorPoller
from wsgiserve.server.servers import ThreadedWSGIServer, ThreadPoolWSGIServer
from wsgiserve.server.sockets import bind_tcp
from wsgiserve.server.stacks import running as running_on
from wsgiserve.server.stacks import stacks
from wsgiserve.server.stream import RECEIVE_BYTES, PlainStream

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from wsgiref.types import StartResponse, WSGIEnvironment

each_class = pytest.mark.parametrize("server_class", IN_ONE_PROCESS)

Make = type[BaseWSGIServer]


def make(server_class: Make, app: Any = hello, **settings: Any) -> BaseWSGIServer:
    settings.setdefault("access_log", None)
    return server_class("127.0.0.1", 0, app, **settings)


def connected(server: BaseWSGIServer, data: bytes = b"") -> Client:
    client = connect(("127.0.0.1", server.port))
    client.send(data)
    return client


# Over any poller


SELECTORS = ["EpollSelector", "PollSelector", "SelectSelector"]


@pytest.fixture(params=SELECTORS)
def over_selector(request: pytest.FixtureRequest) -> Callable[[BaseWSGIServer], BaseWSGIServer]:
    """Exchanges a server's poller for one over a selector of the standard library."""
    import selectors

    def exchange(server: BaseWSGIServer) -> BaseWSGIServer:
        server.poller.close()
        server.poller = SelectorPoller(getattr(selectors, request.param)())
        return server

    return exchange


Over = Callable[[BaseWSGIServer], BaseWSGIServer]


@each_class
def test_over_a_selector_connections_are_kept_and_pipelines_answered(server_class: Make, over_selector: Over) -> None:
    with running(over_selector(make(server_class))) as server:
        clients = [connected(server) for _ in range(20)]
        for number in range(5):
            for client in clients:
                client.send(request(f"/{number}"))
            for client in clients:
                assert client.read().body == b"/%d" % number
        clients[0].send(b"".join(request(f"/{number}") for number in range(100)))
        assert [clients[0].read().body for _ in range(100)] == [b"/%d" % number for number in range(100)]
        for client in clients:
            client.close()
        until(lambda: not server.connections)


@each_class
def test_over_a_selector_requests_are_read_byte_by_byte_and_large_answers_sent_piece_by_piece(
    server_class: Make, over_selector: Over
) -> None:
    def large(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        start_response("200 OK", [])
        return [environ["wsgi.input"].read(), bytes(3_000_000)]

    with running(over_selector(make(server_class, large))) as server:
        client = connected(server)
        for _ in range(2):
            for byte in request(method="POST", body=b"hello"):
                client.send(bytes([byte]))
            assert client.read().body == b"hello" + bytes(3_000_000)
        client.close()


@pytest.mark.parametrize("server_class", [ThreadPoolWSGIServer, ThreadedWSGIServer])
def test_over_a_selector_a_blocked_application_blocks_nobody_else(server_class: Make, over_selector: Over) -> None:
    app = Held()
    with running(over_selector(make(server_class, app))) as server:
        held = connected(server, request("/held"))
        app.wait_for(1)
        other = connected(server, GET)
        assert other.read().body == b"/"
        app.go.set()
        assert held.read().body == b"/held"
        other.close()
        held.close()


@each_class
def test_over_a_selector_clients_may_reset_at_any_point(server_class: Make, over_selector: Over) -> None:
    post = request("/", method="POST", body=b"x" * 100)
    with running(over_selector(make(server_class))) as server:
        for cut in range(0, len(post) + 1, 7):
            connected(server, post[:cut]).reset()
        client = connected(server, GET)
        assert client.read().body == b"/"
        client.close()
        until(lambda: not server.connections)


# Room


@each_class
def test_over_a_selector_a_burst_of_connections_is_taken_in(server_class: Make, over_selector: Over) -> None:
    with running(over_selector(make(server_class))) as server:
        burst(server, 50)


@each_class
def test_a_burst_of_connections_is_taken_in(server_class: Make) -> None:
    with running(make(server_class)) as server:
        burst(server, 300)


def burst(server: BaseWSGIServer, count: int) -> None:
    """So many clients connect at once; a third each has asked, has not, or will ask again."""
    closing = [connected(server, request("/", "Connection: close")) for _ in range(count // 3)]
    silent = [connected(server) for _ in range(count // 3)]
    keeping = [connected(server, GET) for _ in range(count // 3)]
    for client in closing:
        assert client.read().status == 200
        assert client.rest() == b""
    for client in silent + keeping:
        if client in silent:
            client.send(GET)
        assert client.read().status == 200
        assert client.exchange(GET).status == 200
    for client in closing + silent + keeping:
        client.close()


@each_class
def test_connections_beyond_the_limit_wait_and_are_served_when_others_close(server_class: Make) -> None:
    with running(make(server_class, max_connections=3)) as server:
        clients = [connected(server) for _ in range(3)]
        for client in clients:
            assert client.exchange(GET).status == 200
        waiting = [connected(server, GET) for _ in range(5)]
        until(lambda: server.acceptor.full)
        assert len(server.connections) == 3
        for client in [*clients, *waiting]:
            if client in waiting:
                assert client.read().status == 200
            client.close()
        until(lambda: not server.connections)
        until(lambda: not server.acceptor.full)


@pytest.mark.parametrize("kind", ["single", "pool", "thread"])
def test_out_of_descriptors_is_logged_once_and_everybody_is_served_in_the_end(kind: str, tmp_path: Path) -> None:
    with apart(tmp_path, kind, "tests.server.running:hello", nofile=40) as server:
        clients = [connect(("127.0.0.1", server.port)) for _ in range(60)]
        for client in clients:
            client.send(GET)
        until(lambda: "cannot accept" in server.log())
        for client in clients:
            assert client.read().status == 200
            client.close()
        assert server.ended(15).descriptors == []
        assert server.log().count("cannot accept connections: Too many open files") == 1


# Fairness


class Pump(PlainStream):
    """A client that asks without a pause and takes every answer."""

    def recv(self, count: int = RECEIVE_BYTES) -> bytes:
        return GET * 100

    def send_some(self, data: bytes | memoryview, more: bool = False) -> int:
        return len(data)


class PumpedHandler(WSGIRequestHandler):
    def advance(self) -> bool:
        found = super().advance()
        if found and self.path == "/pump":
            self.stream = Pump(self.stream.sock)
            self.readable = True
        return found


@each_class
def test_a_client_that_never_stops_asking_does_not_keep_others_from_being_served(server_class: Make) -> None:
    with running(make(server_class, handler=PumpedHandler)) as server:
        busy = connected(server, request("/pump"))
        for _ in range(3):
            other = connected(server, GET)
            assert other.read().status == 200
            other.close()
        server.stop()
        server.stop()  # or it would listen to the pump for as long as it lingers
        busy.close()


class Flood(PlainStream):
    """A client that sends faster than anybody reads."""

    def recv(self, count: int = RECEIVE_BYTES) -> bytes:
        return bytes(65536)


class FloodedHandler(WSGIRequestHandler):
    def advance(self) -> bool:
        found = super().advance()
        if self.http.error is not None:
            self.stream = Flood(self.stream.sock)
        return found


@each_class
def test_a_client_that_sends_on_without_a_pause_after_it_was_refused_is_rid_of_and_others_are_served_meanwhile(
    server_class: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("wsgiserve.server.channel._LINGER_SECONDS", 0.3)
    with running(make(server_class, handler=FloodedHandler)) as server:
        flood = connected(server, b"GET / HTTP/9.9\r\n\r\n")
        assert flood.read().status == 505
        other = connected(server, GET)
        assert other.read().status == 200
        other.close()
        until(lambda: not server.connections)
        flood.close()


# Rest


@pytest.mark.parametrize("kind", ["single", "pool", "thread", "fork"])
def test_a_server_that_nobody_asks_anything_sleeps(kind: str, tmp_path: Path) -> None:
    with apart(tmp_path, kind) as server:
        client = connect(("127.0.0.1", server.port))
        assert client.exchange(request("/", "Connection: close")).status == 200
        client.close()
        until(lambda: not server.children())
        server.wait_until_idle()
        before = server.wake_ups()
        time.sleep(0.3)  # in which a pool's deputy would have made three hundred rounds
        assert server.wake_ups() == before


# Mistakes


class BrokenHandler(WSGIRequestHandler):
    """Somebody's subclass."""

    def version_string(self) -> str:
        raise ZeroDivisionError


@each_class
def test_a_handler_that_cannot_be_made_closes_its_connection_and_no_other(
    server_class: Make, caplog: pytest.LogCaptureFixture
) -> None:
    with running(make(server_class, handler=BrokenHandler)) as server:
        for _ in range(3):
            client = connected(server)
            assert client.rest() == b""
            client.close()
        assert not server.connections
    assert [record.levelno for record in caplog.records] == [logging.CRITICAL] * 3


class StumblingHandler(WSGIRequestHandler):
    """Fails where nothing that clients or applications do is expected to make it fail."""

    def advance(self) -> bool:
        if super().advance():
            raise ZeroDivisionError
        return False


@each_class
def test_our_own_mistake_closes_the_connection_and_the_server_goes_on(
    server_class: Make, caplog: pytest.LogCaptureFixture
) -> None:
    with running(make(server_class, handler=StumblingHandler)) as server:
        for _ in range(3):
            client = connected(server, GET)
            assert client.rest() == b""
            client.close()
        until(lambda: not server.connections)
    assert ["internal error" in record.getMessage() for record in caplog.records] == [True] * 3


def failing(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
    if environ["PATH_INFO"] == "/system-exit":
        raise SystemExit(3)
    if environ["PATH_INFO"] == "/interrupt":
        raise KeyboardInterrupt
    if environ["PATH_INFO"] == "/error":
        raise ZeroDivisionError
    return hello(environ, start_response)


@each_class
def test_system_exit_ends_its_request_and_not_the_server(server_class: Make) -> None:
    with running(make(server_class, failing)) as server:
        for _ in range(20):  # more than there are threads
            client = connected(server, request("/system-exit"))
            assert client.read().status == 500
            client.close()
        client = connected(server, GET)
        assert client.read().status == 200
        client.close()


@each_class
def test_keyboard_interrupt_out_of_a_request_ends_serve_forever_quietly(server_class: Make) -> None:
    server = make(server_class, failing)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    client = connected(server, request("/interrupt"))
    thread.join(SECONDS)
    assert not thread.is_alive()
    client.close()


@each_class
def test_errors_that_are_passed_on_come_out_of_serve_forever(server_class: Make) -> None:
    server = make(server_class, failing, passthrough_errors=True)
    raised: list[BaseException] = []

    def serve() -> None:
        try:
            server.serve_forever()
        except ZeroDivisionError as error:
            raised.append(error)

    thread = threading.Thread(target=serve)
    thread.start()
    client = connected(server, request("/error"))
    thread.join(SECONDS)
    assert len(raised) == 1
    client.close()


def test_an_error_of_the_loop_itself_ends_a_pool_instead_of_leaving_it_without_threads() -> None:
    server = make(ThreadPoolWSGIServer)

    def broken(timeout: float | None) -> Any:
        raise OSError(9, "Bad file descriptor")

    server.poller.poll = broken  # type: ignore[method-assign]
    with pytest.raises(OSError, match="Bad file descriptor"):
        server.serve_forever()
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("wsgiserve")]


# What a caller sees


def test_a_hint_is_given_once(caplog: pytest.LogCaptureFixture) -> None:
    with make(BaseWSGIServer) as server:
        for _ in range(3):
            server.warn_once(NO_THREAD._replace(why="because."))
    (record,) = caplog.records
    assert record.levelno == logging.WARNING
    assert "Why: because." in record.getMessage()


class Meeting(set[str]):
    """Two threads that look whether something is in here do so at the same moment, unless the second is kept out."""

    def __init__(self) -> None:
        super().__init__()
        self._looks = threading.Barrier(2)

    def __contains__(self, text: object) -> bool:
        found = super().__contains__(text)
        with suppress(threading.BrokenBarrierError):
            self._looks.wait(0.1)
        return found


def test_a_hint_that_two_threads_give_at_once_is_given_once(caplog: pytest.LogCaptureFixture) -> None:
    with make(BaseWSGIServer) as server:
        server._hinted = Meeting()
        at_once(2, lambda: server.warn_once(NO_THREAD))
    assert len(caplog.records) == 1


class LateLog:
    """An access log that is flushed while a request ends."""

    def __init__(self, end: Callable[[], None]) -> None:
        self.lines: list[Access] = []
        self._end = end

    def __call__(self, access: Access) -> None:
        self.lines.append(access)

    def flush(self) -> None:
        self._end()


def test_a_request_that_ends_while_the_access_log_is_changed_has_its_line_in_the_new_one() -> None:
    lines: list[Access] = []
    ended = Access(0.0, 0.0, "", "GET", "/", "HTTP/1.1", 200, 0, 1, "")
    with make(BaseWSGIServer) as server:

        def end() -> None:
            assert server.write_access is not None
            server.write_access(ended)

        server.access_log = old = LateLog(end)
        server.access_log = lines.append
    assert (lines, old.lines) == ([ended], [])


def test_it_says_where_it_listens(caplog: pytest.LogCaptureFixture, tmp_path: Path) -> None:
    caplog.set_level(logging.INFO)
    listeners = [*bind_tcp("127.0.0.1", 0), *bind_tcp("::1", 0)]
    with make(BaseWSGIServer, listeners=listeners) as server:
        server.log_startup()
        port = server.port
        other = listeners[1].getsockname()[1]
    path = tmp_path / "socket"
    with BaseWSGIServer(f"unix://{path}", 0, hello) as server:
        server.log_startup()
        assert server.address_family == socket.AF_UNIX
        assert server.host == str(path)
    assert [record.getMessage() for record in caplog.records] == [
        f"listening on http://127.0.0.1:{port}",
        f"listening on http://[::1]:{other}",
        f"listening on unix://{path}",
    ]


def test_its_descriptor_is_that_of_its_first_listener() -> None:
    with make(BaseWSGIServer) as server:
        assert server.fileno() == server.sockets[0].fileno() == server.socket.fileno()


class Later:
    """In the place of the ``time`` module: it is as late as it is, or so many seconds later."""

    seconds = 0.0

    def monotonic(self) -> float:
        return time.monotonic() + self.seconds


ONE_AT_A_TIME = {BaseWSGIServer: {}, ThreadPoolWSGIServer: {"threads": 1}, ThreadedWSGIServer: {"max_threads": 1}}


@each_class
def test_requests_that_come_while_all_are_busy_are_answered_however_long_that_takes(
    server_class: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = Later()
    for module in ("loop", "channel"):
        monkeypatch.setattr(f"wsgiserve.server.{module}.time", clock)
    app = Held()
    with running(make(server_class, app, **ONE_AT_A_TIME[server_class])) as server:
        kept = connected(server)
        assert kept.exchange(GET).status == 200
        busy, fresh = connected(server, request("/held")), connected(server)
        app.wait_for(1)
        for client in (kept, fresh):
            client.send(GET)
        clock.seconds = 600.0  # far beyond the deadlines
        last = connected(server, GET)  # who polls meanwhile, if anybody does, has something to poll for
        app.go.set()
        for client in (busy, kept, fresh, last):
            assert client.read().status == 200
            client.close()


def test_threads_that_are_still_being_started_count_as_threads() -> None:
    server = make(ThreadPoolWSGIServer, threads=3)
    try:
        assert str(server.occupancy()) == "0/3 threads busy"
    finally:
        server.server_close()


def test_when_nobody_gets_on_it_says_what_all_wait_for(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr("wsgiserve.server.pool.STUCK_SECONDS", 0.1)
    app = Held()
    with running(make(ThreadPoolWSGIServer, app, threads=2)) as server:
        kept = connected(server)
        assert kept.exchange(GET).status == 200
        busy = [connected(server, request("/held")) for _ in range(2)]
        app.wait_for(2)
        until(lambda: str(server.occupancy()) == "2/2 threads busy")
        assert server.waiting_requests() == 0
        fresh = [connected(server, GET) for _ in range(3)]
        kept.send(GET)
        until(lambda: "threads have been busy" in caplog.text)
        app.go.set()
        for client in (kept, *busy, *fresh):
            assert client.read().status == 200
            client.close()
    (record,) = caplog.records
    what, why, _ = record.getMessage().splitlines()
    assert re.fullmatch(r"all 2 threads have been busy for 5 s; \d requests? (is|are) waiting\.", what)
    place = r", in tests/server/running\.py:\d+  assert self\.go\.wait\(SECONDS\)" if has_gil() else ""
    assert re.fullmatch(rf"  Why: longest: GET /held, \d+ s{place}", why)


def test_it_counts_who_waits_at_every_door(tmp_path: Path) -> None:
    with make(BaseWSGIServer) as server, BaseWSGIServer(f"unix://{tmp_path}/socket", 0, hello) as other:
        assert (server.waiting_requests(), other.waiting_requests()) == (0, 0)
        clients = [connected(server) for _ in range(3)]
        until(lambda: server.waiting_requests() == 3)
        with socket.socket(socket.AF_UNIX) as client:
            client.connect(f"{tmp_path}/socket")
            assert other.waiting_requests() == 1
        for each in clients:
            each.close()


@contextmanager
def one_is_held() -> Iterator[list[WSGIRequestHandler]]:
    """The connections of a server in whose application one request is."""
    app = Held()
    with running(make(ThreadPoolWSGIServer, app)) as server:
        assert stacks(server.connections.values()) == "no request is running.\n"
        client = connected(server, request("/held"))
        app.wait_for(1)
        yield list(server.connections.values())
        app.go.set()
        assert client.read().status == 200
        client.close()


@pytest.mark.skipif(not has_gil(), reason="this Python has no GIL: no thread may look at another one's frames")
def test_the_stacks_are_those_of_the_application() -> None:
    with one_is_held() as connections:
        (one,) = running_on(connections)
        text = stacks(connections)
    assert (one.request, one.thread[:10]) == ("GET /held", "wsgiserve-")
    assert re.match(r"GET /held  \d+\.", text)
    assert 'running.py", line' in text
    assert "wsgiserve/server" not in text.replace(str(Path(__file__).parent), "")


def test_without_the_gil_no_thread_looks_at_the_frames_of_another(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("wsgiserve.server.stacks.has_gil", lambda: False)
    monkeypatch.setattr(sys, "_current_frames", lambda: pytest.fail("they were looked at"))
    with one_is_held() as connections:
        (one,) = running_on(connections)
        text = stacks(connections)
    assert re.fullmatch(r"GET /held, \d+ s", str(one))
    assert re.fullmatch(r"GET /held  \d+\.\d\d s\n  where it is cannot be seen: .*\n", text)


LARGE_BODY = b"x" * 8_000_000


@pytest.mark.parametrize("server_class", [ThreadPoolWSGIServer, ThreadedWSGIServer, BaseWSGIServer])
def test_the_last_block_arrives_while_the_application_still_runs(server_class: Make) -> None:
    go = threading.Event()

    def app(environ: WSGIEnvironment, start_response: StartResponse) -> Iterator[bytes]:
        start_response("200 OK", [("Content-Length", str(len(LARGE_BODY)))])
        yield LARGE_BODY
        assert go.wait(SECONDS)

    with running(make(server_class, app)) as server:
        client = connected(server, GET)
        assert client.read().body == LARGE_BODY
        go.set()
        client.close()


def test_a_server_that_was_closed_serves_nobody_and_returns() -> None:
    server = make(BaseWSGIServer)
    server.server_close()
    server.server_close()
    server.serve_forever()


def test_leaving_its_block_closes_it() -> None:
    with make(BaseWSGIServer) as server:
        listener = server.socket
    assert listener.fileno() == -1
