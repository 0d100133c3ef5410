"""A process for each connection: how many, for how long, and what becomes of those that do not end well."""

from __future__ import annotations

import errno
import os
import re
import signal
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.server.apart import LARGE, Apart, apart
from tests.server.client import Client, connect, request
from tests.server.running import GET, descriptors, hello, refused, until
from wsgiserve.accesslog import request_id
from wsgiserve.server import forking
from wsgiserve.server.forking import ForkingMixIn
from wsgiserve.server.servers import ForkingWSGIServer

SELECTORS = ["", "EpollSelector", "PollSelector", "SelectSelector"]


@contextmanager
def serving(folder: Path, **spec: Any) -> Iterator[Apart]:
    """A forking server that has to end in good order, unless the test has ended it."""
    with apart(folder, "fork", **spec) as server:
        yield server
        ended = server.ended(signal.SIGTERM)
        assert ended[:3] == ([], [], False)
        assert "Traceback" not in server.log()


def connected(server: Apart, target: str = "") -> Client:
    client = connect(("127.0.0.1", server.port))
    if target:
        client.send(request(target))
    return client


def begun(server: Apart, target: str) -> Client:
    """A client whose request a child is serving."""
    client = connected(server, target)
    assert b"200 OK" in client.read_head()
    return client


def pid(client: Client) -> int:
    return int(client.exchange(request("/pid")).body)


# Children


@pytest.mark.parametrize("selector", SELECTORS)
def test_a_connection_is_served_by_a_child_of_its_own_to_its_end(selector: str, tmp_path: Path) -> None:
    with serving(tmp_path, selector=selector) as server:
        one, other = connected(server), connected(server)
        pids = {pid(one), pid(other)}
        assert len(pids) == 2
        assert server.pid not in pids
        assert {pid(one), pid(other)} == pids
        one.close()
        other.close()
        until(lambda: not server.children())


def test_there_are_no_more_children_than_allowed_and_who_waits_gets_one_when_another_ends(tmp_path: Path) -> None:
    with serving(tmp_path, processes=2) as server:
        clients = [connected(server, "/slow") for _ in range(6)]
        most = 0
        for client in clients:
            most = max(most, len(server.children()))
            assert client.read().status == 200
            client.close()
        assert most == 2


def test_a_child_that_is_only_kept_leaves_when_somebody_waits(tmp_path: Path) -> None:
    with serving(tmp_path, processes=1, deadlines={"keep_alive": 600.0}) as server:
        idle = connected(server)
        for _ in range(3):
            first = pid(idle)
            waiting = connected(server)
            assert pid(waiting) != first
            assert idle.rest() == b""
            idle.close()
            idle = waiting
        idle.close()


def test_a_child_that_is_still_sending_is_neither_hurried_nor_cut_off_however_often_somebody_waits(
    tmp_path: Path,
) -> None:
    with serving(tmp_path, processes=2, deadlines={"keep_alive": 600.0, "graceful": 0.2}) as server:
        slow = begun(server, "/large")
        others = []
        for _ in range(3):
            # Each one waits for the kept child of the one before, and then takes longer than a graceful stop may take.
            others.append(connected(server, "/slow"))
            assert others[-1].read().status == 200
        assert len(slow.rest()) == LARGE
        for client in [slow, *others]:
            client.close()
        server.ended(signal.SIGTERM, signal.SIGTERM)


def test_connections_that_wait_in_the_parent_hear_nothing_of_a_fork(tmp_path: Path) -> None:
    for selector in SELECTORS:
        with serving(tmp_path, selector=selector) as server:
            before = [connected(server) for _ in range(5)]
            partial = connected(server)
            partial.send(GET[:10])
            forked = connected(server)
            pid(forked)
            after = connected(server)
            for client in [*before, after]:
                assert pid(client)
            partial.send(GET[10:])
            assert partial.read().status == 200
            for client in [*before, partial, forked, after]:
                client.close()


