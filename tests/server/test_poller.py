"""The pollers: one contract, whatever the operating system offers."""

from __future__ import annotations

import os
import select
import selectors
import signal
import socket
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.server.running import SECONDS, descriptors, until
from wsgiserve.server.poller import EpollPoller, Poller, SelectorPoller, new_poller

MAKERS: dict[str, Callable[[], Poller]] = {
    "epoll": EpollPoller,
    "selector-epoll": lambda: SelectorPoller(selectors.EpollSelector()),
    "selector-poll": lambda: SelectorPoller(selectors.PollSelector()),
    "selector-select": lambda: SelectorPoller(selectors.SelectSelector()),
}


@pytest.fixture(params=MAKERS)
def poller(request: pytest.FixtureRequest) -> Iterator[Poller]:
    made = MAKERS[request.param]()
    yield made
    made.close()


@pytest.fixture
def pair() -> Iterator[tuple[socket.socket, socket.socket]]:
    """Our end, non-blocking, and the peer's."""
    ours, theirs = socket.socketpair()
    ours.setblocking(False)
    with ours, theirs:
        yield ours, theirs


Pair = tuple[socket.socket, socket.socket]


def named(poller: Poller, timeout: float | None = 0.0) -> list[int]:
    """What one poll names; at once, so that a test of what is *not* named cannot be too slow to see it."""
    return [fileno for fileno, _ in poller.poll(timeout)]


def named_at_last(poller: Poller) -> list[int]:
    """What the first poll names that names anything: being woken names nothing."""
    deadline = time.monotonic() + SECONDS
    while time.monotonic() < deadline:
        if found := named(poller, SECONDS):
            return found
    raise AssertionError("nothing is named")


class Polling:
    """A thread that polls until it is told to end."""

    def __init__(self, poller: Poller) -> None:
        self._poller = poller
        self._named: list[int] = []
        self._rang = threading.Event()
        self._ending = False
        self.error: BaseException | None = None
        self._thread = threading.Thread(target=self._run)

    def __enter__(self) -> Polling:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ending = True
        self._poller.wake()
        self._thread.join(SECONDS)
        assert not self._thread.is_alive()
        if self.error is not None:
            raise self.error

    def _run(self) -> None:
        try:
            while not self._ending:
                if found := named(self._poller, None):
                    self._named += found
                    self._rang.set()
        except BaseException as error:
            self.error = error
            self._rang.set()

    def next_named(self) -> list[int]:
        assert self._rang.wait(SECONDS)
        self._rang.clear()
        found, self._named = self._named, []
        return found


def test_bytes_that_were_there_before_it_was_registered_are_named(poller: Poller, pair: Pair) -> None:
    ours, theirs = pair
    theirs.send(b"x")
    poller.register(ours.fileno())
    assert named_at_last(poller) == [ours.fileno()]


def test_what_happened_is_named_once(poller: Poller, pair: Pair) -> None:
    ours, theirs = pair
    poller.register(ours.fileno())
    theirs.send(b"x")
    assert named_at_last(poller) == [ours.fileno()]
    assert named(poller) == []


def test_it_is_named_again_for_new_bytes_after_it_was_armed_again(poller: Poller, pair: Pair) -> None:
    ours, theirs = pair
    poller.register(ours.fileno())
    for _ in range(3):
        theirs.send(b"x")
        assert named_at_last(poller) == [ours.fileno()]
        ours.recv(10)
        poller.rearm(ours.fileno())
        assert named(poller) == []


def test_bytes_between_the_last_read_and_the_arming_are_named(poller: Poller, pair: Pair) -> None:
    ours, theirs = pair
    poller.register(ours.fileno())
    theirs.send(b"x")
    assert named_at_last(poller) == [ours.fileno()]
    ours.recv(10)
    theirs.send(b"y")
    poller.rearm(ours.fileno())
    assert named_at_last(poller) == [ours.fileno()]


