"""Access lines: the three forms, to the column, and the writer that many threads share."""

from __future__ import annotations

import io
import json
import time
from collections import deque
from collections.abc import Callable
from typing import Any

import pytest

from wsgiserve.accesslog import Filtered, LineLog, format_duration, format_size, make_access_log, make_line, request_id
from wsgiserve.console import Console, Form
from wsgiserve.server.access import Access, AccessFields, flush_of

NOON = 1764158671.25  # 2025-11-26 12:04:31.250 UTC


@pytest.fixture(autouse=True)
def utc(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(time, "localtime", time.gmtime)


class Window(Console):
    """A console in a window of so many columns."""

    columns: int | None = None

    def width(self) -> int | None:
        return self.columns


def line_maker(form: Form, *, color: bool = False, columns: int | None = None) -> Callable[[Access], str]:
    class Sized(Window):
        pass

    Sized.columns = columns
    return make_line(Sized(io.StringIO(), form, color))


def target_of(fields: AccessFields) -> str:
    return Access._make(fields).target


def access(**changes: Any) -> Access:
    request = Access(
        finished=NOON,
        seconds=0.034,
        peer="127.0.0.1",
        method="GET",
        target="/articles?page=2",
        version="HTTP/1.1",
        status=200,
        size=5123,
        number=int("k3f9", 36),
        note="",
    )
    return request._replace(**changes)


# Word for word from the specification of the access log.
SHOWN = """\
12:04:31  GET   200  /articles?page=2            34 ms   5.1 kB   k3f9
12:04:32  POST  500  /cart/add                  112 ms   1.2 kB   k3fa  ✗ KeyError: 'sku'  cart.py:88
12:04:35  GET   200  /report                   2.41 s    88 kB    k3fb  queue 380 ms · 8/8 threads busy
12:04:36  GET   200  /old-feed                   12 ms   0.9 kB   k3fc  lint E107 body is 12 bytes longer
"""


def test_the_columns_of_a_pretty_line_are_those_shown() -> None:
    number = int("k3f9", 36)
    line = line_maker("pretty")
    requests = [
        access(),
        access(
            finished=NOON + 1,
            method="POST",
            status=500,
            target="/cart/add",
            seconds=0.112,
            size=1234,
            number=number + 1,
            note="✗ KeyError: 'sku'  cart.py:88",
        ),
        access(
            finished=NOON + 4,
            target="/report",
            seconds=2.41,
            size=88_000,
            number=number + 2,
            note="queue 380 ms · 8/8 threads busy",
        ),
        access(
            finished=NOON + 5,
            target="/old-feed",
            seconds=0.012,
            size=900,
            number=number + 3,
            note="lint E107 body is 12 bytes longer",
        ),
    ]
    assert "".join(map(line, requests)) == SHOWN


def test_a_plain_line() -> None:
    assert line_maker("plain")(access()) == "GET /articles?page=2 200 34ms 5123B id=k3f9\n"


def test_a_plain_line_tells_fast_from_very_fast_and_ends_with_the_note() -> None:
    line = line_maker("plain")(access(seconds=0.0003, note="✗ KeyError: 'sku'  cart.py:88"))
    assert line == "GET /articles?page=2 200 0.3ms 5123B id=k3f9 ✗ KeyError: 'sku'  cart.py:88\n"


def test_a_json_line_has_the_keys_of_structlog() -> None:
    line = line_maker("json")(access())
    assert line.endswith("}\n")
    assert json.loads(line) == {
        "event": "request",
        "timestamp": "2025-11-26T12:04:31.250Z",
        "level": "info",
        "request_id": "k3f9",
        "method": "GET",
        "target": "/articles?page=2",
        "status": 200,
        "duration_ms": 34.0,
        "bytes": 5123,
        "peer": "127.0.0.1",
        "protocol": "HTTP/1.1",
    }


def test_a_json_line_has_a_note_only_when_there_is_one() -> None:
    assert json.loads(line_maker("json")(access(note='✗ "sku"')))["note"] == '✗ "sku"'


def test_the_clock_of_a_json_line_moves() -> None:
    line = line_maker("json")
    stamps = [json.loads(line(access(finished=NOON + step)))["timestamp"][-7:] for step in (0, 0.5, 0.75)]
    assert stamps == ["31.250Z", "31.750Z", "32.000Z"]


@pytest.mark.parametrize("form", ["pretty", "plain", "json"])
@pytest.mark.parametrize("field", ["method", "target", "note"])
def test_nothing_that_a_client_sends_can_begin_a_line_or_move_the_cursor(form: Form, field: str) -> None:
    line = line_maker(form)(access(**{field: 'x\r\n\x1b[2J"\x00'}))
    assert line[:-1].isprintable()
    assert line[-1] == "\n"
    if form == "json":
        assert json.loads(line)[field] == 'x\r\n\x1b[2J"\x00'
    else:
        assert "x\\r\\n\\x1b[2J" in line


LONG = "/articles/" + "0123456789" * 9


@pytest.mark.parametrize("columns", [46, 58, 80, 120])
def test_a_target_is_cut_in_the_middle_where_the_window_ends(columns: int) -> None:
    line = line_maker("pretty", columns=columns)(access(target=LONG))[:-1]
    assert len(line) == max(columns, 46 + 12)
    assert LONG.startswith(line[21 : line.index("…")])
    assert "89  " in line


def test_a_target_is_whole_where_nothing_cuts_it() -> None:
    assert LONG in line_maker("pretty", columns=46 + len(LONG))(access(target=LONG))
    assert LONG in line_maker("pretty")(access(target=LONG))


NOTE = "✗ KeyError: 'sku'  cart.py:88"


@pytest.mark.parametrize("columns", [46 + 9 + 2 + len(NOTE), 46 + 20 + 2 + len(NOTE)])
def test_a_note_takes_the_blanks_behind_the_target_before_its_line_is_broken(columns: int) -> None:
    line = line_maker("pretty", columns=columns)(access(target="/cart/add", note=NOTE))[:-1]
    assert len(line) == columns
    assert "  /cart/add  " in line
    assert line.endswith(f"  {NOTE}")


@pytest.mark.parametrize("columns", [46 + 8 + 2 + len(NOTE), 46 + 24 + 2 + len(NOTE), 200])
def test_no_column_moves_for_a_note_that_fits_or_that_does_not_fit_anyhow(columns: int) -> None:
    noted = access(target="/cart/add", note=NOTE)
    assert line_maker("pretty", columns=columns)(noted) == line_maker("pretty")(noted)


def test_a_window_is_measured_once_a_second(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[int] = []

    class Shrinking(Window):
        def width(self) -> int:
            asked.append(200 - 100 * len(asked))
            return asked[-1]

    line = make_line(Shrinking(io.StringIO(), "pretty", False))
    lengths = [len(line(access(target=LONG, finished=NOON + step))) for step in (0, 0.5, 1)]
    assert lengths == [147, 147, 101]
    assert asked == [200, 100]


@pytest.mark.parametrize(("status", "code"), [(204, 32), (304, 36), (404, 33), (503, 31)])
def test_a_status_has_the_color_of_its_class(status: int, code: int) -> None:
    assert f"  \x1b[{code}m{status}\x1b[0m  " in line_maker("pretty", color=True)(access(status=status))


def test_a_status_of_no_class_is_written_all_the_same() -> None:
    assert "  101  /" in line_maker("pretty", color=True)(access(status=101))


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [
        (0.499, "  \x20499 ms   "),
        (0.5, "  \x1b[33m 500 ms\x1b[0m   "),
        (1.999, "  \x1b[33m2.00 s \x1b[0m   "),
        (2.0, "  \x1b[31m2.00 s \x1b[0m   "),
    ],
)
def test_the_time_turns_yellow_and_then_red(seconds: float, shown: str) -> None:
    assert shown in line_maker("pretty", color=True)(access(seconds=seconds))


def test_colors_move_no_column() -> None:
    painted = line_maker("pretty", color=True)(access(status=500, seconds=2.5))
    for code in (31, 0):
        painted = painted.replace(f"\x1b[{code}m", "")
    assert painted == line_maker("pretty")(access(status=500, seconds=2.5))


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [
        (0, " 0.0 ms"),
        (0.00994, " 9.9 ms"),
        (0.00996, "  10 ms"),
        (0.9994, " 999 ms"),
        (0.9996, "1.00 s "),
        (9.994, "9.99 s "),
        (9.996, "10.0 s "),
        (99.96, " 100 s "),
        (1234.0, "1234 s "),
    ],
)
def test_a_duration_keeps_its_width(seconds: float, shown: str) -> None:
    assert format_duration(seconds) == shown


