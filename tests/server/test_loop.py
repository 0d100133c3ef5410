"""The loop alone, on a clock of its own: what comes next, what is closed at the end."""

from __future__ import annotations

import threading
from collections import deque
from math import inf
from typing import Any, cast

import pytest

from tests.server.looped import Clock, Loop, listening
from tests.server.running import SECONDS
from wsgiserve.server.handler import WSGIRequestHandler

# What comes next


def test_a_connection_on_which_something_happened_is_owned_by_who_gets_it(clock: Clock) -> None:
    loop = Loop(clock)
    connection = loop.add(5)
    loop.fake_poller.events = [(5, False)]
    assert loop.next_fake() is connection
    assert connection.lock.locked()
    assert connection.readable
    assert not connection.hung_up


def test_that_the_peer_sends_no_more_is_remembered(clock: Clock) -> None:
    loop = Loop(clock)
    connection = loop.add(5)
    loop.fake_poller.events = [(5, True)]
    assert loop.next_fake().hung_up
    assert connection.hung_up


def test_what_a_poll_tells_of_has_arrived_after_the_poll_before(clock: Clock) -> None:
    loop = Loop(clock)
    first, second, third = loop.add(5), loop.add(6), loop.add(7)
    loop.fake_poller.events = [(5, False)]
    assert loop.next_fake() is first
    clock.now += 3
    second.arrived_after = 1.0  # of a head that is not complete yet
    loop.fake_poller.events = [(6, False), (7, False)]
    assert [loop.next_fake() for _ in range(2)] == [second, third]
    assert (first.arrived_after, second.arrived_after, third.arrived_after) == (-inf, 1.0, clock.perf_counter() - 3)


def test_news_of_a_connection_that_somebody_owns_is_left_with_it(clock: Clock) -> None:
    loop = Loop(clock)
    owned, other = loop.add(5), loop.add(6)
    owned.lock.acquire()
    loop.fake_poller.events = [(5, False), (6, False)]
    assert loop.next_fake() is other
    assert owned.readable
    assert (owned.flushed, other.flushed) == (1, 0)


def test_news_that_come_while_a_connection_is_let_go_make_its_owner_keep_it(clock: Clock) -> None:
    loop = Loop(clock)
    connection = loop.add(5)
    connection.lock.acquire()
    assert connection.settle()
    assert not connection.lock.locked()
    connection.lock.acquire()
    connection.readable = True
    assert not connection.settle()
    assert connection.lock.locked()


def test_a_closed_connection_is_let_go_without_a_word_to_the_poller(clock: Clock) -> None:
    loop = Loop(clock)
    connection = loop.add(5)
    connection.lock.acquire()
    connection.close()
    assert connection.settle()
    assert connection.lock.locked()


def test_who_is_requeued_comes_behind_everybody_on_whom_something_has_happened(clock: Clock) -> None:
    loop = Loop(clock)
    busy, others = loop.add(5), [loop.add(6), loop.add(7)]
    busy.lock.acquire()
    loop.requeue(cast("WSGIRequestHandler", busy))
    loop.fake_poller.events = [(6, False), (7, False)]
    assert [loop.next_fake() for _ in range(3)] == [*others, busy]
    assert loop.fake_poller.waited_for == [0.0]


def test_requeueing_wakes_who_is_polling(clock: Clock) -> None:
    loop = Loop(clock)
    connection = loop.add(5)
    connection.lock.acquire()
    loop.fake_poller.meanwhile = lambda: loop.requeue(cast("WSGIRequestHandler", connection))
    assert loop.next_fake() is connection
    assert loop.fake_poller.woken == 1


def test_who_is_requeued_after_an_immediate_stop_is_closed(clock: Clock) -> None:
    loop = Loop(clock)
    connection = loop.add(5)
    connection.lock.acquire()
    loop._stop_now = True
    loop.requeue(cast("WSGIRequestHandler", connection))
    assert connection.closed


class TakenFrom(deque[Any]):
    """Another thread has taken the last one between the look and the taking."""

    def __len__(self) -> int:
        return 1


def test_who_was_requeued_and_is_closed_while_the_poller_looks_is_nobody_to_be_served(clock: Clock) -> None:
    loop = Loop(clock)
    loop._requeued = TakenFrom()
    loop.fake_poller.meanwhile = loop.stop_now
    assert loop.next_ready() is None


def test_after_an_immediate_stop_nothing_comes_any_more(clock: Clock) -> None:
    loop = Loop(clock)
    loop.add(5)
    loop.fake_poller.events = [(5, False)]
    loop._stop_now = True
    assert loop.next_ready() is None
    assert loop.fake_poller.waited_for == []


# Accepting


def test_who_is_accepted_is_looked_at_before_it_is_watched(clock: Clock) -> None:
    loop = Loop(clock)
    listening(loop, "a", "b")
    for fileno in (102, 101):
        loop.fake_poller.events = [(3, False)]
        connection = loop.next_fake()
        assert connection.stream.fileno == fileno
        assert connection.lock.locked()
        assert connection.readable
        assert connection.own_address == ("192.0.2.1", 80)
    assert loop.fake_poller.watched == [3]
    assert sorted(loop.connections) == [101, 102]