def test_room_to_write_is_named_when_the_peer_makes_it(poller: Poller, pair: Pair) -> None:
    ours, theirs = pair
    poller.register(ours.fileno())
    sent = fill(ours)
    poller.wait_write(ours.fileno())
    assert named(poller) == []
    while sent:
        sent -= len(theirs.recv(sent))
    assert named_at_last(poller) == [ours.fileno()]


def test_room_that_is_there_already_is_named_too(poller: Poller, pair: Pair) -> None:
    ours, _ = pair
    poller.register(ours.fileno())
    poller.wait_write(ours.fileno())
    assert named_at_last(poller) == [ours.fileno()]


def test_bytes_are_not_named_while_room_is_waited_for_and_named_afterwards(poller: Poller, pair: Pair) -> None:
    ours, theirs = pair
    poller.register(ours.fileno())
    fill(ours)
    poller.wait_write(ours.fileno())
    theirs.send(b"x")
    assert named(poller) == []
    poller.wait_read(ours.fileno())
    assert named_at_last(poller) == [ours.fileno()]


def fill(sock: socket.socket) -> int:
    sent = 0
    while True:
        try:
            sent += sock.send(bytes(65536))
        except BlockingIOError:
            return sent


def test_a_peer_that_closes_is_named(poller: Poller, pair: Pair) -> None:
    ours, theirs = pair
    poller.register(ours.fileno())
    theirs.close()
    assert named_at_last(poller) == [ours.fileno()]


def test_epoll_leaves_bytes_alone_while_it_is_to_tell_of_a_hang_up_alone(pair: Pair) -> None:
    ours, theirs = pair
    poller = EpollPoller()
    poller.register(ours.fileno())
    poller.wait_hang_up(ours.fileno())
    theirs.send(b"x")
    assert named(poller) == []
    poller.wait_read(ours.fileno())
    assert named_at_last(poller) == [ours.fileno()]
    poller.wait_hang_up(ours.fileno())
    theirs.shutdown(socket.SHUT_WR)
    ((fileno, events),) = poller.poll(SECONDS)
    assert (fileno, bool(events & poller.hung_up)) == (ours.fileno(), True)
    poller.close()


def test_bytes_that_came_meanwhile_are_named_afterwards(poller: Poller, pair: Pair) -> None:
    ours, theirs = pair
    poller.register(ours.fileno())
    theirs.send(b"x")
    assert named_at_last(poller) == [ours.fileno()]
    poller.wait_hang_up(ours.fileno())
    theirs.send(b"y")
    assert named(poller) == []
    poller.wait_read(ours.fileno())
    assert named_at_last(poller) == [ours.fileno()]


def test_epoll_tells_that_the_peer_sends_no_more_in_the_same_event_as_its_last_bytes(pair: Pair) -> None:
    ours, theirs = pair
    poller = EpollPoller()
    poller.register(ours.fileno())
    theirs.send(b"x")
    theirs.shutdown(socket.SHUT_WR)
    ((fileno, events),) = poller.poll(SECONDS)
    assert (fileno, bool(events & poller.hung_up)) == (ours.fileno(), True)
    poller.close()


def test_nothing_is_named_any_more_after_unregister(poller: Poller, pair: Pair) -> None:
    ours, theirs = pair
    poller.register(ours.fileno())
    assert named(poller) == []
    theirs.send(b"x")
    poller.unregister(ours.fileno())
    assert named(poller) == []


def test_arming_that_was_asked_for_before_unregister_is_forgotten(poller: Poller, pair: Pair) -> None:
    ours, theirs = pair
    poller.register(ours.fileno())
    theirs.send(b"x")
    assert named_at_last(poller) == [ours.fileno()]
    poller.rearm(ours.fileno())
    poller.unregister(ours.fileno())
    assert named(poller) == []


