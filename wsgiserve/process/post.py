"""A post: where there is to be a worker, who is there, and when the next one may follow.

Pure but for what it is told of the clock. Knows neither how a worker is started nor how it ends.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import inf
from typing import NamedTuple

from wsgiserve.process.channel import Channel

__all__ = ["Birth", "Child", "Post", "pause"]

# Seconds. The pause before a worker that follows one which did not live long, doubled each time: a mistake that ends
# every worker at once does not keep the machine busy, and is not told about more often than this.
_FIRST_PAUSE, _LONGEST_PAUSE = 1.0, 30.0

# Seconds. Whoever has lived so long has not died of the way it was started.
_LONG_LIFE = 60.0


class Birth(NamedTuple):
    """What a worker knows when it begins."""

    channel: Channel
    """To the supervisor."""
    post: int
    """Its place among those that live at the same time, from 0."""
    generation: int
    """How many there were before it at this post."""


@dataclass(slots=True)
class Child:
    """A worker as its supervisor sees it."""

    pid: int
    channel: Channel
    started: float
    """By the monotonic clock, as ``due``."""
    is_ready: bool = False
    failure: str = ""
    """Why it cannot do its work, in its own words."""
    due: float = inf
    """When it has to have ended."""


class Post:
    """One of the places at which there is to be a worker.

    Attributes:
        number: from 0.
        generation: how many have been there before.
        child: who is there; None if nobody is.
        due: by the monotonic clock, when the next one may be started.
    """

    def __init__(self, number: int) -> None:
        self.number = number
        self.generation = 0
        self.child: Child | None = None
        self.due = 0.0
        self._short_lives = 0

    def fill(self, child: Child) -> None:
        """Somebody is there now."""
        self.child = child
        self.generation += 1

    def vacate(self, now: float) -> float:
        """Nobody is there, or nobody could be started; seconds until the next attempt."""
        lived = now - self.child.started if self.child is not None else 0.0
        self.child = None
        self._short_lives = 0 if lived >= _LONG_LIFE else self._short_lives + 1
        seconds = pause(self._short_lives)
        self.due = now + seconds
        return seconds


def pause(short_lives: int) -> float:
    """Seconds to wait after so many short lives in a row: the first one is followed at once."""
    return 0.0 if short_lives < 2 else min(_FIRST_PAUSE * 2.0 ** (short_lives - 2), _LONGEST_PAUSE)
