"""The Date field's value, made once a second.

Floor 3. Source: RFC 9110 §5.6.7 (IMF-fixdate), §6.6.1 (Date).
"""

from __future__ import annotations

import time

__all__ = ["DateClock", "http_date"]

# Not strftime: the names of days and months must not follow the locale.
_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def http_date(seconds: float) -> bytes:
    """Seconds since the epoch as an IMF-fixdate, ``b"Sun, 06 Nov 1994 08:49:37 GMT"``."""
    year, month, day, hour, minute, second, weekday, _, _ = time.gmtime(seconds)
    text = f"{_DAYS[weekday]}, {day:02d} {_MONTHS[month - 1]} {year:04d} {hour:02d}:{minute:02d}:{second:02d} GMT"
    return text.encode("ascii")


class DateClock:
    """Gives the current date; formats it when the second has changed."""

    __slots__ = ("_current",)

    def __init__(self) -> None:
        self._current = (-1, b"")

    def __call__(self) -> bytes:
        second, date = self._current
        now = int(time.time())
        if now != second:
            date = http_date(now)
            self._current = (now, date)  # one assignment: another thread sees the old pair or the new one
        return date
