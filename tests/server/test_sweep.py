"""Whose time is up, and when that is looked at."""

from __future__ import annotations

import random
import threading
from collections.abc import Callable
from math import inf
from types import SimpleNamespace
from typing import cast

import pytest

from tests.server.looped import Clock, FakeConnection, Loop, listening
from wsgiserve.server import sweep
from wsgiserve.server.deadlines import Deadlines


def run_until(loop: Loop, clock: Clock, end: float) -> None:
    """Poll until then, or until there is nothing left to wait for."""
    while clock.now < end and loop.fake_poller.waited_for[-1:] != [None]:
        loop._poll()


def test_without_connections_it_waits_for_as_long_as_it_takes(clock: Clock) -> None:
    loop = Loop(clock)
    loop._poll()
    assert loop.fake_poller.waited_for == [None]


def test_who_is_owned_is_not_expired(clock: Clock) -> None:
    loop = Loop(clock)
    owned = loop.add(5, deadline=clock.now + 1)
    owned.lock.acquire()
    run_until(loop, clock, clock.now + 10)
    assert owned.expired_at is None


def test_a_connection_with_news_when_it_is_swept_is_not_waited_for(clock: Clock) -> None:
    class Lingering(FakeConnection):
        """Does not close at once: it tries to receive first."""

        def expire(self) -> None:
            self.deadline = inf
            self.readable = True

    loop = Loop(clock)
    connection = loop.add(5, clock.now, Lingering)
    assert loop.next_fake() is connection
    assert loop.fake_poller.waited_for == [0.0]


def test_whose_request_has_come_while_everybody_was_busy_is_not_late(clock: Clock) -> None:
    loop = Loop(clock)
    connection = loop.add(5, deadline=clock.now + 1)
    clock.now += 5
    loop.fake_poller.events = [(5, False)]
    assert loop.next_fake() is connection
    assert connection.expired_at is None


def test_who_has_news_that_nobody_has_looked_at_is_not_late(clock: Clock) -> None:
    loop = Loop(clock)
    connection = loop.add(5, deadline=clock.now - 1)
    connection.readable = True
    assert loop.next_fake() is connection
    assert connection.expired_at is None


def looks_free(acquire: Callable[[bool], bool]) -> threading.Lock:
    """A lock that is free when somebody looks, and was somebody's just before, or is just after."""
    return cast("threading.Lock", SimpleNamespace(locked=lambda: False, acquire=acquire, release=lambda: None))


def test_who_was_served_between_the_look_and_the_taking_is_spared(clock: Clock) -> None:
    def just_served(blocking: bool) -> bool:
        connection.deadline = clock.now + 100
        return True

    loop = Loop(clock)
    connection = loop.add(5, deadline=clock.now)
    connection.lock = looks_free(just_served)
    loop._poll()
    assert connection.expired_at is None


def test_who_was_taken_between_the_look_and_the_taking_may_get_another_deadline(clock: Clock) -> None:
    loop = Loop(clock)
    connection = loop.add(5, deadline=clock.now)
    connection.lock = looks_free(lambda blocking: False)
    loop._poll()
    connection.deadline = clock.now + 2
    connection.lock = threading.Lock()
    run_until(loop, clock, clock.now + 10)
    assert connection.expired_at == pytest.approx(connection.deadline, abs=0.25)


def test_deadlines_that_lie_close_together_are_looked_at_together(clock: Clock) -> None:
    loop = Loop(clock)
    for number in range(100):
        loop.add(number, clock.now + number / 100)
    run_until(loop, clock, clock.now + 10)
    assert not loop.connections
    assert len(loop.fake_poller.waited_for) <= 12  # one waits, the next looks


def test_deadlines_of_nothing_do_not_make_it_spin(clock: Clock) -> None:
    loop = Loop(clock, Deadlines(head=0.0, keep_alive=0.0))
    owned = loop.add(5, deadline=0.0)
    owned.lock.acquire()
    start = clock.now
    for _ in range(100):
        loop._poll()
    assert clock.now - start > 0.5


