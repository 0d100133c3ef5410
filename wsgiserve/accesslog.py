"""One line for each request, in the form that its reader can use: pretty for eyes, plain for files, JSON for machines.

The form is chosen once, when the log is made; a request then costs the making of one string, and a part of a call to
write it, and no ``logging.LogRecord``, which alone would cost more than the line does.
Knows the fields of an ``Access`` and ``Console``; neither the server that fills the ones nor the flags that shaped the
other.
"""

from __future__ import annotations

import re
import time
from collections import deque
from collections.abc import Callable, Sequence
from fnmatch import translate

from wsgiserve.console import Color, Console, escape, shorten
from wsgiserve.server.access import Access, AccessFields, AccessLog, flush_of

__all__ = [
    "Filtered",
    "LineLog",
    "format_duration",
    "format_size",
    "make_access_log",
    "make_line",
    "request_id",
]

# Seconds from which the time of a request is worth a look, and from which it is worth a worry.
_SLOW, _VERY_SLOW = 0.5, 2.0

# Columns of a pretty line besides its target: clock, method and status before it; time, size and id after it.
_BESIDES = 46
# Columns of the target. A longer one pushes the rest of its line to the right, as far as the terminal goes.
_TARGET = 24

_STATUS_COLORS: dict[int, Color] = {2: "green", 3: "cyan", 4: "yellow", 5: "red"}

_LARGER = {"kB": "MB", "MB": "GB", "GB": "TB"}

_DIGITS = "0123456789abcdefghijklmnopqrstuvwxyz"
_TENTHS = [f"{tenths / 10:.1f}" for tenths in range(100)]
_PAIRS = [high + low for high in _DIGITS for low in _DIGITS]


