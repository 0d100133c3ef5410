"""``werkzeug.socket``: what is a look, what is a use, and what the application cannot do with the socket."""

from __future__ import annotations

import io
import selectors
import socket
import ssl
import threading
from collections.abc import Iterator

import pytest

from tests.server.running import at_once
from wsgiserve.server.takeover import THREAD_NAMES, ClientSocket


class Taken:
    """A stand-in on a real socket, its peer, and how often it was taken over."""

    def __init__(self) -> None:
        self.ours, self.theirs = socket.socketpair()
        self.theirs.settimeout(20)
        self.times = 0
        self.error: OSError | None = None
        self.client = ClientSocket(self.ours, self.take)

    def take(self) -> None:
        self.times += 1
        if self.error is not None:
            raise self.error


@pytest.fixture
def taken() -> Iterator[Taken]:
    made = Taken()
    yield made
    made.ours.close()
    made.theirs.close()


@pytest.mark.parametrize(
    ("name", "arguments"),
    [
        ("getpeername", ()),
        ("getsockname", ()),
        ("gettimeout", ()),
        ("getsockopt", (socket.SOL_SOCKET, socket.SO_TYPE)),
        ("fileno", ()),
    ],
)
def test_a_look_takes_nothing_over(name: str, arguments: tuple[int, ...], taken: Taken) -> None:
    assert getattr(taken.client, name)(*arguments) == getattr(taken.ours, name)(*arguments)
    assert taken.times == 0


def test_attributes_are_those_of_the_socket(taken: Taken) -> None:
    assert (taken.client.family, taken.client.type) == (taken.ours.family, taken.ours.type)
    assert taken.times == 0


@pytest.mark.parametrize("name", ["version", "cipher", "getpeercert", "selected_alpn_protocol", "pending"])
def test_nor_does_a_look_at_tls(name: str, taken: Taken) -> None:
    assert hasattr(ssl.SSLSocket, name)
    assert not hasattr(taken.client, name)  # a plain socket has none, and says so
    assert taken.times == 0


USES: list[tuple[str, tuple[object, ...]]] = [
    ("recv", (1,)),
    ("recv_into", (bytearray(1),)),
    ("send", (b"x",)),
    ("sendall", (b"x",)),
    ("makefile", ("rb",)),
    ("settimeout", (1,)),
    ("setblocking", (True,)),
    ("setsockopt", (socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)),
    ("shutdown", (socket.SHUT_RDWR,)),
]


@pytest.mark.parametrize(("name", "arguments"), USES)
def test_a_use_takes_the_socket_over(name: str, arguments: tuple[object, ...], taken: Taken) -> None:
    taken.theirs.sendall(b"x")
    method = getattr(taken.client, name)
    assert taken.times == 0  # a debugger that lists what is here calls nothing
    result = method(*arguments)
    assert taken.times == 1
    if isinstance(result, io.BufferedReader):
        result.close()


def test_a_use_that_comes_too_late_does_nothing_to_the_socket(taken: Taken) -> None:
    taken.error = OSError("the request is over")
    with pytest.raises(OSError, match="the request is over"):
        taken.client.settimeout(5)
    assert taken.ours.gettimeout() is None


def test_watching_the_socket_is_a_look(taken: Taken) -> None:
    taken.theirs.sendall(b"abc")
    with selectors.DefaultSelector() as selector:
        selector.register(taken.client, selectors.EVENT_READ)
        assert selector.select(20)
    assert taken.client.fileno() == taken.ours.fileno()
    assert taken.times == 0


def test_asking_for_an_attribute_that_no_socket_has_is_no_use(taken: Taken) -> None:
    assert not hasattr(taken.client, "__len__")
    assert taken.times == 0


def test_close_hangs_up_and_leaves_the_descriptor(taken: Taken) -> None:
    taken.client.close()
    assert taken.theirs.recv(1) == b""
    assert taken.ours.fileno() >= 0
    assert taken.times == 1
    taken.client.close()


def test_close_after_the_request_does_nothing(taken: Taken) -> None:
    taken.error = OSError("the request is over")
    taken.client.close()
    taken.ours.sendall(b"still open")
    assert taken.theirs.recv(10) == b"still open"


def test_detach_says_that_it_is_not_possible(taken: Taken) -> None:
    with pytest.raises(io.UnsupportedOperation, match="the server keeps the socket"):
        taken.client.detach()
    assert taken.times == 0


def test_threads_of_the_application_that_have_used_it_are_waited_for(taken: Taken) -> None:
    returned = threading.Event()

    def answer() -> None:
        taken.client.sendall(b"close frame")
        returned.wait(20)
        taken.client.sendall(b", answered")

    thread = threading.Thread(target=answer)
    thread.start()
    assert taken.theirs.recv(100) == b"close frame"
    returned.set()
    taken.client.wait_for_users(20.0)
    assert not thread.is_alive()
    assert taken.theirs.recv(100) == b", answered"


def use_from_thread(taken: Taken, name: str | None = None) -> threading.Thread:
    """A thread that has used the socket, and waits in it for what the peer says."""
    thread = threading.Thread(target=lambda: (taken.client.sendall(b"x"), taken.client.recv(100)), name=name)
    thread.start()
    assert taken.theirs.recv(1) == b"x"
    return thread


def test_neither_threads_that_do_not_end_nor_the_one_that_waits_are_waited_for_for_ever(taken: Taken) -> None:
    thread = use_from_thread(taken)
    taken.client.getsockname()
    taken.client.sendall(b"mine")
    taken.client.wait_for_users(0.0)
    assert thread.is_alive()
    taken.theirs.sendall(b"go")
    thread.join(20)


def test_threads_of_the_server_are_not_waited_for(taken: Taken) -> None:
    thread = use_from_thread(taken, f"{THREAD_NAMES}5")
    taken.client.wait_for_users(threading.TIMEOUT_MAX)
    assert thread.is_alive()
    taken.theirs.sendall(b"go")
    thread.join(20)


def test_no_thread_is_forgotten_that_uses_it_at_the_same_time_as_others(taken: Taken) -> None:
    all_have = threading.Barrier(8)

    def use() -> None:
        taken.client.setblocking(True)
        all_have.wait(20)  # alive as long as the last one looks who is
        assert threading.current_thread() in taken.client._users
        all_have.wait(20)

    for _ in range(50):
        at_once(8, use)


def test_threads_that_have_ended_are_forgotten(taken: Taken) -> None:
    for _ in range(10):
        thread = use_from_thread(taken)
        taken.theirs.sendall(b"go")
        thread.join(20)
    assert len(taken.client._users) == 1