def test_who_was_never_watched_is_forgotten_without_a_word_to_the_poller(
    clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    loop = Loop(clock)
    listening(loop, "a")
    loop.fake_poller.events = [(3, False)]
    connection = loop.next_fake()
    told: list[int] = []
    monkeypatch.setattr(loop.fake_poller, "unregister", told.append)
    connection.close()
    assert loop.connections == {}
    assert told == []


def test_who_cannot_be_made_a_connection_is_left_out(clock: Clock) -> None:
    loop = Loop(clock)
    listening(loop, "", "b")
    for _ in range(2):
        loop.fake_poller.events = [(3, False)]
        loop._poll()
    assert sorted(loop.connections) == [101]


def test_with_all_places_taken_a_connection_that_ends_wakes_the_poller_to_accept_the_next(clock: Clock) -> None:
    loop = Loop(clock, max_connections=1)
    listening(loop, "a", "b")
    for _ in range(2):
        loop.fake_poller.events = [(3, False)]
        loop._poll()
    assert loop.acceptor.full
    (first,) = loop.connections.values()
    woken = loop.fake_poller.woken
    first.close()
    assert loop.fake_poller.woken == woken + 1
    loop.fake_poller.events = [(3, False)]
    loop._poll()
    assert len(loop.connections) == 1


# The end


def stopping(clock: Clock, graceful: float = 10.0) -> Loop:
    loop = Loop(clock)
    loop._poll()
    loop.stopping = True
    loop._graceful_until = clock.now + graceful
    return loop


def test_before_a_stop_nothing_is_drained(clock: Clock) -> None:
    assert not Loop(clock).drained()


def test_every_connection_that_nobody_owns_is_looked_at_once_more(clock: Clock) -> None:
    loop = stopping(clock)
    idle, owned = loop.add(5), loop.add(6)
    owned.lock.acquire()
    assert loop.next_fake() is idle
    assert idle.readable
    assert owned.readable
    idle.close()
    owned.close()
    assert loop.next_ready() is None


def test_who_waits_at_the_door_is_taken_in_before_it_is_closed(clock: Clock) -> None:
    loop = stopping(clock)
    listening(loop, "a", "b")
    assert not loop.drained()
    assert sorted(loop.connections) == [101, 102]
    assert loop.acceptor.listeners == []


def test_without_room_for_all_the_door_stays_open_until_there_is(clock: Clock) -> None:
    loop = stopping(clock)
    loop.max_connections = 1
    listening(loop, "a", "b", "c")
    served = []
    while (connection := loop.next_ready()) is not None:
        served.append(connection.stream.fileno)
        connection.close()
    assert served == [103, 102, 101]
    assert loop.acceptor.listeners == []


def test_who_came_at_the_last_moment_and_says_nothing_is_not_waited_for_long(clock: Clock) -> None:
    loop = stopping(clock)
    listening(loop, "a")
    start = clock.now
    connection = loop.next_fake()
    connection.readable = False
    assert connection.settle()
    assert loop.next_ready() is None
    assert connection.expired_at is not None
    assert 0.4 < clock.now - start < 1.0


def test_time_runs_out_for_who_is_still_being_served(clock: Clock) -> None:
    loop = stopping(clock, graceful=3.0)
    loop.add(5).lock.acquire()
    start = clock.now
    assert loop.next_ready() is None
    assert clock.now - start == pytest.approx(3.0, abs=0.01)


def test_when_time_is_up_nobody_else_is_begun_with(clock: Clock) -> None:
    loop = stopping(clock, graceful=3.0)
    first, second = loop.add(5), loop.add(6)
    assert loop.next_fake() is first
    clock.now += 3
    assert loop.next_ready() is None
    assert second.lock.locked()
    loop._close_queued(loop.ready)
    assert second.closed


def test_the_last_connection_to_close_wakes_the_poller(clock: Clock) -> None:
    loop = stopping(clock)
    first, last = loop.add(5), loop.add(6)
    first.close()
    assert loop.fake_poller.woken == 0
    last.close()
    assert loop.fake_poller.woken == 1


def test_connections_of_a_queue_are_closed_with_it(clock: Clock) -> None:
    loop = Loop(clock)
    connections = [loop.add(5), loop.add(6)]
    loop.ready.extend(cast("list[WSGIRequestHandler]", connections))
    loop._close_queued(loop.ready)
    assert all(connection.closed for connection in connections)
    assert not loop.ready


# Memory


def test_rests_of_responses_are_parked_up_to_a_limit_and_no_further(clock: Clock) -> None:
    loop = Loop(clock)
    half = 32 * 1024 * 1024
    assert loop.may_park(half)
    assert loop.may_park(half)
    assert not loop.may_park(1)
    loop.unpark(half)
    assert loop.may_park(half)


def test_reserving_is_exact_with_many_threads(clock: Clock) -> None:
    loop = Loop(clock)

    def reserve() -> None:
        for _ in range(2000):
            assert loop.may_park(7)
            loop.unpark(7)

    threads = [threading.Thread(target=reserve) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(SECONDS)
    assert loop._parked == 0
