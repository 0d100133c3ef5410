"""From what was written to a terminal to a page that looks like it."""

from __future__ import annotations

from tests.browser.screen import page_of, text_of


def test_text_stands_where_the_terminal_puts_it() -> None:
    assert text_of("one\r\n\r\n\x1b[1;1Htwo\r\n") == "two"
    assert text_of("one\r\n\x1b[2J\x1b[Htwo") == "two"


def test_colors_and_bold_are_kept_and_the_rest_is_escaped() -> None:
    page = page_of("\x1b[31merror\x1b[0m \x1b[1m<b>\x1b[0m")
    assert '<span style="color:#b3261e">error</span>' in page
    assert 'font-weight:bold">&lt;b&gt;</span>' in page


def test_a_link_is_its_text() -> None:
    assert text_of("\x1b]8;;http://localhost:8000/\x1b\\here\x1b]8;;\x1b\\ there") == "here there"


def test_only_the_last_lines_are_shown() -> None:
    page = page_of("one\r\ntwo\r\nthree\r\n", last=2)
    assert "one" not in page
    assert "two" in page
