"""Reads the samples: ``NAME.http`` holds the bytes, ``NAME.events`` what becomes of them. README.md says how."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

__all__ = ["FOLDER", "INVALID", "VALID", "Sample"]

FOLDER = Path(__file__).parent


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


def _load(path: Path) -> Sample:
    lines = path.with_suffix(".events").read_text("ascii").splitlines()
    limits = {}
    if lines[0].startswith("limits "):
        for word in lines.pop(0).split()[1:]:
            name, _, number = word.partition("=")
            limits[name] = int(number)
    return Sample(path.relative_to(FOLDER).with_suffix("").as_posix(), path.read_bytes(), limits, lines)


VALID = [_load(path) for path in sorted(FOLDER.glob("valid/*.http"))]
INVALID = [_load(path) for path in sorted(FOLDER.glob("invalid/*.http"))]