@pytest.mark.parametrize("seed", range(100))
def test_no_deadline_is_overlooked_whichever_thread_sets_it(
    clock: Clock, seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    choose = random.Random(seed)
    monkeypatch.setattr(sweep, "_AT_ONCE", choose.choice([1, 3, 256]))
    nearest = choose.choice([0.05, 0.3, 1.0, 10.0])
    loop = Loop(clock, Deadlines(head=nearest, keep_alive=nearest * 2, write=nearest * 3, tls_handshake=nearest))
    connections: list[FakeConnection] = []

    def another_thread() -> None:
        """While the loop waits: something comes, and who it is from is served; or is let go with a new deadline."""
        for connection in choose.sample(connections, min(len(connections), choose.randint(0, 2))):
            if connection.closed:
                continue
            if not connection.lock.locked():
                loop.fake_poller.events.append((connection.stream.fileno, False))
            else:
                # Never nearer than the nearest that can be set: a lingering close's two seconds, or a configured one.
                connection.deadline = clock.now + choose.uniform(min(nearest, 2.0), 40.0)
                connection.lock.release()

    loop.fake_poller.meanwhile = another_thread
    for number in range(30):
        if number == 0 or choose.random() < 0.2:
            connections.append(loop.add(number, clock.now + nearest))
        loop._poll()
        while loop.ready:
            loop.next_fake().readable = False  # another thread has it now
    loop.fake_poller.meanwhile = lambda: None
    loop.fake_poller.events.clear()
    for connection in connections:
        if connection.lock.locked() and not connection.closed:
            connection.deadline = clock.now + nearest
            connection.lock.release()
    run_until(loop, clock, clock.now + 100)
    for connection in connections:
        assert connection.expired_at is not None
        assert 0 <= connection.expired_at - connection.deadline <= 0.2501


def let_go(connection: FakeConnection, deadline: float) -> None:
    """As whoever has served it does: of a lingering close, for instance."""
    connection.readable = False
    connection.deadline = deadline
    connection.lock.release()


def many(loop: Loop, count: int, deadline: float) -> list[FakeConnection]:
    return [loop.add(fileno, deadline) for fileno in range(count)]


def test_between_some_hundred_of_ten_thousand_and_the_next_there_is_a_poll(clock: Clock) -> None:
    loop = Loop(clock)
    idle = many(loop, 1000, clock.now)
    newcomer = loop.add(1000)
    closed_before: list[int] = []

    def ask() -> None:
        if not newcomer.lock.locked():
            loop.fake_poller.events.append((1000, False))

    loop.fake_poller.meanwhile = ask
    start = clock.now
    for _ in range(4):
        assert loop.next_fake() is newcomer
        closed_before.append(sum(connection.closed for connection in idle))
        let_go(newcomer, inf)
    assert closed_before == [256, 512, 768, 1000]
    assert clock.now == start


def test_nobody_waits_while_a_look_at_all_is_not_over(clock: Clock) -> None:
    loop = Loop(clock)
    many(loop, 1000, clock.now + 8)
    for _ in range(5):
        loop._poll()
    assert loop.fake_poller.waited_for == [0.0, 0.0, 0.0, 0.0, 8.0]


def test_with_as_many_as_are_looked_at_once_it_is_over_as_well(clock: Clock) -> None:
    loop = Loop(clock)
    many(loop, 512, clock.now + 8)
    for _ in range(3):
        loop._poll()
    assert loop.fake_poller.waited_for == [0.0, 0.0, 8.0]


def test_who_gets_a_deadline_behind_the_look_that_goes_on_is_not_overlooked(clock: Clock) -> None:
    loop = Loop(clock)
    first, *_ = many(loop, 1000, clock.now + 100)
    start = clock.now
    loop._poll()
    loop.fake_poller.events = [(first.stream.fileno, False)]
    assert loop.next_fake() is first
    for _ in range(3):  # until the others have been looked at
        loop._poll()
    let_go(first, start + 2)
    run_until(loop, clock, start + 10)
    assert first.expired_at == pytest.approx(start + 2, abs=0.25)


def test_who_came_behind_the_look_that_goes_on_is_not_overlooked(clock: Clock) -> None:
    loop = Loop(clock, max_connections=1000)
    connections = many(loop, 1000, clock.now + 100)
    connections[3].close()  # the listener's
    connections[101].close()
    start = clock.now
    loop._poll()
    listening(loop, "a")
    loop.fake_poller.events = [(3, False)]
    newcomer = loop.next_fake()
    assert newcomer.stream.fileno == 101
    for _ in range(3):
        loop._poll()
    let_go(newcomer, start + 2)
    run_until(loop, clock, start + 10)
    assert newcomer.expired_at == pytest.approx(start + 2, abs=0.25)


def test_who_is_about_to_be_taken_again_may_get_another_deadline(clock: Clock) -> None:
    loop = Loop(clock)
    connection = loop.add(5, clock.now + 100)
    start = clock.now
    connection.readable = True  # and whoever has released its lock has not looked yet
    loop._poll()
    connection.readable = False
    connection.deadline = start + 2
    run_until(loop, clock, start + 10)
    assert connection.expired_at == pytest.approx(start + 2, abs=0.25)


def test_who_goes_on_when_its_time_is_up_may_get_another_deadline(clock: Clock) -> None:
    class Flushing(FakeConnection):
        """Its client takes what was left of the response when that is tried once more."""

        def expire(self) -> None:
            if self.deadline < start + 2:
                self.deadline = start + 12
                self.readable = True
            else:
                super().expire()

    loop = Loop(clock)
    start = clock.now
    connection = loop.add(5, start, Flushing)
    assert loop.next_fake() is connection
    let_go(connection, start + 2)
    run_until(loop, clock, start + 20)
    assert connection.expired_at == pytest.approx(start + 2, abs=0.25)


def test_a_look_at_few_does_not_cost_what_one_at_many_did(clock: Clock) -> None:
    loop = Loop(clock)
    many(loop, 1000, clock.now)
    loop.add(2)
    run_until(loop, clock, clock.now + 10)
    for second in range(10):
        loop._sweep.look(loop.connections, clock.now + second)
    assert list(loop.connections) == [2]
    assert loop._sweep._below == 3


def test_who_came_where_there_were_many_is_not_overlooked(clock: Clock) -> None:
    loop = Loop(clock)
    loop.add(1000).close()
    few = many(loop, 3, clock.now + 100)
    start = clock.now
    loop._poll()
    loop._poll()
    newcomer = loop.add(400, start + 2)
    run_until(loop, clock, start + 10)
    assert newcomer.expired_at == pytest.approx(start + 2, abs=0.25)
    assert not any(connection.closed for connection in few)


def test_when_polls_are_rare_the_rest_is_looked_at_in_one_go(clock: Clock) -> None:
    loop = Loop(clock)
    connections = many(loop, 10_000, clock.now)
    loop._poll()
    clock.now += 1  # everybody was busy
    loop._poll()
    assert all(connection.closed for connection in connections)
