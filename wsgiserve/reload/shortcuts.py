"""A letter and Enter: what a developer may ask of a running server.

Line by line, so that Ctrl-C, Ctrl-Z, scrolling back and pdb are as they always are.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from typing import NamedTuple

from wsgiserve.console import Console

__all__ = ["HINT", "Shortcut", "Shortcuts", "are_wanted"]

HINT = "press h + enter for shortcuts"


class Shortcut(NamedTuple):
    """What a letter is for."""

    about: str
    do: Callable[[], None]


class Shortcuts:
    """Heeds what is typed.

    Args:
        write: says something.
        known: by letter; ``h`` is added.
    """

    def __init__(self, console: Console, write: Callable[[str], None], known: Mapping[str, Shortcut]) -> None:
        self._console = console
        self._write = write
        self._known = {"h": Shortcut("this help", self._help), **known}

    def heed(self, line: str) -> None:
        """Do what a line asks for. An empty one is a person who wants some space between lines of the log."""
        letter = line.strip().lower()
        if letter in self._known:
            self._known[letter].do()
        elif letter:
            self._help()

    def _help(self) -> None:
        rows = [f"  {self._console.paint(letter, 'bold')}  {about}\n" for letter, (about, _) in self._known.items()]
        self._write("".join(["\n", *rows, "\n  each followed by enter\n\n"]))


def are_wanted(environ: Mapping[str, str] = os.environ) -> bool:
    """Whether somebody may type something: a terminal, and no continuous integration that pretends to be one."""
    try:
        return os.isatty(0) and not environ.get("CI")
    except OSError:
        return False
