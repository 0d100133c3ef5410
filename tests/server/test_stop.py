"""The end of a server: what runs is finished, what waits is answered, nothing is left behind."""

from __future__ import annotations

import os
import signal
import socket
import threading
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.server.apart import Apart, apart
from tests.server.client import Client, connect, request
from tests.server.running import GET, IN_ONE_PROCESS, SECONDS, Held, descriptors, hello, once, refused, running, until
from wsgiserve.server.base import BaseWSGIServer
from wsgiserve.server.deadlines import Deadlines
from wsgiserve.server.servers import ThreadedWSGIServer, ThreadPoolWSGIServer

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from wsgiref.types import StartResponse, WSGIEnvironment

each_class = pytest.mark.parametrize("server_class", IN_ONE_PROCESS)
with_threads = pytest.mark.parametrize("server_class", [ThreadPoolWSGIServer, ThreadedWSGIServer])
each_kind = pytest.mark.parametrize("kind", ["single", "pool", "thread", "fork"])

Make = type[BaseWSGIServer]


def make(server_class: Make, app: Any = hello, **settings: Any) -> BaseWSGIServer:
    settings.setdefault("access_log", None)
    return server_class("127.0.0.1", 0, app, **settings)


def connected(server: BaseWSGIServer | Apart, data: bytes = b"") -> Client:
    client = connect(("127.0.0.1", server.port))
    client.send(data)
    return client


@pytest.fixture(autouse=True)
def nothing_is_left() -> Iterator[None]:
    """Threads and descriptors are the same before and after each test."""
    open_before, threads_before = descriptors(), set(threading.enumerate())
    yield
    until(lambda: set(threading.enumerate()) <= threads_before)
    assert descriptors() - open_before == set()


# Signals


@contextmanager
def unblocked_elsewhere() -> Iterator[Callable[[], None]]:
    """Sends this process SIGUSR1 when it is told to; a thread gets it that is not the main one."""
    go = threading.Event()

    def send() -> None:
        assert go.wait(SECONDS)
        os.kill(os.getpid(), signal.SIGUSR1)

    thread = threading.Thread(target=send)
    thread.start()
    before = signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGUSR1])  # for threads that are started later, too
    try:
        yield go.set
    finally:
        thread.join()
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


@each_class
def test_a_signal_that_another_thread_gets_is_handled_at_once(server_class: Make) -> None:
    server = make(server_class)
    in_vain = threading.Timer(SECONDS / 2, server.stop)
    before = signal.signal(signal.SIGUSR1, lambda number, frame: server.stop())
    with unblocked_elsewhere() as send:
        in_vain.start()
        once(lambda: exchange_ends(server), send)
        server.serve_forever()
        assert in_vain.is_alive(), "nobody took notice of the signal"
        in_vain.cancel()
        in_vain.join()
    signal.signal(signal.SIGUSR1, before)
    assert signal.set_wakeup_fd(-1) == -1


def exchange_ends(server: BaseWSGIServer) -> bool:
    """Ask something; afterwards the server waits for whatever comes next."""
    client = connected(server)
    assert client.exchange(request("/", "Connection: close")).status == 200
    client.close()
    until(lambda: not server.connections)
    until(lambda: not isinstance(server, ThreadPoolWSGIServer) or server._pool._deputy_sleeps)
    return True


def test_who_has_a_wakeup_descriptor_keeps_it() -> None:
    server = make(BaseWSGIServer)
    ours, theirs = socket.socketpair()
    with ours, theirs:
        theirs.setblocking(False)
        signal.set_wakeup_fd(theirs.fileno())
        thread = once(lambda: exchange_ends(server), server.stop)
        server.serve_forever()
        thread.join()
        assert signal.set_wakeup_fd(-1) == theirs.fileno()


# Retiring


@each_class
def test_who_retires_leaves_the_door_to_another_process(server_class: Make) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.setblocking(False)
        app = Held()
        with running(make(server_class, app, listeners=[listener.dup()])) as server:
            server.acceptor.shared = True
            client = connected(server, request("/held"))
            app.wait_for(1)
            server.retire(SECONDS)
            app.go.set()
            assert client.read().headers["Connection"] == "close"
            client.close()
            until(lambda: not server.acceptor.listeners)
            later = connected(server, request("/"))
        with running(make(server_class, listeners=[listener.dup()])):
            assert later.read().status == 200
            later.close()


