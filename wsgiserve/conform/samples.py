"""Reads the samples of ``wire/``: ``NAME.http`` holds the bytes, ``NAME.events`` what becomes of them.

``wire/README.md`` says how.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import NamedTuple

__all__ = ["FOLDER", "Sample", "sample", "samples"]

FOLDER = Path(__file__).parent / "wire"


class Sample(NamedTuple):
    """One sample.

    Attributes:
        name: of the rule that it shows, with its folder: ``invalid/obs-fold``.
        data: all that the client sends before it closes its side.
        limits: those that differ from the default, by name.
        events: what is read, one line each.
    """

    name: str
    data: bytes
    limits: dict[str, int]
    events: list[str]


@cache
def sample(name: str) -> Sample:
    """The one of that name, with its folder."""
    lines = (FOLDER / f"{name}.events").read_text("ascii").splitlines()
    limits = {}
    if lines[0].startswith("limits "):
        for word in lines.pop(0).split()[1:]:
            key, _, number = word.partition("=")
            limits[key] = int(number)
    return Sample(name, (FOLDER / f"{name}.http").read_bytes(), limits, lines)


def samples(folder: str) -> list[Sample]:
    """All of ``valid`` or ``invalid``, by name."""
    return [sample(f"{folder}/{path.stem}") for path in sorted((FOLDER / folder).glob("*.http"))]
