"""What applications note down for a case to look at afterwards, whichever process or thread they ran in.

Files, because a server may call the application in many processes.
"""

from __future__ import annotations

import os
import re
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

__all__ = ["VARIABLE", "note", "noted"]

VARIABLE = "WSGISERVE_CONFORM_JOURNAL"
"""Names the folder; without it each process that is not a fork of another has a journal of its own."""

_NAME = re.compile(r"[a-z0-9-]{1,64}")


def note(name: str, text: str) -> None:
    """Add a line to the notes of one case."""
    with _file(name).open("ab", buffering=0) as file:
        file.write(f"{text}\n".encode())  # one write: lines of several processes do not mix


def noted(name: str) -> list[str]:
    """The lines, the first first."""
    try:
        return _file(name).read_text("utf-8").splitlines()
    except FileNotFoundError:
        return []


def _file(name: str) -> Path:
    if not _NAME.fullmatch(name):
        raise ValueError(f"not the name of a journal: {name!r}")
    return _folder() / name


@cache
def _folder() -> Path:
    given = os.environ.get(VARIABLE)
    return Path(given) if given else Path(_temporary().name)


@cache
def _temporary() -> TemporaryDirectory[str]:
    return TemporaryDirectory(prefix="wsgiserve-conform-")
