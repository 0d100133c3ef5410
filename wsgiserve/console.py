"""The stream that people read: what it can show, and how to make text that suits it.

Everything here is decided once, when the server starts; the access log, the log records and the banner then use the
same ``Console``. Knows no loggers, no requests and no Config.
Source: no-color.org and force-color.org for the two variables, Python 3.13 for which of them wins; ECMA-48 §8.3.117 for
colours; the "OSC 8" hyperlink convention of terminal emulators.
"""

from __future__ import annotations

import os
import re
import sys
import time
from collections.abc import Mapping
from typing import Literal, NamedTuple, TextIO

__all__ = ["Color", "ColorChoice", "Console", "Form", "escape", "make_console", "shorten"]

Form = Literal["pretty", "plain", "json"]
Color = Literal["bold", "red", "green", "yellow", "cyan"]
ColorChoice = Literal["auto", "always", "never"]

_CODES: dict[Color, int] = {"bold": 1, "red": 31, "green": 32, "yellow": 33, "cyan": 36}

# A colour that an application put into its own text, or a character that would do something to a terminal or a log
# file instead of standing there: C0 and C1 controls except tab and newline, what reorders or breaks lines, and what
# cannot be encoded.
_COLOR_OR_CONTROL = re.compile(
    "\x1b\\[[0-9;]*m|[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff]"
)


class Console(NamedTuple):
    """A stream with what was decided about it."""

    stream: TextIO
    form: Form
    color: bool
    """May escape sequences be written: colours, and hyperlinks?"""
    utc_offset: int | None = None
    """Seconds; None for the zone that the process is in at the time, which an application may change."""

    def paint(self, text: str, color: Color) -> str:
        return f"\x1b[{_CODES[color]}m{text}\x1b[0m" if self.color else text

    def clock(self, moment: float) -> str:
        """``12:04:31``, of seconds since the epoch."""
        here = time.localtime(moment) if self.utc_offset is None else time.gmtime(moment + self.utc_offset)
        return time.strftime("%H:%M:%S", here)

    def link(self, url: str) -> str:
        """The URL, such that a terminal which can follow it does so on a click."""
        return f"\x1b]8;;{url}\x1b\\{url}\x1b]8;;\x1b\\" if self.color else url

    def width(self) -> int | None:
        """Columns of the terminal, asked anew because windows are resized; None when there is no terminal."""
        try:
            return os.get_terminal_size(self.stream.fileno()).columns or None
        except (OSError, ValueError):  # not a terminal; not a file at all, or closed
            return None

    def clean(self, text: str) -> str:
        """Text of several lines that others had a hand in, made harmless: only colours may pass, if colours may."""
        return _COLOR_OR_CONTROL.sub(self._clean_one, text)

    def _clean_one(self, match: re.Match[str]) -> str:
        found = match.group()
        if len(found) > 1:
            return found if self.color else ""
        return escape(found)


def make_console(
    form: Form | None = None,
    color: ColorChoice = "auto",
    stream: TextIO | None = None,
    environ: Mapping[str, str] = os.environ,
) -> Console:
    """Decide how to write on ``stream``, by default standard error.

    Args:
        form: None for pretty on a terminal and plain elsewhere.
        color: "auto" for colours on a terminal, unless ``NO_COLOR``, ``FORCE_COLOR`` or ``TERM=dumb`` say otherwise.
    """
    stream = sys.stderr if stream is None else stream
    terminal = _is_terminal(stream)
    return Console(
        stream,
        form or ("pretty" if terminal else "plain"),
        _wants_color(color, terminal=terminal, environ=environ),
    )


def _is_terminal(stream: TextIO) -> bool:
    try:
        return stream.isatty()
    except ValueError:  # closed
        return False


def _wants_color(choice: ColorChoice, *, terminal: bool, environ: Mapping[str, str]) -> bool:
    if choice != "auto":
        return choice == "always"
    if environ.get("NO_COLOR"):
        return False
    if environ.get("FORCE_COLOR"):
        return environ["FORCE_COLOR"] != "0"
    return terminal and environ.get("TERM") != "dumb"


def escape(text: str) -> str:
    """The text on one line, with what cannot be printed as a Python escape: ``\\n``, ``\\x1b``, ``\\u202e``."""
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode("ascii") for c in text)


def shorten(text: str, width: int) -> str:
    """Cut the middle out, so that both the beginning and the end can be read in ``width`` columns."""
    if len(text) <= width:
        return text
    head = width // 2
    return f"{text[:head]}…{text[len(text) - (width - head - 1) :]}"