def test_descriptors_that_are_not_registered_are_ignored(poller: Poller, pair: Pair) -> None:
    ours, theirs = pair
    theirs.send(b"x")
    for method in (poller.unregister, poller.rearm, poller.wait_read, poller.wait_write, poller.wait_hang_up):
        method(ours.fileno())
    assert named(poller) == []


def test_a_number_that_is_used_again_is_the_new_socket(poller: Poller, pair: Pair) -> None:
    old, old_peer = socket.socketpair()
    number = old.fileno()
    poller.register(number)
    assert named(poller) == []
    poller.wait_write(number)
    poller.unregister(number)
    old_peer.close()
    os.dup2(pair[0].fileno(), number)
    poller.register(number)
    assert named(poller) == []
    pair[1].send(b"x")
    assert named_at_last(poller) == [number]
    poller.unregister(number)
    old.close()


def test_poll_returns_after_its_timeout(poller: Poller) -> None:
    started = time.monotonic()
    assert named(poller, 0.03) == []
    assert time.monotonic() - started >= 0.03


def test_wake_before_poll_is_not_lost(poller: Poller) -> None:
    poller.wake()
    assert named(poller, None) == []


def test_wake_from_another_thread_ends_a_poll(poller: Poller) -> None:
    timer = threading.Timer(0.02, poller.wake)
    timer.start()
    assert named(poller, None) == []
    timer.join()


def test_wake_from_a_signal_handler_ends_a_poll(poller: Poller) -> None:
    before = signal.signal(signal.SIGUSR1, lambda *_: poller.wake())
    try:
        timer = threading.Timer(0.02, signal.pthread_kill, [threading.get_ident(), signal.SIGUSR1])
        timer.start()
        assert named(poller, None) == []
        timer.join()
    finally:
        signal.signal(signal.SIGUSR1, before)


def test_a_signal_that_rings_is_told_from_any_other_wake_up(poller: Poller) -> None:
    told: list[str] = []
    poller.waker.on_signal = lambda: told.append("signal")
    poller.wake()
    assert named(poller) == []
    assert told == []
    poller.wake()
    os.write(poller.waker.bell, bytes([signal.SIGTERM]))  # as Python does it
    assert named(poller) == []
    assert told == ["signal"]


def test_waking_it_many_times_wakes_it_once_and_never_waits(poller: Poller) -> None:
    for _ in range(1000):  # more than the pair of sockets behind it has room for
        poller.wake()
    assert named(poller, None) == []
    started = time.monotonic()
    named(poller, 0.03)
    assert time.monotonic() - started >= 0.03


def test_a_descriptor_registered_while_another_thread_polls_is_watched(poller: Poller, pair: Pair) -> None:
    ours, theirs = pair
    with Polling(poller) as polling:
        poller.register(ours.fileno())
        theirs.send(b"x")
        assert polling.next_named() == [ours.fileno()]


def test_a_descriptor_armed_while_another_thread_polls_is_watched(poller: Poller, pair: Pair) -> None:
    ours, theirs = pair
    with Polling(poller) as polling:
        poller.register(ours.fileno())
        for _ in range(100):
            theirs.send(b"x")
            assert polling.next_named() == [ours.fileno()]
            ours.recv(10)
            poller.rearm(ours.fileno())
        poller.wait_write(ours.fileno())
        assert polling.next_named() == [ours.fileno()]


def test_descriptors_may_be_closed_while_another_thread_polls(poller: Poller) -> None:
    with Polling(poller) as polling:
        for _ in range(300):
            ours, theirs = socket.socketpair()
            poller.register(ours.fileno())
            poller.wait_write(ours.fileno())
            poller.unregister(ours.fileno())
            ours.close()
            theirs.close()
        assert polling.error is None


