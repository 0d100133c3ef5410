"""What is believed of kinds of requests, and for how long."""

from __future__ import annotations

from itertools import pairwise

import pytest

from tests.server.doubles import Bench
from wsgiserve.server.kinds import SlowKinds


def asked(kinds: SlowKinds, kind: bytes, start: float, steps: int) -> list[bool]:
    """What is said of a kind, asked twice a second."""
    return [kinds.is_slow(kind, start + step / 2) for step in range(steps)]


def test_nothing_is_slow_that_was_not_noted() -> None:
    kinds = SlowKinds()
    assert not kinds.is_slow(b"/", 0.0)
    kinds.note(b"/slow", 0.0)
    assert kinds.is_slow(b"/slow", 0.0)
    assert not kinds.is_slow(b"/", 0.0)


def test_a_kind_is_called_slow_for_a_second_and_then_has_to_show_itself() -> None:
    kinds = SlowKinds()
    kinds.note(b"/a", 10.0)
    assert asked(kinds, b"/a", 10.0, 5) == [True, True, False, False, False]
    assert not kinds.until


def test_each_time_it_shows_itself_it_is_believed_twice_as_long_up_to_a_minute() -> None:
    kinds, now = SlowKinds(), 0.0
    noted: list[float] = []
    while len(noted) < 10:
        if not kinds.is_slow(b"/a", now):
            kinds.note(b"/a", now)
            noted.append(now)
        now += 0.5
    assert [later - earlier for earlier, later in pairwise(noted)] == [1, 2, 4, 8, 16, 32, 64, 64, 64]


def test_as_many_kinds_as_somebody_makes_up_are_not_all_remembered() -> None:
    kinds = SlowKinds()
    for number in range(10_000):
        kinds.note(b"/%d" % number, 0.0)
    assert len(kinds.until) <= 512
    assert len(kinds._seconds) <= 512
    assert kinds.is_slow(b"/9999", 0.5)


@pytest.mark.parametrize(
    ("target", "kind"),
    [
        (b"/", b"/"),
        (b"/report", b"/report"),
        (b"/report?of=may", b"/report"),
        (b"/api/users/17/orders", b"/api/users"),
        (b"/api/users", b"/api/users"),
        (b"/api/", b"/api/"),
        (b"*", b""),
    ],
)
def test_the_kind_of_a_request_is_the_beginning_of_its_path(
    target: bytes, kind: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    bench = Bench(monkeypatch)
    assert bench.connection.kind == b""
    method = b"OPTIONS" if target == b"*" else b"GET"
    assert bench.arrive(method + b" " + target + b" HTTP/1.1\r\nHost: x\r\n\r\n")
    assert bench.connection.kind == kind
    bench.close()