@each_class
def test_who_retires_parts_at_once_from_clients_that_ask_nothing(server_class: Make) -> None:
    app = Held()
    with running(make(server_class, app, **({"threads": 1} if server_class is ThreadPoolWSGIServer else {}))) as server:
        idle = connected(server, request("/"))
        idle.read()
        busy = connected(server, request("/held"))
        app.wait_for(1)
        server.retire(SECONDS)
        assert idle.rest() == b""
        app.go.set()
        assert busy.read().status == 200
        idle.close()
        busy.close()


@each_class
def test_who_retires_has_the_time_that_it_is_given(server_class: Make) -> None:
    app = Held()
    with running(make(server_class, app)) as server:
        client = connected(server, request("/held"))
        app.wait_for(1)
        server.retire(0.05)
        if server_class is BaseWSGIServer:
            app.go.set()  # nobody takes a request away from the only thread there is
            client.read()
        else:
            assert client.rest() == b""
        client.close()
        app.go.set()


def test_the_file_of_a_shared_unix_socket_stays(tmp_path_factory: pytest.TempPathFactory) -> None:
    path = tmp_path_factory.mktemp("s") / "socket"
    with BaseWSGIServer(f"unix://{path}", 0, hello, access_log=None) as server:
        server.acceptor.shared = True
    assert path.is_socket()


# Graceful


@each_class
def test_what_runs_is_finished_and_its_response_says_that_it_is_the_last(server_class: Make) -> None:
    app = Held()
    with running(make(server_class, app)) as server:
        client = connected(server, request("/held"))
        app.wait_for(1)
        server.stop()
        app.go.set()
        answer = client.read()
        assert answer.body == b"/held"
        assert answer.headers["Connection"] == "close"
        assert client.rest() == b""
        client.close()


@with_threads
def test_who_comes_while_all_threads_finish_what_runs_is_refused(server_class: Make) -> None:
    app = Held()
    one_thread = {"threads": 1} if server_class is ThreadPoolWSGIServer else {"max_threads": 1}
    with running(make(server_class, app, deadlines=Deadlines(graceful=600.0), **one_thread)) as server:
        idle = connected(server, GET)
        idle.read()
        busy = connected(server, request("/held"))
        app.wait_for(1)
        at_the_door = connected(server, request("/door"))
        server.stop()
        until(lambda: refused(server.port))
        assert idle.rest() == b""
        app.go.set()
        assert [busy.read().body, at_the_door.read().body] == [b"/held", b"/door"]
        for client in (idle, busy, at_the_door):
            client.close()


@each_class
def test_responses_after_a_stop_say_that_they_are_the_last(server_class: Make) -> None:
    app = Held()
    with running(make(server_class, app)) as server:
        kept = connected(server, GET)
        assert "Connection" not in kept.read().headers
        held = connected(server, request("/held"))
        app.wait_for(1)
        kept.send(request("/held"))
        server.stop()
        app.go.set()
        answer = kept.read()
        assert answer.headers["Connection"] == "close"
        assert kept.rest() == b""
        for client in (held, kept):
            client.close()


@each_class
def test_idle_connections_are_closed(server_class: Make) -> None:
    with running(make(server_class, deadlines=Deadlines(graceful=600.0))) as server:
        clients = [connected(server, GET) for _ in range(5)]
        for client in clients:
            assert client.read().status == 200
        server.stop()
        for client in clients:
            assert client.rest() == b""
            client.close()


@each_class
@pytest.mark.parametrize("max_connections", [16_384, 3])
def test_requests_that_wait_in_the_kernel_s_queue_are_answered(server_class: Make, max_connections: int) -> None:
    app = Held()
    with running(make(server_class, app, max_connections=max_connections)) as server:
        held = [connected(server, request("/held")) for _ in range(1 if server_class is BaseWSGIServer else 3)]
        app.wait_for(len(held))
        waiting = [connected(server, GET) for _ in range(100)]
        server.stop()
        app.go.set()
        for client in [*held, *waiting]:
            assert client.read().status == 200
            client.close()


