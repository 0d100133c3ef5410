"""What a terminal shows, as HTML that looks like it: from the bytes that a program has written to a page to photograph.

The terminal is pyte's; here its cells become spans.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from itertools import groupby
from typing import NamedTuple

import pyte

from tests.terminals import COLUMNS, ROWS

__all__ = ["page_of", "text_of"]

# Of a terminal with a light background: pyte's names, which say brown where others say yellow.
_COLORS = {
    "black": "#24292f",
    "red": "#b3261e",
    "green": "#1a7f37",
    "brown": "#8a6100",
    "blue": "#0550ae",
    "magenta": "#8250df",
    "cyan": "#0b7285",
    "white": "#6e7781",
    "default": "#24292f",
}

_PAGE = """<!doctype html>
<meta charset="utf-8">
<title>terminal</title>
<style>
body {{ margin: 0; background: #fff; }}
pre {{ display: inline-block; margin: 0; padding: 14px 18px; font: 13px/1.35 "DejaVu Sans Mono", monospace; }}
</style>
<pre>{}</pre>
"""

# pyte does not know the two that make a link (OSC 8), and would write them out.
_LINK = re.compile(r"\x1b\]8;[^\x07\x1b]*(?:\x07|\x1b\\)")


class _Look(NamedTuple):
    color: str
    bold: bool
    reverse: bool

    def style(self) -> str:
        color = _COLORS.get(self.color, f"#{self.color}")
        weight = ";font-weight:bold" if self.bold else ""
        return f"color:#fff;background:{color}{weight}" if self.reverse else f"color:{color}{weight}"


def page_of(said: str, *, last: int = ROWS) -> str:
    """A page that shows what a terminal shows after this was written to it; its last lines that are not empty.

    Args:
        last: how many lines there may be.
    """
    screen = _screen(said)
    lines = ["".join(_spans(screen.buffer[row])) for row in range(_used(screen))]
    return _PAGE.format("\n".join(lines[-last:]))


def text_of(said: str) -> str:
    """The same as plain text, without spaces at the ends of lines."""
    return "\n".join(line.rstrip() for line in _screen(said).display).rstrip()


def _screen(said: str) -> pyte.Screen:
    screen = pyte.Screen(COLUMNS, ROWS)
    pyte.Stream(screen).feed(_LINK.sub("", said))
    return screen


def _used(screen: pyte.Screen) -> int:
    return max((row for row, line in enumerate(screen.display, 1) if line.strip()), default=0)


def _spans(line: dict[int, pyte.screens.Char]) -> Iterator[str]:
    cells = [line[column] for column in range(COLUMNS)]
    for look, group in groupby(cells, key=lambda cell: _Look(cell.fg, cell.bold, cell.reverse)):
        yield f'<span style="{look.style()}">{html.escape("".join(cell.data for cell in group))}</span>'
