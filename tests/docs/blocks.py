"""The console blocks of a document, as something that can be run.

In a block a line that begins with ``$`` is a command, those below it are what it prints. A command that serves stays
until the next one that does, and the others talk to it. Files come from blocks below a comment ``<!-- file: NAME -->``.
A block below ``<!-- not run: REASON -->`` is for the eye alone.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import NamedTuple

__all__ = ["Block", "Command", "blocks", "matches"]

_FENCE = re.compile(
    r"^(?:<!-- (?P<mark>file|not run): (?P<value>.+?) -->\n)?```(?P<language>\w*)[^\n]*\n(?P<text>.*?)^```$",
    re.MULTILINE | re.DOTALL,
)
_NUMBER = re.compile(r"\d+(\\\.\d+)*")


class Command(NamedTuple):
    """A line that is typed, and the lines that follow."""

    line: str
    output: str

    @property
    def serves(self) -> bool:
        """Whether it goes on until it is stopped."""
        return re.match(r"(wsgiserve|flask|python manage\.py runserver)\b", self.line) is not None and (
            re.search("listening on|Running on|Starting .*server", self.output) is not None
        )


class Block(NamedTuple):
    """A fenced block."""

    document: Path
    line: int
    file: str
    """Its name, if it is the content of one."""
    skipped: str
    """Why it is not run, if it is not."""
    language: str
    text: str

    def commands(self) -> list[Command]:
        """What is typed, in order."""
        parts = re.split(r"^\$ ", self.text, flags=re.MULTILINE)
        assert not parts[0].strip(), f"{self.document}:{self.line}: output without a command"
        return [Command(*_split(part)) for part in parts[1:]]


def _split(part: str) -> tuple[str, str]:
    line, _, output = part.partition("\n")
    while line.endswith("\\"):
        more, _, output = output.partition("\n")
        line = f"{line[:-1]}{more.strip()}"
    # Behind two spaces and a hash is what is said about it.
    return line.partition("  # ")[0].rstrip(), output


def blocks(document: Path) -> list[Block]:
    """All blocks of a document."""
    text = document.read_text()
    found = []
    for match in _FENCE.finditer(text):
        mark, value = match["mark"], match["value"] or ""
        line = text.count("\n", 0, match.start()) + 1
        skipped = value if mark == "not run" else ""
        found.append(Block(document, line, value if mark == "file" else "", skipped, match["language"], match["text"]))
    return found


def matches(expected: str, actual: str) -> bool:
    """Whether output is as it was written down: numbers may differ, and ``…`` stands for anything."""
    pattern = r"\s*\n".join(_pattern(line) for line in expected.strip().splitlines())
    return re.fullmatch(pattern, actual.strip(), re.DOTALL) is not None


def _pattern(line: str) -> str:
    escaped = re.escape(line.rstrip()).replace("…", ".*?")
    return _NUMBER.sub(r"\\d+(\\.\\d+)*", escaped)
