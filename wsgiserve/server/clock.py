"""The Date field's value, made once a second.

Floor 3. Source: RFC 9110 §5.6.7 (IMF-fixdate), §6.6.1 (Date).
"""

from __future__ import annotations

import time
from math import inf

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
    """Gives the current date; formats it when the second has changed.

    Whether it has is seen by ``time.perf_counter``, at which who serves a request has looked anyway. A wall clock that
    is set is looked at again within a second.

    Attributes:
        value: the date; right before ``until``, after that ask ``renew``.
        until: by ``time.perf_counter``.
    """

    __slots__ = ("until", "value")

    def __init__(self) -> None:
        self.value = b""
        self.until = -inf

    def renew(self, now: float) -> bytes:
        """The date at ``now`` of ``time.perf_counter``, which is later than ``until``."""
        seconds = time.time()
        self.value = date = http_date(seconds)
        self.until = now + 1 - seconds % 1  # the last: who finds it renewed in another thread finds the value too
        return date

    def __call__(self) -> bytes:
        now = time.perf_counter()
        return self.value if now < self.until else self.renew(now)