@each_class
def test_every_one_of_many_connections_is_answered_when_the_stop_comes_at_once(server_class: Make) -> None:
    server = make(server_class)
    clients = [connected(server, GET) for _ in range(200)]
    with running(server):
        server.stop()
        for client in clients:
            assert client.read().status == 200
            client.close()


@each_class
def test_a_request_that_has_begun_to_arrive_may_arrive(server_class: Make) -> None:
    with running(make(server_class)) as server:
        client = connected(server, GET[:10])
        until(lambda: [True for connection in server.connections.values() if connection.http.started])
        server.stop()
        until(lambda: not server.acceptor.listeners)
        client.send(GET[10:])
        assert client.read().headers["Connection"] == "close"
        client.close()


@each_class
def test_a_client_that_is_slow_to_take_its_response_gets_all_of_it(server_class: Make) -> None:
    def large(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        start_response("200 OK", [("Content-Length", "20000000")])
        return [bytes(20_000_000)]

    with running(make(server_class, large)) as server:
        client = connected(server, GET)
        assert client.sock.recv(1)
        server.stop()
        until(lambda: not server.acceptor.listeners)
        assert len(client.rest()) > 20_000_000
        client.close()


@each_class
def test_nobody_is_accepted_any_more(server_class: Make) -> None:
    app = Held()
    server = make(server_class, app)
    with running(server):
        client = connected(server, GET[:10])
        until(lambda: server.connections)
        server.stop()
        until(lambda: not server.acceptor.listeners)
        assert refused(server.port)
        client.close()


@each_class
def test_the_file_of_a_unix_socket_is_removed(server_class: Make, tmp_path: Path) -> None:
    path = tmp_path / "socket"
    server = server_class(f"unix://{path}", 0, hello, access_log=None)
    with running(server):
        client = connect(str(path))
        assert client.exchange(GET).status == 200
        client.close()
        assert path.exists()
    assert not path.exists()


# Out of time, or of patience


@with_threads
def test_what_does_not_end_in_time_is_cut_off(server_class: Make) -> None:
    app = Held()
    settings = {"threads": 2} if server_class is ThreadPoolWSGIServer else {}
    server = make(server_class, app, deadlines=Deadlines(graceful=0.2), **settings)
    with running(server):
        clients = [connected(server, request("/held")) for _ in range(2)]
        app.wait_for(2)
        started = time.monotonic()
        server.shutdown()
        assert time.monotonic() - started >= 0.2
        for client in clients:
            assert client.rest() == b""
            client.close()
    app.go.set()


@with_threads
def test_a_second_stop_is_immediate(server_class: Make) -> None:
    app = Held()
    settings = {"threads": 2} if server_class is ThreadPoolWSGIServer else {}
    server = make(server_class, app, deadlines=Deadlines(graceful=600.0), **settings)
    with running(server):
        clients = [connected(server, request("/held")) for _ in range(2)]
        app.wait_for(2)
        waiting = connected(server, GET)
        server.stop()
        server.stop()
        server._stopped.wait(SECONDS)
        for client in clients:
            assert client.rest() == b""
            client.close()
        waiting.close()
    app.go.set()


@each_class
def test_a_second_stop_drops_who_is_slow_to_take_a_response(server_class: Make) -> None:
    def large(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        start_response("200 OK", [("Content-Length", "20000000")])
        return [bytes(20_000_000)]

    with running(make(server_class, large, deadlines=Deadlines(graceful=600.0))) as server:
        client = connected(server, GET)
        assert client.sock.recv(1)
        server.stop()
        until(lambda: not server.acceptor.listeners)
        server.stop()
    client.close()


# When and by whom


@each_class
def test_a_stop_before_serve_forever_answers_who_waits_and_returns(server_class: Make) -> None:
    server = make(server_class)
    client = connected(server, GET)
    server.stop()
    server.serve_forever()
    assert client.read().status == 200
    client.close()


@each_class
def test_shutdown_before_serve_forever_does_not_wait(server_class: Make) -> None:
    server = make(server_class)
    server.shutdown()
    server.serve_forever()


@each_class
def test_shutdown_returns_when_serve_forever_has(server_class: Make) -> None:
    with running(make(server_class)) as server:
        client = connected(server, GET)
        assert client.read().status == 200
        server.shutdown()
        assert server.socket.fileno() == -1
        client.close()


def test_shutdown_in_the_thread_that_serves_does_not_wait_for_itself() -> None:
    server: BaseWSGIServer

    def shutting_down(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        server.shutdown()
        return hello(environ, start_response)

    server = make(BaseWSGIServer, shutting_down)
    with running(server):
        client = connected(server, GET)
        assert client.read().status == 200
        client.close()


@each_class
def test_stopping_a_server_that_has_stopped_does_nothing(server_class: Make) -> None:
    with running(make(server_class)) as server:
        server.shutdown()
    server.stop()
    server.shutdown()


@each_class
def test_many_servers_come_and_go(server_class: Make) -> None:
    for _ in range(20):
        with running(make(server_class)) as server:
            client = connected(server, GET)
            assert client.read().status == 200
        client.close()


@each_class
def test_a_server_that_never_served_gives_back_all_it_has(server_class: Make) -> None:
    make(server_class).server_close()


# Signals, in a process of its own


def slow(server: Apart) -> Client:
    """A client whose request is being served."""
    client = connected(server, request("/slow"))
    assert b"200 OK" in client.read_head()
    return client


@each_kind
@pytest.mark.parametrize(("number", "method"), [(signal.SIGTERM, "stop"), (signal.SIGINT, "shutdown")])
def test_a_signal_lets_what_runs_finish_and_leaves_nothing(kind: str, number: int, method: str, tmp_path: Path) -> None:
    with apart(tmp_path, kind, on_signal=method, deadlines={"graceful": 600.0}) as server:
        idle = connected(server)
        clients = [slow(server) for _ in range(1 if kind == "single" else 3)]
        server.signal(number)
        for client in clients:
            assert b"done" in client.rest()
            client.close()
        assert idle.rest() == b""
        idle.close()
        ended = server.ended()
    assert ended[:3] == ([], [], False)
    assert "Traceback" not in server.log()


@pytest.mark.usefixtures("unmeasured")
@pytest.mark.parametrize("kind", ["pool", "thread", "fork"])
def test_a_second_signal_does_not_wait_for_anybody(kind: str, tmp_path: Path) -> None:
    with apart(tmp_path, kind, deadlines={"graceful": 600.0}) as server:
        client = connected(server, request("/forever"))
        assert b"200 OK" in client.read_head()
        server.signal()
        until(lambda: refused(server.port))
        ended = server.ended(signal.SIGTERM)
        assert b"done" not in client.rest()
        client.close()
    assert not ended.children
    assert ended.descriptors == [] or (kind != "fork" and len(ended.descriptors) == 1)  # the thread's, and it blocks


@pytest.mark.parametrize("kind", ["pool", "thread", "fork"])
def test_who_does_not_finish_in_time_is_left_behind(kind: str, tmp_path: Path) -> None:
    with apart(tmp_path, kind, deadlines={"graceful": 0.2}) as server:
        client = connected(server, request("/forever"))
        assert b"200 OK" in client.read_head()
        ended = server.ended(signal.SIGTERM)
        assert b"done" not in client.rest()
        client.close()
    assert not ended.children
    assert ended.descriptors == [] or (kind != "fork" and len(ended.descriptors) == 1)


@each_kind
def test_ctrl_c_without_a_handler_ends_it_quietly(kind: str, tmp_path: Path) -> None:
    with apart(tmp_path, kind, on_signal="") as server:
        client = connected(server, GET[:-1])
        server.wait_until_idle()
        ended = server.ended(signal.SIGINT)
        client.close()
    assert ended[:3] == ([], [], False)
    assert "Traceback" not in server.log()