def test_children_hold_no_other_connection_open(tmp_path: Path) -> None:
    with serving(tmp_path, deadlines={"head": 0.3, "graceful": 0.2}) as server:
        idle = connected(server)
        busy = begun(server, "/forever")
        assert idle.rest() == b""  # the parent has closed it, and nobody else has it
        idle.close()
        closing = connected(server)
        answer = closing.exchange(request("/", "Connection: close"))
        assert answer.status == 200
        assert closing.rest() == b""
        closing.close()
        server.ended(signal.SIGTERM)
        busy.close()


def test_children_do_not_listen(tmp_path: Path) -> None:
    with apart(tmp_path, "fork") as server:
        client = begun(server, "/forever")
        (child,) = server.children()
        server.die()
        assert refused(server.port)
        os.kill(child, signal.SIGKILL)
        client.close()


def test_environ_says_that_there_are_many_processes() -> None:
    assert (ForkingMixIn.multithread, ForkingMixIn.multiprocess) == (False, True)


def test_tls_goes_on_in_the_child_where_the_parent_has_begun_it(tmp_path: Path) -> None:
    pytest.importorskip("cryptography")
    trusting = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    trusting.check_hostname = False
    trusting.verify_mode = ssl.CERT_NONE
    with serving(tmp_path, tls=True) as server:
        clients = [connect(("127.0.0.1", server.port), tls=trusting) for _ in range(3)]
        pids = {pid(client) for client in clients}
        assert len(pids - {server.pid}) == 3
        assert {pid(client) for client in clients} == pids
        large = clients[0].exchange(request("/large"))
        assert len(large.body) == LARGE
        for client in clients:
            client.close()


# The log


def complete_numbers(server: Apart) -> list[int]:
    """Of the lines in the log that are there to their end: another process may be writing one."""
    return [int(number) for number in re.findall(r"number=(\d+)\b.*\n", server.log())]


def test_no_two_requests_have_the_same_number(tmp_path: Path) -> None:
    with serving(tmp_path) as server:
        clients = [connected(server) for _ in range(6)]
        for client in clients:
            for _ in range(20):
                assert client.exchange(GET).status == 200
            client.close()
        until(lambda: len(complete_numbers(server)) == 120)
        numbers = complete_numbers(server)
        assert len(set(numbers)) == 120
        assert len({request_id(number) for number in numbers}) == 120


def test_what_an_application_prints_is_printed_once(tmp_path: Path) -> None:
    with serving(tmp_path) as server:
        for _ in range(3):
            client = connected(server)
            client.send(request("/print", "Connection: close"))
            assert client.read().status == 200
            client.close()
        server.ended(signal.SIGTERM)
        assert "".join(server.printed).count("printed by the application") == 3


# What goes wrong


@pytest.mark.parametrize("way", ["/exit", "/kill"])
def test_a_child_that_dies_closes_its_connection_and_no_other(way: str, tmp_path: Path) -> None:
    with serving(tmp_path, processes=2) as server:
        kept = connected(server)
        child = pid(kept)
        for _ in range(4):
            client = begun(server, way)
            assert b"done" not in client.rest()
            client.close()
        assert pid(kept) == child
        until(lambda: server.children() == [child])  # and no zombies
        kept.close()


def test_a_signal_to_one_child_lets_it_finish(tmp_path: Path) -> None:
    with serving(tmp_path) as server:
        client = begun(server, "/slow")
        (child,) = server.children()
        os.kill(child, signal.SIGTERM)
        assert b"done" in client.rest()
        client.close()
        other = connected(server)
        assert pid(other)
        other.close()


def test_ctrl_c_reaches_all_processes_and_lets_them_finish(tmp_path: Path) -> None:
    with serving(tmp_path) as server:
        clients = [begun(server, "/slow") for _ in range(3)]
        kept = connected(server)
        pid(kept)
        os.killpg(server.pid, signal.SIGINT)
        for client in clients:
            assert b"done" in client.rest()
            client.close()
        assert kept.rest() == b""
        kept.close()
        server.ended()


