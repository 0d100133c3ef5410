"""What a case is: a sentence of a standard, and the play that shows whether a server keeps to it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple

from wsgiserve.conform.client import Client

__all__ = ["MAY", "MUST", "SHOULD", "Broken", "Case", "Level", "Play", "Theme"]

Play = Callable[[Client], None]
"""Talks to a server; raises ``FailedError`` when that does something else than the case wants."""


class Level(StrEnum):
    """How binding a rule is (RFC 2119)."""

    MUST = "MUST"
    SHOULD = "SHOULD"
    MAY = "MAY"
    """The standard leaves the choice; the case wants the strict one."""


MUST, SHOULD, MAY = Level


class Broken(NamedTuple):
    """How the fake server answers that has to fail a case: as wsgiserve does, but for this.

    Attributes:
        found: a regular expression, which occurs in what wsgiserve answers.
        put: what stands there instead.
    """

    found: bytes
    put: bytes


@dataclass(frozen=True)
class Case:
    """One thing that a server does or does not.

    Attributes:
        id: theme and name: ``host/host-missing``.
        rule: the sentence of the standard, in our words.
        section: where the sentence stands.
        why: what goes wrong where a server does not keep to it.
        known: published faults of servers that did not.
    """

    id: str
    level: Level
    rule: str
    section: str
    why: str
    play: Play
    broken: Broken
    known: str = ""


class Theme:
    """Cases about one thing, in order.

    Args:
        name: the first part of their ids.
        title: of their table.
        why: said of each that has no reason of its own.
    """

    def __init__(self, name: str, title: str, why: str) -> None:
        self.name = name
        self.title = title
        self.why = why
        self.cases: list[Case] = []

    def case(
        self, level: Level, rule: str, section: str, broken: tuple[bytes, bytes], *, why: str = "", known: str = ""
    ) -> Callable[[Play], Play]:
        """Make a case of a function, named after it without the underscore."""

        def take(play: Play) -> Play:
            name = play.__name__.strip("_").replace("_", "-")
            self.add(name, level, rule, section, play, Broken(*broken), why=why, known=known)
            return play

        return take

    def add(
        self,
        name: str,
        level: Level,
        rule: str,
        section: str,
        play: Play,
        broken: Broken,
        *,
        why: str = "",
        known: str = "",
    ) -> None:
        """One more."""
        self.cases.append(Case(f"{self.name}/{name}", level, rule, section, why or self.why, play, broken, known))
