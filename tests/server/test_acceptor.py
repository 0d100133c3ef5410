"""Accepting: who is taken in, and what happens when there is no room or something is wrong."""

from __future__ import annotations

import errno
import logging
import os
import socket
import time
from collections.abc import Callable
from math import inf
from pathlib import Path
from typing import Any, cast

import pytest

from wsgiserve.server.acceptor import Acceptor
from wsgiserve.server.poller import Poller
from wsgiserve.server.sockets import bind_tcp, bind_unix


class FakeListener:
    """Gives out a script of connections and errors, then says that nobody waits."""

    def __init__(self, fileno: int, *script: socket.socket | int, address: object = ("192.0.2.1", 80)) -> None:
        self._fileno = fileno
        self.script = list(script)
        self.getsockname = lambda: address
        self.on_accept: Callable[[], object] = lambda: None
        self.closed = False

    def fileno(self) -> int:
        return self._fileno

    def accept(self) -> tuple[socket.socket, Any]:
        self.on_accept()
        if not self.script:
            raise BlockingIOError
        event = self.script.pop(0)
        if isinstance(event, int):
            raise OSError(event, os.strerror(event))
        return event, ("192.0.2.1", 1)

    def close(self) -> None:
        self.closed = True


class FakePoller:
    """Writes down what it is told."""

    def __init__(self) -> None:
        self.told: list[tuple[str, int]] = []

    def __getattr__(self, name: str) -> Callable[[int], None]:
        return lambda fileno: self.told.append((name, fileno))


class Client:
    """Stands for an accepted socket."""

    blocking = True

    def setblocking(self, flag: bool) -> None:
        self.blocking = flag


def client() -> socket.socket:
    return cast("socket.socket", Client())


# More than any test needs.
_ROUNDS = 100


class Door:
    """An acceptor with fakes on all sides."""

    def __init__(self, *listeners: FakeListener, room: int = 1000) -> None:
        self.poller = FakePoller()
        self.room = room
        self.taken: list[socket.socket] = []
        self.scripts = {listener.fileno(): listener.script for listener in listeners}
        self.acceptor = Acceptor(cast("list[socket.socket]", listeners), lambda: len(self.taken) < self.room)
        self.acceptor.open(cast("Poller", self.poller))
        assert self.poller.told == [("register_listener", listener.fileno()) for listener in listeners]
        self.poller.told.clear()

    def accept(self, fileno: int) -> int:
        """How many come in at once."""
        before = len(self.taken)
        for sock, _ in self.acceptor.accept(fileno):
            self.taken.append(sock)
        return len(self.taken) - before

    def accept_all(self, fileno: int) -> int:
        """How many come in while the poller names the listener: it is armed, and somebody waits there."""
        before = len(self.taken)
        for _ in range(_ROUNDS):
            self.accept(fileno)
            if self.poller.told[-1] != ("rearm", fileno) or not self.scripts[fileno]:
                return len(self.taken) - before
        raise AssertionError("they do not come in")


def test_everybody_who_waits_is_taken_in_and_the_listener_is_armed_again() -> None:
    door = Door(FakeListener(3, client(), client(), client()))
    assert door.accept_all(3) == 3
    assert set(door.poller.told) == {("rearm", 3)}
    assert [cast("Client", sock).blocking for sock in door.taken] == [False] * 3


def test_nobody_asks_in_vain_after_most_of_those_who_come_one_by_one() -> None:
    asked = []
    listener = FakeListener(3)
    listener.on_accept = lambda: asked.append(len(listener.script))
    door = Door(listener)
    for _ in range(80):
        listener.script = [client()]
        assert door.accept(3) == 1
    assert asked.count(1) == 80
    assert asked.count(0) <= 10


def test_a_burst_is_taken_in_by_more_and_more_at_once() -> None:
    door = Door(FakeListener(3, *[client() for _ in range(1000)]))
    rounds = 0
    while len(door.taken) < 1000:
        assert door.accept(3)
        rounds += 1
    assert rounds < 60
    door.accept(3)
    assert door.accept(3) == 0, "and the next time it is asked for one again"


def test_where_everybody_reaches_the_same_address_it_is_known_without_asking() -> None:
    door = Door(FakeListener(3), FakeListener(4, address=("0.0.0.0", 80)))
    assert door.acceptor.address_at(3) == ("192.0.2.1", 80)
    assert door.acceptor.address_at(4) is None
    assert door.acceptor.address_at(5) is None


def test_where_others_could_as_well_one_is_taken_in_and_the_others_go_first_next_time() -> None:
    door = Door(FakeListener(3, client(), client()), FakeListener(4, client()))
    door.acceptor.shared = True
    assert door.accept(3) == 1
    assert door.poller.told == [("unregister", 3), ("register_listener", 3)]


def test_who_comes_too_late_to_a_shared_listener_keeps_its_place_in_the_line() -> None:
    door = Door(FakeListener(3))
    door.acceptor.shared = True
    assert door.accept(3) == 0
    assert door.poller.told == [("rearm", 3)]


def test_only_the_listener_that_was_named_is_asked() -> None:
    door = Door(FakeListener(3, client()), FakeListener(4, client(), client()))
    assert door.accept_all(4) == 2
    assert door.accept(5) == 0


def test_at_the_end_all_listeners_are_asked() -> None:
    door = Door(FakeListener(3, client()), FakeListener(4, client()))
    assert len(list(door.acceptor.accept_waiting())) == 2
    assert not door.acceptor.holds_back


