"""The Date field's value."""

from __future__ import annotations

import email.utils
import time

import pytest

from wsgiserve.server import clock
from wsgiserve.server.clock import DateClock, http_date


@pytest.mark.parametrize(
    ("seconds", "date"),
    [
        (784111777, b"Sun, 06 Nov 1994 08:49:37 GMT"),  # the example of RFC 9110 section 5.6.7
        (0, b"Thu, 01 Jan 1970 00:00:00 GMT"),
        (951782400, b"Tue, 29 Feb 2000 00:00:00 GMT"),
        (1798761599.999, b"Thu, 31 Dec 2026 23:59:59 GMT"),
    ],
)
def test_a_date_is_an_imf_fixdate(seconds: float, date: bytes) -> None:
    assert http_date(seconds) == date


@pytest.mark.parametrize("month", range(12))
def test_every_month_and_day_is_read_back(month: int) -> None:
    for day in range(7):
        seconds = month * 30 * 86400 + day * 86400 + 12345
        assert email.utils.parsedate_to_datetime(http_date(seconds).decode()).timestamp() == seconds


def test_a_date_is_made_once_a_second(monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[float] = []

    def count(seconds: float) -> bytes:
        made.append(seconds)
        return http_date(seconds)

    monkeypatch.setattr(clock, "http_date", count)
    now, wall = 1000.25, 784110777.0  # the one runs evenly, the other is so much ahead, until it is set
    monkeypatch.setattr(time, "perf_counter", lambda: now)
    monkeypatch.setattr(time, "time", lambda: wall + now)
    date = DateClock()
    assert [date() for _ in range(3)] == [b"Sun, 06 Nov 1994 08:49:37 GMT"] * 3
    now += 0.5
    assert date() == b"Sun, 06 Nov 1994 08:49:37 GMT"
    assert date.value == b"Sun, 06 Nov 1994 08:49:37 GMT"
    now += 0.25
    assert date() == b"Sun, 06 Nov 1994 08:49:38 GMT"
    wall -= 3600
    now += 0.75
    assert date() == b"Sun, 06 Nov 1994 08:49:38 GMT", "it is looked at again within a second"
    now += 0.25
    assert date() == b"Sun, 06 Nov 1994 07:49:39 GMT"
    assert made == [784111777.25, 784111778, 784108179]