@pytest.mark.parametrize(
    ("size", "shown"),
    [
        (0, "0 B"),
        (99, "99 B"),
        (100, "0.1 kB"),
        (9_949, "9.9 kB"),
        (9_951, "10 kB"),
        (999_499, "999 kB"),
        (999_501, "1.0 MB"),
        (88_000_000, "88 MB"),
        (5_100_000_000, "5.1 GB"),
        (7_000_000_000_000, "7.0 TB"),
        (12_345_000_000_000_000, "12345 TB"),
    ],
)
def test_a_size_has_two_digits_at_least(size: int, shown: str) -> None:
    assert format_size(size) == shown


@pytest.mark.parametrize(
    ("target", "status", "logged"),
    [
        ("/favicon.ico", 404, False),
        ("/favicon.ico?v=2", 200, False),
        ("/favicon.ico", 500, True),
        ("/favicon.icon", 200, True),
        ("/shop/favicon.ico", 200, True),
        ("/static/css/shop.css", 304, False),
        ("/static/css/shop.css", 503, True),
        ("/?next=/static/", 200, True),
        ("-", 400, True),
    ],
)
def test_requests_for_some_paths_are_told_only_if_they_fail(target: str, status: int, logged: bool) -> None:
    writes: list[str] = []
    log = LineLog(target_of, writes.append, ["/favicon.ico", "/static/*"])
    log(access(target=target, status=status))
    log.flush()
    assert writes == [target] * logged