def test_select_that_was_about_to_wait_for_a_closed_descriptor_is_called_again(pair: Pair) -> None:
    class Selecting(selectors.SelectSelector):
        """Another thread lets go of a descriptor and closes it when select(2) has its list already."""

        def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
            if ours.fileno() < 0 or ours.fileno() not in self.get_map():
                return super().select(timeout)
            watched = [ours.fileno()]
            poller.unregister(ours.fileno())
            ours.close()
            select.select(watched, [], [], timeout)
            raise AssertionError("select(2) did not mind")

    ours, _ = pair
    poller = SelectorPoller(Selecting())
    poller.register(ours.fileno())
    assert named(poller) == []
    assert named(poller) == []
    poller.close()


def test_other_errors_of_a_selector_are_not_swallowed() -> None:
    class Broken(selectors.SelectSelector):
        def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
            raise OSError(12, "Cannot allocate memory")

    poller = SelectorPoller(Broken())
    with pytest.raises(OSError, match="memory"):
        poller.poll(0)
    poller.close()


@pytest.mark.parametrize("maker", MAKERS.values(), ids=MAKERS)
def test_closing_it_gives_all_descriptors_back(maker: Callable[[], Poller]) -> None:
    before = descriptors()
    poller = maker()
    assert descriptors() != before
    poller.close()
    assert descriptors() == before


def test_threads_left_behind_may_use_it_after_it_was_closed(poller: Poller, pair: Pair) -> None:
    ours, _ = pair
    poller.register(ours.fileno())
    poller.close()
    poller.wake()
    poller.wait_write(ours.fileno())
    poller.rearm(ours.fileno())
    poller.unregister(ours.fileno())


def test_on_linux_the_best_one_is_epoll() -> None:
    poller = new_poller()
    assert isinstance(poller, EpollPoller)
    poller.close()


def test_elsewhere_it_is_what_selectors_finds_best(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.platform", "darwin")
    poller = new_poller()
    monkeypatch.undo()
    assert isinstance(poller, SelectorPoller)
    poller.close()


# Listeners


@pytest.fixture
def listener() -> Iterator[socket.socket]:
    with socket.create_server(("127.0.0.1", 0)) as made:
        made.setblocking(False)
        yield made


def test_a_listener_is_named_until_nobody_waits_there(poller: Poller, listener: socket.socket) -> None:
    fileno = listener.fileno()
    poller.register_listener(fileno)
    with socket.create_connection(listener.getsockname()), socket.create_connection(listener.getsockname()):
        for _ in range(2):
            assert named_at_last(poller) == [fileno]
            listener.accept()[0].close()
            poller.rearm(fileno)
        assert named(poller) == []


def test_one_connection_wakes_one_of_two_who_watch(listener: socket.socket) -> None:
    one, other = EpollPoller(), EpollPoller()
    woken: list[Poller] = []

    def wait(poller: Poller) -> None:
        if named(poller, SECONDS):
            woken.append(poller)

    threads = [threading.Thread(target=wait, args=[poller]) for poller in (one, other)]
    for poller in (one, other):
        poller.register_listener(listener.fileno())
    for thread in threads:
        thread.start()
    _until_asleep(threads)
    with socket.create_connection(listener.getsockname()):
        threads[0].join(SECONDS)
        assert woken == [one], "the one that was there first"
        assert threads[1].is_alive()
        listener.accept()[0].close()
        other.wake()
        threads[1].join(SECONDS)
    assert woken == [one]
    one.close()
    other.close()


def _until_asleep(threads: list[threading.Thread]) -> None:
    """Until they wait in the kernel; not for the interpreter, which they have while this thread sleeps."""
    before: list[str] = []

    def asleep() -> bool:
        now = [_sleep_of(thread) for thread in threads]
        same, before[:] = now == before, now
        return same and all("S (sleeping)" in sleep for sleep in now)

    until(asleep)


def _sleep_of(thread: threading.Thread) -> str:
    """The state of a thread, and which sleep this is."""
    lines = Path(f"/proc/self/task/{thread.native_id}/status").read_text().splitlines()
    return " ".join(line for line in lines if line.startswith(("State:", "voluntary_ctxt_switches:")))