def request_id(number: int) -> str:
    """Four letters that name a request: short enough to say aloud, and repeated after 36⁴ = 1.7 million requests."""
    return _PAIRS[number // 1296 % 1296] + _PAIRS[number % 1296]


class LineLog:
    """An access log whose lines are written when the server pauses: together those of requests served in one go.

    Args:
        line: makes one, newline included.
        write: takes one or more.
        quiet_paths: whose requests have none, unless the server or the application failed; patterns as ``fnmatch``
            knows them, of the path before its ``?``; ``*`` goes over slashes.

    Attributes:
        remember: what calling the log does, without the detour over Python, and with no more than an access's fields.
    """

    def __init__(
        self, line: Callable[[AccessFields], str], write: Callable[[str], None], quiet_paths: Sequence[str] = ()
    ) -> None:
        self._line = line
        self._write = write
        self._quiet = re.compile("|".join(map(translate, quiet_paths)))
        # Most targets are told from all patterns by their beginnings, in a third of the time.
        self._quiet_beginnings = tuple(re.split(r"[*?[]", pattern)[0] for pattern in quiet_paths)
        self._accesses: deque[AccessFields] = deque()
        self.remember: Callable[[AccessFields], None] = self._accesses.append

    def __call__(self, access: Access) -> None:
        """Remember what is to be written."""
        self.remember(access)

    def flush(self) -> None:
        """Write what is remembered. Several threads may do it at once, and a signal handler meanwhile, in any order."""
        if not self._accesses:
            return
        lines, line, take, beginnings = [], self._line, self._accesses.popleft, self._quiet_beginnings
        for _ in range(len(self._accesses)):
            try:
                access = take()
            except IndexError:  # somebody else takes them, too
                break
            if not (access[4].startswith(beginnings) and self._is_quiet(access)):
                lines.append(line(access))
        if text := "".join(lines):
            self._write(text)

    def _is_quiet(self, access: AccessFields) -> bool:
        _, _, _, _, target, _, status, *_ = access
        return status < 500 and self._quiet.match(target.partition("?")[0]) is not None


def make_access_log(console: Console, write: Callable[[str], None], quiet_paths: Sequence[str] = ()) -> LineLog:
    """The access log of a server whose lines go to ``write``; ``quiet_paths`` as ``LineLog`` takes them."""
    return LineLog(make_line(console), write, quiet_paths)


class Filtered:
    """An access log that is told of some requests only.

    Args:
        wanted: whether it is.
    """

    def __init__(self, wanted: Callable[[Access], object], log: AccessLog) -> None:
        self._wanted = wanted
        self._log = log
        self.flush = flush_of(log)

    def __call__(self, access: Access) -> None:
        """Pass it on, or not."""
        if self._wanted(access):
            self._log(access)


def make_line(console: Console) -> Callable[[AccessFields], str]:
    """The function that makes a line, newline included, in the console's form."""
    if console.form == "json":
        return _JSON()
    return _Pretty(console) if console.form == "pretty" else _plain


def _plain(access: AccessFields) -> str:
    """``GET /articles?page=2 200 34ms 5123B id=k3f9``."""
    _, seconds, _, method, target, _, status, size, number, note = access
    tenths = int(seconds * 10_000 + 0.5)
    # Found, not formatted: a float takes a quarter of the time of the whole line.
    duration = _TENTHS[tenths] if tenths < 100 else "%.0f" % (seconds * 1000)
    if note:
        note = f" {note}"
    high, low = _PAIRS[number // 1296 % 1296], _PAIRS[number % 1296]  # request_id without its call, 0.1 of 0.6 µs
    line = f"{method} {target} {status} {duration}ms {size}B id={high}{low}{note}"
    return f"{line}\n" if line.isprintable() else f"{escape(line)}\n"


class _JSON:
    """One object, with the keys that structlog's users expect."""

    __slots__ = ("_quote", "_second")

    def __init__(self) -> None:
        from json.encoder import encode_basestring_ascii  # 1 ms, for one of the forms

        self._quote = encode_basestring_ascii
        self._second = (-1, "")

    def __call__(self, access: AccessFields) -> str:
        finished, seconds, peer, method, target, version, status, size, number, note = access
        quote = self._quote
        second, stamp = self._second
        if int(finished) != second:
            second = int(finished)
            stamp = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(second))
            self._second = second, stamp  # one assignment: another thread sees both or neither
        extra = f', "note": {quote(note)}' if note else ""
        return (
            f'{{"event": "request", "timestamp": "{stamp}.{int((finished - second) * 1000):03d}Z", "level": "info", '
            f'"request_id": "{request_id(number)}", "method": {quote(method)}, "target": {quote(target)}, '
            f'"status": {status}, "duration_ms": {seconds * 1000:.3f}, "bytes": {size}, "peer": {quote(peer)}, '
            f'"protocol": {quote(version)}{extra}}}\n'
        )


class _Pretty:
    """``12:04:31  GET   200  /articles?page=2            34 ms   5.1 kB   k3f9``, coloured if the console is."""

    __slots__ = ("_console", "_second", "_slow", "_statuses", "_very_slow")

    def __init__(self, console: Console) -> None:
        self._console = console
        self._second = (-1, "", 0)
        self._statuses = {first: console.paint("%d", color) for first, color in _STATUS_COLORS.items()}
        self._slow = console.paint("%s", "yellow")
        self._very_slow = console.paint("%s", "red")

    def __call__(self, access: AccessFields) -> str:
        finished, seconds, _, method, target, _, status, size, number, note = access
        second, clock, room = self._second
        if int(finished) != second:
            second, clock, room = self._second = self._look_up(int(finished))
        target = shorten(escape(target), room)
        column = min(room, _TARGET)
        if note:
            note = f"  {escape(note)}"
            if len(target) <= room - len(note) < column:  # the blanks behind the target are what it lacks
                column = room - len(note)
        duration = format_duration(seconds)
        if seconds >= _SLOW:
            duration = (self._very_slow if seconds >= _VERY_SLOW else self._slow) % duration
        return (
            f"{clock}  {escape(method):<4}  {self._statuses.get(status // 100, '%d') % status}  {target:<{column}}  "
            f"{duration}   {format_size(size):<6}   {request_id(number)}{note}\n"
        )

    def _look_up(self, second: int) -> tuple[int, str, int]:
        """What changes from second to second: the clock, and the columns for a target if the window was resized."""
        width = self._console.width()
        room = 65536 if width is None else max(width - _BESIDES, _TARGET // 2)
        return second, self._console.clock(second), room


def format_duration(seconds: float) -> str:
    """Seven columns, with the units one below the other."""
    if seconds < 0.9995:
        milliseconds = seconds * 1000
        return f"{milliseconds:4.1f} ms" if milliseconds < 9.95 else f"{milliseconds:4.0f} ms"
    if seconds < 9.995:
        return f"{seconds:4.2f} s "
    return f"{seconds:4.1f} s " if seconds < 99.95 else f"{seconds:4.0f} s "


def format_size(size: float) -> str:
    """At most six columns up to a terabyte; from 100 bytes on at least two digits."""
    if size < 100:
        return f"{size} B"
    size, unit = size / 1000, "kB"
    while size >= 999.5 and unit in _LARGER:
        size, unit = size / 1000, _LARGER[unit]
    return f"{size:.1f} {unit}" if size < 9.95 else f"{size:.0f} {unit}"