def test_without_room_the_rest_waits_outside() -> None:
    listener = FakeListener(3, client(), client(), client())
    door = Door(listener, room=2)
    assert door.accept_all(3) == 2
    assert len(listener.script) == 1
    assert door.acceptor.full
    assert door.acceptor.holds_back
    assert door.poller.told[-1] == ("unregister", 3), "it is not named over and over, and others are woken"


def test_when_there_is_room_again_the_poller_is_asked_who_waits_meanwhile() -> None:
    door = Door(FakeListener(3, client(), client()), room=1)
    door.accept_all(3)
    door.acceptor.resume(0.0)
    assert door.poller.told.pop() == ("unregister", 3)
    door.poller.told.clear()
    door.room = 2
    door.acceptor.resume(0.0)
    assert door.poller.told == [("unregister", 3), ("register_listener", 3)]
    door.poller.told.clear()
    assert not door.acceptor.full
    assert door.accept_all(3) == 1


@pytest.mark.parametrize("error", ["ECONNABORTED", "EPROTO", "EHOSTUNREACH", "ENETDOWN", "EPERM", "EINTR"])
def test_a_client_that_is_gone_already_keeps_nobody_else_out(error: str) -> None:
    door = Door(FakeListener(3, client(), getattr(errno, error), client()))
    assert door.accept_all(3) == 2
    assert not door.acceptor.holds_back


@pytest.mark.parametrize("error", ["EMFILE", "ENFILE", "ENOBUFS", "ENOMEM"])
def test_when_the_system_has_no_more_to_give_accepting_pauses(error: str) -> None:
    door = Door(FakeListener(3, client(), getattr(errno, error), client()))
    before = time.monotonic()
    assert door.accept_all(3) == 1
    assert door.acceptor.holds_back
    ends = door.acceptor.pause_ends()
    assert before < ends <= time.monotonic() + 0.1
    door.acceptor.resume(before)
    assert door.poller.told.pop() == ("unregister", 3)
    door.poller.told.clear()
    door.acceptor.resume(ends)
    assert door.poller.told == [("unregister", 3), ("register_listener", 3)]
    assert door.acceptor.pause_ends() == inf
    assert door.accept_all(3) == 1


def test_the_lack_is_logged_once_until_everybody_has_been_taken_in(caplog: pytest.LogCaptureFixture) -> None:
    listener = FakeListener(3, errno.EMFILE, client(), errno.EMFILE, errno.EMFILE, client())
    door = Door(listener)
    for _ in range(6):
        door.accept(3)
    assert listener.script == []
    (record,) = caplog.records
    assert record.levelno == logging.ERROR
    assert "Too many open files" in record.getMessage()
    assert "ulimit -n" in record.getMessage()
    listener.script = [errno.EMFILE]
    door.accept(3)
    assert len(caplog.records) == 2


def test_an_error_that_nobody_has_thought_of_is_logged_and_tried_again(caplog: pytest.LogCaptureFixture) -> None:
    door = Door(FakeListener(3, errno.EINVAL, client()))
    assert door.accept(3) == 0
    assert door.acceptor.holds_back
    assert [record.getMessage() for record in caplog.records] == [
        "cannot accept connections: Invalid argument; they wait until it is possible again"
    ]
    door.acceptor.resume(door.acceptor.pause_ends())
    assert door.accept(3) == 1


def test_closing_lets_go_of_the_listeners_and_of_every_wait() -> None:
    listener = FakeListener(3, client(), errno.EMFILE)
    door = Door(listener, room=1)
    door.accept(3)
    door.room = 2
    door.accept(3)
    door.acceptor.close()
    assert listener.closed
    assert ("unregister", 3) in door.poller.told
    assert not door.acceptor.holds_back
    assert door.acceptor.listeners == []
    assert door.accept(3) == 0


def test_a_child_closes_its_copies_and_leaves_the_poller_that_it_shares_alone() -> None:
    listener = FakeListener(3, client())
    door = Door(listener, room=0)
    door.accept(3)
    door.poller.told.clear()
    door.acceptor.leave()
    door.acceptor.resume(0.0)
    assert listener.closed
    assert door.poller.told == []


def test_a_server_that_never_served_closes_its_listeners_too() -> None:
    listener = FakeListener(3)
    Acceptor(cast("list[socket.socket]", [listener]), lambda: True).close()
    assert listener.closed


def test_real_connections_are_taken_in_with_their_addresses() -> None:
    (listener,) = bind_tcp("127.0.0.1", 0)
    acceptor = Acceptor([listener], lambda: True)
    with socket.create_connection(listener.getsockname()) as ours:
        ((theirs, address),) = acceptor.accept(listener.fileno())
        with theirs:
            assert address == ours.getsockname()
            assert theirs.getblocking() is False
    acceptor.close()
    assert listener.fileno() == -1


@pytest.mark.parametrize("family", [socket.AF_INET, socket.AF_UNIX])
def test_at_a_listener_that_was_closed_meanwhile_nobody_waits(family: socket.AddressFamily) -> None:
    listener = socket.socket(family)
    acceptor = Acceptor([listener], lambda: True)
    listener.close()  # as the thread that polls does, while the deputy counts
    assert acceptor.waiting() == 0


def test_who_waits_at_a_unix_socket_is_taken_in_although_its_file_is_gone(tmp_path: Path) -> None:
    path = tmp_path / "socket"
    listener = bind_unix(str(path))
    acceptor = Acceptor([listener], lambda: True)
    with socket.socket(socket.AF_UNIX) as ours:
        ours.connect(str(path))
        acceptor.unlink()
        assert not path.exists()
        ((theirs, _),) = acceptor.accept_waiting()
        theirs.close()
    acceptor.close()
