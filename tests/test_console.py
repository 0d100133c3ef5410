"""What a stream can show, and text made to suit it."""

from __future__ import annotations

import io
import os
import pty
from collections.abc import Iterator

import pytest

from wsgiserve.console import ColorChoice, Console, Form, escape, make_console, shorten


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(
    ("asked", "stream", "form"),
    [
        (None, Terminal(), "pretty"),
        (None, io.StringIO(), "plain"),
        ("json", Terminal(), "json"),
        ("pretty", io.StringIO(), "pretty"),
    ],
)
def test_a_terminal_gets_pretty_text_and_a_file_plain_unless_asked_otherwise(
    asked: Form | None, stream: io.StringIO, form: Form
) -> None:
    assert make_console(asked, stream=stream, environ={}).form == form


@pytest.mark.parametrize(
    ("choice", "terminal", "environ", "color"),
    [
        ("auto", True, {}, True),
        ("auto", False, {}, False),
        ("auto", True, {"TERM": "dumb"}, False),
        ("auto", True, {"NO_COLOR": "1"}, False),
        ("auto", True, {"NO_COLOR": ""}, True),
        ("auto", False, {"FORCE_COLOR": "1"}, True),
        ("auto", True, {"FORCE_COLOR": "0"}, False),
        ("auto", False, {"FORCE_COLOR": ""}, False),
        ("auto", True, {"NO_COLOR": "1", "FORCE_COLOR": "1"}, False),
        ("always", False, {"NO_COLOR": "1"}, True),
        ("never", True, {"FORCE_COLOR": "1"}, False),
    ],
)
def test_the_flag_wins_over_the_variables_and_they_win_over_the_terminal(
    choice: ColorChoice, terminal: bool, environ: dict[str, str], color: bool
) -> None:
    stream = Terminal() if terminal else io.StringIO()
    assert make_console(None, choice, stream, environ).color is color


def test_a_closed_stream_is_no_terminal() -> None:
    stream = io.StringIO()
    stream.close()
    console = make_console(stream=stream, environ={})
    assert (console.form, console.color, console.width()) == ("plain", False, None)


def test_standard_error_is_the_default(capsys: pytest.CaptureFixture[str]) -> None:
    make_console().stream.write("here")
    assert capsys.readouterr().err == "here"


def console(*, color: bool) -> Console:
    return Console(io.StringIO(), "pretty", color)


def test_paint_and_link_add_nothing_without_colors() -> None:
    assert console(color=False).paint("late", "red") == "late"
    assert console(color=False).link("http://localhost/") == "http://localhost/"


def test_paint_ends_what_it_begins() -> None:
    assert console(color=True).paint("late", "red") == "\x1b[31mlate\x1b[0m"


def test_a_link_shows_the_url_that_it_leads_to() -> None:
    url = "http://localhost/"
    assert console(color=True).link(url) == f"\x1b]8;;{url}\x1b\\{url}\x1b]8;;\x1b\\"


@pytest.fixture
def pseudo_terminal() -> Iterator[io.TextIOWrapper]:
    ours, theirs = pty.openpty()
    with open(theirs, "w") as stream:  # noqa: PTH123  # a descriptor has no path
        yield stream
    os.close(ours)


def test_the_width_follows_the_window(pseudo_terminal: io.TextIOWrapper) -> None:
    import fcntl
    import struct
    import termios

    console = make_console(stream=pseudo_terminal, environ={})
    assert console.form == "pretty"
    for columns in (80, 132):
        fcntl.ioctl(pseudo_terminal, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
        assert console.width() == columns


def test_a_terminal_that_does_not_know_its_width_has_none(pseudo_terminal: io.TextIOWrapper) -> None:
    assert make_console(stream=pseudo_terminal, environ={}).width() is None


@pytest.mark.parametrize(
    ("text", "safe"),
    [
        ("✗ KeyError: 'sku'", "✗ KeyError: 'sku'"),
        ("a\r\nGET /forged 200", "a\\r\\nGET /forged 200"),
        ("\x1b[2J\x07\x00", "\\x1b[2J\\x07\\x00"),
        ("\x9b31m\u202egpj.exe\ud800", "\\x9b31m\\u202egpj.exe\\ud800"),
    ],
)
def test_escape_makes_one_harmless_line(text: str, safe: str) -> None:
    assert escape(text) == safe


def test_clean_keeps_the_lines_of_a_traceback() -> None:
    text = 'Traceback:\n  File "a.py"\n\tKeyError: "\u00e9"'
    assert console(color=True).clean(text) == text


def test_clean_escapes_what_moves_the_cursor_and_keeps_colors() -> None:
    text = "\x1b[1;31mred\x1b[0m \x1b[2Jgone\r\x1b]0;title\x07 \u202e \ud800"
    assert console(color=True).clean(text) == ("\x1b[1;31mred\x1b[0m \\x1b[2Jgone\\r\\x1b]0;title\\x07 \\u202e \\ud800")


def test_clean_drops_colors_where_there_are_none() -> None:
    assert console(color=False).clean("\x1b[1;31mred\x1b[0m") == "red"


@pytest.mark.parametrize(
    ("text", "width", "short"),
    [
        ("/articles", 9, "/articles"),
        ("/articles", 8, "/art…les"),
        ("/articles", 7, "/ar…les"),
        ("/articles", 2, "/…"),
    ],
)
def test_shorten_cuts_the_middle_out(text: str, width: int, short: str) -> None:
    assert shorten(text, width) == short
    assert len(short) <= width