def test_a_request_id_counts_in_base_36_and_comes_round() -> None:
    assert [request_id(number) for number in (1, 35, 36, int("k3f9", 36), 36**4 - 1, 36**4)] == [
        "0001",
        "000z",
        "0010",
        "k3f9",
        "zzzz",
        "0000",
    ]


@pytest.mark.parametrize("form", ["pretty", "plain", "json"])
def test_what_was_served_in_one_go_is_one_write(form: Form) -> None:
    writes: list[str] = []
    console = Console(io.StringIO(), form, False)
    log = make_access_log(console, writes.append)
    log(access(target="/first"))
    log(access(target="/second"))
    assert writes == []
    log.flush()
    line = make_line(console)
    assert writes == [line(access(target="/first")) + line(access(target="/second"))]
    log.flush()
    assert len(writes) == 1


def test_a_log_is_flushed_with_what_filters_it() -> None:
    writes: list[str] = []
    log = Filtered(lambda access: access.status >= 400, LineLog(target_of, writes.append))
    log(access(target="/fine"))
    log(access(target="/failed", status=404))
    flush_of(log)()
    assert writes == ["/failed"]
    flush_of(lambda access: None)()  # one that writes at once


def test_a_flush_in_the_middle_of_another_loses_nothing() -> None:
    writes: list[str] = []
    log = LineLog(target_of, writes.append)
    taken = Interrupted(log.flush)
    log._accesses, log.remember = taken, taken.append
    for target in ("/first", "/second", "/third"):
        log(access(target=target))
    log.flush()
    assert writes == ["/second/third", "/first"]


class Interrupted(deque[AccessFields]):
    """Somebody else flushes when the first has been taken."""

    def __init__(self, flush: Callable[[], None]) -> None:
        super().__init__()
        self._flush: Callable[[], None] | None = flush

    def popleft(self) -> AccessFields:
        found = super().popleft()
        flush, self._flush = self._flush, None
        if flush is not None:
            flush()
        return found
