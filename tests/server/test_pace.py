"""When requests are slow enough to have others served meanwhile; the pool's own tests see what comes of it."""

from __future__ import annotations

import pytest

from wsgiserve.server.pace import Pace

MILLISECOND = 1e-3


def slow_pace() -> Pace:
    """Of requests that have waited a millisecond each, until just now: at 0.0."""
    pace = Pace()
    pace.note_waits(100 * MILLISECOND, 100, 100, MILLISECOND, 0.0)
    assert pace.slow
    return pace


@pytest.mark.parametrize("count", [1, 20])
def test_short_requests_are_no_reason_to_look_what_they_wait(count: int) -> None:
    pace = Pace()
    for _ in range(50):
        pace.note(count * 50e-6, count)
        assert not pace.doubtful


def test_a_busy_machine_makes_short_requests_doubtful_but_not_slow() -> None:
    pace = Pace()
    for _ in range(50):
        pace.note(20 * MILLISECOND, 20)
    assert pace.doubtful
    assert not pace.slow


def test_short_requests_make_doubts_go_away() -> None:
    pace = Pace()
    pace.note(10 * MILLISECOND, 20)
    assert pace.doubtful
    for _ in range(5):
        pace.note(20 * 15e-6, 20)
    assert not pace.doubtful
    for _ in range(5):
        pace.note(20 * 15e-6, 20)
    assert pace._lasted == pace._waited == 0.0, "and there is nothing to count any more"


def test_long_requests_that_compute_stay_doubtful() -> None:
    pace = Pace()
    pace.note(20 * 140e-6, 20)
    for number in range(50):
        assert pace.doubtful, "the time that is left of them is short, and they are not"
        pace.note_waits(20 * 140e-6, 20, 0, 0.0, number * 0.003)
        assert not pace.slow


def test_one_that_waited_among_many_counts_as_one() -> None:
    pace = Pace()
    pace.note_waits(5 * MILLISECOND, 20, 1, 4 * MILLISECOND, 0.005)
    assert not pace.slow
    pace.note_waits(40 * MILLISECOND, 20, 20, 2 * MILLISECOND, 0.05)
    assert pace.slow


def test_half_of_them_waiting_is_slow() -> None:
    pace = Pace()
    for number in range(20):
        pace.note_waits(20e-6, 1, 0, 0.0, number * 0.01)
        pace.note_waits(10 * MILLISECOND, 1, 1, 10 * MILLISECOND, number * 0.01 + 0.01)
    assert pace.slow


def test_while_they_are_slow_they_are_looked_at_once_in_a_while() -> None:
    pace = slow_pace()
    assert not pace.looks(0.05)
    assert pace.looks(0.1)


def test_a_look_goes_on_until_one_is_seen_that_waits_for_no_other() -> None:
    pace = slow_pace()
    for now in (0.1001, 0.1014, 0.1027):  # those before it were still in the interpreter
        assert pace.looks(now)
        pace.note_look(1.3 * MILLISECOND, now + 0.0013)
        assert pace.slow
    assert pace.looks(0.104)
    pace.note_look(0.0, 0.1041)
    assert not pace.slow


@pytest.mark.parametrize("began", [0.1001, 7.0])
def test_a_look_is_over_when_none_was_fast_for_a_while(began: float) -> None:
    pace = slow_pace()
    assert pace.looks(began)
    pace.note_look(3 * MILLISECOND, began + 0.003)
    assert pace.looks(began + 0.003), "it has only begun, however long nobody asked"
    pace.note_look(3 * MILLISECOND, began + 0.006)
    assert not pace.looks(began + 0.01)
    assert not pace.looks(began + 0.205)
    assert pace.looks(began + 0.207), "after twice as long"


def test_slow_ones_stay_doubtful_when_one_that_began_before_was_not() -> None:
    pace = Pace()
    pace.note_waits(100 * MILLISECOND, 100, 100, 160e-6, 0.0)
    pace.note(20 * 20e-6, 20)
    assert pace.doubtful
    assert pace.slow


@pytest.mark.parametrize(("microseconds", "holds"), [(25, False), (35, True), (100, True), (250, True), (400, False)])
def test_responses_wait_where_clients_sleep_meanwhile_and_not_for_long(microseconds: int, holds: bool) -> None:
    pace = Pace()
    pace.note(microseconds * 1e-6 * 100, 100)
    for number in range(10):
        if pace.doubtful:
            pace.note_waits(microseconds * 1e-6 * 10, 10, 0, 0.0, number * 0.01)
    assert pace.holds is holds
    assert not slow_pace().holds


@pytest.mark.parametrize(("microseconds", "holds"), [(22, True), (18, False)])
def test_that_they_take_less_when_responses_wait_does_not_end_it(microseconds: int, holds: bool) -> None:
    pace = Pace()
    pace.note(40e-6 * 100, 100)
    for _ in range(10):
        pace.note(microseconds * 1e-6 * 100, 100)
        assert pace.holds is holds


def test_after_a_look_a_single_slow_one_shows_itself() -> None:
    pace = slow_pace()
    assert pace.looks(0.1)
    pace.note_look(0.0, 0.1)
    pace.note_waits(2 * MILLISECOND, 1, 1, 2 * MILLISECOND, 0.103)
    assert pace.slow