def test_a_stop_answers_those_too_who_wait_for_a_child(tmp_path: Path) -> None:
    with serving(tmp_path, processes=1) as server:
        first = begun(server, f"/until?{tmp_path}/go")
        waiting = [connected(server, "/pid") for _ in range(3)]
        server.signal()
        until(lambda: refused(server.port))  # those who wait have been taken in
        (tmp_path / "go").touch()
        assert b"done" in first.rest()
        for client in waiting:
            assert client.read().headers["Connection"] == "close"
            client.close()
        first.close()


def test_children_are_killed_when_a_graceful_stop_has_taken_too_long(tmp_path: Path) -> None:
    with serving(tmp_path, processes=1, deadlines={"graceful": 0.2}) as server:
        client = begun(server, "/forever")
        waiting = connected(server, "/pid")
        (child,) = server.children()
        server.ended(signal.SIGTERM)
        until(lambda: not Path(f"/proc/{child}").exists())
        assert b"done" not in client.rest()
        client.close()
        waiting.close()


def no_fork() -> None:
    """In the server's process: the system has no process to give."""

    def fork() -> int:
        raise OSError(errno.EAGAIN, os.strerror(errno.EAGAIN))

    os.fork = fork


def one_fork() -> None:
    """In the server's process: the system has one process to give at a time; forking fails while it runs."""
    really, running = os.fork, list[int]()

    def fork() -> int:
        if running and Path(f"/proc/{running[-1]}").exists():
            raise OSError(errno.EAGAIN, os.strerror(errno.EAGAIN))
        number = really()
        running.append(number)
        return number

    os.fork = fork


def test_without_any_process_requests_are_served_all_the_same_and_it_is_logged_once(tmp_path: Path) -> None:
    with serving(tmp_path, patch="tests.server.test_forking:no_fork") as server:
        for _ in range(3):
            client = connected(server)
            assert pid(client) == server.pid
            assert pid(client) == server.pid
            client.close()
        assert server.log().count("refuses to start another process") == 1
        assert "Resource temporarily unavailable" in server.log()


def test_while_the_system_has_no_more_processes_requests_wait_for_those_that_run(tmp_path: Path) -> None:
    with serving(tmp_path, patch="tests.server.test_forking:one_fork") as server:
        first = begun(server, "/slow")
        waiting = [connected(server, "/pid") for _ in range(2)]
        for client in waiting:
            answer = client.read()
            assert answer.status == 200
            assert int(answer.body) != server.pid
            client.close()
        assert server.log().count("refuses to start another process") == 1
        first.close()


def broken_child() -> None:
    """In the server's process: children fail before they serve."""

    def become_child(self: ForkingMixIn, connection: object) -> None:
        raise ZeroDivisionError

    ForkingMixIn._become_child = become_child  # type: ignore[method-assign]


def test_our_own_mistake_in_a_child_is_logged_and_the_server_goes_on(tmp_path: Path) -> None:
    with apart(tmp_path, "fork", patch="tests.server.test_forking:broken_child") as server:
        for _ in range(2):
            client = connected(server, "/pid")
            assert client.rest() == b""
            client.close()
        ended = server.ended(signal.SIGTERM)
        assert ended[:3] == ([], [], False)
        assert server.log().count("CRITICAL wsgiserve: internal error in process") == 2
        assert server.log().count("\nZeroDivisionError") == 2


# Making one


def test_where_there_is_no_fork_werkzeug_s_error_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(forking, "can_fork", False)
    with pytest.raises(ValueError, match=r"^Your platform does not support forking\.$"):
        ForkingWSGIServer("127.0.0.1", 0, hello)


def test_no_processes_at_all_are_no_number_of_processes() -> None:
    with pytest.raises(ValueError, match="at least 1"):
        ForkingWSGIServer("127.0.0.1", 0, hello, processes=0)


def test_a_server_that_never_served_gives_back_all_it_has() -> None:
    before = descriptors()
    server = ForkingWSGIServer("127.0.0.1", 0, hello)
    server.server_close()
    server.server_close()
    assert descriptors() == before
